create or replace macro device_benchmarks(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        device,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage = 3), 0) as bigint)) as conversions
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    group by device
),
rates as (
    select
        device,
        sessions,
        conversions,
        safe_rate(conversions, sessions) as conversion_rate,
        wilson_low(conversions, sessions) as ci_low,
        wilson_high(conversions, sessions) as ci_high
    from sums
)
select
    cast(rates.device as varchar) as device,
    sessions,
    conversions,
    conversion_rate,
    ci_low,
    ci_high,
    benchmark_rate,
    conversion_rate - benchmark_rate as delta,
    case
        when benchmark_rate is null then 'no benchmark'
        when ci_low > benchmark_rate then 'above'
        when ci_high < benchmark_rate then 'below'
        else 'not distinguishable'
    end as verdict
from rates
left join benchmarks on benchmarks.device = cast(rates.device as varchar)
order by rates.device;

comment on macro table device_benchmarks is 'One row per device: its rate beside a benchmark from the table benchmarks. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view device_benchmarks as
select * from device_benchmarks();

comment on view device_benchmarks is 'One row per device: its rate beside a benchmark from the table benchmarks. Over all sessions; as a function it takes filters, e.g. from device_benchmarks(devices := [''mobile'']).';
comment on column device_benchmarks.device is 'Device category.';
comment on column device_benchmarks.sessions is 'Sessions.';
comment on column device_benchmarks.conversions is 'Converting sessions; NULL where no loaded file tells conversions.';
comment on column device_benchmarks.conversion_rate is 'Converting sessions / sessions; NULL where no loaded file tells conversions.';
comment on column device_benchmarks.ci_low is 'Lower bound of the 95 % Wilson interval of the rate.';
comment on column device_benchmarks.ci_high is 'Upper bound of the 95 % Wilson interval of the rate.';
comment on column device_benchmarks.benchmark_rate is 'Rate to compare with; NULL where there is none.';
comment on column device_benchmarks.delta is 'conversion_rate - benchmark_rate.';
comment on column device_benchmarks.verdict is 'above or below where the 95 % interval excludes the benchmark, else not distinguishable; no benchmark where there is none.';
