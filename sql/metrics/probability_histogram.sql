create or replace macro probability_histogram(devices := null, sources := null, countries := null, channels := null, since := null, until := null, durations := null) as table
with sums as (
    select
        bin,
        cast(sum(sessions) as bigint) as sessions
    from probability_cells(devices := devices, sources := sources, countries := countries, channels := channels, since := since, until := until, durations := durations)
    group by bin
)
select
    probability_bin_edge(bin) as bin_low,
    probability_bin_edge(bin + 1) as bin_high,
    sessions,
    (select cutoff from current_run) as cutoff
from sums
order by bin;

comment on macro table probability_histogram is 'One row per log-odds bin that occurs: how the probabilities of the current run are distributed. Arguments filter the sessions: lists of devices, sources, countries, channels; first and last day; list of durations, named as in duration_rates. All are optional.';

create or replace view probability_histogram as
select * from probability_histogram();

comment on view probability_histogram is 'One row per log-odds bin that occurs: how the probabilities of the current run are distributed. Over all sessions; as a function it takes filters, e.g. from probability_histogram(devices := [''mobile'']).';
comment on column probability_histogram.bin_low is 'Lower edge of the bin, a probability. The lowest possible bin (0.0000454) holds all below it as well.';
comment on column probability_histogram.bin_high is 'Upper edge of the bin. The highest possible one holds all above it as well.';
comment on column probability_histogram.sessions is 'Scored sessions in the bin.';
comment on column probability_histogram.cutoff is 'Lowest probability in the top tenth of all sessions scored when the run was trained.';
