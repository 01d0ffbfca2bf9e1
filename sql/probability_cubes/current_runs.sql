create or replace view current_runs as
select
    run_id,
    kind,
    trained_at,
    code_version,
    data_hash,
    threshold,
    params,
    metrics,
    card,
    cast(metrics ->> 'cutoff' as double) as cutoff
from model_runs
qualify row_number() over (partition by kind order by trained_at desc, run_id desc) = 1
order by kind;

comment on view current_runs is 'One row per kind of model: its latest run. The early model is the one to quote where it exists; the retrospective one ranks finished sessions.';
comment on column current_runs.run_id is 'Identifier of the run.';
comment on column current_runs.kind is 'early or retrospective; see model_runs.';
comment on column current_runs.trained_at is 'When the training ended, in UTC.';
comment on column current_runs.code_version is 'Version of the program that trained.';
comment on column current_runs.data_hash is 'Hash of the data trained on; see model_runs.';
comment on column current_runs.threshold is 'Probability above which a session is flagged.';
comment on column current_runs.params is 'Parameters, features and seed, as JSON; see model_runs.';
comment on column current_runs.metrics is 'Evaluation of the run, as JSON; see model_runs.';
comment on column current_runs.card is 'Model card in Markdown; see model_runs.';
comment on column current_runs.cutoff is 'Lowest probability in the top tenth of the sessions scored when the run was trained.';
