create table if not exists alerts (
    run_id varchar not null,
    leak_id varchar not null,
    kind varchar not null,
    status varchar not null,
    p double not null,
    words varchar not null,
    primary key (run_id, leak_id)
);

comment on table alerts is 'One row per alarm and leak it tells of.';
comment on column alerts.run_id is 'The ranking that raised the alarm; see alert_runs.';
comment on column alerts.leak_id is 'The leak; its figures are in leaks, under the same run.';
comment on column alerts.kind is 'loss: sessions are lost, and money; tracking: the records broke, nothing else is known to be lost; definition: a label changed its meaning, nothing is lost.';
comment on column alerts.status is 'new: nobody was told of it before; growing: it was told, and has grown beyond the interval it had then; back: it was told, and gone for a week or more.';
comment on column alerts.p is 'The largest of its q-values in the last three rankings, at most the root of the latest; of a leak that grows no less than the p of no growth.';
comment on column alerts.words is 'The alert in a sentence.';
