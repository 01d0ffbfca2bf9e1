create or replace view data_warnings as
with found as (
    select
        'warning' as severity,
        'dates' as topic,
        count(*) filter (where is_missing) || ' of ' || count(*) || ' days have no sessions; the first is '
            || min(session_date) filter (where is_missing) || '.' as message
    from date_coverage
    having count(*) filter (where is_missing) > 0
    union all
    select 'warning', 'rejects', file || ': ' || rejected || ' of ' || rows_read || ' rows were not loaded.'
    from loads
    where rejected > 0.05 * rows_read
    union all
    select 'info', 'stages', 'Funnel stages of ' || file || ' are told from counts of page views, since it has no events.'
    from loads
    where stage_basis = 'thresholds'
    union all
    select
        'warning',
        'stages',
        'Some files tell funnel stages from events and others from counts of page views: do not compare stages between them.'
    from loads
    where stage_basis <> 'none'
    having count(distinct stage_basis) > 1
    union all
    select 'warning', 'conversions', 'No session converted: the exports carry no purchase or key event, so rates of 0 % mean nothing.'
    from kpis
    where sessions > 0 and conversions = 0
    union all
    select 'info', 'load', file || ': ' || note
    from (select file, unnest(notes) as note from loads)
    union all
    select 'info', 'demo', 'These are generated demo data, not a real site.'
    from settings
    where name = 'is_demo' and value = 'true'
)
select distinct severity, topic, message
from found
order by severity desc, topic, message;

comment on view data_warnings is 'One row per thing to know before trusting the figures.';
comment on column data_warnings.severity is 'warning or info.';
comment on column data_warnings.topic is 'What it concerns: dates, rejects, stages, conversions, load or demo.';
comment on column data_warnings.message is 'One sentence.';
