create table if not exists rejects (
    load_id integer not null,
    row_number bigint not null,
    reason varchar not null,
    raw varchar
);

comment on table rejects is 'One row per input row not loaded.';
comment on column rejects.load_id is 'The load; see loads.';
comment on column rejects.row_number is 'Number of the row in its file, from 1, the header not counted.';
comment on column rejects.reason is 'Why it was not loaded.';
comment on column rejects.raw is 'The row as text, with ids and personal data scrubbed, cut at 500 characters.';
