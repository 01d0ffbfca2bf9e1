"""Landing: the rows of files as they are, typed, in a scratch database, with those that cannot be loaded told apart."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import duckdb

from etl import events, readers
from etl.errors import InputError
from etl.lacks import CAPABILITIES, lacks
from etl.notices import NO_CONVERSIONS, notices
from etl.readers import Landing
from etl.recognise import Source

OUTCOMES = ("sessions_new", "sessions_updated", "duplicates", "folded", "bots", "without_consent", "aggregated", "set_aside")
TOO_MANY_REJECTS = 0.5
CUT_FORMATS = ("flat-csv", "ga360-csv")  # what passes through spreadsheets and interfaces
MOST_TOGETHER = 60


@dataclass
class FileLoad:
    """One file of a batch, and what became of its rows."""

    source: Source
    sha256: str
    load_id: int = 0
    landing: Landing | None = None
    rows_read: int = 0
    rejected: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    first_date: date | None = None
    last_date: date | None = None
    notes: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def summary(self) -> dict:
        """The counts of the file as the table loads has them."""
        return {
            "file": self.source.name,
            "format": self.source.format,
            "rows_read": self.rows_read,
            **{name: self.outcomes.get(name, 0) for name in OUTCOMES},
            "rejected": self.rejected,
            "notes": self.notes,
            "warnings": self.warnings,
        }


def groups(batch: list[FileLoad]) -> Iterator[list[FileLoad]]:
    """Runs of files that one scan can read: daily exports are many and small, and planning costs more than reading them."""
    group: list[FileLoad] = []
    for item in batch:
        if group and (len(group) == MOST_TOGETHER or not item.source.reads_with(group[0].source)):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def land(con: duckdb.DuckDBPyConnection, group: list[FileLoad]) -> None:
    """Read files into scratch.landing and their events into scratch.events; refuse a file most of whose rows are bad."""
    together = replace(
        group[0].source, together=tuple(item.source.path for item in group[1:]), load_ids=tuple(item.load_id for item in group)
    )
    landing = readers.read(con, together)
    with readers.wrapping(together):
        con.execute("create or replace temp table landing_files (file varchar, load_id integer)")
        con.executemany("insert into landing_files values (?, ?)", [[str(item.source.path.resolve()), item.load_id] for item in group])
        if landing.unit == "event":
            events.land(con, landing)
        else:
            land_sessions(con, group, landing)
    for item in group:
        item.landing = landing
        item.notes = [*item.source.notes, *landing.notes]
        item.lacks = lacks(item.source, landing.stage_basis)
        item.warnings = [*item.source.warnings, *landing.warnings]
    if landing.unit == "event":
        count_events(con, group)
        return
    for item in group:
        with readers.wrapping(item.source):
            count(con, item, alone=len(group) == 1)


def land_sessions(con: duckdb.DuckDBPyConnection, group: list[FileLoad], landing: Landing) -> None:
    """Read files with a row a session."""
    load_id = str(group[0].load_id)
    if len(group) > 1:
        load_id = "(select load_id from landing_files where landing_files.file = landed.file)"
    con.execute(f"insert into scratch.landing by name select {load_id} as load_id, landed.* from ({landing.sql}) as landed")
    if landing.events_sql:
        con.execute(f"insert into scratch.events by name select {load_id} as load_id, landed.* from ({landing.events_sql}) as landed")


def count_events(con: duckdb.DuckDBPyConnection, group: list[FileLoad]) -> None:
    """Count the events that files gave; refuse a file most of whose rows are none."""
    counted = events.count(con, [item.load_id for item in group])
    for item in group:
        if item.load_id not in counted:
            raise InputError(f"{item.source.name}: holds no rows; export it again with a date range that has events.")
        item.rows_read, item.rejected, item.first_date, item.last_date, notes, warnings = counted[item.load_id]
        item.notes += notes
        item.warnings += warnings
        if item.rejected:
            with readers.wrapping(item.source):
                if not item.landing.reads_twice:
                    events.reject_in_order(con, readers.read(con, replace(item.source, load_ids=(item.load_id,))))
            refuse_rejected(con, item)


def count(con: duckdb.DuckDBPyConnection, item: FileLoad, *, alone: bool) -> None:
    """Count what a file gave, and store the rows that cannot be loaded with their reasons."""
    lost = con.execute(item.landing.lost_sql).fetchone()[0] if item.landing.lost_sql else 0
    # Of a visit of one view Analytics does not know how long it was; where no other has a length either, nothing told it.
    landed, bad, item.first_date, item.last_date, has_no_lengths = con.execute(
        """
        select
            count(*),
            count(reject_reason),
            min(session_date) filter (where reject_reason is null),
            max(session_date) filter (where reject_reason is null),
            coalesce(max(pageviews) > 1 and coalesce(max(duration_seconds), 0) = 0, false)
        from scratch.landing
        where load_id = ?
        """,
        [item.load_id],
    ).fetchone()
    item.rows_read = landed + lost
    may_be_cut = item.source.format in CUT_FORMATS
    good = f"(from scratch.landing where load_id = {item.load_id} and reject_reason is null)"
    notes, warnings = notices(con, good, item.rows_read if may_be_cut else None)
    item.notes += [note for note in notes if note not in item.notes]
    item.warnings += warnings
    also = {"conversions", "revenue"} if NO_CONVERSIONS in notes else set()
    also |= {"duration"} if has_no_lengths else set()
    item.lacks = [name for name in CAPABILITIES if name in {*item.lacks, *also}]
    if lost:
        refuse_swallowed(con, item)
    if item.rows_read == 0:
        raise InputError(f"{item.source.name}: holds no rows; export it again with a date range that has sessions.")
    if bad or lost:
        own = item.landing if alone else readers.read(con, item.source)
        reject(con, item, own)


def refuse_swallowed(con: duckdb.DuckDBPyConnection, item: FileLoad) -> None:
    """Refuse a file in which an open quote took other rows with it: they could not be accounted for."""
    if not item.landing.swallowed_sql:
        return
    lines, row = con.execute(item.landing.swallowed_sql).fetchone()
    if row is not None and lines > item.rows_read:
        raise InputError(
            f"{item.source.name}: a quotation mark is opened near row {row:,} and not closed, so that rows after it cannot be told apart "
            f"({item.rows_read:,} of {lines:,} lines can); mend that row or export again."
        )


def reject(con: duckdb.DuckDBPyConnection, item: FileLoad, landing: Landing) -> None:
    """Store the rows of a file that cannot be loaded; where they are most of it, refuse the file."""
    con.execute(f"insert into rejects select {item.load_id}, row_number, reason, raw from ({landing.rejects_sql})")
    refuse_rejected(con, item)
    con.execute("delete from scratch.landing where load_id = ? and reject_reason is not null", [item.load_id])


def refuse_rejected(con: duckdb.DuckDBPyConnection, item: FileLoad) -> None:
    """Refuse a file most of whose rows are rejected."""
    item.rejected, reason, row = con.execute(
        "select count(*), mode(reason), min(row_number) from rejects where load_id = ?", [item.load_id]
    ).fetchone()
    if item.rejected > TOO_MANY_REJECTS * item.rows_read:
        raise InputError(
            f"{item.source.name}: {item.rejected:,} of {item.rows_read:,} rows cannot be loaded, mostly since {reason} "
            f"(first in row {row}); check how the file was exported."
        )
