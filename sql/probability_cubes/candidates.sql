create or replace table cubes.candidates as
with told as (
    select session_id, run_id, load_id, string_agg(words, '; ' order by place) as reasons
    from candidate_reasons
    group by session_id, run_id, load_id
)
select
    sessions.* exclude (load_id),
    predictions.p_conversion,
    told.reasons
from sessions
inner join predictions on predictions.session_id = sessions.session_id and predictions.load_id = sessions.load_id
inner join current_run on current_run.run_id = predictions.run_id
left join told on told.session_id = predictions.session_id and told.load_id = predictions.load_id and told.run_id = predictions.run_id
where predictions.is_top_decile and not sessions.is_converted
order by predictions.p_conversion desc, sessions.session_id;

comment on table cubes.candidates is 'One row per session that did not convert and is in the tenth with the highest probabilities of the current run, best first.';
comment on column cubes.candidates.p_conversion is 'Calibrated probability that the session converts; see predictions.';
comment on column cubes.candidates.reasons is 'Why it is in the top tenth: up to three reasons in words, the strongest first, each with what it does to the odds; see candidate_reasons.';
