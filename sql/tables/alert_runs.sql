create table if not exists alert_runs (
    run_id varchar not null primary key,
    judged_at timestamp not null,
    level double,
    p double,
    is_alarm boolean not null
);

comment on table alert_runs is 'One row per ranking judged for alarms, in an online budget: of the alarms of a calendar quarter at most one in ten is expected to be false.';
comment on column alert_runs.run_id is 'The ranking; see leak_runs.';
comment on column alert_runs.judged_at is 'When it was judged, in UTC. The judgement of a ranking never changes.';
comment on column alert_runs.level is 'What p had to reach: LORD++ over the quarter''s earlier rankings. NULL where the data had been judged before, which is no further test.';
comment on column alert_runs.p is 'Smallest p among the findings that nobody had been told of; 1 where there were none.';
comment on column alert_runs.is_alarm is 'Whether p reached level: its alarms are in the table alerts.';
