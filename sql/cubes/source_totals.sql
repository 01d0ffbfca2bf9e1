create or replace table cubes.source_totals as
select
    device,
    source,
    country,
    channel,
    stage,
    bucket,
    sessions,
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
from cubes.totals
union all
select
    device,
    source,
    country,
    channel,
    stage,
    bucket,
    cast(sum(sessions) as bigint),
    cast(sum(transactions) as bigint),
    cast(sum(revenue_micros) as bigint),
    cast(sum(pageviews) as bigint),
    cast(sum(pageviews_known) as bigint),
    cast(sum(duration_ms) as bigint),
    cast(sum(duration_known) as bigint),
    cast(sum(bounces) as bigint),
    cast(sum(bounces_known) as bigint),
    cast(sum(visits) as bigint),
    cast(sum(returned) as bigint),
    cast(sum(visits_known) as bigint)
from cubes.rare_days
group by device, source, country, channel, stage, bucket;

comment on table cubes.source_totals is 'Totals with every source by its name, for filters on sources: the cells of cubes.totals, and those of cubes.rare_days over all dates. The level (all other sources) and the sources it stands for are both there, so a sum must name sources.';
comment on column cubes.source_totals.device is 'Device category.';
comment on column cubes.source_totals.source is 'Source; (all other sources) stands for those that are not kept by name elsewhere, which are here as well.';
comment on column cubes.source_totals.country is 'Country.';
comment on column cubes.source_totals.channel is 'Channel group.';
comment on column cubes.source_totals.stage is 'Deepest funnel stage reached, 0 to 3; at 3 the session converted.';
comment on column cubes.source_totals.bucket is 'Duration bucket, 0 to 6; -1 where the duration is not measured.';
comment on column cubes.source_totals.sessions is 'Sessions.';
comment on column cubes.source_totals.transactions is 'Purchases.';
comment on column cubes.source_totals.revenue_micros is 'Revenue in millionths of the currency unit.';
comment on column cubes.source_totals.pageviews is 'Page views.';
comment on column cubes.source_totals.pageviews_known is 'Sessions whose page views are known.';
comment on column cubes.source_totals.duration_ms is 'Duration in milliseconds.';
comment on column cubes.source_totals.duration_known is 'Sessions whose duration is known.';
comment on column cubes.source_totals.bounces is 'Bounced sessions.';
comment on column cubes.source_totals.bounces_known is 'Sessions known to have bounced or not.';
comment on column cubes.source_totals.visits is 'Visit numbers, added up.';
comment on column cubes.source_totals.returned is 'Sessions of visitors who had been there before.';
comment on column cubes.source_totals.visits_known is 'Sessions whose visit number is known.';
