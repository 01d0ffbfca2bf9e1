create or replace macro wilson_low(k, n, z := 1.959963984540054e0) as
    case
        when k > 0 then (k + z * z / 2 - z * sqrt(cast(k as double) * (n - k) / n + z * z / 4)) / (n + z * z)
        when n > 0 then 0e0
    end;

comment on macro wilson_low is 'Lower bound of Wilson''s score interval for k successes in n trials (Wilson 1927); 95 % unless z is given. NULL where n = 0; within [0, 1].';
