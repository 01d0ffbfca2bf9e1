create or replace view leak_history as
with runs as (
    select
        run_id,
        ranked_at,
        first_day,
        last_day,
        lag(run_id) over (order by ranked_at, run_id) as previous_run,
        lead(run_id) over (order by ranked_at, run_id) as next_run
    from leak_runs
),
seen as (
    select
        leaks.leak_id,
        leaks.kind,
        leaks.step,
        leaks.segment,
        runs.run_id,
        runs.ranked_at,
        runs.previous_run,
        runs.next_run,
        month_factor(coalesce(leaks.started_on, runs.first_day), runs.last_day) as months,
        leaks.lost_conversions,
        leaks.lost_low,
        leaks.lost_high
    from leaks
    inner join runs on runs.run_id = leaks.run_id
),
monthly as (
    select
        *,
        lost_conversions * coalesce(months, 1) as lost_per_month,
        lost_low * coalesce(months, 1) as low,
        lost_high * coalesce(months, 1) as high
    from seen
),
compared as (
    select
        now_seen.*,
        before.run_id is not null as was_there,
        before.low as low_before,
        before.high as high_before,
        min(now_seen.ranked_at) over (partition by now_seen.leak_id) as first_seen_at
    from monthly as now_seen
    left join monthly as before on before.leak_id = now_seen.leak_id and before.run_id = now_seen.previous_run
),
present as (
    select
        leak_id,
        run_id,
        ranked_at,
        case
            when not was_there and ranked_at = first_seen_at then 'new'
            when not was_there then 'back'
            when lost_per_month > high_before then 'growing'
            when lost_per_month < low_before then 'shrinking'
            else 'as before'
        end as status,
        kind,
        step,
        segment,
        lost_per_month,
        first_seen_at
    from compared
),
gone as (
    select
        compared.leak_id,
        compared.next_run as run_id,
        runs.ranked_at,
        'gone' as status,
        compared.kind,
        compared.step,
        compared.segment,
        cast(0 as double) as lost_per_month,
        compared.first_seen_at
    from compared
    inner join runs on runs.run_id = compared.next_run
    where not exists (
        select 1 from seen where seen.leak_id = compared.leak_id and seen.run_id = compared.next_run
    )
)
select * from present
union all
select * from gone
order by ranked_at, leak_id;

comment on view leak_history is 'One row per leak and run it was found in, and one for the run in which it was gone.';
comment on column leak_history.leak_id is 'The leak, the same in every run.';
comment on column leak_history.run_id is 'The run; see leak_runs.';
comment on column leak_history.ranked_at is 'When the run ended, in UTC.';
comment on column leak_history.status is 'Against the run before: new, back (found earlier, not in the run before), growing or shrinking (the loss per month lies outside the interval it had), as before, gone.';
comment on column leak_history.kind is 'Kind of the leak.';
comment on column leak_history.step is 'The two stages between which sessions are lost.';
comment on column leak_history.segment is 'The segment as JSON.';
comment on column leak_history.lost_per_month is 'Conversions lost in 30 days, or in all where there are no dates; NULL where not priced; 0 when gone.';
comment on column leak_history.first_seen_at is 'When the first run that found it ended.';
