create or replace macro top_candidates(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
select
    row_number() over (order by p_conversion desc, session_id) as rank,
    p_conversion,
    session_id,
    visitor_id,
    started_at,
    session_date,
    cast(device as varchar) as device,
    cast(country as varchar) as country,
    cast(source as varchar) as source,
    medium,
    campaign,
    cast(channel as varchar) as channel,
    landing_page,
    visit_number,
    pageviews,
    duration_seconds,
    stage,
    is_converted,
    cast(revenue as double) as revenue,
    reasons
from cubes.candidates
where (devices is null or list_contains(devices, cast(device as varchar)))
    and (sources is null or list_contains(sources, cast(source as varchar)))
    and (countries is null or list_contains(countries, cast(country as varchar)))
    and (channels is null or list_contains(channels, cast(channel as varchar)))
    and (durations is null or list_contains(durations, duration_bucket_name(duration_bucket(duration_seconds))))
    and (since is null or session_date >= cast(since as date))
    and (until is null or session_date <= cast(until as date))
order by rank;

comment on macro table top_candidates is 'One row per session in the tenth with the highest probabilities of the current run that did not convert. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view top_candidates as
select * from top_candidates();

comment on view top_candidates is 'One row per session in the tenth with the highest probabilities of the current run that did not convert. Over all sessions; as a function it takes filters, e.g. from top_candidates(devices := [''mobile'']).';
comment on column top_candidates.rank is 'Place among the sessions shown, 1 the most probable.';
