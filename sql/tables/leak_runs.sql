create table if not exists leak_runs (
    run_id varchar not null,
    ranked_at timestamp not null,
    code_version varchar not null,
    data_hash varchar not null,
    settings json not null,
    sessions bigint not null,
    conversions bigint not null,
    cells bigint not null,
    candidates bigint not null,
    first_day date,
    last_day date,
    bin_days integer,
    natural_spreads json not null,
    site_changes json not null,
    blind_spots json not null,
    remarks json not null
);

comment on table leak_runs is 'One row per leak ranking.';
comment on column leak_runs.run_id is 'Identifier of the run.';
comment on column leak_runs.ranked_at is 'When it ended, in UTC.';
comment on column leak_runs.code_version is 'Version of the program that ranked.';
comment on column leak_runs.data_hash is 'Hash of the counts ranked: equal data give equal hashes.';
comment on column leak_runs.settings is 'Dimensions, stages, allowed false share and events it worked with, as JSON.';
comment on column leak_runs.sessions is 'Sessions ranked: those in whole intervals of time.';
comment on column leak_runs.conversions is 'Of these, converting.';
comment on column leak_runs.cells is 'Combinations of levels and time that they were counted in.';
comment on column leak_runs.candidates is 'Segments and kinds tested over all steps: what the false-discovery rate counts.';
comment on column leak_runs.first_day is 'First day ranked; NULL without dates.';
comment on column leak_runs.last_day is 'Last day ranked.';
comment on column leak_runs.bin_days is 'Length of an interval of time in days: 1 or 7.';
comment on column leak_runs.natural_spreads is 'Standard deviations of natural departures in log-odds, as JSON: for each step those of segments by their dimensions, and of their intervals of time.';
comment on column leak_runs.site_changes is 'Changes of the whole site, which no comparison can call a leak, with their split into mix and rate; and levels that exchanged their sessions. JSON.';
comment on column leak_runs.blind_spots is 'The smallest loss the data could have shown, as JSON; see the view blind_spots.';
comment on column leak_runs.remarks is 'What could not be looked for, in sentences, as JSON.';
