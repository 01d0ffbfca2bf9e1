create or replace macro daily_rates(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        session_date,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage = 3), 0) as bigint)) as conversions,
        coalesce(sum(revenue_micros), 0) / 1000000 as revenue
    from day_cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    where session_date is not null
    group by session_date
)
select
    session_date,
    sessions,
    conversions,
    safe_rate(conversions, sessions) as conversion_rate,
    wilson_low(conversions, sessions) as ci_low,
    wilson_high(conversions, sessions) as ci_high,
    revenue
from sums
order by session_date;

comment on macro table daily_rates is 'One row per day that has sessions. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view daily_rates as
select * from daily_rates();

comment on view daily_rates is 'One row per day that has sessions. Over all sessions; as a function it takes filters, e.g. from daily_rates(devices := [''mobile'']).';
comment on column daily_rates.session_date is 'Day in the time zone of the property.';
comment on column daily_rates.sessions is 'Sessions.';
comment on column daily_rates.conversions is 'Converting sessions; NULL where no loaded file tells conversions.';
comment on column daily_rates.conversion_rate is 'Converting sessions / sessions; NULL where no loaded file tells conversions.';
comment on column daily_rates.ci_low is 'Lower bound of the 95 % Wilson interval of the rate.';
comment on column daily_rates.ci_high is 'Upper bound of the 95 % Wilson interval of the rate.';
comment on column daily_rates.revenue is 'Revenue in currency units.';
