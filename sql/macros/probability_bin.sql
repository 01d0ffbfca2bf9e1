create or replace macro probability_bin(p) as
    floor(2 * ln(greatest(least(p::double, 0.9933), 0.0000454) / (1 - greatest(least(p::double, 0.9933), 0.0000454))))::smallint;

comment on macro probability_bin is 'Number of the log-odds bin of a probability: bins are half a unit of log-odds wide, from -20 (p below 0.007 %) to 9 (p above 98.9 %). Equal bins would put nearly all sessions into one.';
