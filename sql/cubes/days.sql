create or replace table cubes.days as
with folded as (
    select
        session_date,
        device,
        case when is_kept then session_measures.source else cast('(all other sources)' as source_name) end as source,
        country,
        channel,
        stage,
        bucket,
        session_measures.sessions,
        transactions,
        revenue_micros,
        pageviews,
        pageviews_known,
        duration_ms,
        duration_known,
        bounces,
        bounces_known,
        visits,
        returned,
        visits_known
    from session_measures
    inner join cubes.kept_sources on kept_sources.source = session_measures.source
)
select
    session_date,
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
from folded
group by session_date, device, source, country, channel, stage, bucket
order by session_date, device, source, country, channel, stage, bucket;

comment on table cubes.days is 'One row per day, device, source, country, channel, stage and duration bucket that occurs: sums of session_measures.';
comment on column cubes.days.session_date is 'Day of the session.';
comment on column cubes.days.device is 'Device category.';
comment on column cubes.days.source is 'Source; (all other sources) stands for those not kept by name.';
comment on column cubes.days.country is 'Country.';
comment on column cubes.days.channel is 'Channel group.';
comment on column cubes.days.stage is 'Deepest funnel stage reached, 0 to 3; at 3 the session converted.';
comment on column cubes.days.bucket is 'Duration bucket, 0 to 6; -1 where the duration is not measured.';
comment on column cubes.days.sessions is 'Sessions.';
comment on column cubes.days.transactions is 'Purchases.';
comment on column cubes.days.revenue_micros is 'Revenue in millionths of the currency unit.';
comment on column cubes.days.pageviews is 'Page views.';
comment on column cubes.days.pageviews_known is 'Sessions whose page views are known.';
comment on column cubes.days.duration_ms is 'Duration in milliseconds.';
comment on column cubes.days.duration_known is 'Sessions whose duration is known.';
comment on column cubes.days.bounces is 'Bounced sessions.';
comment on column cubes.days.bounces_known is 'Sessions known to have bounced or not.';
comment on column cubes.days.visits is 'Visit numbers, added up.';
comment on column cubes.days.returned is 'Sessions of visitors who had been there before.';
comment on column cubes.days.visits_known is 'Sessions whose visit number is known.';
