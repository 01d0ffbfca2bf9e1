create or replace macro safe_rate(k, n) as
    case when n > 0 then k::double / n end;

comment on macro safe_rate is 'k / n, or NULL where n is 0 or NULL.';
