create table if not exists settings (
    name varchar primary key,
    value varchar not null
);

comment on table settings is 'One row per fact about this database.';
comment on column settings.name is 'Name of the fact: schema_version; schema_hash, of the files and relations that the database was brought up to date with; published_at (UTC); currency and time_zone, where the load was told them; is_demo, true where all sessions are generated.';
comment on column settings.value is 'Its value, as text.';
