create or replace table cubes.probability_months as
select
    cast(date_trunc('month', session_date) as date) as month,
    device,
    source,
    country,
    channel,
    bucket,
    bin,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(p_micros) as bigint) as p_micros,
    cast(sum(p_micros_squared) as bigint) as p_micros_squared
from cubes.probability_days
group by month, device, source, country, channel, bucket, bin
order by month, device, source, country, channel, bucket, bin;

comment on table cubes.probability_months is 'One row per month, device, source, country, channel, duration bucket and log-odds bin that occurs: sums of cubes.probability_days.';
comment on column cubes.probability_months.month is 'First day of the month.';
comment on column cubes.probability_months.device is 'Device category.';
comment on column cubes.probability_months.source is 'Source; (all other sources) stands for those not kept by name.';
comment on column cubes.probability_months.country is 'Country.';
comment on column cubes.probability_months.channel is 'Channel group.';
comment on column cubes.probability_months.bucket is 'Duration bucket; see duration_bucket. -1 where the duration is not known.';
comment on column cubes.probability_months.bin is 'Log-odds bin of the probability; see probability_bin.';
comment on column cubes.probability_months.sessions is 'Scored sessions.';
comment on column cubes.probability_months.p_micros is 'Probabilities in millionths, added up.';
comment on column cubes.probability_months.p_micros_squared is 'Squares of the probabilities in millionths, added up.';
