create table if not exists drift (
    run_id varchar not null,
    load_id integer not null,
    measured_at timestamp not null,
    feature varchar not null,
    sessions bigint not null,
    psi double not null,
    by_chance double not null
);

comment on table drift is 'One row per model run, later load and feature: how far the sessions of the load differ from those the run learnt from.';
comment on column drift.run_id is 'The model run whose training data are compared with; see model_runs.';
comment on column drift.load_id is 'The load whose sessions are compared; see loads.';
comment on column drift.measured_at is 'When it was measured, in UTC.';
comment on column drift.feature is 'Feature of the model, or p_conversion for its score.';
comment on column drift.sessions is 'Sessions of the load that were compared; of an early run each at its cuts.';
comment on column drift.psi is 'Population stability index: sum over bins of (a - e) ln(a / e), with e the share in the training data and a in the load. By custom below 0.1 is little, above 0.25 much.';
comment on column drift.by_chance is 'The index that chance alone exceeds in 5 % of cases without any change, by the numbers of sessions and bins.';
