"""Tables of sessions as CSV: any usual headers, one row a session. Dotted tables of Google Analytics 360 have the same shape."""

from __future__ import annotations

import duckdb

from etl.headers import normalise
from etl.readers import Landing
from etl.readers.csv_scan import CsvScan
from etl.readers.text_table import Table, landing_sql, read_columns
from etl.recognise import Source


def read(con: duckdb.DuckDBPyConnection, source: Source) -> Landing:
    """Prepare the landing of a table of sessions; see `etl.readers`."""
    fields = {name: f"c{position}" for name, position in source.fields.items()}
    return land(con, source, CsvScan(source), fields)


def land(
    con: duckdb.DuckDBPyConnection, source: Source, scan: CsvScan, fields: dict[str, str], checks: dict[str, str] | None = None
) -> Landing:
    """Landing of a CSV whose fields are given as expressions over its columns; `checks` adds columns that tell bad rows."""
    notes: list[str] = []
    money = source.columns[source.fields["revenue"]] if "revenue" in source.fields else "transactionRevenue"
    has_micros = normalise(money).endswith("transactionrevenue")
    columns = read_columns(con, Table(source.name, scan.quiet, fields, has_micros=has_micros), notes)
    columns |= checks or {}
    hidden = {source.fields[name] for name in ("visitor", "session") if name in source.fields}
    return Landing(
        sql=landing_sql(scan.counted, columns),
        rejects_sql=scan.rejects_sql(landing_sql(scan.quiet, columns, raw=scan.row_sql(hidden))),
        lost_sql=scan.lost_sql,
        swallowed_sql=scan.swallowed_sql,
        stage_basis="thresholds",
        notes=notes,
    )
