create or replace macro source_probability_cells(devices := null, sources := null, countries := null, channels := null, durations := null) as table
select
    device, source, country, channel, bucket, bin, sessions, p_micros, p_micros_squared
from cubes.probability_source_totals
where (devices is null or list_contains(devices, cast(device as varchar)))
    and list_contains(sources, cast(source as varchar))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)));

comment on macro table source_probability_cells is 'What probability_cells gives for a filter on sources without dates, in less planning; no row where no sources are named. Schema undated_sources holds the metric relations over it.';
