-- Each rejected row stands in rejects.
with counted as (
    select load_id, count(*) as rows
    from rejects
    group by load_id
)
select loads.load_id, loads.rejected, rows
from loads
left join counted on counted.load_id = loads.load_id
where rejected <> coalesce(rows, 0)
