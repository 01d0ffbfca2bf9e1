create or replace view current_run as
select
    run_id,
    kind,
    trained_at,
    threshold,
    metrics,
    cast(metrics ->> 'cutoff' as double) as cutoff
from model_runs
order by trained_at desc, run_id desc
limit 1;

comment on view current_run is 'At most one row: the latest model run, whose predictions the probability relations show.';
comment on column current_run.run_id is 'Identifier of the run.';
comment on column current_run.kind is 'retrospective or early; see model_runs.';
comment on column current_run.trained_at is 'When the training ended, in UTC.';
comment on column current_run.threshold is 'Probability above which a session is flagged.';
comment on column current_run.metrics is 'Evaluation of the run, as JSON; see model_runs.';
comment on column current_run.cutoff is 'Lowest probability in the top tenth of the sessions scored when the run was trained.';
