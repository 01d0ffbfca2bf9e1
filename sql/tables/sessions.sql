create table if not exists sessions (
    session_id varchar not null,
    visitor_id varchar,
    visit_number integer,
    started_at timestamp,
    session_date date,
    device device_name not null,
    country country_name not null,
    iso3 varchar,
    source source_name not null,
    medium varchar not null,
    campaign varchar,
    channel channel_name not null,
    landing_page varchar,
    browser varchar,
    operating_system varchar,
    pageviews integer,
    duration_seconds double,
    engagement_seconds double,
    is_engaged boolean not null,
    is_bounce boolean,
    stage tinyint not null,
    is_converted boolean not null,
    transactions integer not null,
    revenue decimal(18, 6) not null,
    source_basis varchar,
    load_id integer not null
);

alter table sessions add column if not exists engagement_seconds double;
alter table sessions add column if not exists source_basis varchar;
alter table sessions alter column session_date drop not null;

comment on table sessions is 'One row per session: a visit of one visitor, as Google Analytics delimits it. Bots stand apart in the table bots.';
comment on column sessions.session_id is 'Salted hash of the export''s visitor id, visit id and day: 24 hexadecimal digits, unique. Universal Analytics cuts a visit at midnight, so one visit id may be two sessions; GA4 does not, and its sessions are hashed without the day.';
comment on column sessions.visitor_id is 'Salted hash of the export''s visitor id: 24 hexadecimal digits. NULL where the export has none (consent denied).';
comment on column sessions.visit_number is 'Which visit of this visitor it is, counted by Google Analytics from 1. NULL where the export does not say.';
comment on column sessions.started_at is 'When the session started, in UTC. NULL where the export has only a date.';
comment on column sessions.session_date is 'The day of the session in the time zone of the property. NULL where the export has no dates, or only months: none is invented.';
comment on column sessions.device is 'Device category: desktop, mobile, tablet or other.';
comment on column sessions.country is 'Country by its usual English name, (unknown) where the export does not say.';
comment on column sessions.iso3 is 'ISO 3166-1 alpha-3 code of the country; NULL where the name is not in the table countries.';
comment on column sessions.source is 'Where the session came from, as Google Analytics attributes it: a host or a name such as google, (direct) where there is none.';
comment on column sessions.medium is 'The medium of the source, such as organic, cpc, referral; (none) for direct traffic, (unknown) where the export does not say.';
comment on column sessions.campaign is 'Name of the campaign; NULL where there is none.';
comment on column sessions.channel is 'Default channel group, as the export states it or by Google''s published rules from source, medium and campaign.';
comment on column sessions.landing_page is 'Path of the first page, without query string; NULL where the export has no pages.';
comment on column sessions.browser is 'Browser family; NULL where the export does not say.';
comment on column sessions.operating_system is 'Operating system; NULL where the export does not say.';
comment on column sessions.pageviews is 'Number of page or screen views. NULL where the export does not count them.';
comment on column sessions.duration_seconds is 'Seconds from the first to the last hit. 0 where there was no second hit, which means unknown rather than instant; NULL where the export does not measure it.';
comment on column sessions.engagement_seconds is 'Seconds the page or screen was in front of the visitor, as GA4 measures it: the sum of engagement_time_msec. NULL where the export does not measure it.';
comment on column sessions.is_engaged is 'Whether the session was engaged: stage 1 or beyond by the stage rules.';
comment on column sessions.is_bounce is 'Whether the export calls it a bounce, else whether it had a single hit or view. NULL where neither is known.';
comment on column sessions.stage is 'Deepest funnel stage reached: 0 browsed, 1 engaged, 2 deep engagement, 3 converted. Stages nest: a session at 3 counts at 0, 1 and 2 as well.';
comment on column sessions.is_converted is 'Whether the session had at least one purchase or other key event.';
comment on column sessions.transactions is 'Number of distinct purchases in the session.';
comment on column sessions.revenue is 'Revenue of the session''s purchases, in currency units, less what was refunded of them.';
comment on column sessions.source_basis is 'How the source of a GA4 session is known: last click (the export says what the session is credited to), collected (its first event that tells a source), earlier session (the last source of the visitor within 90 days), none (direct). NULL for other exports, which state it.';
comment on column sessions.load_id is 'The load that brought the session or last updated it; see loads.';
