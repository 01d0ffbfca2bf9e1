create or replace macro wilson_high
(k, n) as
    case
        when k < n then (k + 1.9207294103470627e0 + 1.959963984540054e0 * sqrt(cast(k as double) * (n - k) / n + 0.9603647051735313e0)) / (n + 3.8414588206941254e0)
        when k + n > 0 then 1e0
    end,
(k, n, z) as
    case
        when k < n then (k + z * z / 2 + z * sqrt(cast(k as double) * (n - k) / n + z * z / 4)) / (n + z * z)
        when k + n > 0 then 1e0
    end;

comment on macro wilson_high is 'Upper bound of Wilson''s score interval for k successes in n trials (Wilson 1927); 95 %, its constants worked out beforehand because each relation plans them anew, or of any level by its quantile z. NULL where n = 0 or k is not known; within [0, 1].';
