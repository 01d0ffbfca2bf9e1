create table if not exists bot_events (
    session_id varchar not null,
    event_index integer not null,
    occurred_at timestamp,
    event_name varchar not null,
    page varchar,
    value double,
    event_key ubigint,
    place smallint,
    engagement_msec integer,
    is_flagged boolean,
    tells utinyint,
    transaction_key varchar,
    amount_micros bigint
);

alter table bot_events add column if not exists tells utinyint;

comment on table bot_events is 'One row per GA4 event of a session judged automated: kept so that later events of the same session are judged with them.';
