"""Daily tables of a BigQuery export, and the files that keep them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import InputError
from etl.headers import shorten

TABLE = re.compile(r"(events|ga_sessions)_(intraday_)?(\d{8})")
PROJECT = re.compile(r"(?:[a-z0-9.-]{1,40}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
DATASET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,1023}|[0-9][A-Za-z0-9_]{0,1023}")
KEY = b"pulled_from"

# GA4 may add to a day, and rewrite it, until 72 hours after it ended, in the property's time zone.
SETTLED_AFTER = timedelta(days=4)


@dataclass(frozen=True, order=True)
class Day:
    """One daily table, such as events_20240301."""

    day: date
    table: str
    is_intraday: bool = False

    @property
    def query(self) -> str:
        """Name of the SQL file that selects from it."""
        return "ga4_events" if self.table.startswith("events") else "ga_sessions"

    def file(self, folder: Path) -> Path:
        """Where it is kept."""
        return folder / f"{self.table}.parquet"


def checked(what: str, pattern: re.Pattern[str], text: str) -> str:
    """An identifier of Google Cloud; InputError where it is none, as it goes into the text of a statement."""
    if not pattern.fullmatch(text):
        raise InputError(f"--{what}: '{shorten(text)}' is no name of a {what} in Google Cloud; copy it from the BigQuery console")
    return text


def daily(names: list[str], since: date, until: date, *, intraday: bool) -> list[Day]:
    """The daily tables among the names of a dataset's tables, in order; an intraday table only where its day has no whole one."""
    found: dict[tuple[str, date], Day] = {}
    for name in sorted(names):
        match = TABLE.fullmatch(name)
        if not match:
            continue
        try:
            day = datetime.strptime(match[3], "%Y%m%d").date()
        except ValueError:
            continue
        is_intraday = bool(match[2])
        if since <= day <= until and (intraday or not is_intraday):
            known = found.get((match[1], day))
            if known is None or known.is_intraday:
                found[match[1], day] = Day(day, name, is_intraday)
    return sorted(found.values())


def kept(day: Day, folder: Path) -> dict[str, str] | None:
    """What the kept file of a day says of its table; None where there is no whole file of ours."""
    try:
        with pq.ParquetFile(day.file(folder)) as file:
            metadata = file.metadata.metadata or {}
            said = dict(pair.split("=", 1) for pair in metadata.get(KEY, b"").decode().split("\n") if "=" in pair)
            if said.get("table", "").endswith(f".{day.table}") and int(said["rows"]) == file.metadata.num_rows:
                return said
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None
    return None


def is_settled(day: Day, folder: Path) -> bool:
    """Whether the kept file was last checked so long after the day that its table can have changed no more."""
    checked_at = datetime.fromtimestamp(day.file(folder).stat().st_mtime, UTC)
    return (
        not day.is_intraday
        and checked_at >= datetime(day.day.year, day.day.month, day.day.day, tzinfo=UTC) + timedelta(days=1) + SETTLED_AFTER
    )


def touch(day: Day, folder: Path) -> None:
    """Note that the kept file of a day has been checked now."""
    os.utime(day.file(folder))


def clear_drafts(folder: Path) -> None:
    """Remove what an interrupted pull left half-written."""
    for path in folder.glob(".*.parquet.part"):
        path.unlink(missing_ok=True)


def clear_intraday(day: Day, folder: Path) -> None:
    """Remove the kept intraday table of a day whose whole table has come."""
    if not day.is_intraday:
        prefix = day.table[: -len("20240301")]
        (folder / f"{prefix}intraday_{day.table[-8:]}.parquet").unlink(missing_ok=True)
