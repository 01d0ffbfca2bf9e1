create or replace macro stage_name(stage) as
    (['browsed', 'engaged', 'deep engagement', 'converted'])[stage + 1];

comment on macro stage_name is 'Name of a funnel stage by its number, 0 to 3.';
