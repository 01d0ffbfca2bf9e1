"""Sessions from GA4 events: those of a batch together with what is stored of the same sessions, so that files may come in any order.

The table events (and bot_events) is the store. A session that a new event belongs to is taken out of it, built anew from all its events,
and put back. So are sessions that share an order with new events, and those whose source follows from an earlier visit. The heavy SQL
stands in sql/sessions, in a subset that other engines share.
"""

from __future__ import annotations

import duckdb

from etl import privacy, stages
from etl.events import text

NOT_HITS = ("session_start", "first_visit", "first_open", "user_engagement", "session_end")
VIEWS = ("page_view", "screen_view")


def sessionize(con: duckdb.DuckDBPyConnection) -> dict[int, list[str]]:
    """Bring the sessions of scratch.ga4_events into scratch.landing, and the counts of their rows into scratch.ga4_counts.

    Returns sentences about single loads for their notes.
    """
    con.execute("create table scratch.ga4_counts (load_id integer, outcome varchar, rows bigint)")
    con.execute(
        """
        create table scratch.ga4_touched (
            session_id varchar, visitor_id varchar, session_date date, visit_number integer, started_at timestamp, duration_seconds double,
            source_basis varchar, device varchar, country varchar, browser varchar, operating_system varchar, source varchar, medium varchar,
            campaign varchar, channel varchar
        )
        """
    )
    if con.execute("select count(*) from (select 1 from scratch.ga4_events limit 1)").fetchone() == (0,):
        return {}
    con.execute("delete from scratch.ga4_events where reject_reason is not null")
    land_refunds(con)
    leave_without_consent(con)
    name_sessions(con)
    is_first = con.execute("select count(*) from (select 1 from loads where format = 'ga4-bigquery' limit 1)").fetchone() == (0,)
    find_touched(con, is_first=is_first)
    describe(con, is_first=is_first)
    place_events(con, is_first=is_first)
    con.execute("drop view ga4_gathered; drop table scratch.ga4_events")
    land_sessions(con, is_first=is_first)
    return disagreements(con)


def transaction_key_sql(order_id: str) -> str:
    """Salted hash of a transaction id."""
    return f"left(sha256(getvariable('leaks_salt') || '|transaction|' || {order_id}), {privacy.ID_DIGITS})"


def land_refunds(con: duckdb.DuckDBPyConnection) -> None:
    """Keep refunds that name their order. Those without a session, as servers send them, are done with here."""
    con.execute(
        f"""
        create table scratch.ga4_refunds as
        select
            load_id,
            row_number,
            sid,
            {transaction_key_sql("order_id")} as transaction_key,
            event_key,
            event_timestamp,
            case when amount_micros > 0 then amount_micros end as amount_micros
        from scratch.ga4_events
        where is_refund and order_id is not null
        """
    )
    con.execute(
        """
        create table scratch.ga4_new_refunds as
        select
            transaction_key,
            event_key,
            min(make_timestamp(event_timestamp)) as occurred_at,
            max(amount_micros) as amount_micros,
            min(load_id) as load_id
        from scratch.ga4_refunds
        where (transaction_key, event_key) not in (select (transaction_key, event_key) from refunds)
        group by transaction_key, event_key
        """
    )
    con.execute(
        """
        insert into scratch.ga4_counts
        select load_id, case when is_new then 'folded' else 'duplicates' end, count(*)
        from (
            select
                refunds.load_id,
                new.event_key is not null
                    and row_number() over (partition by transaction_key, event_key order by refunds.load_id, row_number) = 1 as is_new
            from (from scratch.ga4_refunds where sid is null) as refunds
            left join scratch.ga4_new_refunds as new using (transaction_key, event_key)
        )
        group by all
        """
    )


def leave_without_consent(con: duckdb.DuckDBPyConnection) -> None:
    """Count and leave out events that name no session."""
    con.execute(
        """
        insert into scratch.ga4_counts
        select load_id, 'without_consent', count(*)
        from scratch.ga4_events
        where sid is null and not (is_refund and order_id is not null)
        group by load_id
        """
    )
    con.execute("delete from scratch.ga4_events where sid is null")


def name_sessions(con: duckdb.DuckDBPyConnection) -> None:
    """Hash the ids of each session once."""
    con.execute(
        f"""
        create table scratch.ga4_keys as
        select sid, visitor_id, session_key(visitor_id, visit) as session_id
        from (
            select sid, any_value(visit) as visit, {privacy.visitor_id_sql("any_value(visitor_key)")} as visitor_id
            from scratch.ga4_labels
            group by sid
        )
        """
    )
    con.execute(
        f"""
        create table scratch.ga4_orders as
        select distinct {transaction_key_sql("order_id")} as transaction_key
        from scratch.ga4_events
        where order_id is not null
        union
        select transaction_key from scratch.ga4_refunds
        """
    )


def find_touched(con: duckdb.DuckDBPyConnection, *, is_first: bool) -> None:
    """Stored sessions to build anew, into scratch.ga4_touched: those with new events, with an order of theirs, or with an inherited source."""
    columns = "session_id, visitor_id, session_date, visit_number, started_at, duration_seconds, source_basis, device::varchar as device, "
    columns += (
        "country::varchar as country, browser, operating_system, source::varchar as source, medium, campaign, channel::varchar as channel"
    )
    limit = "where false" if is_first else ""
    both = f"(select {columns} from sessions {limit} union all select {columns} from bots {limit})"
    con.execute(
        f"""
        insert into scratch.ga4_touched
        select *
        from {both}
        where source_basis is not null
            and (
                session_id in (select session_id from scratch.ga4_keys)
                or (
                    source_basis in ('none', 'earlier session')
                    and visitor_id in (select visitor_id from scratch.ga4_keys)
                )
                or session_id in (
                    select session_id from events where transaction_key in (select transaction_key from scratch.ga4_orders)
                    union all
                    select session_id from bot_events where transaction_key in (select transaction_key from scratch.ga4_orders)
                )
            )
        """
    )
    con.execute(
        """
        insert into scratch.ga4_keys
        select hash_pair(session_id, 'stored'), visitor_id, session_id
        from scratch.ga4_touched
        where session_id not in (select session_id from scratch.ga4_keys)
        """
    )
    stored = " union all ".join(
        f"""
        select {name}.*
        from {name}
        where session_id in (select session_id from scratch.ga4_touched)
            and occurred_at between (select min(started_at) from scratch.ga4_touched)
            and (select max(started_at + to_microseconds(cast(duration_seconds * 1000000 as bigint))) from scratch.ga4_touched)
        """
        for name in ("events", "bot_events")
    )
    con.execute(
        f"""
        create table scratch.ga4_stored as
        select
            stored.*,
            keys.sid,
            order_key(epoch_us(occurred_at), place, event_key) as k,
            case when event_index = 1 then touched.session_date end as session_date,
            case when event_index = 1 then touched.visit_number end as visit_number,
            case when tells & 1 > 0 then touched.device end as device,
            case when tells & 2 > 0 then touched.country end as country,
            case when tells & 4 > 0 then touched.browser end as browser,
            case when tells & 8 > 0 then touched.operating_system end as operating_system,
            case when tells & 48 > 0 then touched.source end as source,
            case when tells & 48 > 0 then touched.medium end as medium,
            case when tells & 48 > 0 then touched.campaign end as campaign,
            case when tells & 64 > 0 then touched.channel end as channel,
            case when tells & 16 > 0 then 'last click' when tells & 32 > 0 then 'collected' end as source_basis
        from ({stored}) as stored
        inner join scratch.ga4_touched as touched on touched.session_id = stored.session_id
        inner join scratch.ga4_keys as keys on keys.session_id = stored.session_id
        {"limit 0" if is_first else ""}
        """
    )
    con.execute(
        """
        insert into scratch.ga4_labels by name
        select
            sid,
            k,
            device is not null as tells_device,
            source_basis = 'last click' as tells_click,
            device,
            country,
            browser,
            operating_system,
            case when source_basis = 'last click' then source end as click_source,
            case when source_basis = 'last click' then medium end as click_medium,
            case when source_basis = 'last click' then campaign end as click_campaign,
            case when source_basis = 'last click' then channel end as click_channel,
            case when source_basis = 'collected' then source end as told_source,
            case when source_basis = 'collected' then medium end as told_medium,
            case when source_basis = 'collected' then campaign end as told_campaign
        from scratch.ga4_stored
        where device is not null or source_basis is not null
        """
    )


def describe(con: duckdb.DuckDBPyConnection, *, is_first: bool) -> None:
    """Names and pages of events, each distinct one once: clean, with the stage it makes."""
    rules = stages.load_rules()
    plain = "left(regexp_replace(trim(name), '[^\\w\\-.: ]+', '_', 'g'), 80)"
    con.execute(
        f"""
        create table scratch.ga4_names as
        select
            *,
            {rules.event_level_sql("clean", "null")} as level,
            case when clean in {VIEWS} then 1 else 0 end as is_view,
            case when clean in {NOT_HITS} then 0 else 1 end as is_hit
        from (
            select
                row_number() over (order by name)::smallint as name_id,
                name,
                coalesce(nullif({privacy.scrub_sql(plain)}, ''), 'event') as clean
            from (
                select distinct event_name as name from scratch.ga4_events
                union
                select distinct event_name from scratch.ga4_stored
            )
        )
        """
    )
    path = privacy.path_sql("left(regexp_replace(page, '[\\p{Cc}\\p{Cf}]+', ' ', 'g'), 2000)")
    con.execute(
        f"""
        create table scratch.ga4_pages as
        select *, {rules.event_level_sql("null", "clean")} as level
        from (
            select row_number() over (order by page)::integer as page_id, page, {path} as clean
            from (
                select distinct page from scratch.ga4_events where page is not null
                union
                select distinct page from scratch.ga4_stored where page is not null
            )
        )
        """
    )


def place_events(con: duckdb.DuckDBPyConnection, *, is_first: bool) -> None:
    """Events of the sessions to build into scratch.ga4_rows, each once, and the counts of those that came twice."""
    common = "sid, k, place, event_key, page, engagement_msec, is_flagged, value, amount_micros, session_date, visit_number"
    gathered = f"""
        select
            {common},
            load_id,
            row_number,
            event_timestamp,
            event_name,
            case when order_id is not null then {transaction_key_sql("order_id")} end as transaction_key
        from scratch.ga4_events
    """
    if not is_first:
        gathered += f"""
        union all
        select
            {common},
            null as load_id,
            null as row_number,
            epoch_us(occurred_at) as event_timestamp,
            event_name,
            transaction_key
        from scratch.ga4_stored
        """
    con.execute(f"create or replace temp view ga4_gathered as {gathered}")
    con.execute("create table scratch.ga4_repeated as select sid, event_key from ga4_gathered group by sid, event_key having count(*) > 1")
    rows = "ga4_gathered"
    if con.execute("select count(*) from scratch.ga4_repeated").fetchone() != (0,):
        rows = f"({without_copies(con)})"
    con.execute(
        f"""
        create table scratch.ga4_rows as
        select
            gathered.* exclude (event_name, page, row_number),
            names.name_id,
            names.is_view,
            names.is_hit,
            pages.page_id,
            greatest(names.level, coalesce(pages.level, 0)) as level
        from {rows} as gathered
        inner join scratch.ga4_names as names on names.name = gathered.event_name
        left join scratch.ga4_pages as pages on pages.page = gathered.page
        """
    )


def without_copies(con: duckdb.DuckDBPyConnection) -> str:
    """Count the copies of events, and give the query of rows without them: one of all that its copies say, whatever their order."""
    con.execute(
        """
        create table scratch.ga4_copies as
        select
            gathered.*,
            row_number() over (partition by sid, event_key order by load_id nulls first, row_number) as copy
        from ga4_gathered as gathered
        semi join scratch.ga4_repeated using (sid, event_key)
        """
    )
    con.execute(
        "insert into scratch.ga4_counts select load_id, 'duplicates', count(*) from scratch.ga4_copies where copy > 1 group by load_id"
    )
    columns = con.execute("select column_name from (describe scratch.ga4_copies)").fetchall()
    merged = {"load_id": "max(case when copy = 1 then load_id end)", "row_number": "max(case when copy = 1 then row_number end)"}
    chosen = ", ".join(f"{merged.get(name, f'max({name})')} as {name}" for (name,) in columns if name not in ("sid", "event_key", "copy"))
    con.execute(f"create table scratch.ga4_merged as select sid, event_key, {chosen} from scratch.ga4_copies group by sid, event_key")
    return """
        select * from ga4_gathered anti join scratch.ga4_repeated using (sid, event_key)
        union all by name
        select * from scratch.ga4_merged
    """


def land_sessions(con: duckdb.DuckDBPyConnection, *, is_first: bool) -> None:
    """Build the sessions and land them, each with its ids hashed already."""
    con.execute("create or replace temp view ga4_labels as from scratch.ga4_labels")
    con.execute("create or replace temp view ga4_rows as from scratch.ga4_rows")
    con.execute(f"create table scratch.ga4_told as {text('labels')}")
    con.execute(f"create table scratch.ga4_measured as {text('measures')}")
    gather_purchases(con, is_first=is_first)
    rules = stages.load_rules()
    seconds = "greatest(duration_seconds, coalesce(engagement_seconds, 0))"
    con.execute(
        f"""
        create table scratch.ga4_sessions as
        select
            *,
            greatest(
                level,
                {rules.session_level_sql("pageviews", seconds)},
                case when is_flagged = 1 then 1 else 0 end,
                case when transactions > 0 then 3 else 0 end
            )::tinyint as stage,
            {seconds} >= 10 or pageviews >= 2 or level = 3 or transactions > 0 as is_engaged_by_definition
        from (
            select
                keys.session_id,
                keys.visitor_id,
                measured.*,
                make_timestamp(first_timestamp) as started_at,
                (last_timestamp - first_timestamp) / 1000000.0 as duration_seconds,
                engagement_msec / 1000.0 as engagement_seconds,
                told.* exclude (sid),
                pages.clean as landing_page,
                coalesce(purchases.transactions, 0) as transactions,
                coalesce(purchases.revenue_micros, 0) as revenue_micros,
                case
                    when click_source is not null then 'last click'
                    when told_source is not null then 'collected'
                    else 'none'
                end as source_basis,
                case when click_source is not null then click_source else told_source end as source,
                case when click_source is not null then click_medium else told_medium end as medium,
                case when click_source is not null then click_campaign else told_campaign end as campaign,
                case when click_source is not null then click_channel end as channel
            from scratch.ga4_measured as measured
            inner join scratch.ga4_keys as keys on keys.sid = measured.sid
            left join scratch.ga4_told as told on told.sid = measured.sid
            left join scratch.ga4_pages as pages on pages.page_id = measured.landing_page_id
            left join scratch.ga4_purchases as purchases on purchases.session_id = keys.session_id
        )
        """
    )
    inherit_sources(con, is_first=is_first)
    con.execute(
        """
        insert into scratch.landing by name
        select
            coalesce(last_load, (select max(load_id) from scratch.files)) as load_id,
            coalesce(first_load, 0) as first_load,
            session_id,
            visitor_id,
            visitor_id as visitor_key,
            session_id as visit_key,
            visit_number,
            started_at,
            session_date,
            device,
            country,
            coalesce(source, '(direct)') as source,
            case when source is null then '(none)' else medium end as medium,
            campaign,
            channel,
            landing_page,
            browser,
            operating_system,
            pageviews,
            hits,
            duration_seconds,
            engagement_seconds,
            transactions,
            revenue_micros,
            stage,
            source_basis
        from scratch.ga4_sessions
        """
    )
    con.execute(
        """
        insert into scratch.ga4_counts
        select load_id, 'folded', events - coalesce(sessions, 0)
        from (select load_id, count(*) as events from scratch.ga4_rows where load_id is not null group by load_id)
        left join (select first_load as load_id, count(*) as sessions from scratch.ga4_sessions group by first_load) using (load_id)
        """
    )


def gather_purchases(con: duckdb.DuckDBPyConnection, *, is_first: bool) -> None:
    """Orders of the sessions to build, and of all others that report the same ones, credited by sql/sessions/purchases.sql."""
    is_purchase = f"name in {stages.PURCHASES}"
    own = f"""
        select visitor_id, session_id, k, event_key, transaction_key, amount_micros
        from scratch.ga4_rows
        inner join scratch.ga4_keys using (sid)
        where name_id in (select name_id from scratch.ga4_names where {is_purchase})
    """
    refunds = "select transaction_key, amount_micros from scratch.ga4_new_refunds"
    others = ""
    if not is_first:
        con.execute(
            f"create table scratch.ga4_order_keys as select distinct transaction_key from ({own}) where transaction_key is not null"
        )
        for table, people in (("events", "sessions"), ("bot_events", "bots")):
            others += f"""
                union all
                select
                    people.visitor_id,
                    stored.session_id,
                    order_key(epoch_us(stored.occurred_at), stored.place, stored.event_key) as k,
                    stored.event_key,
                    stored.transaction_key,
                    stored.amount_micros
                from {table} as stored
                inner join {people} as people on people.session_id = stored.session_id
                where stored.transaction_key in (select transaction_key from scratch.ga4_order_keys)
                    and stored.event_name in {stages.PURCHASES}
                    and stored.session_id not in (select session_id from scratch.ga4_keys)
            """
        refunds += " union all select transaction_key, amount_micros from refunds where transaction_key in (from scratch.ga4_order_keys)"
    con.execute(f"create or replace temp table ga4_purchases as {own} {others}")
    con.execute(f"create or replace temp table ga4_refunds as {refunds}")
    con.execute(f"create table scratch.ga4_purchases as {text('purchases')}")
    con.execute("drop table ga4_purchases; drop table ga4_refunds")


def inherit_sources(con: duckdb.DuckDBPyConnection, *, is_first: bool) -> None:
    """Give sessions without a source of their own the visitor's last one."""
    if con.execute("select count(*) from scratch.ga4_sessions where source is null").fetchone() == (0,):
        return
    visits = "session_id, visitor_id, started_at, source, medium, campaign, channel"
    stored = (
        ""
        if is_first
        else "".join(
            f"""
        union all
        select session_id, visitor_id, started_at, source::varchar, medium, campaign, channel::varchar
        from {name}
        where source_basis in ('last click', 'collected')
            and visitor_id in (select visitor_id from scratch.ga4_sessions where source is null)
            and session_id not in (select session_id from scratch.ga4_keys)
        """
            for name in ("sessions", "bots")
        )
    )
    con.execute(f"create or replace temp view ga4_visits as select {visits} from scratch.ga4_sessions {stored}")
    con.execute(f"create table scratch.ga4_inherited as {text('inherited_sources')}")
    con.execute(
        """
        update scratch.ga4_sessions as sessions
        set
            source = inherited.source,
            medium = inherited.medium,
            campaign = inherited.campaign,
            channel = inherited.channel,
            source_basis = 'earlier session'
        from scratch.ga4_inherited as inherited
        where inherited.session_id = sessions.session_id
        """
    )
    con.execute("drop view ga4_visits")


def disagreements(con: duckdb.DuckDBPyConnection) -> dict[int, list[str]]:
    """Where GA4's flag and its definition of an engaged session differ."""
    found = con.execute(
        """
        select
            first_load,
            count(*) as sessions,
            count_if(is_flagged = 1 and not is_engaged_by_definition) as flagged,
            count_if(is_flagged = 0 and is_engaged_by_definition) as defined
        from scratch.ga4_sessions
        where first_load is not null
        group by first_load
        having flagged > 0 or defined > 0
        """
    ).fetchall()
    return {
        load_id: [
            f"Engaged by GA4's flag alone: {flagged:,} of {sessions:,} sessions; by its definition alone (10 s, two views or a key event): "
            f"{defined:,}. Either counts."
        ]
        for load_id, sessions, flagged, defined in found
    }


def store(con: duckdb.DuckDBPyConnection) -> None:
    """Put the events of the sessions built into events, or bot_events, after they have been merged; labels stand on the event that tells them."""
    if con.execute("select count(*) from duckdb_tables() where database_name = 'scratch' and table_name = 'ga4_sessions'").fetchone() == (
        0,
    ):
        return
    con.execute("insert into refunds by name from scratch.ga4_new_refunds")
    if con.execute("select count(*) from scratch.ga4_touched").fetchone() != (0,):
        con.execute("delete from events where session_id in (select session_id from scratch.ga4_touched)")
        con.execute("delete from bot_events where session_id in (select session_id from scratch.ga4_touched)")
    con.execute("create table scratch.ga4_bots as select sid from scratch.ga4_sessions semi join bots using (session_id)")
    for table, kind in (("events", "anti"), ("bot_events", "semi")):
        con.execute(
            f"""
            insert into {table} by name
            select
                built.session_id,
                rows.event_index,
                make_timestamp(rows.event_timestamp) as occurred_at,
                names.clean as event_name,
                pages.clean as page,
                coalesce(rows.amount_micros / 1000000.0, rows.value) as value,
                rows.event_key,
                rows.place,
                rows.engagement_msec,
                rows.is_flagged,
                nullif(
                    case when rows.k = built.device_k then built.device_tells else 0 end
                    + case when rows.k = built.source_k then built.source_tells else 0 end,
                    0
                )::utinyint as tells,
                rows.transaction_key,
                rows.amount_micros
            from ({in_order(table)}) as rows
            inner join (
                select
                    sid,
                    session_id,
                    device_k,
                    case when device is null then 0 else 1 end
                    + case when country is null then 0 else 2 end
                    + case when sessions.browser is null or browsers.browser is null then 0 else 4 end
                    + case when sessions.operating_system is null or systems.operating_system is null then 0 else 8 end as device_tells,
                    case source_basis when 'last click' then click_k when 'collected' then told_k end as source_k,
                    case source_basis when 'last click' then 16 else 32 end + case when channel is null then 0 else 64 end as source_tells
                from scratch.ga4_sessions as sessions
                inner join scratch.clean_browser as browsers on browsers.raw_browser = coalesce(sessions.browser, '')
                inner join scratch.clean_operating_system as systems
                    on systems.raw_operating_system = coalesce(sessions.operating_system, '')
                {kind} join scratch.ga4_bots using (sid)
            ) as built on built.sid = rows.sid
            inner join scratch.ga4_names as names on names.name_id = rows.name_id
            left join scratch.ga4_pages as pages on pages.page_id = rows.page_id
            """
        )


def in_order(table: str) -> str:
    """Query for the events of people or of bots with their place in their session: only what is stored, as sorting costs by the column."""
    is_theirs = "not in" if table == "events" else "in"
    return f"""
        select
            *,
            event_timestamp_and_place >> 10 as event_timestamp,
            (event_timestamp_and_place & 1023)::smallint as place,
            order_key(event_timestamp_and_place >> 10, event_timestamp_and_place & 1023, event_key) as k,
            (row_number() over (partition by sid order by event_timestamp_and_place, event_key))::integer as event_index
        from (
            select
                sid,
                event_timestamp * 1024 + place as event_timestamp_and_place,
                event_key,
                engagement_msec,
                is_flagged,
                value,
                amount_micros,
                transaction_key,
                name_id,
                page_id
            from scratch.ga4_rows
            where sid {is_theirs} (from scratch.ga4_bots)
        )
    """
