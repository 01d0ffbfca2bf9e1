create or replace macro source_probabilities(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        source,
        device,
        sum(sessions) as n,
        cast(sum(p_micros) as double) / 1000000 as p,
        cast(sum(p_micros_squared) as double) / 1000000000000 as p_squared
    from probability_cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    group by source, device
),
largest as (
    select source, sum(n) as source_sessions
    from sums
    where cast(source as varchar) <> '(all other sources)'
    group by source
    order by source_sessions desc, cast(source as varchar)
    limit 10
),
means as (
    select
        sums.source,
        sums.device,
        source_sessions,
        n,
        p / n as average,
        case when n > 1 then 1.959963984540054 * sqrt(greatest(p_squared - p * p / n, 0) / (n - 1) / n) end as margin
    from sums
    inner join largest on largest.source = sums.source
)
select
    cast(source as varchar) as source,
    cast(device as varchar) as device,
    cast(n as bigint) as sessions,
    average as avg_probability,
    case when margin is not null then greatest(0, average - margin) end as ci_low,
    case when margin is not null then least(1, average + margin) end as ci_high
from means
order by source_sessions desc, cast(source as varchar), means.device;

comment on macro table source_probabilities is 'One row per source and device scored by the current run, for the 10 sources with the most sessions among the 300 largest of all data and those that the filter names. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view source_probabilities as
select * from source_probabilities();

comment on view source_probabilities is 'One row per source and device scored by the current run, for the 10 sources with the most sessions among the 300 largest of all data and those that the filter names. Over all sessions; as a function it takes filters, e.g. from source_probabilities(devices := [''mobile'']).';
comment on column source_probabilities.source is 'Source.';
comment on column source_probabilities.device is 'Device category.';
comment on column source_probabilities.sessions is 'Scored sessions.';
comment on column source_probabilities.avg_probability is 'Mean probability of conversion.';
comment on column source_probabilities.ci_low is 'Lower bound of the 95 % interval of the mean (normal approximation); NULL for a single session. It tells how the sessions vary, not how far the model may be off.';
comment on column source_probabilities.ci_high is 'Upper bound of that interval.';
