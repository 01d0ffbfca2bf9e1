create or replace view aggregate_reports as
with tables as (
    select
        load_id,
        table_number,
        grain,
        first_date,
        last_date,
        case
            when count(converting_sessions) > 0 then 'converting sessions'
            when count(key_events) > 0 then 'key events'
            else 'transactions'
        end as counts,
        count(*) as rows,
        cast(sum(sessions) as bigint) as sessions
    from aggregates
    group by load_id, table_number, grain, first_date, last_date
),
-- Newer loads first; within a file the first table, which is the one about everyone.
ranked as (
    select *, row_number() over (order by load_id desc, table_number) as place
    from tables
),
replaced as (
    select distinct older.load_id, older.table_number
    from ranked as older
    inner join ranked as newer
        on newer.grain = older.grain
        and newer.place < older.place
        and (
            newer.counts <> older.counts
            or coalesce(newer.first_date <= older.last_date and newer.last_date >= older.first_date, true)
        )
),
days as (
    select session_date
    from date_coverage
    where not is_missing
),
covered as (
    select
        ranked.load_id,
        ranked.table_number,
        count(days.session_date) as days_with_sessions
    from ranked
    left join days on days.session_date between coalesce(ranked.first_date, date '0001-01-01') and coalesce(ranked.last_date, date '9999-12-31')
    group by ranked.load_id, ranked.table_number
)
select
    ranked.load_id,
    ranked.table_number,
    loads.file,
    loads.format,
    ranked.grain,
    ranked.first_date,
    ranked.last_date,
    ranked.counts,
    ranked.rows,
    ranked.sessions,
    days_with_sessions,
    case
        when replaced.load_id is not null then 'replaced by a newer report'
        when days_with_sessions >= coalesce((ranked.last_date - ranked.first_date + 1) / 2, 1) then 'sessions of these days are loaded'
        else 'shown'
    end as state
from ranked
inner join loads on loads.load_id = ranked.load_id
left join replaced on replaced.load_id = ranked.load_id and replaced.table_number = ranked.table_number
left join covered on covered.load_id = ranked.load_id and covered.table_number = ranked.table_number
order by ranked.place;

comment on view aggregate_reports is 'One row per table of a report that tells a rate, newest first, and whether the rate views show it: two reports never count the same days twice.';
comment on column aggregate_reports.load_id is 'The load; see loads.';
comment on column aggregate_reports.table_number is 'Which table of the file it is, from 1.';
comment on column aggregate_reports.file is 'Name of the file.';
comment on column aggregate_reports.format is 'Format of the file.';
comment on column aggregate_reports.grain is 'What it is split by, days aside.';
comment on column aggregate_reports.first_date is 'First day; NULL where the report does not tell.';
comment on column aggregate_reports.last_date is 'Last day; NULL where the report does not tell.';
comment on column aggregate_reports.counts is 'What its conversions count: converting sessions, key events or transactions. Only the first are a share of sessions.';
comment on column aggregate_reports.rows is 'Rows.';
comment on column aggregate_reports.sessions is 'Sessions of its rows together.';
comment on column aggregate_reports.days_with_sessions is 'Days of the report for which sessions are loaded.';
comment on column aggregate_reports.state is 'shown; or replaced by a newer report of the same grain whose days overlap or that counts something else; or sessions of these days are loaded, for half of its days at least.';
