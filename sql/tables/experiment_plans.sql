create table if not exists experiment_plans (
    leak_id varchar not null,
    run_id varchar not null,
    share double not null,
    is_upper_bound boolean not null,
    present_rate double,
    aimed_rate double,
    sessions_per_week double,
    sessions_per_arm bigint,
    weeks integer,
    sessions_per_arm_sequential bigint,
    weeks_sequential integer,
    smallest_rate double,
    is_feasible boolean not null,
    monthly_value double,
    expected_value double,
    words varchar not null
);

comment on table experiment_plans is 'One row per finding of a ranking that behaviour explains and that has a price, and share of its loss won back: how to test a remedy with two arms of equal size.';
comment on column experiment_plans.leak_id is 'The finding; see leaks.';
comment on column experiment_plans.run_id is 'The ranking it is of; see leak_runs.';
comment on column experiment_plans.share is 'Share of the loss that the remedy is taken to win back: 1 all of it, 0.5 half.';
comment on column experiment_plans.is_upper_bound is 'Of a gap: no discovery, and what it aims at is the most that could be won.';
comment on column experiment_plans.present_rate is 'Share of sessions that pass the step now, since the leak began.';
comment on column experiment_plans.aimed_rate is 'Share with the remedy.';
comment on column experiment_plans.sessions_per_week is 'Sessions of the segment that enter the step in a week, over the last four weeks ranked; NULL without dates.';
comment on column experiment_plans.sessions_per_arm is 'Sessions in each arm for one look at the end: 5 % of tests without an effect call one, 80 % of tests with the aimed rate find it. NULL where no test can be planned; words says why.';
comment on column experiment_plans.weeks is 'Whole weeks until both arms have them at this traffic, two at least.';
comment on column experiment_plans.sessions_per_arm_sequential is 'Sessions in each arm for a test that may be looked at every day and stopped, at the same error rates.';
comment on column experiment_plans.weeks_sequential is 'Whole weeks for these.';
comment on column experiment_plans.smallest_rate is 'The lowest rate that 26 weeks could tell from the present one; NULL where none.';
comment on column experiment_plans.is_feasible is 'Whether the test with one look ends within 26 weeks.';
comment on column experiment_plans.monthly_value is 'Revenue in 30 days if the rate reached aimed_rate, at today''s traffic; currency units. NULL without revenue or dates.';
comment on column experiment_plans.expected_value is 'Revenue expected over 12 months from running the test and keeping the remedy where it wins, with the doubt about the size of the loss; without the cost of building it. NULL like monthly_value.';
comment on column experiment_plans.words is 'The plan in sentences.';
