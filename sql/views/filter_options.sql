create or replace view filter_options as
with sizes as (
    select 'device' as dimension, cast(device as varchar) as value, sum(sessions) as sessions from cubes.totals group by all
    union all
    select 'country', cast(country as varchar), sum(sessions) from cubes.totals group by all
    union all
    select 'channel', cast(channel as varchar), sum(sessions) from cubes.totals group by all
    union all
    select 'source', cast(source as varchar), sessions from cubes.kept_sources
)
select
    dimension,
    value,
    cast(sessions as bigint) as sessions
from sizes
order by dimension, sessions desc, value;

comment on view filter_options is 'One row per value that a filter can take.';
comment on column filter_options.dimension is 'device, source, country or channel.';
comment on column filter_options.value is 'The value.';
comment on column filter_options.sessions is 'Its sessions.';
