create table if not exists refunds (
    transaction_key varchar not null,
    event_key ubigint not null,
    occurred_at timestamp not null,
    amount_micros bigint,
    load_id integer not null
);

comment on table refunds is 'One row per GA4 refund event that names its order, whether or not it belongs to a session. Its amount is subtracted from the session that bought.';
comment on column refunds.transaction_key is 'Salted hash of the transaction id, as in events.';
comment on column refunds.event_key is 'Hash that tells the event from others, as in events.';
comment on column refunds.occurred_at is 'When it happened, in UTC.';
comment on column refunds.amount_micros is 'What was refunded, in millionths of the currency unit; NULL where the event does not say, which means all of the order.';
comment on column refunds.load_id is 'The load that brought it; see loads.';
