create or replace macro day_cells(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with stored_cells as (
    select session_date, device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros
    from cubes.days
    union all
    select session_date, device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros
    from cubes.rare_days
    where sources is not null
)
select *
from stored_cells
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (sources is null or list_contains(sources, cast(source as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)))
    and (since is null or session_date >= cast(since as date))
    and (until is null or session_date <= cast(until as date));

comment on macro table day_cells is 'Cells of the day cube whose sums by day answer a filter; see cells.';
