create or replace view rejects_by_reason as
select
    reason,
    count(*) as rows,
    arg_min(raw, row_number) as example
from rejects
group by reason
order by rows desc, reason;

comment on view rejects_by_reason is 'One row per reason for which rows were not loaded.';
comment on column rejects_by_reason.reason is 'The reason.';
comment on column rejects_by_reason.rows is 'Rows not loaded for it.';
comment on column rejects_by_reason.example is 'The first of them, scrubbed.';
