create or replace macro period_split(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null, previous_since := null, previous_until := null) as table
with sums as (
    select
        case
            when grouping(device) = 0 then 'device'
            when grouping(channel) = 0 then 'channel'
            when grouping(country) = 0 then 'country'
            else 'source'
        end as dimension,
        case
            when grouping(device) = 0 then cast(device as varchar)
            when grouping(channel) = 0 then cast(channel as varchar)
            when grouping(country) = 0 then cast(country as varchar)
            else cast(source as varchar)
        end as segment,
        cast(coalesce(sum(sessions) filter (where is_current), 0) as bigint) as sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where is_current and stage = 3), 0) as bigint)) as conversions,
        cast(coalesce(sum(sessions) filter (where not is_current), 0) as bigint) as previous_sessions,
        told_conversions(cast(coalesce(sum(sessions) filter (where not is_current and stage = 3), 0) as bigint)) as previous_conversions
    from period_cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations, previous_since := previous_since, previous_until := previous_until)
    group by grouping sets ((device), (channel), (country), (source))
),
site as (
    select
        sum(sessions) as all_sessions,
        sum(previous_sessions) as all_previous,
        (safe_rate(sum(conversions), sum(sessions)) + safe_rate(sum(previous_conversions), sum(previous_sessions))) / 2 as middle
    from sums
    where dimension = 'device'
),
rates as (
    select
        sums.*,
        safe_rate(conversions, sessions) as conversion_rate,
        safe_rate(previous_conversions, previous_sessions) as previous_rate,
        safe_rate(sessions, all_sessions) as share,
        safe_rate(previous_sessions, all_previous) as previous_share,
        middle
    from sums
    cross join site
)
select
    dimension,
    segment,
    sessions,
    conversions,
    conversion_rate,
    previous_sessions,
    previous_conversions,
    previous_rate,
    share,
    previous_share,
    (share - previous_share) * ((coalesce(conversion_rate, previous_rate) + coalesce(previous_rate, conversion_rate)) / 2 - middle) as mix_effect,
    case
        when sessions = 0 or previous_sessions = 0 then middle * 0
        else (conversion_rate - previous_rate) * (share + previous_share) / 2
    end as rate_effect
from rates
order by dimension, sessions + previous_sessions desc, segment;

comment on macro table period_split is 'One row per dimension (device, channel, country, source) and segment: its sessions in two periods, and its part in the change of the conversion rate (Kitagawa 1955). Arguments as of period_comparison, all optional.';

create or replace view period_split as
select * from period_split();

comment on view period_split is 'One row per dimension (device, channel, country, source) and segment: its sessions in two periods, and its part in the change of the conversion rate, mix and rate apart (Kitagawa 1955). Within a dimension, the effects of all segments add up to the change. Over the last 28 days and the 28 before; as a function it takes filters and periods like period_comparison.';
comment on column period_split.dimension is 'What sessions are split by: device, channel, country or source.';
comment on column period_split.segment is 'One level of it. Sources beyond the largest are one level, unless the filter names them.';
comment on column period_split.sessions is 'Sessions in the current period.';
comment on column period_split.conversions is 'Converting sessions in the current period; NULL where no loaded file tells conversions.';
comment on column period_split.conversion_rate is 'Their share; NULL without sessions.';
comment on column period_split.previous_sessions is 'Sessions in the previous period.';
comment on column period_split.previous_conversions is 'Converting sessions in the previous period; NULL where no loaded file tells conversions.';
comment on column period_split.previous_rate is 'Their share; NULL without sessions.';
comment on column period_split.share is 'Share of the segment in all sessions of the current period.';
comment on column period_split.previous_share is 'Share of the segment in all sessions of the previous period.';
comment on column period_split.mix_effect is 'Change of the overall rate that comes from the segment''s share: change of share x (mean of its two rates - mean of the two overall rates). A segment that occurs in one period alone has the one rate it has. NULL where a period has no sessions at all.';
comment on column period_split.rate_effect is 'Change of the overall rate that comes from the segment''s rate: change of rate x mean of its two shares; 0 for a segment that occurs in one period alone. NULL where a period has no sessions at all.';
