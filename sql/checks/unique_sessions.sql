-- A session stands once.
with counted as (
    select count(*) as sessions, count(distinct hash(session_id)) as ids
    from sessions
)
select *
from counted
where sessions <> ids
