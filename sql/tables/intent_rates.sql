create table if not exists intent_rates (
    run_id varchar not null,
    dimension varchar not null,
    level varchar not null,
    sessions bigint not null,
    conversions bigint not null
);

comment on table intent_rates is 'One row per ranking run and level of a dimension that tells what visitors came for (where from, by which way, new or returning), the largest levels of each. Differences between them are no leaks and have no price.';
comment on column intent_rates.run_id is 'The run; see leak_runs.';
comment on column intent_rates.dimension is 'Dimension of the ranking.';
comment on column intent_rates.level is 'Its level.';
comment on column intent_rates.sessions is 'Sessions ranked.';
comment on column intent_rates.conversions is 'Of these, converting.';
