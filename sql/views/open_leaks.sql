create or replace view open_leaks as
with latest as (
    select run_id, first_day, last_day
    from leak_runs
    order by ranked_at desc, run_id desc
    limit 1
)
select
    leaks.*,
    date_diff('day', coalesce(leaks.started_on, latest.first_day), latest.last_day) + 1 as days,
    leaks.revenue * month_factor(coalesce(leaks.started_on, latest.first_day), latest.last_day) as revenue_per_month,
    leaks.revenue_low * month_factor(coalesce(leaks.started_on, latest.first_day), latest.last_day) as revenue_per_month_low,
    leaks.revenue_high * month_factor(coalesce(leaks.started_on, latest.first_day), latest.last_day) as revenue_per_month_high
from leaks
inner join latest on latest.run_id = leaks.run_id
order by
    leaks.kind = 'gap',
    leaks.revenue_low / coalesce(days, 1) desc nulls last,
    cast(leaks.evidence ->> 'revenue_floor' as double) / coalesce(days, 1) desc nulls last,
    leaks.lost_low / coalesce(days, 1) desc nulls last,
    leaks.leak_id;

comment on view open_leaks is 'One row per finding of the latest ranking: leaks by the lower bound of what they cost in 30 days, then gaps. Columns as in leaks.';
comment on column open_leaks.days is 'Days from its start, or from the first day ranked, to the last day ranked; NULL without dates.';
comment on column open_leaks.revenue_per_month is 'revenue for 30 days; NULL without dates.';
comment on column open_leaks.revenue_per_month_low is 'revenue_low for 30 days.';
comment on column open_leaks.revenue_per_month_high is 'revenue_high for 30 days.';
