-- The cubes add up to the rows.
with rows as (
    select
        sum(sessions) as sessions,
        sum(transactions) as transactions,
        sum(revenue_micros) as revenue_micros,
        sum(stage) as stages
    from session_measures
),
cells as (
    select sum(sessions), sum(transactions), sum(revenue_micros), sum(sessions * stage) from cubes.days
    union all
    select sum(sessions), sum(transactions), sum(revenue_micros), sum(sessions * stage) from cubes.months
    union all
    select sum(sessions), sum(transactions), sum(revenue_micros), sum(sessions * stage) from cubes.totals
)
select * from cells
except
select * from rows
