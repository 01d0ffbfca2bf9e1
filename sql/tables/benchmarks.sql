create table if not exists benchmarks (
    device varchar not null,
    benchmark_rate double not null,
    source varchar not null,
    published varchar not null
);

comment on table benchmarks is 'One row per device: conversion rates to compare with; filled from data/benchmarks.csv, which users replace with their own.';
comment on column benchmarks.device is 'Device category.';
comment on column benchmarks.benchmark_rate is 'Conversion rate per session, from 0 to 1.';
comment on column benchmarks.source is 'Who published it, and what is known of its reliability.';
comment on column benchmarks.published is 'When it was published.';
