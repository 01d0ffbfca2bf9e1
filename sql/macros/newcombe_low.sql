create or replace macro newcombe_low
(k1, n1, k2, n2) as
    case
        when k1 + n1 > 0 and k2 + n2 > 0
        then greatest(
            -1e0,
            cast(k1 as double) / n1 - cast(k2 as double) / n2
            - sqrt(power(cast(k1 as double) / n1 - wilson_low(k1, n1), 2) + power(wilson_high(k2, n2) - cast(k2 as double) / n2, 2))
        )
    end,
(k1, n1, k2, n2, z) as
    case
        when k1 + n1 > 0 and k2 + n2 > 0
        then greatest(
            -1e0,
            cast(k1 as double) / n1 - cast(k2 as double) / n2
            - sqrt(power(cast(k1 as double) / n1 - wilson_low(k1, n1, z), 2) + power(wilson_high(k2, n2, z) - cast(k2 as double) / n2, 2))
        )
    end;

comment on macro newcombe_low is 'Lower bound of Newcombe''s hybrid score interval for k1 / n1 - k2 / n2 (Newcombe 1998, method 10); 95 %, or of any level by its quantile z. NULL where n1 or n2 is 0, or k1 or k2 not known; within [-1, 1].';
