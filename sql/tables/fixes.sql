create table if not exists fixes (
    leak_id varchar not null,
    fixed_on date not null,
    note varchar not null,
    origin varchar not null,
    primary key (leak_id, fixed_on)
);

comment on table fixes is 'One row per registered fix of a leak. Whether it worked is in fix_verdicts.';
comment on column fixes.leak_id is 'The leak that was mended; see leaks.';
comment on column fixes.fixed_on is 'First day with the fix.';
comment on column fixes.note is 'What was done, in the team''s words; may be empty.';
comment on column fixes.origin is 'file: from data/site_fixes.csv, as of the latest ranking; command: from python -m models fixed.';
