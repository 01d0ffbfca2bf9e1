"""Landing of GA4 events: rows of an export as typed events in the scratch database, each counted.

scratch.ga4_events holds the narrow rows, scratch.ga4_labels what the few rows say that a session takes its labels from: writing the
labels of all events would cost more than all else.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

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

TOLD = {
    "visit": "bigint",
    "tells_device": "boolean",
    "tells_click": "boolean",
    "told_source": "varchar",
    "told_medium": "varchar",
    "told_campaign": "varchar",
}
"""What scratch.ga4_labels has of the narrow rows; LABELS are read for the rows wanted only."""

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
    labels = ", ".join(f"{name} {kind}" for name, kind in (TOLD | LABELS).items())
    con.execute(f"create table scratch.ga4_labels (sid ubigint, k hugeint, {labels})")


def land(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    """Read files into scratch.ga4_events and scratch.ga4_labels; rows that are no events go to scratch.ga4_rejects."""
    con.execute(f"create or replace temp view ga4_export as {landing.sql}")
    rows = f"({text('event_rows')})"
    narrow = ", ".join(EVENTS)
    labels = ", ".join(LABELS)
    if not landing.reads_twice:
        con.execute(f"create or replace table scratch.ga4_once as select {narrow}, {labels} from {rows}")
        rows = "(select * replace (rowid as row_number) from scratch.ga4_once)"
    (last,) = con.execute("select coalesce(max(rowid), -1) from scratch.ga4_events").fetchone()
    con.execute(f"insert into scratch.ga4_events select {narrow} from {rows}")
    landed = f"(from scratch.ga4_events where rowid > {last} and reject_reason is null and sid is not null)"
    # The rows that the first labels of each session stand in. What its events tell of its source counts where it is credited to none.
    con.execute(
        f"""
        create or replace temp table ga4_wanted as
        select landed.load_id, landed.row_number, landed.sid, landed.k, {", ".join(f"landed.{name}" for name in TOLD)}
        from {landed} as landed
        inner join (
            select
                sid,
                min(k) as first_k,
                min(case when tells_device then k end) as device_k,
                min(case when tells_click then k end) as click_k,
                min(case when told_source is not null then k end) as told_k
            from {landed}
            group by sid
        ) as firsts on firsts.sid = landed.sid
        where landed.k = first_k or landed.k = device_k or landed.k = click_k or (click_k is null and landed.k = told_k)
        """
    )
    con.execute(
        f"""
        insert into scratch.ga4_labels by name
        select
            wanted.sid,
            wanted.k,
            {", ".join(f"wanted.{name}" for name in TOLD)},
            {", ".join(f"labelled.{name}" for name in LABELS)}
        from (select load_id, row_number, {labels} from {rows}) as labelled
        inner join ga4_wanted as wanted on wanted.row_number = labelled.row_number and wanted.load_id = labelled.load_id
        """
    )
    if landing.reads_twice and con.execute(f"select count(reject_reason) from scratch.ga4_events where rowid > {last}").fetchone()[0]:
        con.execute(f"insert into rejects select load_id, row_number, reject_reason, raw from {rows} where reject_reason is not null")
    con.execute("drop table ga4_wanted; drop view ga4_export; drop table if exists scratch.ga4_once")


def reject_in_order(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    """Store the rows of one JSON file that are no events, with their places in it: it is read once more, from its start to its end."""
    con.execute(f"create or replace temp view ga4_export as select * replace (row_number() over () as row_number) from ({landing.sql})")
    threads, order = con.execute("select current_setting('threads'), current_setting('preserve_insertion_order')").fetchone()
    con.execute("set threads = 1; set preserve_insertion_order = true")
    try:
        con.execute(
            f"""
            insert into rejects
            select load_id, row_number, reject_reason, raw from ({text("event_rows")}) where reject_reason is not null
            """
        )
    finally:
        con.execute(f"set threads = {threads}; set preserve_insertion_order = {str(order).lower()}; drop view ga4_export")


class Counted(NamedTuple):
    """What came of a file."""

    rows: int
    rejected: int
    first_date: date | None
    last_date: date | None
    notes: list[str]
    warnings: list[str]


def count(con: duckdb.DuckDBPyConnection, load_ids: list[int]) -> dict[int, Counted]:
    """Count the rows of files, and say what their events give away about them."""
    currency = con.execute("select property_currency()").fetchone()[0]
    found = con.execute(
        f"""
        with landed as (
            from scratch.ga4_events where load_id between {min(load_ids)} and {max(load_ids)}
        ),
        files as (
            select
                load_id,
                count(*) as rows,
                count(reject_reason) as rejected,
                min(session_date) filter (where reject_reason is null) as first_date,
                max(session_date) filter (where reject_reason is null) as last_date,
                count(*) filter (where sid is null and reject_reason is null) as without_session,
                count_if(is_purchase and reject_reason is null) as purchases,
                count_if(is_purchase and order_id is null and reject_reason is null) as without_order,
                string_agg(distinct left(currency, 3), ', ' order by left(currency, 3))
                    filter (where (is_purchase or is_refund) and currency <> property_currency()) as foreign_currencies
            from landed
            group by load_id
        ),
        sessions as (
            select load_id, count(*) as sessions, count_if(starts > 0) as started, count_if(events = 1) as single
            from (
                select load_id, sid, count(*) as events, count_if(event_name = 'session_start') as starts
                from landed
                where sid is not null and reject_reason is null
                group by load_id, sid
            )
            group by load_id
        )
        select files.*, coalesce(sessions, 0), coalesce(started, 0), coalesce(single, 0)
        from files
        left join sessions on sessions.load_id = files.load_id
        """
    ).fetchall()
    return {load_id: Counted(*counts[:4], *notices(currency, counts[0], *counts[4:])) for load_id, *counts in found}


def notices(
    own: str, events: int, without: int, bought: int, no_order: int, foreign: str | None, sessions: int, started: int, single: int
) -> tuple[list[str], list[str]]:
    """Sentences about the events of a file, for the notes and the warnings of its load."""
    notes, warnings = [], []
    if sessions >= FEW_SESSIONS and started < sessions / 2:
        warnings.append(
            f"The events are a sample: {single:,} of {sessions:,} sessions have a single event and only {started:,} their session_start, "
            "so that what sessions did is cut to pieces: unfit for rates."
        )
    if without:
        notes.append(
            f"{without:,} of {events:,} events carry no visitor or session id, as where consent is denied: they are in no session."
        )
    if no_order:
        notes.append(f"{no_order:,} of {bought:,} purchases name no transaction_id: each counts as one.")
    if foreign:
        warnings.append(
            f"Purchases are in {foreign} while the database is in {own}: amounts are "
            + ("as Google converts them to US dollars where it does." if own == "USD" else "taken as they stand; do not add them up.")
        )
    return notes, warnings
