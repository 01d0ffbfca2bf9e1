create or replace macro funnel_by_device(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        device,
        cast(sum(sessions) as bigint) as browsed,
        cast(coalesce(sum(sessions) filter (where stage >= 1), 0) as bigint) as engaged,
        cast(coalesce(sum(sessions) filter (where stage >= 2), 0) as bigint) as deep,
        told_conversions(cast(coalesce(sum(sessions) filter (where stage >= 3), 0) as bigint)) as converted
    from cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    group by device
),
steps as (
    select
        device,
        browsed as entered,
        unnest([0, 1, 2, 3]) as stage,
        unnest([browsed, engaged, deep, converted]) as sessions,
        unnest([engaged, deep, converted, null]) as went_on
    from sums
)
select
    cast(device as varchar) as device,
    stage,
    stage_name(stage) as stage_name,
    sessions,
    safe_rate(sessions, entered) as share_of_entry,
    safe_rate(went_on, sessions) as step_rate,
    sessions - went_on as dropped
from steps
order by steps.device, stage;

comment on macro table funnel_by_device is 'One row per device and funnel stage. Stages nest: sessions at a stage = sessions at the next + dropped. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view funnel_by_device as
select * from funnel_by_device();

comment on view funnel_by_device is 'One row per device and funnel stage. Stages nest: sessions at a stage = sessions at the next + dropped. Over all sessions; as a function it takes filters, e.g. from funnel_by_device(devices := [''mobile'']).';
comment on column funnel_by_device.device is 'Device category.';
comment on column funnel_by_device.stage is 'Funnel stage, 0 to 3.';
comment on column funnel_by_device.stage_name is 'Its name.';
comment on column funnel_by_device.sessions is 'Sessions that reached the stage or a later one; at stage 3 NULL where no loaded file tells conversions.';
comment on column funnel_by_device.share_of_entry is 'sessions / sessions at stage 0 of the device.';
comment on column funnel_by_device.step_rate is 'Share of these sessions that reached the next stage; NULL at the last.';
comment on column funnel_by_device.dropped is 'Sessions that did not reach the next stage; NULL at the last.';
