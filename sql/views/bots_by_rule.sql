create or replace view bots_by_rule as
with caught as (
    select rule, count(*) as sessions
    from bots
    group by rule
)
select
    bot_rules.rule,
    description,
    coalesce(sessions, 0) as sessions
from bot_rules
left join caught on caught.rule = bot_rules.rule
order by sessions desc, bot_rules.rule;

comment on view bots_by_rule is 'One row per rule that tells automated sessions.';
comment on column bots_by_rule.rule is 'The rule.';
comment on column bots_by_rule.description is 'What it looks for.';
comment on column bots_by_rule.sessions is 'Sessions it caught.';
