create or replace macro midfunnel_comparison(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        stage = 3 as is_converted,
        sum(sessions) as sessions,
        safe_rate(sum(pageviews), sum(pageviews_known)) as avg_pageviews,
        safe_rate(sum(duration_ms), sum(duration_known)) / 1000 as avg_duration_seconds,
        safe_rate(sum(visits), sum(visits_known)) as avg_visit_number,
        safe_rate(sum(returned), sum(visits_known)) as share_returned,
        case
            when bool_or(device <> 'other') then safe_rate(coalesce(sum(sessions) filter (where device = 'mobile'), 0), sum(sessions))
        end as share_mobile
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    where stage >= 1
    group by stage = 3
),
by_metric as (
    select
        is_converted,
        unnest([0, 1, 2, 3, 4, 5]) as metric_order,
        unnest(['sessions', 'avg_pageviews', 'avg_duration_seconds', 'avg_visit_number', 'share_returned', 'share_mobile']) as metric,
        unnest([cast(sessions as double), avg_pageviews, avg_duration_seconds, avg_visit_number, share_returned, share_mobile]) as amount
    from sums
)
select
    metric,
    max(amount) filter (where is_converted) as converted,
    told_conversions(max(amount) filter (where not is_converted)) as engaged_not_converted
from by_metric
group by metric_order, metric
order by metric_order;

comment on macro table midfunnel_comparison is 'One row per metric: sessions that converted beside sessions that engaged (stage 1 or 2) without converting. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional. Durations and views of converters include the purchase itself.';

create or replace view midfunnel_comparison as
select * from midfunnel_comparison();

comment on view midfunnel_comparison is 'One row per metric: sessions that converted beside sessions that engaged (stage 1 or 2) without converting. Over all sessions; as a function it takes filters, e.g. from midfunnel_comparison(devices := [''mobile'']). Durations and views of converters include the purchase itself.';
comment on column midfunnel_comparison.metric is 'sessions, avg_pageviews, avg_duration_seconds, avg_visit_number, share_returned (visitors who had been there before) or share_mobile.';
comment on column midfunnel_comparison.converted is 'Its value over converting sessions.';
comment on column midfunnel_comparison.engaged_not_converted is 'Its value over sessions engaged without converting; NULL where no loaded file tells conversions.';
