create table if not exists predictions (
    session_id varchar not null,
    run_id varchar not null,
    scored_at timestamp not null,
    p_conversion float not null,
    is_top_decile boolean not null,
    is_above_threshold boolean not null,
    load_id integer
);

alter table predictions add column if not exists load_id integer;

comment on table predictions is 'One row per session, model run and version of the session that it scored. Rows are appended and never rewritten: join on session_id and load_id to see the sessions as they are now.';
comment on column predictions.session_id is 'The session; see sessions.';
comment on column predictions.run_id is 'The model run that scored it; see model_runs.';
comment on column predictions.scored_at is 'When it was scored, in UTC.';
comment on column predictions.p_conversion is 'Calibrated probability that the session converts, from 0 to 1, by a model that did not see the session in training. Of an early run: at the last moment before the first checkout or key event.';
comment on column predictions.is_top_decile is 'Whether the session is in the tenth with the highest probabilities of the sessions its run learnt from (ties decided by session_id); for sessions scored later, whether it reaches the run''s cut-off.';
comment on column predictions.is_above_threshold is 'Whether the probability reaches the threshold of the run; see model_runs.threshold.';
comment on column predictions.load_id is 'The load whose version of the session was scored. A session that a later load updates is scored anew, in a further row.';
