create or replace view session_measures as
select
    session_date,
    device,
    source,
    country,
    channel,
    stage,
    cast(coalesce(duration_bucket(duration_seconds), -1) as tinyint) as bucket,
    cast(1 as bigint) as sessions,
    cast(transactions as bigint) as transactions,
    cast(cast(revenue as decimal(24, 6)) * 1000000 as bigint) as revenue_micros,
    cast(coalesce(pageviews, 0) as bigint) as pageviews,
    cast(pageviews is not null as bigint) as pageviews_known,
    cast(round(coalesce(duration_seconds, 0) * 1000) as bigint) as duration_ms,
    cast(duration_seconds is not null as bigint) as duration_known,
    cast(coalesce(is_bounce, false) as bigint) as bounces,
    cast(is_bounce is not null as bigint) as bounces_known,
    cast(coalesce(visit_number, 0) as bigint) as visits,
    cast(coalesce(visit_number > 1, false) as bigint) as returned,
    cast(visit_number is not null as bigint) as visits_known
from sessions;

comment on view session_measures is 'One row per session: what it adds to the cubes, which are sums of this view. Money is in millionths of the currency unit and time in milliseconds, so that only integers are ever added.';
comment on column session_measures.session_date is 'Day of the session.';
comment on column session_measures.device is 'Device category.';
comment on column session_measures.source is 'Source.';
comment on column session_measures.country is 'Country.';
comment on column session_measures.channel is 'Channel group.';
comment on column session_measures.stage is 'Deepest funnel stage reached, 0 to 3; at 3 the session converted.';
comment on column session_measures.bucket is 'Duration bucket, 0 to 6; -1 where the duration is not measured.';
comment on column session_measures.sessions is 'Sessions.';
comment on column session_measures.transactions is 'Purchases.';
comment on column session_measures.revenue_micros is 'Revenue in millionths of the currency unit.';
comment on column session_measures.pageviews is 'Page views.';
comment on column session_measures.pageviews_known is 'Sessions whose page views are known.';
comment on column session_measures.duration_ms is 'Duration in milliseconds.';
comment on column session_measures.duration_known is 'Sessions whose duration is known.';
comment on column session_measures.bounces is 'Bounced sessions.';
comment on column session_measures.bounces_known is 'Sessions known to have bounced or not.';
comment on column session_measures.visits is 'Visit numbers, added up.';
comment on column session_measures.returned is 'Sessions of visitors who had been there before.';
comment on column session_measures.visits_known is 'Sessions whose visit number is known.';
