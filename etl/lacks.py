"""What a file cannot tell, by the names that the view data_lacks has sentences for."""

from __future__ import annotations

import duckdb

from etl.recognise import JSON_COLUMNS, Source

CAPABILITIES = ("dates", "country", "device", "source", "duration", "visitors", "revenue", "conversions", "events")

# The fields of a table of sessions of which one must be there.
NEEDED = {
    "dates": {"date", "start_time"},
    "country": {"country"},
    "device": {"device"},
    "source": {"source", "source_medium"},
    "duration": {"duration"},
    "visitors": {"visitor"},
    "revenue": {"revenue"},
    "conversions": {"transactions", "revenue", "key_events", "converted"},
}
# What a column of JSON tells in the flattened form of Google Analytics 360.
NESTED = {"device": ("device",), "geoNetwork": ("country",), "totals": ("duration", "revenue", "conversions"), "trafficSource": ("source",)}


def lacks(source: Source, stage_basis: str) -> list[str]:
    """Capabilities that no row of a file has, in the order of CAPABILITIES.

    Parameters
    ----------
    source : the file as recognised.
    stage_basis : events or thresholds, as its reader tells.
    """
    missing = set() if stage_basis == "events" else {"events"}
    if source.mapping:
        missing |= _of_fields({name for name, column in source.mapping.columns.items() if not column.is_partial})
    elif source.container == "csv-json":
        present = {name.strip() for name in source.columns}
        missing |= {told for name in JSON_COLUMNS if name not in present for told in NESTED[name]}
    elif source.fields:
        missing |= _of_fields(set(source.fields))
    return [name for name in CAPABILITIES if name in missing]


def settle(con: duckdb.DuckDBPyConnection) -> None:
    """Let the metric relations tell conversions, or NULL where no file loaded tells any: settled once a publish, so that no query asks."""
    is_missing, is_settled = con.execute(
        "select is_missing, (told_conversions(1) is null) = is_missing from data_lacks where capability = 'conversions'"
    ).fetchone()
    if is_settled:
        return
    (comment,) = con.execute(
        "select comment from duckdb_functions() where function_name = 'told_conversions' and database_name = current_database()"
    ).fetchone()
    con.execute(f"create or replace macro told_conversions(k) as {'case when false then k end' if is_missing else 'k'}")
    con.execute("comment on macro told_conversions is '" + comment.replace("'", "''") + "'")


def _of_fields(fields: set[str]) -> set[str]:
    have = fields | ({"visitor"} if "session" in fields else set())
    return {name for name, needed in NEEDED.items() if not have & needed}
