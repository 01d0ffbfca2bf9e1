create or replace macro kpis(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage = 3), 0) as bigint)) as conversions,
        told_conversions(cast(coalesce(sum(transactions), 0) as bigint)) as transactions,
        coalesce(sum(revenue_micros), 0) / 1000000 as revenue,
        safe_rate(sum(pageviews), sum(pageviews_known)) as avg_pageviews,
        safe_rate(sum(duration_ms), sum(duration_known)) / 1000 as avg_duration_seconds,
        safe_rate(sum(bounces), sum(bounces_known)) as bounce_rate
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
)
select
    sessions,
    conversions,
    transactions,
    revenue,
    safe_rate(conversions, sessions) as conversion_rate,
    wilson_low(conversions, sessions) as ci_low,
    wilson_high(conversions, sessions) as ci_high,
    avg_pageviews,
    avg_duration_seconds,
    bounce_rate
from sums;

comment on macro table kpis is 'One row: the key figures. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view kpis as
select * from kpis();

comment on view kpis is 'One row: the key figures. Over all sessions; as a function it takes filters, e.g. from kpis(devices := [''mobile'']).';
comment on column kpis.sessions is 'Sessions.';
comment on column kpis.conversions is 'Converting sessions; NULL where no loaded file tells conversions.';
comment on column kpis.transactions is 'Purchases; a session can have several; NULL where no loaded file tells conversions.';
comment on column kpis.revenue is 'Revenue in currency units.';
comment on column kpis.conversion_rate is 'Converting sessions / sessions; NULL where no loaded file tells conversions.';
comment on column kpis.ci_low is 'Lower bound of the 95 % Wilson interval of the rate.';
comment on column kpis.ci_high is 'Upper bound of the 95 % Wilson interval of the rate.';
comment on column kpis.avg_pageviews is 'Page views per session, over sessions that count them.';
comment on column kpis.avg_duration_seconds is 'Mean duration in seconds, over sessions that measure it; single-hit sessions count as 0.';
comment on column kpis.bounce_rate is 'Share of bounced sessions, over sessions known to have bounced or not.';
