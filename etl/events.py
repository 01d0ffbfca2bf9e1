"""Landing of GA4 events: rows of an export as typed events in the scratch database, each counted.

scratch.ga4_events holds the narrow rows, scratch.ga4_labels what the few rows say that a session takes its labels from: writing the
labels of all events would cost more than all else.
"""

from __future__ import annotations

from datetime import date

import duckdb

from etl import schema
from etl.privacy import literal
from etl.readers import Landing

EVENTS = {
    "load_id": "integer",
    "row_number": "bigint",
    "visit": "bigint",
    "sid": "ubigint",
    "k": "hugeint",
    "event_timestamp": "bigint",
    "place": "smallint",
    "event_key": "ubigint",
    "event_name": "varchar",
    "session_date": "date",
    "page": "varchar",
    "visit_number": "bigint",
    "engagement_msec": "bigint",
    "is_flagged": "boolean",
    "value": "double",
    "currency": "varchar",
    "order_id": "varchar",
    "is_purchase": "boolean",
    "is_refund": "boolean",
    "amount_micros": "bigint",
    "told_source": "varchar",
    "told_medium": "varchar",
    "told_campaign": "varchar",
    "tells_device": "boolean",
    "tells_click": "boolean",
    "reject_reason": "varchar",
}
"""Columns of scratch.ga4_events, as sql/sessions/event_rows.sql names them. `sid` tells sessions apart, `k` orders the events of one."""

LABELS = {
    "visitor_key": "varchar",
    "device": "varchar",
    "country": "varchar",
    "browser": "varchar",
    "operating_system": "varchar",
    "click_source": "varchar",
    "click_medium": "varchar",
    "click_campaign": "varchar",
    "click_channel": "varchar",
}

FEW_SESSIONS = 100


def text(name: str) -> str:
    """The SQL of a file of sql/sessions."""
    return (schema.SQL / "sessions" / f"{name}.sql").read_text()


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create the empty tables of a batch in the attached database scratch, and the functions that the SQL of sessions needs."""
    for statement in con.extract_statements(text("prelude")):
        con.execute(statement)
    currency = con.execute("select value from settings where name = 'currency'").fetchone()
    con.execute(f"create or replace temp macro property_currency() as {literal(currency[0] if currency else 'USD')}")
    con.execute(f"create table scratch.ga4_events ({', '.join(f'{name} {kind}' for name, kind in EVENTS.items())})")
    labels = ", ".join(f"{name} {kind}" for name, kind in LABELS.items())
    con.execute(f"create table scratch.ga4_labels (sid ubigint, k hugeint, visit bigint, tells_device boolean, tells_click boolean, {labels})")


def land(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    """Read files into scratch.ga4_events and scratch.ga4_labels; rows that are no events go to scratch.ga4_rejects."""
    con.execute(f"create or replace temp view ga4_export as {landing.sql}")
    rows = f"({text('event_rows')})"
    narrow = ", ".join(EVENTS)
    labels = ", ".join(LABELS)
    if not landing.reads_twice:
        con.execute(
            f"create or replace table scratch.ga4_once as select {narrow}, {labels}, "
            f"case when reject_reason is not null then raw end as raw from {rows}"
        )
        rows = "scratch.ga4_once"
    (last,) = con.execute("select coalesce(max(rowid), -1) from scratch.ga4_events").fetchone()
    con.execute(f"insert into scratch.ga4_events select {narrow} from {rows}")
    landed = f"(from scratch.ga4_events where rowid > {last} and reject_reason is null and sid is not null)"
    # The rows that the first labels of each session stand in.
    con.execute(
        f"""
        create or replace temp table ga4_wanted as
        select landed.load_id, landed.row_number, landed.sid, landed.k, landed.visit, landed.tells_device, landed.tells_click
        from {landed} as landed
        inner join (
            select
                sid,
                min(k) as first_k,
                min(case when tells_device then k end) as device_k,
                min(case when tells_click then k end) as click_k
            from {landed}
            group by sid
        ) as firsts on firsts.sid = landed.sid
        where landed.k = first_k or landed.k = device_k or landed.k = click_k
        """
    )
    con.execute(
        f"""
        insert into scratch.ga4_labels by name
        select wanted.sid, wanted.k, wanted.visit, wanted.tells_device, wanted.tells_click, {", ".join(f"labelled.{name}" for name in LABELS)}
        from (select load_id, row_number, {labels} from {rows}) as labelled
        inner join ga4_wanted as wanted on wanted.row_number = labelled.row_number and wanted.load_id = labelled.load_id
        """
    )
    if con.execute(f"select count(reject_reason) from scratch.ga4_events where rowid > {last}").fetchone()[0]:
        con.execute(
            f"insert into rejects select load_id, row_number, reject_reason, raw from {rows} where reject_reason is not null"
        )
    con.execute("drop table ga4_wanted; drop view ga4_export; drop table if exists scratch.ga4_once")


def count(con: duckdb.DuckDBPyConnection, load_id: int) -> tuple[int, int, date | None, date | None, list[str]]:
    """Rows of a file, those rejected, its first and last day, and what its events give away about it."""
    rows, bad, first, last = con.execute(
        """
        select
            count(*),
            count(reject_reason),
            min(session_date) filter (where reject_reason is null),
            max(session_date) filter (where reject_reason is null)
        from scratch.ga4_events
        where load_id = ?
        """,
        [load_id],
    ).fetchone()
    return rows, bad, first, last, notices(con, load_id)


def notices(con: duckdb.DuckDBPyConnection, load_id: int) -> list[str]:
    """Sentences about the events of a file, for the notes of its load."""
    events, sessions, started, single, no_session, bought, no_order, foreign = con.execute(
        """
        with events as (
            select * from scratch.ga4_events where load_id = ? and reject_reason is null
        ),
        sessions as (
            select sid, count(*) as events, count_if(event_name = 'session_start') as starts
            from events
            where sid is not null
            group by sid
        )
        select
            (select count(*) from events),
            count(*),
            count_if(starts > 0),
            count_if(events = 1),
            (select count(*) from events where sid is null),
            (select count_if(is_purchase) from events),
            (select count_if(is_purchase and order_id is null) from events),
            (
                select string_agg(distinct left(currency, 3), ', ' order by left(currency, 3))
                from events
                where (is_purchase or is_refund) and currency <> property_currency()
            )
        from sessions
        """,
        [load_id],
    ).fetchone()
    sentences = []
    if sessions >= FEW_SESSIONS and started < sessions / 2:
        sentences.append(
            f"The events are a sample: {single:,} of {sessions:,} sessions have a single event and only {started:,} their session_start, "
            "so that what sessions did is cut to pieces: unfit for rates."
        )
    if no_session:
        sentences.append(
            f"{no_session:,} of {events:,} events carry no visitor or session id, as where consent is denied: they are in no session."
        )
    if no_order and bought:
        sentences.append(f"{no_order:,} of {bought:,} purchases name no transaction_id: each counts as one.")
    if foreign:
        (own,) = con.execute("select property_currency()").fetchone()
        sentences.append(
            f"Purchases are in {foreign} while the database is in {own}: amounts are "
            + ("as Google converts them to US dollars where it does." if own == "USD" else "taken as they stand; do not add them up.")
        )
    return sentences
