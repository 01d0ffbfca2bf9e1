create or replace macro t_quantile(df) as
    1.9599639845400536e0 + 2.3723712302985607e0 / df + 2.8224986157396086e0 / (df * df) + 2.555849679507719e0 / (df * df * df)
    + 1.5895340533938196e0 / (df * df * df * df);

comment on macro t_quantile is 'Quantile of Student''s t at 0.975 for df degrees of freedom, which need not be whole: the multiplier of a 95 % interval. Expansion 26.7.5 of Abramowitz and Stegun (1964), right to 0.0002 from 6 degrees of freedom on.';
