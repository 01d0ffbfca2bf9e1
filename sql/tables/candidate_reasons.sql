create table if not exists candidate_reasons (
    session_id varchar not null,
    run_id varchar not null,
    load_id integer not null,
    place tinyint not null,
    topic varchar not null,
    words varchar not null,
    contribution float not null
);

comment on table candidate_reasons is 'One row per candidate of the current run and reason: why a session that did not convert is in the top tenth. Those of earlier runs are dropped.';
comment on column candidate_reasons.session_id is 'The session; see sessions.';
comment on column candidate_reasons.run_id is 'The model run; see model_runs.';
comment on column candidate_reasons.load_id is 'The load whose version of the session was explained; see predictions.';
comment on column candidate_reasons.place is 'Place of the reason, 1 the strongest.';
comment on column candidate_reasons.topic is 'What the reason is about; features that speak of one thing are taken together.';
comment on column candidate_reasons.words is 'The reason in words, as plain text, with what it does to the odds of converting.';
comment on column candidate_reasons.contribution is 'What it adds to the log-odds of converting against the average session learnt from, before calibration (TreeSHAP).';
