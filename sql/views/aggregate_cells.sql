create or replace view aggregate_cells as
with shown as (
    select
        aggregates.grain,
        country,
        iso3,
        device,
        source,
        channel,
        any_value(reports.counts) as counts,
        min(reports.first_date) as first_date,
        max(reports.last_date) as last_date,
        cast(sum(aggregates.sessions) as bigint) as sessions,
        cast(
            sum(
                case reports.counts
                    when 'converting sessions' then converting_sessions
                    when 'key events' then key_events
                    else transactions
                end
            ) as double
        ) as conversions,
        cast(sum(transactions) as bigint) as transactions,
        sum(revenue) as revenue
    from aggregates
    inner join aggregate_reports as reports
        on reports.load_id = aggregates.load_id and reports.table_number = aggregates.table_number
    where reports.state = 'shown'
    group by aggregates.grain, country, iso3, device, source, channel
)
select
    grain,
    country,
    iso3,
    device,
    source,
    channel,
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
from shown
order by grain, sessions desc, country, device, source, channel;

comment on view aggregate_cells is 'One row per group of the reports shown: the combination of labels that a report is split by, days and media added up.';
comment on column aggregate_cells.grain is 'What the reports are split by. Each grain is all of its reports'' sessions: do not add grains.';
comment on column aggregate_cells.country is 'Country; NULL where the grain has none.';
comment on column aggregate_cells.iso3 is 'ISO 3166-1 alpha-3 code of the country.';
comment on column aggregate_cells.device is 'Device category; NULL where the grain has none.';
comment on column aggregate_cells.source is 'Source; NULL where the grain has none.';
comment on column aggregate_cells.channel is 'Default channel group; NULL where the grain has none.';
comment on column aggregate_cells.counts is 'What conversions count: converting sessions, key events or transactions.';
comment on column aggregate_cells.counts_sessions is 'Whether conversions are sessions, so that the rate is a share and has an interval.';
comment on column aggregate_cells.first_date is 'First day of the reports; NULL where none tells.';
comment on column aggregate_cells.last_date is 'Last day of the reports; NULL where none tells.';
comment on column aggregate_cells.sessions is 'Sessions.';
comment on column aggregate_cells.conversions is 'Converting sessions, key events or transactions, as counts says.';
comment on column aggregate_cells.transactions is 'Purchases; NULL where no report tells.';
comment on column aggregate_cells.revenue is 'Revenue in the currency of the reports; NULL where no report tells.';
comment on column aggregate_cells.conversion_rate is 'conversions / sessions: a share of sessions where counts_sessions, else a mean per session that may exceed 1.';
comment on column aggregate_cells.ci_low is 'Lower bound of the 95 % Wilson interval; NULL where conversions are not sessions.';
comment on column aggregate_cells.ci_high is 'Upper bound of the 95 % Wilson interval; NULL where conversions are not sessions.';
