-- The cubes add up to the rows, in every measure.
with rows as (
    select
        sum(sessions), sum(transactions), sum(revenue_micros), sum(pageviews), sum(pageviews_known), sum(duration_ms),
        sum(duration_known), sum(bounces), sum(bounces_known), sum(visits), sum(returned), sum(visits_known),
        sum(stage), sum(bucket)
    from session_measures
),
cells as (
    select
        sum(sessions), sum(transactions), sum(revenue_micros), sum(pageviews), sum(pageviews_known), sum(duration_ms),
        sum(duration_known), sum(bounces), sum(bounces_known), sum(visits), sum(returned), sum(visits_known),
        sum(sessions * stage), sum(sessions * bucket)
    from cubes.days
    union all
    select
        sum(sessions), sum(transactions), sum(revenue_micros), sum(pageviews), sum(pageviews_known), sum(duration_ms),
        sum(duration_known), sum(bounces), sum(bounces_known), sum(visits), sum(returned), sum(visits_known),
        sum(sessions * stage), sum(sessions * bucket)
    from cubes.months
    union all
    select
        sum(sessions), sum(transactions), sum(revenue_micros), sum(pageviews), sum(pageviews_known), sum(duration_ms),
        sum(duration_known), sum(bounces), sum(bounces_known), sum(visits), sum(returned), sum(visits_known),
        sum(sessions * stage), sum(sessions * bucket)
    from cubes.totals
)
select * from cells
except
select * from rows
