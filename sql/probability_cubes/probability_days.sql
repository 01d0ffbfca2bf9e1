create or replace table cubes.probability_days as
with folded as (
    select
        session_date,
        device,
        case when is_kept then prediction_measures.source else cast('(all other sources)' as source_name) end as source,
        country,
        channel,
        bucket,
        bin,
        prediction_measures.sessions,
        p_micros,
        p_micros_squared
    from prediction_measures
    inner join cubes.kept_sources on kept_sources.source = prediction_measures.source
)
select
    session_date,
    device,
    source,
    country,
    channel,
    bucket,
    bin,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(p_micros) as bigint) as p_micros,
    cast(sum(p_micros_squared) as bigint) as p_micros_squared
from folded
group by session_date, device, source, country, channel, bucket, bin
order by session_date, device, source, country, channel, bucket, bin;

comment on table cubes.probability_days is 'One row per day, device, source, country, channel, duration bucket and log-odds bin that occurs: sums of prediction_measures.';
comment on column cubes.probability_days.session_date is 'Day of the session.';
comment on column cubes.probability_days.device is 'Device category.';
comment on column cubes.probability_days.source is 'Source; (all other sources) stands for those not kept by name.';
comment on column cubes.probability_days.country is 'Country.';
comment on column cubes.probability_days.channel is 'Channel group.';
comment on column cubes.probability_days.bucket is 'Duration bucket; see duration_bucket. -1 where the duration is not known.';
comment on column cubes.probability_days.bin is 'Log-odds bin of the probability; see probability_bin.';
comment on column cubes.probability_days.sessions is 'Scored sessions.';
comment on column cubes.probability_days.p_micros is 'Probabilities in millionths, added up.';
comment on column cubes.probability_days.p_micros_squared is 'Squares of the probabilities in millionths, added up.';
