create or replace macro period_cells(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null, previous_since := null, previous_until := null) as table
with stored_cells as (
    select
        session_date, device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known
    from cubes.days
    union all
    select
        session_date, device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known
    from cubes.rare_days
    where sources is not null
)
select is_current, stored_cells.*
from stored_cells
inner join compared_days(since := since, until := until, previous_since := previous_since, previous_until := previous_until) as periods
    on session_date >= first_day and session_date <= last_day
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (sources is null or list_contains(sources, cast(source as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)))
    -- Says nothing that the join does not, but lets DuckDB skip what it need not read.
    and (since is null or previous_since is null or session_date >= least(cast(since as date), cast(previous_since as date)))
    and (until is null or previous_until is null or session_date <= greatest(cast(until as date), cast(previous_until as date)));

comment on macro table period_cells is 'Cells of the day cube that answer a filter, for each of two periods; see compared_days. A day of both periods stands twice.';
