create table if not exists alert_deliveries (
    run_id varchar not null,
    target varchar not null,
    delivered_at timestamp not null,
    status integer not null,
    primary key (run_id, target)
);

comment on table alert_deliveries is 'One row per alarm and webhook that received it.';
comment on column alert_deliveries.run_id is 'The ranking that raised the alarm.';
comment on column alert_deliveries.target is 'Name of the webhook in data/webhooks.toml.';
comment on column alert_deliveries.delivered_at is 'When it was received, in UTC.';
comment on column alert_deliveries.status is 'What the receiver answered: an HTTP status from 200 to 299.';
