"""Tables of sessions as CSV: any usual headers, one row a session. Dotted tables of Google Analytics 360 have the same shape."""

from __future__ import annotations

import duckdb

from etl.headers import normalise, shorten
from etl.readers import Landing, fan_out
from etl.readers.csv_scan import CsvScan
from etl.readers.text_table import Table, landing_sql, read_columns, read_money
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
    date_header = source.columns[source.fields["date" if "date" in source.fields else "start_time"]]
    parts = fan_out.find(source)
    fan_out.refuse_keyless(con, source, parts, scan.quiet)
    columns = read_columns(con, Table(source.name, scan.quiet, fields, has_micros=has_micros, date_header=date_header), notes)
    columns |= checks or {}
    hidden = {source.fields[name] for name in ("visitor", "session") if name in source.fields}
    return Landing(
        sql=_folded(con, source, scan, fields, columns, parts, notes) or landing_sql(scan.counted, columns),
        rejects_sql=scan.rejects_sql(landing_sql(scan.quiet, columns, raw=scan.row_sql(hidden))),
        lost_sql=scan.lost_sql,
        swallowed_sql=scan.swallowed_sql,
        stage_basis="thresholds",
        rows_are=parts.unit or "sessions",
        notes=notes,
    )


def _folded(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    scan: CsvScan,
    fields: dict[str, str],
    columns: dict[str, str],
    parts: fan_out.FanOut,
    notes: list[str],
) -> str | None:
    """The landing of rows that are parts of sessions, or that name their transactions; None for plain sessions."""
    if parts.unit is None and parts.transaction_id is None:
        return None
    item_header = source.columns[parts.item_revenue] if parts.item_revenue is not None else ""

    def amount(text: str) -> str:
        table = Table(source.name, scan.quiet, {"revenue": text}, has_micros=normalise(item_header).endswith("productrevenue"))
        money: dict[str, str] = {}
        read_money(con, table, money, [])
        return money["revenue_micros"]

    extra = fan_out.extra_columns(parts, fields, amount)
    if parts.unit:
        notes.append(f"The rows are {parts.unit}, not sessions: those of one session are folded into one.")
    if "transaction_id" in extra and "transactions" not in fields:
        notes.append("Purchases are told apart by their transaction id: one that stands in several rows counts once.")
    if "item_micros" in extra:
        notes[:] = [note for note in notes if not note.startswith("There is no revenue column")]
        notes.append(f"Revenue is the sum of the column {shorten(item_header)} over a session.")
    adds_revenue = False
    if parts.unit and "revenue" in fields and "transaction_id" not in extra and "transactions" not in fields:
        adds_revenue = fan_out.varies(con, scan.quiet, f"{columns['visitor_key']}, {columns['visit_key']}", fields["revenue"])
    if not extra and not adds_revenue:
        return None
    return fan_out.folded_sql(
        landing_sql(scan.counted, columns | extra, extra=extra),
        extra,
        adds_revenue=adds_revenue,
        has_transactions="transactions" in fields,
        has_page_numbers=parts.hit_number is not None,
    )
