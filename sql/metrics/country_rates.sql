create or replace macro country_rates(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        country,
        cast(coalesce(sum(sessions), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage = 3), 0) as bigint)) as conversions,
        told_conversions(cast(coalesce(sum(transactions), 0) as bigint)) as transactions
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    group by country
)
select
    cast(sums.country as varchar) as country,
    iso3,
    sessions,
    conversions,
    transactions,
    safe_rate(conversions, sessions) as conversion_rate,
    wilson_low(conversions, sessions) as ci_low,
    wilson_high(conversions, sessions) as ci_high
from sums
left join countries as places on places.name = lower(cast(sums.country as varchar))
order by sessions desc, country;

comment on macro table country_rates is 'One row per country. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view country_rates as
select * from country_rates();

comment on view country_rates is 'One row per country. Over all sessions; as a function it takes filters, e.g. from country_rates(devices := [''mobile'']).';
comment on column country_rates.country is 'Country.';
comment on column country_rates.iso3 is 'ISO 3166-1 alpha-3 code; NULL where the name is not known.';
comment on column country_rates.sessions is 'Sessions.';
comment on column country_rates.conversions is 'Converting sessions; NULL where no loaded file tells conversions.';
comment on column country_rates.transactions is 'Purchases; NULL where no loaded file tells conversions.';
comment on column country_rates.conversion_rate is 'Converting sessions / sessions; NULL where no loaded file tells conversions.';
comment on column country_rates.ci_low is 'Lower bound of the 95 % Wilson interval of the rate.';
comment on column country_rates.ci_high is 'Upper bound of the 95 % Wilson interval of the rate.';
