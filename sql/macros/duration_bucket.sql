create or replace macro duration_bucket(seconds) as
    case
        when seconds is null then null
        when seconds < 10 then 0
        when seconds < 60 then 1
        when seconds < 300 then 2
        when seconds < 600 then 3
        when seconds < 1200 then 4
        when seconds < 1800 then 5
        else 6
    end;

comment on macro duration_bucket is 'Number of the duration bucket of a session, from 0 (<10s) to 6 (>30m; 30 minutes exactly counts here). NULL where the duration is not measured.';
