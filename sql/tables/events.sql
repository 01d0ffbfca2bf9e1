create table if not exists events (
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

alter table events add column if not exists event_key ubigint;
alter table events add column if not exists place smallint;
alter table events add column if not exists engagement_msec integer;
alter table events add column if not exists is_flagged boolean;
alter table events add column if not exists tells utinyint;
alter table events add column if not exists transaction_key varchar;
alter table events add column if not exists amount_micros bigint;

comment on table events is 'One row per hit or event of a session, where the export has them. GA4 sessions that a later file adds to are built anew from it, so it also holds what that needs: columns that are NULL on most rows.';
comment on column events.session_id is 'The session; see sessions.';
comment on column events.event_index is 'Order of the event within its session, from 1.';
comment on column events.occurred_at is 'When it happened, in UTC.';
comment on column events.event_name is 'Name of the event in GA4''s vocabulary (page_view, view_item, add_to_cart, begin_checkout, purchase, …); Universal Analytics hits are translated to it.';
comment on column events.page is 'Path of the page, without query string.';
comment on column events.value is 'Value of the event in currency units, for purchases; else as the export gives it.';
comment on column events.event_key is 'Hash that tells the event from others of its session, by which one that comes twice is known. NULL for Universal Analytics.';
comment on column events.place is 'Which of the events of one moment it is, as Google numbers them. NULL for Universal Analytics.';
comment on column events.engagement_msec is 'Milliseconds of engagement that GA4 reports with the event.';
comment on column events.is_flagged is 'Whether GA4 called the session engaged by then (session_engaged).';
comment on column events.tells is 'Which labels of its session the event told, as a sum: 1 device, 2 country, 4 browser, 8 operating system, 16 source of the last click, 32 source collected, 64 channel. NULL on events that told none.';
comment on column events.transaction_key is 'Salted hash of the transaction id of a purchase or refund, which tells an order that is reported twice.';
comment on column events.amount_micros is 'What was bought or refunded, in millionths of the currency unit. NULL for all other events.';
