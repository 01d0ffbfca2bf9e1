-- Each stored row of a report is counted in its load, says what it is split by, and has no more converting sessions than sessions.
with counted as (
    select load_id, count(*) as rows
    from aggregates
    group by load_id
)
select loads.load_id, 'counted otherwise' as problem
from loads
left join counted on counted.load_id = loads.load_id
where aggregated <> coalesce(rows, 0)
union all
select load_id, 'without a load'
from counted
anti join loads on loads.load_id = counted.load_id
union all
select load_id, 'not what its grain says'
from aggregates
where grain <> concat_ws(
        ', ',
        case when country is not null then 'country' end,
        case when device is not null then 'device' end,
        case when source is not null then 'source' end,
        case when channel is not null then 'channel' end
    )
    or sessions < 0
    or converting_sessions not between 0 and sessions
