"""Readers: from a recognised file to a landing relation, one row a session row of the file.

`read(con, source) -> Landing` prepares SQL and runs none of the heavy part. The caller runs, on the same connection:

1. `create table … as <landing.sql>`: the columns of COLUMNS in this order and type, labels raw as in the file. Good rows have
   `reject_reason` NULL. `visitor_key` and `visit_key` are raw ids: hash them (`etl.privacy`) before anything is stored.
   `transactions` and `revenue_micros` are NULL in every row of a file that has no conversion information.
   `file` is the path the row stands in where a scan reads several files together, else NULL.
   `engagement_seconds` and `source_basis` are known of GA4 alone; see the table sessions.
   `stage` is what events tell, 0 to 3, else NULL: tell it from thresholds (`etl.stages`).
2. `landing.lost_sql` (if not None), one number: rows of the file that could not even be split into columns.
   Rows read = rows landed + this number. Where it is not zero, `landing.swallowed_sql` (if not None) tells whether a broken row took
   others with it.
3. only where that number or the count of `reject_reason` is not zero: `landing.rejects_sql` (row_number, reason, raw), which
   reads the file once more and gives every row not loaded, lost ones included; `raw` is scrubbed and cut.
4. `landing.events_sql` (if not None): EVENT_COLUMNS, one row a hit.

Errors of DuckDB while running these are turned into one line by `wrapping(source)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from etl.errors import InputError, storage_problem
from etl.headers import shorten
from etl.recognise import Source

COLUMNS = {
    "row_number": "bigint",
    "visitor_key": "varchar",
    "visit_key": "varchar",
    "visit_number": "integer",
    "started_at": "timestamp",
    "session_date": "date",
    "device": "varchar",
    "country": "varchar",
    "source": "varchar",
    "medium": "varchar",
    "campaign": "varchar",
    "channel": "varchar",
    "landing_page": "varchar",
    "browser": "varchar",
    "operating_system": "varchar",
    "hostname": "varchar",
    "network_domain": "varchar",
    "pageviews": "integer",
    "hits": "integer",
    "duration_seconds": "double",
    "engagement_seconds": "double",
    "transactions": "integer",
    "revenue_micros": "bigint",
    "stage": "tinyint",
    "is_bounce": "boolean",
    "reject_reason": "varchar",
    "file": "varchar",
    "source_basis": "varchar",
}

EVENT_COLUMNS = {
    "visitor_key": "varchar",
    "visit_key": "varchar",
    "session_date": "date",
    "event_index": "integer",
    "occurred_at": "timestamp",
    "event_name": "varchar",
    "page": "varchar",
    "value": "double",
    "file": "varchar",
}


@dataclass(frozen=True)
class Landing:
    """How to land one file; see the package's description for the order of use."""

    sql: str
    events_sql: str | None = None
    rejects_sql: str | None = None
    lost_sql: str | None = None
    swallowed_sql: str | None = None
    stage_basis: str = "thresholds"  # or events
    rows_are: str = "sessions"  # or hits, or products
    unit: str = "session"  # or event: then sql gives the rows of an export that etl.events makes events of
    reads_twice: bool = False  # whether single rows can be had from the file again at little cost
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(con: duckdb.DuckDBPyConnection, source: Source) -> Landing:
    """Prepare the landing of a recognised file; raises InputError where its content cannot be understood."""
    from etl.readers import flat_csv, ga4_bigquery, ga360_bigquery, ga360_csv, mapped

    readers = {
        "flat-csv": flat_csv.read,
        "ga360-csv": ga360_csv.read,
        "ga360-bigquery": ga360_bigquery.read,
        "ga4-bigquery": ga4_bigquery.read,
    }
    with wrapping(source):
        return mapped.read(con, source) if source.mapping else readers[source.format](con, source)


@contextmanager
def wrapping(source: Source) -> Iterator[None]:
    """Turn what DuckDB says about a file into one line that names it."""
    try:
        yield
    except duckdb.Error as error:
        if storage_problem(error):
            raise
        first = shorten(str(error).split("\n")[0].replace(str(source.path.resolve()), source.name), 160)
        raise InputError(f"{source.name}: cannot be read as {source.format} ({first}): download or export it again") from None
