create table if not exists bot_rules (
    rule varchar not null,
    description varchar not null
);

comment on table bot_rules is 'One row per rule that tells automated sessions.';
comment on column bot_rules.rule is 'Name of the rule, as in bots.rule.';
comment on column bot_rules.description is 'What the rule looks for, in words.';
