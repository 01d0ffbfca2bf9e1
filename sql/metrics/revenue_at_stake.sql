create or replace macro revenue_at_stake(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        unnest([0, 1, 2]) as stage,
        unnest([
            coalesce(sum(sessions) filter (where stage = 0), 0),
            coalesce(sum(sessions) filter (where stage = 1), 0),
            told_conversions(coalesce(sum(sessions) filter (where stage = 2), 0))
        ]) as dropped,
        safe_rate(sum(revenue_micros), sum(sessions) filter (where stage = 3)) / 1000000 as avg_revenue_per_conversion
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
),
ranked as (
    select run_id
    from leak_runs
    order by ranked_at desc, run_id desc
    limit 1
),
recoverable as (
    select cast(leaks.evidence ->> 'stage' as integer) as stage, sum(leaks.revenue) as revenue, sum(leaks.revenue_low) as low, sum(leaks.revenue_high) as high
    from leaks
    inner join ranked on ranked.run_id = leaks.run_id
    where leaks.kind <> 'gap'
    group by all
),
-- Leaks are ranked over all sessions: a filter would ask for a ranking that was not made.
is_whole as (
    select
        devices is null and sources is null and countries is null and channels is null and since is null and until is null and durations is null
        and exists (select 1 from ranked) as answer
)
select
    stage_name(sums.stage) || ' → ' || stage_name(sums.stage + 1) as step,
    cast(dropped as bigint) as dropped,
    avg_revenue_per_conversion,
    dropped * avg_revenue_per_conversion as ceiling_revenue,
    case when is_whole.answer then coalesce(recoverable.revenue, 0) end as recoverable_revenue,
    case when is_whole.answer then coalesce(recoverable.low, 0) end as recoverable_low,
    case when is_whole.answer then coalesce(recoverable.high, 0) end as recoverable_high
from sums
cross join is_whole
left join recoverable on recoverable.stage = sums.stage
order by sums.stage;

comment on macro table revenue_at_stake is 'One row per step between funnel stages. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view revenue_at_stake as
select * from revenue_at_stake();

comment on view revenue_at_stake is 'One row per step between funnel stages. Over all sessions; as a function it takes filters, e.g. from revenue_at_stake(devices := [''mobile'']).';
comment on column revenue_at_stake.step is 'The two stages.';
comment on column revenue_at_stake.dropped is 'Sessions that reached the first and not the second; at the last step NULL where no loaded file tells conversions.';
comment on column revenue_at_stake.avg_revenue_per_conversion is 'Revenue / converting sessions, in currency units.';
comment on column revenue_at_stake.ceiling_revenue is 'dropped x avg_revenue_per_conversion: a ceiling nobody can reach, since it supposes that every visitor who left had bought.';
comment on column revenue_at_stake.recoverable_revenue is 'What the leaks found at this step cost in the period ranked, in currency units; lasting gaps are not in it. NULL until leaks are ranked, and with any filter: leaks are ranked over all sessions.';
comment on column revenue_at_stake.recoverable_low is 'The lower bounds of these leaks, added up.';
comment on column revenue_at_stake.recoverable_high is 'Their upper bounds, added up.';
