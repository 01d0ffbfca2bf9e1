create table if not exists leaks (
    leak_id varchar not null,
    run_id varchar not null,
    kind varchar not null,
    step varchar not null,
    segment json not null,
    segment_sql varchar not null,
    sessions bigint not null,
    observed_rate double not null,
    expected_rate double not null,
    lost_conversions double,
    lost_low double,
    lost_high double,
    revenue double,
    revenue_low double,
    revenue_high double,
    q_value double not null,
    started_on date,
    started_from date,
    started_until date,
    cause varchar not null,
    evidence json not null
);

comment on table leaks is 'One row per finding of a ranking run: a segment whose sessions pass a step of the funnel less often than they should. The latest run''s are in the view open_leaks.';
comment on column leaks.leak_id is 'Identifier made of kind, step and segment: the same leak has the same in every run.';
comment on column leaks.run_id is 'The run that found it; see leak_runs.';
comment on column leaks.kind is 'interaction: worse than its parts predict; drop: worse than its own past while the rest of the site held; gap: a level worse than the others all along, an upper bound and no discovery.';
comment on column leaks.step is 'The two stages between which sessions are lost.';
comment on column leaks.segment is 'The segment as JSON: dimension and level, one to three.';
comment on column leaks.segment_sql is 'A query that recomputes the observed figures: sessions that entered the step, and those that passed.';
comment on column leaks.sessions is 'Sessions of the segment that entered the step, since the leak began where it is dated.';
comment on column leaks.observed_rate is 'Share of them that passed.';
comment on column leaks.expected_rate is 'Share that would have passed without the leak, as estimated; drawn towards the observed one by what the estimate does not know.';
comment on column leaks.lost_conversions is 'Conversions lost in the period, as estimated; NULL where the cause says that nothing was lost (tracking break, definition change).';
comment on column leaks.lost_low is 'Lower bound of lost_conversions. Of leaks at an interval that allows for the selection (false coverage rate 10 %), of gaps at 90 %.';
comment on column leaks.lost_high is 'Upper bound of lost_conversions.';
comment on column leaks.revenue is 'lost_conversions x revenue per conversion of the segment, in currency units; single orders are capped at the 95th percentile.';
comment on column leaks.revenue_low is 'Lower bound of revenue.';
comment on column leaks.revenue_high is 'Upper bound of revenue.';
comment on column leaks.q_value is 'Share of false ones to expect among the findings at least as sure as this one, over all steps and kinds; of gaps among gaps.';
comment on column leaks.started_on is 'Most likely first day of a drop: the first day of its interval of time; NULL for what was there all along.';
comment on column leaks.started_from is 'Earliest of the starts that the data support at 90 %.';
comment on column leaks.started_until is 'Latest of them.';
comment on column leaks.cause is 'Likely kind of cause, the first that fits: tracking break, definition change, traffic mix, behaviour; structural difference for gaps.';
comment on column leaks.evidence is 'What the cause rests on, as JSON, with the fitted effect in log-odds, its deviation and the natural spread in it.';
