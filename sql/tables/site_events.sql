create table if not exists site_events (
    occurred_on date not null,
    label varchar not null,
    kind varchar not null
);

comment on table site_events is 'One row per event that the team wrote into data/site_events.csv, as the latest ranking read it. Shown on trends; that figures change on such a day proves nothing by itself.';
comment on column site_events.occurred_on is 'The day it happened.';
comment on column site_events.label is 'What happened, in the words of the team.';
comment on column site_events.kind is 'release, campaign, outage, tracking or other.';
