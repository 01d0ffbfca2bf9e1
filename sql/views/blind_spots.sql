create or replace view blind_spots as
with latest as (
    select blind_spots
    from leak_runs
    order by ranked_at desc, run_id desc
    limit 1
),
spots as (
    select unnest(from_json(blind_spots, '[{"step": "VARCHAR", "expected_passes": "BIGINT", "smallest_loss": "DOUBLE", "natural_spread": "DOUBLE"}]')) as spot
    from latest
)
select spot.step, spot.expected_passes, spot.smallest_loss, spot.natural_spread
from spots;

comment on view blind_spots is 'One row per step and size of a segment: what the latest ranking could not have seen.';
comment on column blind_spots.step is 'The two stages of the step.';
comment on column blind_spots.expected_passes is 'Passes of the step that are expected of the segment in the period.';
comment on column blind_spots.smallest_loss is 'Smallest share of these whose loss is found four times in five; NULL where not even a total loss is.';
comment on column blind_spots.natural_spread is 'Standard deviation of the natural departures of segments, in log-odds, that it reckons with.';
