create or replace macro period_effects(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null, previous_since := null, previous_until := null) as table
with compared as (
    select delta, ci_low, ci_high, dispersion
    from period_comparison(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations, previous_since := previous_since, previous_until := previous_until)
    where metric = 'conversion_rate'
),
-- Both effects are sums of the segments' rates times weights; 2.4977 is the normal quantile that leaves 5 % for four dimensions together.
weighed as (
    select
        split.*,
        dispersion,
        case when previous_sessions = 0 then share else (share - previous_share) / 2 end as mix_weight,
        case when sessions = 0 then -previous_share else (share - previous_share) / 2 end as previous_mix_weight,
        case when sessions = 0 or previous_sessions = 0 then 0 else (share + previous_share) / 2 end as rate_weight,
        -- What a session more or less of the segment does to the mix, and to the mean of the rates.
        coalesce((conversion_rate + previous_rate) / 2, conversion_rate, previous_rate) as mix_pull,
        case when sessions = 0 or previous_sessions = 0 then 0 else (conversion_rate - previous_rate) / 2 end as rate_pull,
        wilson_low(conversions / dispersion, sessions / dispersion, 2.4977054744123737e0) as low,
        wilson_high(conversions / dispersion, sessions / dispersion, 2.4977054744123737e0) as high,
        wilson_low(previous_conversions / dispersion, previous_sessions / dispersion, 2.4977054744123737e0) as previous_low,
        wilson_high(previous_conversions / dispersion, previous_sessions / dispersion, 2.4977054744123737e0) as previous_high
    from period_split(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations, previous_since := previous_since, previous_until := previous_until) as split
    cross join compared
),
spread as (
    select
        dimension,
        sum(mix_effect) as mix_effect,
        sum(rate_effect) as rate_effect,
        sum(
            coalesce(power(mix_weight * (conversion_rate - case when mix_weight > 0 then low else high end), 2), 0)
            + coalesce(power(previous_mix_weight * (previous_rate - case when previous_mix_weight > 0 then previous_low else previous_high end), 2), 0)
        ) as mix_below,
        sum(
            coalesce(power(mix_weight * (conversion_rate - case when mix_weight > 0 then high else low end), 2), 0)
            + coalesce(power(previous_mix_weight * (previous_rate - case when previous_mix_weight > 0 then previous_high else previous_low end), 2), 0)
        ) as mix_above,
        sum(coalesce(power(rate_weight * (conversion_rate - low), 2) + power(rate_weight * (previous_rate - previous_high), 2), 0)) as rate_below,
        sum(coalesce(power(rate_weight * (conversion_rate - high), 2) + power(rate_weight * (previous_rate - previous_low), 2), 0)) as rate_above,
        -- Shares are multinomial: their part in the variance, by the delta method.
        (sum(share * mix_pull * mix_pull) - power(sum(share * mix_pull), 2)) * any_value(dispersion) / sum(sessions)
        + (sum(previous_share * mix_pull * mix_pull) - power(sum(previous_share * mix_pull), 2)) * any_value(dispersion) / sum(previous_sessions) as mix_shares,
        (sum(share * rate_pull * rate_pull) - power(sum(share * rate_pull), 2)) * any_value(dispersion) / sum(sessions)
        + (sum(previous_share * rate_pull * rate_pull) - power(sum(previous_share * rate_pull), 2)) * any_value(dispersion) / sum(previous_sessions) as rate_shares,
        count(*) filter (where rate_effect > 0) as segments_up,
        count(*) filter (where rate_effect < 0) as segments_down
    from weighed
    group by dimension
),
bounded as (
    select
        dimension,
        mix_effect,
        mix_effect - sqrt(mix_below + power(2.4977054744123737e0, 2) * greatest(mix_shares, 0)) as mix_low,
        mix_effect + sqrt(mix_above + power(2.4977054744123737e0, 2) * greatest(mix_shares, 0)) as mix_high,
        rate_effect,
        rate_effect - sqrt(rate_below + power(2.4977054744123737e0, 2) * greatest(rate_shares, 0)) as rate_low,
        rate_effect + sqrt(rate_above + power(2.4977054744123737e0, 2) * greatest(rate_shares, 0)) as rate_high,
        segments_up,
        segments_down
    from spread
)
select
    dimension,
    delta,
    ci_low as delta_low,
    ci_high as delta_high,
    mix_effect,
    mix_low,
    mix_high,
    rate_effect,
    rate_low,
    rate_high,
    segments_up,
    segments_down,
    coalesce((ci_low > 0 and rate_high < 0) or (ci_high < 0 and rate_low > 0), false) as is_simpson
from bounded
cross join compared
order by dimension;

comment on macro table period_effects is 'One row per dimension (device, channel, country, source): the change of the conversion rate between two periods, split into mix and rate, with intervals. Arguments as of period_comparison, all optional.';

create or replace view period_effects as
select * from period_effects();

comment on view period_effects is 'One row per dimension (device, channel, country, source): the change of the conversion rate between two periods, split into what came of a different mix of sessions and what of other rates within the segments, each with an interval. Sums of period_split. Over the last 28 days and the 28 before; as a function it takes filters and periods like period_comparison.';
comment on column period_effects.dimension is 'What sessions are split by: device, channel, country or source.';
comment on column period_effects.delta is 'Change of the conversion rate, as in period_comparison; the same in every row.';
comment on column period_effects.delta_low is 'Lower bound of its 95 % interval.';
comment on column period_effects.delta_high is 'Upper bound of its 95 % interval.';
comment on column period_effects.mix_effect is 'What the change of the segments'' shares brought, at the mean of their rates.';
comment on column period_effects.mix_low is 'Lower bound of its interval: 95 % for the four dimensions together. The rates'' part is Zou and Donner''s (2008) on Wilson''s bounds, which with one segment is Newcombe''s; that of the shares, which are multinomial, the delta method''s; all counts are divided by dispersion.';
comment on column period_effects.mix_high is 'Upper bound of the same interval.';
comment on column period_effects.rate_effect is 'What the change of the segments'' rates brought, at the mean of their shares.';
comment on column period_effects.rate_low is 'Lower bound of its interval, made as that of the mix.';
comment on column period_effects.rate_high is 'Upper bound of the same interval.';
comment on column period_effects.segments_up is 'Segments whose rate rose.';
comment on column period_effects.segments_down is 'Segments whose rate fell.';
comment on column period_effects.is_simpson is 'Simpson''s paradox: the overall rate went one way, the rates within the segments the other, and both intervals exclude no change.';
