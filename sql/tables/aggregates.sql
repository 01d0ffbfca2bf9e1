create table if not exists aggregates (
    load_id integer not null,
    table_number integer not null,
    row_number bigint not null,
    first_date date,
    last_date date,
    grain varchar not null,
    session_date date,
    country varchar,
    iso3 varchar,
    device varchar,
    source varchar,
    medium varchar,
    channel varchar,
    sessions bigint not null,
    converting_sessions bigint,
    key_events double,
    transactions bigint,
    revenue decimal(18, 6)
);

comment on table aggregates is 'One row per row of a report that tells sessions and conversions by country, device, source or channel. Totals, apart from sessions: funnels, filters and the model know nothing of them. Rows of several reports overlap: read aggregate_rates.';
comment on column aggregates.load_id is 'The load; see loads.';
comment on column aggregates.table_number is 'Which table of the file it stands in, from 1.';
comment on column aggregates.row_number is 'Number of the row in its file, from 1, headers and comments not counted; a pivot is unfolded into a row for each cell.';
comment on column aggregates.first_date is 'First day of the report; NULL where it does not tell.';
comment on column aggregates.last_date is 'Last day of the report; NULL where it does not tell.';
comment on column aggregates.grain is 'What its table is split by, days aside: country, device, source, channel, or several of them in this order with commas between.';
comment on column aggregates.session_date is 'The day, where the table is split by days.';
comment on column aggregates.country is 'Country, named as in sessions; (other) where Google folded several together; NULL where the table is not split by it.';
comment on column aggregates.iso3 is 'ISO 3166-1 alpha-3 code of the country; NULL where the name is not in the table countries.';
comment on column aggregates.device is 'Device category, as in sessions; NULL where the table is not split by it.';
comment on column aggregates.source is 'Source of the session, as in sessions; (other) where Google folded several together; NULL where the table is not split by it.';
comment on column aggregates.medium is 'Medium of the session, as in sessions; NULL where the table is not split by it.';
comment on column aggregates.channel is 'Default channel group, as in sessions; NULL where the table is not split by it.';
comment on column aggregates.sessions is 'Sessions.';
comment on column aggregates.converting_sessions is 'Sessions with a key event, from the session key event rate; NULL where the report does not tell.';
comment on column aggregates.key_events is 'Key events (earlier called conversions), of which a session may have several; NULL where the report does not tell.';
comment on column aggregates.transactions is 'Purchases, of which a session may have several; NULL where the report does not tell.';
comment on column aggregates.revenue is 'Revenue in the currency of the report; NULL where it does not tell.';
