create or replace macro compared_days(since := null, until := null, previous_since := null, previous_until := null) as table
with known as (
    select min(session_date) as first_day, max(session_date) as last_day
    from cubes.days
),
chosen as (
    select
        case
            when since is null and until is null then last_day - cast(least(28, (last_day - first_day + 1) // 2) - 1 as integer)
            else greatest(coalesce(cast(since as date), first_day), first_day)
        end as current_first,
        least(coalesce(cast(until as date), last_day), last_day) as current_last
    from known
),
earlier as (
    select
        current_first,
        current_last,
        coalesce(
            cast(previous_since as date),
            coalesce(cast(previous_until as date), current_first - 1) - cast(current_last - current_first as integer)
        ) as previous_first,
        cast(previous_until as date) as previous_last
    from chosen
    where current_first <= current_last
)
select true as is_current, current_first as first_day, current_last as last_day
from earlier
union all
select false, previous_first, coalesce(previous_last, previous_first + cast(current_last - current_first as integer))
from earlier;

comment on macro table compared_days is 'One row per period compared: the current one, within the days that have data, and the previous one. Without dates they are the last 28 days and the 28 before, or the two halves of fewer; without a previous period it is as many days, directly before. Empty where there are no dates.';
