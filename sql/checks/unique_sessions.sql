-- A session stands once; where the variable settled_load is set, sessions of later loads do.
with looked_at as (
    select session_id
    from sessions
    where getvariable('settled_load') is null
        or session_id in (select session_id from sessions where load_id > getvariable('settled_load'))
),
counted as (
    select count(*) as sessions, count(distinct hash(session_id)) as ids
    from looked_at
)
select *
from counted
where sessions <> ids
