"""Landing a file as `etl.load` does, but into a scratch schema in memory."""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from etl import readers
from etl.recognise import Source, recognise


@dataclass
class Landed:
    """What came of a file: its rows as dictionaries, those rejected, its notes and events."""

    source: Source
    rows: list[dict]
    rejects: list[tuple]
    notes: list[str]
    events: list[dict]
    stage_basis: str
    rows_read: int
    con: duckdb.DuckDBPyConnection = field(repr=False)

    @property
    def good(self) -> list[dict]:
        return [row for row in self.rows if row["reject_reason"] is None]

    def total(self, column: str):
        return sum(row[column] or 0 for row in self.good)


def records(con: duckdb.DuckDBPyConnection, query: str) -> list[dict]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def land(path: Path | str) -> Landed:
    """Recognise, read and land a file; raises InputError alone for what cannot be used."""
    source = recognise(path)
    con = duckdb.connect()
    con.execute("set threads = 2; set preserve_insertion_order = false; create schema scratch")
    landing = readers.read(con, source)
    with readers.wrapping(source):
        con.execute(f"create table scratch.landing as {landing.sql}")
        lost = con.execute(landing.lost_sql).fetchone()[0] if landing.lost_sql else 0
        rejects = con.execute(f"select * from ({landing.rejects_sql}) order by row_number").fetchall()
        events = records(con, landing.events_sql) if landing.events_sql else []
    rows = records(con, "from scratch.landing")
    assert len(rejects) == lost + sum(row["reject_reason"] is not None for row in rows)
    return Landed(source, rows, rejects, [*source.notes, *landing.notes], events, landing.stage_basis, len(rows) + lost, con)
