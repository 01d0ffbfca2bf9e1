create or replace table cubes.kept_sources as
with source_sizes as (
    select
        source,
        count(*) as sessions
    from sessions
    group by source
),
ranked as (
    select
        source,
        sessions,
        row_number() over (order by sessions desc, cast(source as varchar)) as size_rank
    from source_sizes
)
select
    source,
    sessions,
    size_rank <= 300 as is_kept
from ranked;

comment on table cubes.kept_sources is 'One row per source: the 300 largest stand in the cubes by name, the rest as one level, (all other sources); cubes.rare_days keeps those apart by name.';
comment on column cubes.kept_sources.source is 'The source.';
comment on column cubes.kept_sources.sessions is 'Its sessions.';
comment on column cubes.kept_sources.is_kept is 'Whether it stands in the cubes by name.';
