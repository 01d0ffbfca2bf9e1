create or replace table cubes.probability_rare_days as
select
    session_date,
    device,
    prediction_measures.source,
    country,
    channel,
    bucket,
    bin,
    cast(sum(prediction_measures.sessions) as bigint) as sessions,
    cast(sum(p_micros) as bigint) as p_micros,
    cast(sum(p_micros_squared) as bigint) as p_micros_squared
from prediction_measures
inner join cubes.kept_sources on kept_sources.source = prediction_measures.source
where not is_kept
group by session_date, device, prediction_measures.source, country, channel, bucket, bin
order by prediction_measures.source, session_date, device, country, channel, bucket, bin;

comment on table cubes.probability_rare_days is 'One row per day, device, source, country, channel, duration bucket and log-odds bin that occurs among the sources that the other cubes do not name: sums of prediction_measures.';
comment on column cubes.probability_rare_days.session_date is 'Day of the session.';
comment on column cubes.probability_rare_days.device is 'Device category.';
comment on column cubes.probability_rare_days.source is 'Source.';
comment on column cubes.probability_rare_days.country is 'Country.';
comment on column cubes.probability_rare_days.channel is 'Channel group.';
comment on column cubes.probability_rare_days.bucket is 'Duration bucket; see duration_bucket. -1 where the duration is not known.';
comment on column cubes.probability_rare_days.bin is 'Log-odds bin of the probability; see probability_bin.';
comment on column cubes.probability_rare_days.sessions is 'Scored sessions.';
comment on column cubes.probability_rare_days.p_micros is 'Probabilities in millionths, added up.';
comment on column cubes.probability_rare_days.p_micros_squared is 'Squares of the probabilities in millionths, added up.';
