create or replace macro probability_bin_edge(bin) as
    1 / (1 + exp(-bin / 2.0));

comment on macro probability_bin_edge is 'Lower edge of a log-odds bin as a probability.';
