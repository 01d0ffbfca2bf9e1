create table if not exists events (
    session_id varchar not null,
    event_index integer not null,
    occurred_at timestamp,
    event_name varchar not null,
    page varchar,
    value double
);

comment on table events is 'One row per hit or event of a session, where the export has them.';
comment on column events.session_id is 'The session; see sessions.';
comment on column events.event_index is 'Order of the event within its session, from 1.';
comment on column events.occurred_at is 'When it happened, in UTC.';
comment on column events.event_name is 'Name of the event in GA4''s vocabulary (page_view, view_item, add_to_cart, begin_checkout, purchase, …); Universal Analytics hits are translated to it.';
comment on column events.page is 'Path of the page, without query string.';
comment on column events.value is 'Value of the event in currency units, for purchases; else as the export gives it.';
