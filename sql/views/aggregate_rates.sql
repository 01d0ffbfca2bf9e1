create or replace view aggregate_rates as
with grains as (
    select
        grain,
        unnest(string_split(grain, ', ')) as dimension,
        len(string_split(grain, ', ')) as parts,
        sum(sessions) as sessions
    from aggregate_cells
    group by grain
),
-- For each dimension the reports split by it and by the least besides: their rows leave out the fewest sessions.
chosen as (
    select dimension, arg_min(grain, (parts, -sessions)) as grain
    from grains
    group by dimension
),
sums as (
    select
        dimension,
        case dimension when 'country' then country when 'device' then device when 'source' then source else channel end as value,
        any_value(case when dimension = 'country' then iso3 end) as iso3,
        any_value(counts) as counts,
        min(first_date) as first_date,
        max(last_date) as last_date,
        cast(sum(sessions) as bigint) as sessions,
        sum(conversions) as conversions,
        cast(sum(transactions) as bigint) as transactions,
        sum(revenue) as revenue
    from aggregate_cells
    inner join chosen on chosen.grain = aggregate_cells.grain
    group by all
)
select
    dimension,
    value,
    iso3,
    counts,
    counts = 'converting sessions' as counts_sessions,
    first_date,
    last_date,
    sessions,
    conversions,
    transactions,
    revenue,
    safe_rate(conversions, sessions) as conversion_rate,
    case when counts = 'converting sessions' then wilson_low(conversions, sessions) end as ci_low,
    case when counts = 'converting sessions' then wilson_high(conversions, sessions) end as ci_high
from sums
order by dimension, sessions desc, value;

comment on view aggregate_rates is 'One row per dimension and value, from the reports shown. Each dimension is all of its reports'' sessions: do not add dimensions. Totals of reports, not of loaded sessions: filters do not apply.';
comment on column aggregate_rates.dimension is 'country, device, source or channel.';
comment on column aggregate_rates.value is 'The country, device, source or channel; (other) where Google folded several together.';
comment on column aggregate_rates.iso3 is 'ISO 3166-1 alpha-3 code of a country.';
comment on column aggregate_rates.counts is 'What conversions count: converting sessions, key events or transactions.';
comment on column aggregate_rates.counts_sessions is 'Whether conversions are sessions, so that the rate is a share and has an interval.';
comment on column aggregate_rates.first_date is 'First day of the reports; NULL where none tells.';
comment on column aggregate_rates.last_date is 'Last day of the reports; NULL where none tells.';
comment on column aggregate_rates.sessions is 'Sessions.';
comment on column aggregate_rates.conversions is 'Converting sessions, key events or transactions, as counts says.';
comment on column aggregate_rates.transactions is 'Purchases; NULL where no report tells.';
comment on column aggregate_rates.revenue is 'Revenue in the currency of the reports; NULL where no report tells.';
comment on column aggregate_rates.conversion_rate is 'conversions / sessions: a share of sessions where counts_sessions, else a mean per session that may exceed 1.';
comment on column aggregate_rates.ci_low is 'Lower bound of the 95 % Wilson interval; NULL where conversions are not sessions.';
comment on column aggregate_rates.ci_high is 'Upper bound of the 95 % Wilson interval; NULL where conversions are not sessions.';
