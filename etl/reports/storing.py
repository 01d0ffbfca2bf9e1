"""From the rows of reports to the table aggregates, labels cleaned as those of sessions are."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from etl import labels
from etl.errors import InputError
from etl.readers import Landing
from etl.reports import FORMATS, aggregates, recognise

if TYPE_CHECKING:
    from etl.landing import FileLoad

TOO_MANY_REJECTS = 0.5
NO_STAGES = "none"
"""loads.stage_basis of a file that has no sessions."""


def is_report(item: FileLoad) -> bool:
    """Whether a recognised file is a report."""
    return item.source.format in FORMATS


def store(con: duckdb.DuckDBPyConnection, item: FileLoad) -> None:
    """Bring the rows of a report into aggregates, and count what became of each row in the file's load.

    Raises
    ------
    InputError : most of its rows cannot be read.
    """
    report = recognise.read(item.source.path)
    aggregates.check(report, item.source.name)
    found = aggregates.convert(report)
    item.rows_read = report.rows
    item.rejected = len(found.rejects)
    item.outcomes = {"aggregated": len(found.rows), "set_aside": found.set_aside}
    item.notes = [*item.source.notes, *found.notes]
    item.first_date, item.last_date = found.first_date, found.last_date
    item.landing = Landing(sql="", stage_basis=NO_STAGES)
    if found.rejects and item.rejected > TOO_MANY_REJECTS * (len(found.rows) + item.rejected):
        worst = found.rejects[0]
        raise InputError(
            f"{item.source.name}: {item.rejected:,} of {item.rows_read:,} rows cannot be loaded (row {worst.number}: {worst.reason}); "
            "download the report again."
        )
    if found.rejects:
        con.executemany(
            "insert into rejects values (?, ?, ?, ?)",
            [[item.load_id, reject.number, reject.reason, reject.raw] for reject in found.rejects],
        )
    keep_rows(con, found.rows)
    con.execute(f"insert into aggregates by name {cleaned_sql()}", [item.load_id])
    con.execute("drop table reported")


def keep_rows(con: duckdb.DuckDBPyConnection, rows: list[aggregates.Aggregate]) -> None:
    """Put rows into the temporary table reported, which cleaned_sql reads."""
    con.execute(
        """
        create or replace temp table reported (
            table_number integer, row_number bigint, first_date date, last_date date, grain varchar, session_date date, country varchar,
            device varchar, source varchar, medium varchar, channel varchar, sessions bigint, converting_sessions bigint, key_events double,
            transactions bigint, revenue decimal(18, 6)
        )
        """
    )
    if rows:
        names = [field.name for field in fields(aggregates.Aggregate)]
        columns = zip(*(astuple(row) for row in rows), strict=True)
        arrow = pa.table({name: pa.array(list(column)) for name, column in zip(names, columns, strict=True)})
        con.register("reported_rows", arrow)
        con.execute(f"insert into reported by name select {', '.join(names)} from reported_rows")
        con.unregister("reported_rows")


def cleaned_sql() -> str:
    """Query that gives the rows of the temporary table reported with clean labels; its parameter is the load.

    A dimension that the table is not split by stays NULL, and (other) stays what it is: Google's word for rows folded together.
    """
    return f"""
        with {labels.steps_sql("reported", ("country", "source", "medium"), source="clean_source")}
        select
            ?::integer as load_id,
            table_number,
            row_number,
            first_date,
            last_date,
            grain,
            session_date,
            case when texts.country is not null and texts.country <> '(other)' then coalesce(known.country, text_country, '(unknown)') else texts.country end as country,
            known.iso3,
            case when texts.device is not null and texts.device <> '(other)' then {labels.device_sql("texts.device")} when texts.device = '(other)' then 'other' end as device,
            case when texts.source is not null and texts.source <> '(other)' then clean_source else texts.source end as source,
            case when texts.medium is not null then {labels.medium_sql("text_medium", "texts.medium", "clean_source")} end as medium,
            case
                when texts.channel = '(other)' then '(other)'
                when texts.channel is not null then coalesce({labels.stated_channel_sql("plain_channel")}, '(unknown)')
            end as channel,
            sessions,
            converting_sessions,
            key_events,
            transactions,
            revenue
        from sources as texts
        left join countries as known on known.name = lower(plain_country)
    """
