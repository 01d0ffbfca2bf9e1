create or replace macro month_factor(since, until) as
    30 / (date_diff('day', since, until) + 1);

comment on macro month_factor is 'What a total over the days since to until, both counted, is multiplied by to give that of 30 days; NULL without dates.';
