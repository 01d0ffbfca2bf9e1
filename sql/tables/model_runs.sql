create table if not exists model_runs (
    run_id varchar not null,
    trained_at timestamp not null,
    code_version varchar not null,
    data_hash varchar not null,
    kind varchar not null,
    params json not null,
    metrics json not null,
    threshold double not null,
    artefact blob not null,
    card varchar
);

alter table model_runs add column if not exists card varchar;

comment on table model_runs is 'One row per training run.';
comment on column model_runs.run_id is 'Identifier of the run.';
comment on column model_runs.trained_at is 'When the training ended, in UTC.';
comment on column model_runs.code_version is 'Version of the program that trained.';
comment on column model_runs.data_hash is 'Hash of the sessions (of an early run also of their events) trained on: equal data give equal hashes.';
comment on column model_runs.kind is 'retrospective: learnt from whole sessions as exported, ranks finished sessions; early: from what was known at cuts inside the session, before the first checkout or key event, scores sessions as they grow.';
comment on column model_runs.params is 'Parameters and features chosen by the search, the seed, and the last load trained on, as JSON.';
comment on column model_runs.metrics is 'Evaluation on data the model did not see, as JSON: each measure with its 95 % interval by visitor and the best possible, calibration, lift by decile, comparison with baselines under three splits, leakage audit, ablation, and the distributions that drift is measured against.';
comment on column model_runs.threshold is 'Probability above which a session is flagged: the one with the best F1 on training folds.';
comment on column model_runs.artefact is 'The model itself with its calibration and encodings: all that scoring needs.';
comment on column model_runs.card is 'Model card in Markdown: what the model is for, what it learnt from, how good it is and what it cannot do.';
