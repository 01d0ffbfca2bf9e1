create table if not exists bots (
    session_id varchar not null,
    visitor_id varchar,
    visit_number integer,
    started_at timestamp,
    session_date date,
    device varchar not null,
    country varchar not null,
    iso3 varchar,
    source varchar not null,
    medium varchar not null,
    campaign varchar,
    channel varchar not null,
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
    load_id integer not null,
    rule varchar not null
);

alter table bots add column if not exists engagement_seconds double;
alter table bots add column if not exists source_basis varchar;
alter table bots alter column session_date drop not null;

comment on table bots is 'One row per session judged automated, kept apart from sessions so that no query counts it by accident.';
comment on column bots.rule is 'Name of the rule that caught the session; see bot_rules.';
