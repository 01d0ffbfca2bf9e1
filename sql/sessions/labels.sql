-- One row per session: the labels of its first event that tells a device, of its first that is credited to a source, and of its first that
-- tells one.
-- Copies of one event are one (the greatest text of each column, so that their order does not matter).
-- Most sessions have all of it in one row, and need no such choice.
with several as (
    select sid
    from ga4_labels
    group by sid
    having count(*) > 1
),

once as (
    select
        sid,
        k,
        max(case when tells_device then 1 else 0 end) as tells_device,
        max(case when tells_click then 1 else 0 end) as tells_click,
        coalesce(max(device), '') as device,
        coalesce(max(country), '') as country,
        coalesce(max(browser), '') as browser,
        coalesce(max(operating_system), '') as operating_system,
        coalesce(max(click_source), '') as click_source,
        coalesce(max(click_medium), '') as click_medium,
        coalesce(max(click_campaign), '') as click_campaign,
        coalesce(max(click_channel), '') as click_channel,
        coalesce(max(told_source), '') as told_source,
        coalesce(max(told_medium), '') as told_medium,
        coalesce(max(told_campaign), '') as told_campaign
    from ga4_labels
    where sid in (select sid from several)
    group by sid, k
),

firsts as (
    select
        *,
        case when tells_device = 1 then k end as device_k,
        case when tells_click = 1 then k end as click_k,
        case when told_source <> '' then k end as told_k
    from once
),

chosen as (
    select
        sid,
        min(device_k) as device_k,
        nullif(min_by(device, device_k), '') as device,
        nullif(min_by(country, device_k), '') as country,
        nullif(min_by(browser, device_k), '') as browser,
        nullif(min_by(operating_system, device_k), '') as operating_system,
        min(click_k) as click_k,
        nullif(min_by(click_source, click_k), '') as click_source,
        nullif(min_by(click_medium, click_k), '') as click_medium,
        nullif(min_by(click_campaign, click_k), '') as click_campaign,
        nullif(min_by(click_channel, click_k), '') as click_channel,
        min(told_k) as told_k,
        nullif(min_by(told_source, told_k), '') as told_source,
        nullif(min_by(told_medium, told_k), '') as told_medium,
        nullif(min_by(told_campaign, told_k), '') as told_campaign
    from firsts
    group by sid
),

alone as (
    select
        sid,
        case when tells_device then k end as device_k,
        case when tells_device then nullif(device, '') end as device,
        case when tells_device then nullif(country, '') end as country,
        case when tells_device then nullif(browser, '') end as browser,
        case when tells_device then nullif(operating_system, '') end as operating_system,
        case when tells_click then k end as click_k,
        case when tells_click then nullif(click_source, '') end as click_source,
        case when tells_click then nullif(click_medium, '') end as click_medium,
        case when tells_click then nullif(click_campaign, '') end as click_campaign,
        case when tells_click then nullif(click_channel, '') end as click_channel,
        case when told_source <> '' then k end as told_k,
        case when told_source <> '' then told_source end as told_source,
        case when told_source <> '' then nullif(told_medium, '') end as told_medium,
        case when told_source <> '' then nullif(told_campaign, '') end as told_campaign
    from ga4_labels
    where sid not in (select sid from several)
)

select * from chosen
union all
select * from alone
