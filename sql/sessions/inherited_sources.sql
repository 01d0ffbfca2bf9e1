-- One row per session without a source of its own that follows, within 90 days, a session of the same visitor with one other than direct:
-- the last such source, as GA4 credits direct visits. Reads ga4_visits: session_id, visitor_id, started_at, source, medium, campaign, channel,
-- source NULL where the session has none of its own.
with candidates as (
    select session_id, visitor_id, started_at
    from ga4_visits
    where source is null
),

donors as (
    select *
    from ga4_visits
    where source is not null and lower(source) not in ('(direct)', 'direct')
),

pairs as (
    select
        candidates.session_id,
        donors.source,
        donors.medium,
        donors.campaign,
        donors.channel,
        row_number() over (partition by candidates.session_id order by donors.started_at desc, donors.session_id desc) as place
    from candidates
    inner join donors on donors.visitor_id = candidates.visitor_id
    where (donors.started_at < candidates.started_at or (donors.started_at = candidates.started_at and donors.session_id < candidates.session_id))
        and donors.started_at >= candidates.started_at - interval 90 day
)

select session_id, source, medium, campaign, channel
from pairs
where place = 1
