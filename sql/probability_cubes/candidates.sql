create or replace table cubes.candidates as
select
    sessions.* exclude (load_id),
    predictions.p_conversion
from sessions
inner join predictions on predictions.session_id = sessions.session_id
inner join current_run on current_run.run_id = predictions.run_id
where predictions.is_top_decile
order by predictions.p_conversion desc, sessions.session_id;

comment on table cubes.candidates is 'One row per session in the tenth with the highest probabilities of the current run, best first.';
comment on column cubes.candidates.p_conversion is 'Calibrated probability that the session converts; see predictions.';
