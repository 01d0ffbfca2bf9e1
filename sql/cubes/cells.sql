create or replace macro cells(devices := null, sources := null, countries := null, channels := null, since := null, until := null) as table
with stored_cells as (
    select *
    from cubes.totals
    where since is null and until is null
    union all by name
    select * exclude (month)
    from cubes.months
    where (since is not null or until is not null)
        and month >= coalesce(cast(since as date), date '0001-01-01')
        and last_day(month) <= coalesce(cast(until as date), date '9999-12-30')
    union all by name
    select * exclude (session_date)
    from cubes.days
    where since is not null
        and session_date >= cast(since as date)
        and session_date <= coalesce(cast(until as date), date '9999-12-30')
        and session_date < cast(date_trunc('month', cast(since as date) + interval 1 month - interval 1 day) as date)
    union all by name
    select * exclude (session_date)
    from cubes.days
    where until is not null
        and session_date <= cast(until as date)
        and session_date >= cast(date_trunc('month', cast(until as date) + interval 1 day) as date)
        and session_date >= cast(date_trunc('month', coalesce(cast(since as date), date '0001-01-01') + interval 1 month - interval 1 day) as date)
    union all by name
    select * exclude (session_date)
    from cubes.rare_days
    where sources is not null
        and (since is null or session_date >= cast(since as date))
        and (until is null or session_date <= cast(until as date))
)
select *
from stored_cells
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (sources is null or list_contains(sources, cast(source as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)));

comment on macro table cells is 'Cells of the cubes whose sums answer a filter: totals where no date is given; else whole months and the days at the two edges; and, for a filter on sources, those the other cubes do not name. The metric relations are sums over it.';
