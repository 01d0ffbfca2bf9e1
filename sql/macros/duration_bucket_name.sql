create or replace macro duration_bucket_name(bucket) as
    (['<10s', '10s–1m', '1–5m', '5–10m', '10–20m', '20–30m', '>30m'])[bucket + 1];

comment on macro duration_bucket_name is 'Name of a duration bucket by its number; NULL where the duration is not measured.';
