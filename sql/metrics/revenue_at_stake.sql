create or replace macro revenue_at_stake(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        unnest([0, 1, 2]) as stage,
        unnest([
            coalesce(sum(sessions) filter (where stage = 0), 0),
            coalesce(sum(sessions) filter (where stage = 1), 0),
            coalesce(sum(sessions) filter (where stage = 2), 0)
        ]) as dropped,
        safe_rate(sum(revenue_micros), sum(sessions) filter (where stage = 3)) / 1000000 as avg_revenue_per_conversion
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
)
select
    stage_name(stage) || ' → ' || stage_name(stage + 1) as step,
    cast(dropped as bigint) as dropped,
    avg_revenue_per_conversion,
    dropped * avg_revenue_per_conversion as ceiling_revenue,
    cast(null as double) as recoverable_revenue
from sums
order by stage;

comment on macro table revenue_at_stake is 'One row per step between funnel stages. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view revenue_at_stake as
select * from revenue_at_stake();

comment on view revenue_at_stake is 'One row per step between funnel stages. Over all sessions; as a function it takes filters, e.g. from revenue_at_stake(devices := [''mobile'']).';
comment on column revenue_at_stake.step is 'The two stages.';
comment on column revenue_at_stake.dropped is 'Sessions that reached the first and not the second.';
comment on column revenue_at_stake.avg_revenue_per_conversion is 'Revenue / converting sessions, in currency units.';
comment on column revenue_at_stake.ceiling_revenue is 'dropped x avg_revenue_per_conversion: a ceiling nobody can reach, since it supposes that every visitor who left had bought.';
comment on column revenue_at_stake.recoverable_revenue is 'What winning back leaks at this step is estimated to be worth. NULL until leaks are ranked.';
