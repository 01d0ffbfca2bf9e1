create or replace view prediction_measures as
select
    session_date,
    device,
    source,
    country,
    channel,
    cast(coalesce(duration_bucket(duration_seconds), -1) as tinyint) as bucket,
    probability_bin(p_conversion) as bin,
    cast(1 as bigint) as sessions,
    cast(round(cast(p_conversion as double) * 1000000) as bigint) as p_micros,
    cast(round(cast(p_conversion as double) * 1000000) as bigint) * cast(round(cast(p_conversion as double) * 1000000) as bigint) as p_micros_squared
from sessions
inner join predictions on predictions.session_id = sessions.session_id and predictions.load_id = sessions.load_id
inner join current_run on current_run.run_id = predictions.run_id;

comment on view prediction_measures is 'One row per session scored by the current run: what it adds to the probability cubes.';
comment on column prediction_measures.session_date is 'Day of the session.';
comment on column prediction_measures.device is 'Device category.';
comment on column prediction_measures.source is 'Source.';
comment on column prediction_measures.country is 'Country.';
comment on column prediction_measures.channel is 'Channel group.';
comment on column prediction_measures.bucket is 'Duration bucket; see duration_bucket. -1 where the duration is not known.';
comment on column prediction_measures.bin is 'Log-odds bin of the probability; see probability_bin.';
comment on column prediction_measures.sessions is 'Scored sessions.';
comment on column prediction_measures.p_micros is 'Probabilities in millionths, added up.';
comment on column prediction_measures.p_micros_squared is 'Squares of p_micros, added up: exact, since the square of a small probability is less than a millionth.';
