create or replace macro source_device_rates(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        source,
        device,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage = 3), 0) as bigint)) as conversions
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    group by source, device
),
site as (
    select safe_rate(sum(conversions), sum(sessions)) as rate
    from sums
),
largest as (
    select source, sum(sessions) as source_sessions
    from sums
    where cast(source as varchar) <> '(all other sources)'
    group by source
    order by source_sessions desc, cast(source as varchar)
    limit 10
),
shown as (
    select sums.*, source_sessions
    from sums
    inner join largest on largest.source = sums.source
),
-- Kleinman (1973): moment estimate of the correlation within groups of beta-binomial counts.
spread as (
    select
        count(*) as groups,
        cast(sum(sessions) as double) as n,
        sum(cast(sessions as double) * sessions) as n_squared,
        sum(sessions * power(conversions / sessions - rate, 2) order by source, device) as weighted_squares,
        any_value(rate) as rate
    from shown, site
),
prior as (
    select
        rate,
        case
            when rate > 0 and rate < 1 and groups > 1 and n > n_squared / n + groups - 1
            then greatest(1e-6, least(1.0, (weighted_squares / (rate * (1 - rate)) - (groups - 1)) / (n - n_squared / n - (groups - 1))))
        end as correlation
    from spread
)
select
    cast(source as varchar) as source,
    cast(device as varchar) as device,
    sessions,
    conversions,
    safe_rate(conversions, sessions) as conversion_rate,
    wilson_low(conversions, sessions) as ci_low,
    wilson_high(conversions, sessions) as ci_high,
    (conversions + rate * (1 / correlation - 1)) / (sessions + 1 / correlation - 1) as shrunk_rate
from shown, prior
order by source_sessions desc, cast(source as varchar), shown.device;

comment on macro table source_device_rates is 'One row per source and device, for the 10 sources with the most sessions among the 300 largest of all data and those that the filter names. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view source_device_rates as
select * from source_device_rates();

comment on view source_device_rates is 'One row per source and device, for the 10 sources with the most sessions among the 300 largest of all data and those that the filter names. Over all sessions; as a function it takes filters, e.g. from source_device_rates(devices := [''mobile'']).';
comment on column source_device_rates.source is 'Source.';
comment on column source_device_rates.device is 'Device category.';
comment on column source_device_rates.sessions is 'Sessions.';
comment on column source_device_rates.conversions is 'Converting sessions; NULL where no loaded file tells conversions.';
comment on column source_device_rates.conversion_rate is 'Converting sessions / sessions; NULL where no loaded file tells conversions.';
comment on column source_device_rates.ci_low is 'Lower bound of the 95 % Wilson interval of the rate.';
comment on column source_device_rates.ci_high is 'Upper bound of the 95 % Wilson interval of the rate.';
comment on column source_device_rates.shrunk_rate is 'Rate pulled towards the rate of all sessions, the more so the fewer sessions there are (beta-binomial, prior by moments). NULL where the site has no conversions or a single group.';
