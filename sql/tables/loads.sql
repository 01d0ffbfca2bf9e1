create table if not exists loads (
    load_id integer not null,
    file varchar not null,
    format varchar not null,
    sha256 varchar not null,
    loaded_at timestamp not null,
    rows_read bigint not null,
    sessions_new bigint not null,
    sessions_updated bigint not null,
    duplicates bigint not null,
    folded bigint not null,
    bots bigint not null,
    without_consent bigint not null,
    rejected bigint not null,
    stage_basis varchar not null,
    first_date date,
    last_date date,
    notes varchar[] not null,
    warnings varchar[],
    aggregated bigint default 0,
    set_aside bigint default 0
);

alter table loads add column if not exists warnings varchar[];
alter table loads add column if not exists aggregated bigint default 0;
alter table loads add column if not exists set_aside bigint default 0;
alter table loads add column if not exists lacks varchar[];
alter table loads add column if not exists thresholds varchar;

comment on table loads is 'One row per file loaded. rows_read = sessions_new + sessions_updated + duplicates + folded + bots + without_consent + rejected + aggregated + set_aside, checked at every publish.';
comment on column loads.load_id is 'Number of the load, from 1.';
comment on column loads.file is 'Name of the file, without its folder.';
comment on column loads.format is 'Format recognised from the content: flat-csv, ga360-csv, ga360-bigquery, ga4-bigquery, …';
comment on column loads.sha256 is 'SHA-256 of the file''s bytes: the same file is not loaded twice.';
comment on column loads.loaded_at is 'When it was loaded, in UTC.';
comment on column loads.rows_read is 'Rows in the file (its unit: sessions, hits or events, by format).';
comment on column loads.sessions_new is 'Rows that became new sessions: of an export of events, the first of each.';
comment on column loads.sessions_updated is 'Rows that replaced a session already loaded: of an export of events, the first for each session they added to.';
comment on column loads.duplicates is 'Rows that said nothing new: repeated in the file or equal to a session already loaded.';
comment on column loads.folded is 'Rows merged into another row of the same session: of an export of events, all but the first of each, and refunds without a session.';
comment on column loads.bots is 'Rows judged automated; see bots.';
comment on column loads.without_consent is 'Rows without the ids that make a session, because consent was denied.';
comment on column loads.rejected is 'Rows not loaded; see rejects.';
comment on column loads.stage_basis is 'What funnel stages were told from: events, thresholds on pageviews, or none in a report, which has no sessions.';
comment on column loads.first_date is 'Earliest session date in the file.';
comment on column loads.last_date is 'Latest session date in the file.';
comment on column loads.notes is 'What was healed or noticed while loading, one sentence each.';
comment on column loads.lacks is 'What no row of the file can tell: dates, country, device, source, duration, visitors, revenue, conversions, events. See data_lacks.';
comment on column loads.thresholds is 'The page views from which a session of the file counts as engaged and as deep, where stages are told from thresholds; NULL where events tell them.';
comment on column loads.warnings is 'What makes the figures of the file doubtful, one sentence each: rows cut off, ids damaged, buyers only. NULL in loads of earlier versions.';
comment on column loads.aggregated is 'Rows of a report that tell a rate; see aggregates.';
comment on column loads.set_aside is 'Rows of a report that are counted and not stored: totals rows, and tables without a rate by country, device, source or channel.';
