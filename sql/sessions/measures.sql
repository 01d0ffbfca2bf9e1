-- One row per session: what its events add up to, from ga4_rows (one row per event, each once; k orders those of a session).
-- load_id is NULL for events that were stored before.
with marked as (
    select
        *,
        case when session_date is not null then k end as dated,
        case when page_id is not null then k end as paged,
        case when load_id is not null then k end as arrived
    from ga4_rows
)

select
    sid,
    min(event_timestamp) as first_timestamp,
    max(event_timestamp) as last_timestamp,
    min_by(session_date, dated) as session_date,
    max(visit_number) as visit_number,
    cast(sum(is_view) as bigint) as pageviews,
    cast(sum(is_hit) as bigint) as hits,
    cast(sum(engagement_msec) as bigint) as engagement_msec,
    max(case when is_flagged then 1 when not is_flagged then 0 end) as is_flagged,
    max(level) as level,
    min_by(page_id, paged) as landing_page_id,
    min_by(load_id, arrived) as first_load,
    max(load_id) as last_load
from marked
group by sid
