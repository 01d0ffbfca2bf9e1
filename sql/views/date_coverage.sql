create or replace view date_coverage as
with bounds as (
    select min(session_date) as first_day, max(session_date) as last_day
    from cubes.days
),
calendar as (
    select cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as session_date
    from bounds
    where first_day is not null
),
days as (
    select session_date, sum(sessions) as sessions
    from cubes.days
    group by session_date
)
select
    calendar.session_date,
    cast(coalesce(sessions, 0) as bigint) as sessions,
    sessions is null as is_missing
from calendar
left join days on days.session_date = calendar.session_date
order by calendar.session_date;

comment on view date_coverage is 'One row per day from the first to the last.';
comment on column date_coverage.session_date is 'The day.';
comment on column date_coverage.sessions is 'Its sessions.';
comment on column date_coverage.is_missing is 'Whether no session is loaded for the day.';
