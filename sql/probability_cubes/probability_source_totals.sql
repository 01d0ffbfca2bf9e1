create or replace table cubes.probability_source_totals as
select
    device,
    source,
    country,
    channel,
    bucket,
    bin,
    sessions,
    p_micros,
    p_micros_squared
from cubes.probability_totals
union all
select
    device,
    source,
    country,
    channel,
    bucket,
    bin,
    cast(sum(sessions) as bigint),
    cast(sum(p_micros) as bigint),
    cast(sum(p_micros_squared) as bigint)
from cubes.probability_rare_days
group by device, source, country, channel, bucket, bin;

comment on table cubes.probability_source_totals is 'Totals of probabilities with every source by its name, for filters on sources; see cubes.source_totals.';
comment on column cubes.probability_source_totals.device is 'Device category.';
comment on column cubes.probability_source_totals.source is 'Source; (all other sources) stands for those that are not kept by name elsewhere, which are here as well.';
comment on column cubes.probability_source_totals.country is 'Country.';
comment on column cubes.probability_source_totals.channel is 'Channel group.';
comment on column cubes.probability_source_totals.bucket is 'Duration bucket; see duration_bucket. -1 where the duration is not known.';
comment on column cubes.probability_source_totals.bin is 'Log-odds bin of the probability; see probability_bin.';
comment on column cubes.probability_source_totals.sessions is 'Scored sessions.';
comment on column cubes.probability_source_totals.p_micros is 'Probabilities in millionths, added up.';
comment on column cubes.probability_source_totals.p_micros_squared is 'Squares of the probabilities in millionths, added up.';
