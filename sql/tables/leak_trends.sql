create table if not exists leak_trends (
    leak_id varchar not null,
    run_id varchar not null,
    bin_start date not null,
    entrants bigint not null,
    passes bigint not null,
    expected_rate double not null
);

comment on table leak_trends is 'One row per leak of a ranking run and interval of time: how its segment passed the step. Gaps and runs without dates have none.';
comment on column leak_trends.leak_id is 'The leak; see leaks.';
comment on column leak_trends.run_id is 'The run; see leak_runs, which holds the length of an interval in bin_days.';
comment on column leak_trends.bin_start is 'First day of the interval.';
comment on column leak_trends.entrants is 'Sessions of the segment that entered the step.';
comment on column leak_trends.passes is 'Of these, that passed it.';
comment on column leak_trends.expected_rate is 'Share that would have passed without the leak, as fitted; before its start as fitted outright.';
