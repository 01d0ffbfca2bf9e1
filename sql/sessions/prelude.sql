-- What the SQL of this folder needs of an engine beyond the common subset, for DuckDB.
-- A parameter that is a whole number, which some exports write as text.
create or replace temp macro int_said(as_int, as_text) as coalesce(as_int, try_cast(as_text as bigint));

-- A number without meaning to people, the same for the same values in any file, that says whether two rows are of one session or one event.
create or replace temp macro hash_pair(one, two) as hash(one, two);

create or replace temp macro hash_event(event_timestamp, event_name, first, second, third) as
    hash(event_timestamp, event_name, first, second, third);

-- One number that orders the events of a session: by time, then by place within it, then by a hash, so that ties are decided alike everywhere.
create or replace temp macro order_key(event_timestamp, place, event_key) as
    cast(event_timestamp * 1024 + place as hugeint) * 18446744073709551616 + event_key;

create or replace temp macro micros(amount) as cast(round(amount * 1000000) as bigint);

create or replace temp macro day_of(compact) as
    cast(coalesce(try_strptime(compact, '%Y%m%d'), try_strptime(compact, '%Y-%m-%d')) as date);

create or replace temp macro session_key(visitor_id, visit) as left(md5(visitor_id || '|' || visit), 24);
