create table if not exists fix_verdicts (
    run_id varchar not null,
    leak_id varchar not null,
    fixed_on date not null,
    note varchar not null,
    state varchar not null,
    step varchar,
    segment json,
    change double,
    change_low double,
    change_high double,
    recovered double,
    recovered_low double,
    recovered_high double,
    rate_before double,
    rate_after double,
    rest_before double,
    rest_after double,
    sessions_before bigint,
    sessions_after bigint,
    words varchar not null
);

comment on table fix_verdicts is 'One row per ranking and fix registered then: what became of the leak since, against sessions at the same step outside its segment and outside other leaks.';
comment on column fix_verdicts.run_id is 'The ranking; see leak_runs. The latest holds the present verdicts.';
comment on column fix_verdicts.leak_id is 'The leak.';
comment on column fix_verdicts.fixed_on is 'First day with the fix.';
comment on column fix_verdicts.note is 'What was done, in the team''s words.';
comment on column fix_verdicts.state is 'fixed: the interval of change lies above 0 and at least half of the shortfall is back; worse: it lies below 0; not yet: neither; too early: too few days; cannot say: words says why.';
comment on column fix_verdicts.step is 'The two stages between which sessions were lost; NULL where no ranking knows the leak.';
comment on column fix_verdicts.segment is 'The segment as JSON: dimension and level.';
comment on column fix_verdicts.change is 'Change of the log-odds to pass the step since the fix, relative to the rest of the traffic; NULL where too early.';
comment on column fix_verdicts.change_low is 'Lower bound of change, at 95 %, valid however often one looks.';
comment on column fix_verdicts.change_high is 'Upper bound of change.';
comment on column fix_verdicts.recovered is 'Share of the leak''s shortfall that is back: 1 all of it, below 0 worse.';
comment on column fix_verdicts.recovered_low is 'Lower bound of recovered.';
comment on column fix_verdicts.recovered_high is 'Upper bound of recovered.';
comment on column fix_verdicts.rate_before is 'Share of the segment''s sessions that passed the step from the leak''s start to the fix.';
comment on column fix_verdicts.rate_after is 'Share since the fix.';
comment on column fix_verdicts.rest_before is 'Share of the comparable traffic that passed before the fix.';
comment on column fix_verdicts.rest_after is 'Share of it since the fix.';
comment on column fix_verdicts.sessions_before is 'Sessions of the segment that entered the step from the leak''s start to the fix.';
comment on column fix_verdicts.sessions_after is 'Sessions since the fix.';
comment on column fix_verdicts.words is 'The verdict in a sentence or two.';
