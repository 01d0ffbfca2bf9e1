create or replace macro undated_day_cells(devices := null, countries := null, channels := null, durations := null) as table
select
    session_date, device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros
from cubes.days
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)));

comment on macro table undated_day_cells is 'What day_cells gives for a filter without dates and sources; see undated_cells.';
