create or replace table cubes.probability_totals as
select
    device,
    source,
    country,
    channel,
    bucket,
    bin,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(p_micros) as bigint) as p_micros,
    cast(sum(p_micros_squared) as bigint) as p_micros_squared
from cubes.probability_months
group by device, source, country, channel, bucket, bin
order by device, source, country, channel, bucket, bin;

comment on table cubes.probability_totals is 'One row per device, source, country, channel, duration bucket and log-odds bin that occurs, over all dates: sums of cubes.probability_months.';
comment on column cubes.probability_totals.device is 'Device category.';
comment on column cubes.probability_totals.source is 'Source; (all other sources) stands for those not kept by name.';
comment on column cubes.probability_totals.country is 'Country.';
comment on column cubes.probability_totals.channel is 'Channel group.';
comment on column cubes.probability_totals.bucket is 'Duration bucket; see duration_bucket. -1 where the duration is not known.';
comment on column cubes.probability_totals.bin is 'Log-odds bin of the probability; see probability_bin.';
comment on column cubes.probability_totals.sessions is 'Scored sessions.';
comment on column cubes.probability_totals.p_micros is 'Probabilities in millionths, added up.';
comment on column cubes.probability_totals.p_micros_squared is 'Squares of the probabilities in millionths, added up.';
