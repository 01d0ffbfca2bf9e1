create table if not exists settings (
    name varchar primary key,
    value varchar not null
);

comment on table settings is 'One row per fact about this database.';
comment on column settings.name is 'Name of the fact: schema_version, published_at (UTC), currency, time_zone, is_demo.';
comment on column settings.value is 'Its value, as text.';
