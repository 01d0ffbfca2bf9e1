create or replace macro cells(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
select *
from (
    select
        device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known, visits, returned, visits_known
    from cubes.totals
    where since is null and until is null
    union all
    select
        device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known, visits, returned, visits_known
    from cubes.months
    where (since is not null or until is not null)
        and (since is null or month >= cast(since as date))
        and (until is null or last_day(month) <= cast(until as date))
    union all
    select
        device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known, visits, returned, visits_known
    from cubes.days
    where since is not null
        and session_date >= cast(since as date)
        and session_date <= last_day(cast(since as date) - 1)
        and (until is null or session_date <= cast(until as date))
    union all
    select
        device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known, visits, returned, visits_known
    from cubes.days
    where until is not null
        and session_date <= cast(until as date)
        and session_date >= cast(date_trunc('month', cast(until as date) + 1) as date)
        and (since is null or session_date > last_day(cast(since as date) - 1))
    union all
    select
        device, source, country, channel, stage, bucket, sessions, transactions, revenue_micros, pageviews, pageviews_known,
        duration_ms, duration_known, bounces, bounces_known, visits, returned, visits_known
    from cubes.rare_days
    where sources is not null
        and (since is null or session_date >= cast(since as date))
        and (until is null or session_date <= cast(until as date))
)
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (sources is null or list_contains(sources, cast(source as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(bucket)));

comment on macro table cells is 'Cells of the cubes whose sums answer a filter: totals where no date is given; else whole months and the days at the two edges; and, for a filter on sources, those the other cubes do not name. The metric relations are sums over it.';
