create or replace macro duration_rates(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        bucket,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage = 3), 0) as bigint)) as conversions
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    where bucket >= 0
    group by bucket
)
select
    duration_bucket_name(bucket) as bucket,
    cast(sums.bucket as integer) as bucket_order,
    sessions,
    conversions,
    safe_rate(conversions, sessions) as conversion_rate,
    wilson_low(conversions, sessions) as ci_low,
    wilson_high(conversions, sessions) as ci_high
from sums
order by bucket_order;

comment on macro table duration_rates is 'One row per duration bucket that occurs, over sessions whose duration is measured; single-hit sessions count as <10s. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional. Buying takes time: long sessions are partly an effect of converting.';

create or replace view duration_rates as
select * from duration_rates();

comment on view duration_rates is 'One row per duration bucket that occurs, over sessions whose duration is measured; single-hit sessions count as <10s. Over all sessions; as a function it takes filters, e.g. from duration_rates(devices := [''mobile'']). Buying takes time: long sessions are partly an effect of converting.';
comment on column duration_rates.bucket is 'Bucket: <10s, 10s–1m, 1–5m, 5–10m, 10–20m, 20–30m, >30m (lower edge included).';
comment on column duration_rates.bucket_order is 'Its order, from 0.';
comment on column duration_rates.sessions is 'Sessions.';
comment on column duration_rates.conversions is 'Converting sessions; NULL where no loaded file tells conversions.';
comment on column duration_rates.conversion_rate is 'Converting sessions / sessions; NULL where no loaded file tells conversions.';
comment on column duration_rates.ci_low is 'Lower bound of the 95 % Wilson interval of the rate.';
comment on column duration_rates.ci_high is 'Upper bound of the 95 % Wilson interval of the rate.';
