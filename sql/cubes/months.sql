create or replace table cubes.months as
select
    cast(date_trunc('month', session_date) as date) as month,
    device,
    source,
    country,
    channel,
    stage,
    bucket,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(transactions) as bigint) as transactions,
    cast(sum(revenue_micros) as bigint) as revenue_micros,
    cast(sum(pageviews) as bigint) as pageviews,
    cast(sum(pageviews_known) as bigint) as pageviews_known,
    cast(sum(duration_ms) as bigint) as duration_ms,
    cast(sum(duration_known) as bigint) as duration_known,
    cast(sum(bounces) as bigint) as bounces,
    cast(sum(bounces_known) as bigint) as bounces_known,
    cast(sum(visits) as bigint) as visits,
    cast(sum(returned) as bigint) as returned,
    cast(sum(visits_known) as bigint) as visits_known
from cubes.days
group by month, device, source, country, channel, stage, bucket
order by month, device, source, country, channel, stage, bucket;

comment on table cubes.months is 'One row per month, device, source, country, channel, stage and duration bucket that occurs: sums of cubes.days.';
comment on column cubes.months.month is 'First day of the month.';
comment on column cubes.months.device is 'Device category.';
comment on column cubes.months.source is 'Source; (all other sources) stands for those not kept by name.';
comment on column cubes.months.country is 'Country.';
comment on column cubes.months.channel is 'Channel group.';
comment on column cubes.months.stage is 'Deepest funnel stage reached, 0 to 3; at 3 the session converted.';
comment on column cubes.months.bucket is 'Duration bucket, 0 to 6; -1 where the duration is not measured.';
comment on column cubes.months.sessions is 'Sessions.';
comment on column cubes.months.transactions is 'Purchases.';
comment on column cubes.months.revenue_micros is 'Revenue in millionths of the currency unit.';
comment on column cubes.months.pageviews is 'Page views.';
comment on column cubes.months.pageviews_known is 'Sessions whose page views are known.';
comment on column cubes.months.duration_ms is 'Duration in milliseconds.';
comment on column cubes.months.duration_known is 'Sessions whose duration is known.';
comment on column cubes.months.bounces is 'Bounced sessions.';
comment on column cubes.months.bounces_known is 'Sessions known to have bounced or not.';
comment on column cubes.months.visits is 'Visit numbers, added up.';
comment on column cubes.months.returned is 'Sessions of visitors who had been there before.';
comment on column cubes.months.visits_known is 'Sessions whose visit number is known.';
