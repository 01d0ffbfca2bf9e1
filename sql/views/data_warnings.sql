create or replace view data_warnings as
with sentences as (
    select
        severity,
        file || ': ' || sentence as message,
        regexp_replace(sentence, '[0-9][0-9.,]*', '0', 'g') as kind
    from (
        select file, 'warning' as severity, unnest(warnings) as sentence from loads
        union all
        select file, 'info' as severity, unnest(notes) as sentence from loads
    )
    where not regexp_matches(sentence, '^(There is no (device|country|source|duration|revenue) column|No conversion information)')
        or exists (from data_lacks where is_partial)
),
found as (
    select
        'warning' as severity,
        'dates' as topic,
        count(*) filter (where is_missing) || ' of ' || count(*)
            || if(count(*) filter (where is_missing) = 1, ' days has no sessions: ', ' days have no sessions; the first is ')
            || strftime(min(session_date) filter (where is_missing), '%-d %B %Y') || '.' as message
    from date_coverage
    having count(*) filter (where is_missing) > 0
    union all
    select 'warning', 'rejects', file || ': ' || rejected || ' of ' || rows_read || ' rows were not loaded.'
    from loads
    where rejected > 0.05 * rows_read
    union all
    select 'info', 'stages', sentence
    from stage_bases
    where exists (from stage_bases where basis = 'thresholds')
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
    where sessions > 0 and conversions = 0 and not exists (from data_lacks where capability = 'conversions' and is_missing)
    union all
    select 'warning', capability, sentence
    from data_lacks
    where sentence is not null and capability <> 'events'
    union all
    select severity, 'load', case when files > 3 then files || ' files, such as ' else '' end || message
    from (
        select *, count(*) over (partition by severity, kind) as files, row_number() over (partition by severity, kind order by message) as place
        from sentences
    )
    where files <= 3 or place = 1
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
comment on column data_warnings.topic is 'What it concerns: dates, rejects, stages, load, demo, or what the data lack: see data_lacks.';
comment on column data_warnings.message is 'One sentence.';
