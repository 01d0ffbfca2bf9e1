create or replace macro period_comparison(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null, previous_since := null, previous_until := null) as table
with sums as (
    select
        is_current,
        session_date,
        sum(sessions) as sessions,
        coalesce(sum(sessions) filter (where stage = 3), 0) as conversions,
        sum(transactions) as transactions,
        sum(revenue_micros) / 1000000 as revenue,
        sum(pageviews) as pageviews,
        sum(pageviews_known) as pageviews_known,
        sum(duration_ms) / 1000 as duration,
        sum(duration_known) as duration_known,
        sum(bounces) as bounces,
        sum(bounces_known) as bounces_known
    from period_cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations, previous_since := previous_since, previous_until := previous_until)
    group by is_current, session_date
),
-- Days with data of whatever kind: one on which the filter finds nothing counts as a day with nothing.
covered as (
    select is_current, session_date
    from (select distinct session_date from cubes.days where session_date is not null) as days
    inner join compared_days(since := since, until := until, previous_since := previous_since, previous_until := previous_until) as periods
        on session_date >= first_day and session_date <= last_day
),
measures as (
    select
        covered.is_current,
        unnest(
            [
                {'metric_order': 1, 'metric': 'sessions', 'kind': 'total', 'y': coalesce(sessions, 0)::double, 'x': 1e0},
                {'metric_order': 2, 'metric': 'conversions', 'kind': 'total', 'y': told_conversions(coalesce(conversions, 0)::double), 'x': 1e0},
                {'metric_order': 3, 'metric': 'transactions', 'kind': 'total', 'y': told_conversions(coalesce(transactions, 0)::double), 'x': 1e0},
                {'metric_order': 4, 'metric': 'revenue', 'kind': 'total', 'y': coalesce(revenue, 0)::double, 'x': 1e0},
                {'metric_order': 5, 'metric': 'conversion_rate', 'kind': 'share', 'y': told_conversions(coalesce(conversions, 0)::double), 'x': coalesce(sessions, 0)::double},
                {'metric_order': 6, 'metric': 'bounce_rate', 'kind': 'share', 'y': coalesce(bounces, 0)::double, 'x': coalesce(bounces_known, 0)::double},
                {'metric_order': 7, 'metric': 'revenue_per_session', 'kind': 'mean', 'y': coalesce(revenue, 0)::double, 'x': coalesce(sessions, 0)::double},
                {'metric_order': 8, 'metric': 'avg_pageviews', 'kind': 'mean', 'y': coalesce(pageviews, 0)::double, 'x': coalesce(pageviews_known, 0)::double},
                {'metric_order': 9, 'metric': 'avg_duration_seconds', 'kind': 'mean', 'y': coalesce(duration, 0)::double, 'x': coalesce(duration_known, 0)::double}
            ],
            recursive := true
        )
    from covered
    left join sums on sums.is_current = covered.is_current and sums.session_date = covered.session_date
),
totals as (
    select
        is_current,
        metric_order,
        metric,
        kind,
        count(*) as days,
        count(*) filter (where x > 0) as known_days,
        sum(y) as y,
        sum(x) as x,
        var_samp(y) as spread,
        sum(y) / nullif(sum(x), 0) as ratio,
        sum(y * y) as yy,
        sum(x * y) as xy,
        sum(x * x) as xx,
        sum(y * y / x) filter (where x > 0) as yy_by_x
    from measures
    group by is_current, metric_order, metric, kind
),
-- The variance of a total by its days, of a ratio of two totals by their linearised residuals; of a share Pearson's statistic of the
-- days' rates around the period's, where it converts at all.
varied as (
    select
        *,
        case when kind = 'total' then y else ratio end as value,
        case
            when kind = 'total' and days >= 7 then days * spread
            when kind = 'mean' and known_days >= 7
            then greatest(yy - 2 * ratio * xy + ratio * ratio * xx, 0) * known_days / ((known_days - 1) * x * x)
        end as variance,
        case when kind = 'total' then days else known_days end - 1 as freedom,
        case when kind = 'share' and y > 0 and y < x and known_days > 1 then (yy_by_x - y * ratio) / (ratio * (1 - ratio)) else 0 end as pearson,
        case when kind = 'share' and y > 0 and y < x and known_days > 1 then known_days - 1 else 0 end as pearson_freedom
    from totals
),
paired as (
    select
        coalesce(now.metric_order, before.metric_order) as metric_order,
        coalesce(now.metric, before.metric) as metric,
        coalesce(now.kind, before.kind) as kind,
        now.value as current,
        before.value as previous,
        coalesce(now.days, 0) as days,
        coalesce(before.days, 0) as previous_days,
        now.y as y1,
        now.x as x1,
        before.y as y2,
        before.x as x2,
        now.variance + before.variance as variance,
        now.variance * now.variance / now.freedom + before.variance * before.variance / before.freedom as variance_by_freedom,
        greatest(
            coalesce((coalesce(now.pearson, 0) + coalesce(before.pearson, 0)) / nullif(coalesce(now.pearson_freedom, 0) + coalesce(before.pearson_freedom, 0), 0), 1),
            1e0
        ) as share_dispersion
    from (from varied where is_current) as now
    full join (from varied where not is_current) as before on before.metric = now.metric
),
compared as (
    select
        *,
        case when kind <> 'total' or days = previous_days then current - previous end as delta,
        case when kind = 'share' then share_dispersion end as dispersion,
        t_quantile(variance * variance / nullif(variance_by_freedom, 0)) * sqrt(variance) as reach
    from paired
)
select
    metric,
    current,
    previous,
    delta,
    case
        when kind = 'share' then newcombe_low(y1 / dispersion, x1 / dispersion, y2 / dispersion, x2 / dispersion)
        else delta - reach
    end as ci_low,
    case
        when kind = 'share' then newcombe_high(y1 / dispersion, x1 / dispersion, y2 / dispersion, x2 / dispersion)
        else delta + reach
    end as ci_high,
    days,
    previous_days,
    dispersion
from compared
order by metric_order;

comment on macro table period_comparison is 'One row per metric: its value in two periods, and the difference with an interval. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day of the current period; list of durations, named as in duration_rates; first and last day of the previous period. All are optional: without dates the last 28 days are compared with the 28 before, or two halves of fewer; without a previous period with as many days directly before. Sessions without a date are in neither period.';

create or replace view period_comparison as
select * from period_comparison();

comment on view period_comparison is 'One row per metric: its value in two periods, and the difference with an interval; empty where there are no dates. Over the last 28 days and the 28 before; as a function it takes filters and periods, e.g. from period_comparison(since := date ''2026-03-01'', until := date ''2026-03-28'').';
comment on column period_comparison.metric is 'sessions, conversions, transactions, revenue; conversion_rate, bounce_rate; revenue_per_session, avg_pageviews, avg_duration_seconds. They mean what they mean in kpis.';
comment on column period_comparison.current is 'Value in the current period.';
comment on column period_comparison.previous is 'Value in the previous period; NULL where no day of it has data.';
comment on column period_comparison.delta is 'current - previous. NULL for totals where the two periods do not have data on equally many days.';
comment on column period_comparison.ci_low is 'Lower bound of the 95 % interval of delta. Of rates: Newcombe''s hybrid score interval, its counts divided by dispersion. Of totals, which are complete counts: how large a difference days that differ as these do would bring (Welch on daily values); of means the same on the days'' residuals. NULL under 7 days with data on either side.';
comment on column period_comparison.ci_high is 'Upper bound of the same interval.';
comment on column period_comparison.days is 'Days of the current period that have data.';
comment on column period_comparison.previous_days is 'Days of the previous period that have data.';
comment on column period_comparison.dispersion is 'Of rates: how much more they vary between the days of a period than chance alone would have it, as a factor of variance, at least 1 (Pearson''s statistic over its degrees of freedom). NULL otherwise.';
