-- What the SQL of this folder needs of an engine beyond the common subset, for DuckDB. A parameter list is a struct of parallel lists:
-- keys, texts, ints, numbers.
create or replace temp macro param_text(params, name) as
    coalesce(params.texts[list_position(params.keys, name)], cast(params.ints[list_position(params.keys, name)] as varchar));

-- The same where only text is meant, which is cheaper.
create or replace temp macro param_string(params, name) as params.texts[list_position(params.keys, name)];

create or replace temp macro param_int(params, name) as
    coalesce(
        params.ints[list_position(params.keys, name)],
        try_cast(params.texts[list_position(params.keys, name)] as bigint)
    );

create or replace temp macro param_number(params, name) as
    coalesce(
        params.numbers[list_position(params.keys, name)],
        cast(params.ints[list_position(params.keys, name)] as double),
        try_cast(params.texts[list_position(params.keys, name)] as double)
    );

-- A number without meaning to people, the same for the same values in any file, that says whether two rows are of one session or one event.
create or replace temp macro hash_pair(one, two) as hash(one, two);

create or replace temp macro hash_params(params) as
    coalesce(
        list_sum(
            list_transform(
                range(1, len(params.keys) + 1),
                lambda place: cast(
                    hash(
                        params.keys[place],
                        coalesce(cast(params.ints[place] as varchar), cast(params.numbers[place] as varchar), params.texts[place])
                    ) >> 24 as bigint
                )
            )
        ),
        0
    );

create or replace temp macro hash_event(event_timestamp, event_name, first, second, third) as
    hash(event_timestamp, event_name, first, second, third);

-- One number that orders the events of a session: by time, then by place within it, then by a hash, so that ties are decided alike everywhere.
create or replace temp macro order_key(event_timestamp, place, event_key) as
    cast(event_timestamp * 1024 + place as hugeint) * 18446744073709551616 + event_key;

create or replace temp macro micros(amount) as cast(round(amount * 1000000) as bigint);

create or replace temp macro day_of(compact) as
    cast(coalesce(try_strptime(compact, '%Y%m%d'), try_strptime(compact, '%Y-%m-%d')) as date);

create or replace temp macro session_key(visitor_id, visit) as left(md5(visitor_id || '|' || visit), 24);
