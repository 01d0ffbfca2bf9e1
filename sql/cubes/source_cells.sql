create or replace macro source_cells(devices := null, sources := null, countries := null, channels := null, durations := null) as table
select
    device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
    duration_ms, duration_known, bounces, bounces_known, visits, returned, visits_known
from cubes.source_totals
where (devices is null or list_contains(devices, cast(device as varchar)))
    and list_contains(sources, cast(source as varchar))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)));

comment on macro table source_cells is 'What cells gives for a filter on sources without dates, in less planning; no row where no sources are named. Schema undated_sources holds the metric relations over it.';
