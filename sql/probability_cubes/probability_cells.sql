create or replace macro probability_cells(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
select *
from (
    select
        device, source, country, channel, bucket, bin, sessions, p_micros, p_micros_squared
    from cubes.probability_totals
    where since is null and until is null
    union all
    select
        device, source, country, channel, bucket, bin, sessions, p_micros, p_micros_squared
    from cubes.probability_months
    where (since is not null or until is not null)
        and (since is null or month >= cast(since as date))
        and (until is null or last_day(month) <= cast(until as date))
    union all
    select
        device, source, country, channel, bucket, bin, sessions, p_micros, p_micros_squared
    from cubes.probability_days
    where since is not null
        and session_date >= cast(since as date)
        and session_date <= last_day(cast(since as date) - 1)
        and (until is null or session_date <= cast(until as date))
    union all
    select
        device, source, country, channel, bucket, bin, sessions, p_micros, p_micros_squared
    from cubes.probability_days
    where until is not null
        and session_date <= cast(until as date)
        and session_date >= cast(date_trunc('month', cast(until as date) + 1) as date)
        and (since is null or session_date > last_day(cast(since as date) - 1))
    union all
    select
        device, source, country, channel, bucket, bin, sessions, p_micros, p_micros_squared
    from cubes.probability_rare_days
    where sources is not null
        and (since is null or session_date >= cast(since as date))
        and (until is null or session_date <= cast(until as date))
)
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (sources is null or list_contains(sources, cast(source as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)));

comment on macro table probability_cells is 'Cells of the probability cubes whose sums answer a filter; see cells.';
