create or replace view stage_bases as
with counted as (
    select
        stage_basis as basis,
        thresholds,
        count(*) as files,
        cast(sum(sessions_new + sessions_updated) as bigint) as sessions,
        min(file) as first_file,
        sum(sum(sessions_new + sessions_updated)) over () as all_sessions
    from loads
    where sessions_new + sessions_updated > 0
    group by stage_basis, thresholds
),
worded as (
    select
        *,
        case
            when sessions = all_sessions then 'Stages'
            else 'Stages of ' || format('{:,}', sessions) || ' of ' || format('{:,}', cast(all_sessions as bigint)) || ' sessions ('
                || case when files = 1 then first_file else format('{:,}', files) || ' files' end || ')'
        end as part
    from counted
)
select
    basis,
    thresholds,
    files,
    sessions,
    case
        when basis = 'events' then part || ' are told from what happened (events).'
        else part || ' are told from counts of page views' || coalesce(' (' || thresholds || ')', '') || ', since the export has no events.'
    end as sentence
from worded
order by sessions desc, basis, thresholds;

comment on view stage_bases is 'One row per way in which funnel stages of loaded sessions are told: from events, or from counts of page views and which thresholds.';
comment on column stage_bases.basis is 'events or thresholds.';
comment on column stage_bases.thresholds is 'The page views from which a session counts as engaged and as deep; NULL for events.';
comment on column stage_bases.files is 'Files that brought such sessions.';
comment on column stage_bases.sessions is 'Sessions they brought or updated, as counted when they were loaded.';
comment on column stage_bases.sentence is 'The same as a sentence; where there are several ways, it says of which part it is true.';
