create or replace view data_lacks as
with capabilities as (
    select *
    from (
        values
            (1, 'dates', 'dates', 'there is no chart over time and no filter by date'),
            (2, 'country', 'countries', 'all sessions stand under one name, (unknown)'),
            (3, 'device', 'devices', 'all sessions stand under one name, other'),
            (4, 'source', 'sources', 'all sessions stand under one name, (unknown)'),
            (5, 'duration', 'time on site', 'how long sessions lasted is unknown'),
            (6, 'visitors', 'visitor ids', 'who came back, and how often, is unknown'),
            (7, 'revenue', 'amounts of money', 'revenue shows as 0 and means nothing'),
            (8, 'conversions', 'purchases or key events', 'no conversion rate can be told'),
            (9, 'events', 'events', 'funnel stages are told from counts of page views')
    ) as named (capability_order, capability, name, consequence)
),
contributing as (
    select
        load_id,
        coalesce(lacks, cast([] as varchar[])) as lacks,
        sessions_new + sessions_updated + bots as sessions
    from loads
    where sessions_new + sessions_updated + bots > 0
),
counted as (
    select
        capability_order,
        capability,
        name,
        consequence,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        cast(coalesce(sum(sessions) filter (where list_contains(lacks, capability)), 0) as bigint) as sessions_without
    from capabilities
    left join contributing on true
    group by all
)
select
    capability,
    sessions > 0 and sessions_without = sessions as is_missing,
    sessions_without > 0 and sessions_without < sessions as is_partial,
    sessions_without,
    case
        when sessions_without = 0 then null
        when sessions_without = sessions then 'Not in this data: the exports loaded have no ' || name || '; ' || consequence || '.'
        else format('{:,}', sessions_without) || ' of ' || format('{:,}', sessions) || ' sessions were loaded from files without ' || name
            || '; for those, ' || consequence || if(capability = 'conversions', ', and they count as not converted.', '.')
    end as sentence
from counted
order by capability_order;

comment on view data_lacks is 'One row per capability that exports have or lack: dates, country, device, source, duration, visitors, revenue, conversions, events.';
comment on column data_lacks.capability is 'What an export may tell.';
comment on column data_lacks.is_missing is 'Whether no file that brought sessions tells it: figures about it mean nothing.';
comment on column data_lacks.is_partial is 'Whether some files tell it and others do not.';
comment on column data_lacks.sessions_without is 'Sessions that came from files without it, as counted when they were loaded.';
comment on column data_lacks.sentence is 'What is missing and what follows, as a sentence; NULL where nothing is.';
