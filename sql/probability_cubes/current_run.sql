create or replace view current_run as
select
    run_id,
    kind,
    trained_at,
    threshold,
    metrics,
    cutoff
from current_runs
where kind = 'retrospective';

comment on view current_run is 'At most one row: the latest retrospective run, which ranks finished sessions and whose predictions the probability relations show. The early model has its own; see current_runs.';
comment on column current_run.run_id is 'Identifier of the run.';
comment on column current_run.kind is 'Always retrospective; see model_runs.';
comment on column current_run.trained_at is 'When the training ended, in UTC.';
comment on column current_run.threshold is 'Probability above which a session is flagged.';
comment on column current_run.metrics is 'Evaluation of the run, as JSON; see model_runs.';
comment on column current_run.cutoff is 'Lowest probability in the top tenth of the sessions scored when the run was trained.';
