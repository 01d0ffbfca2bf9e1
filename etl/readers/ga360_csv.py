"""Sessions of Google Analytics 360 flattened to CSV, as in the public competition: four columns of JSON, or dotted headers."""

from __future__ import annotations

import ast
import json

import duckdb

from etl.privacy import literal
from etl.readers import Landing, flat_csv
from etl.readers.csv_scan import CsvScan
from etl.recognise import Source, json_columns

# Field, column and key in the column's JSON, in order of preference.
KEYS = (
    ("device", "device", "deviceCategory"),
    ("browser", "device", "browser"),
    ("operating_system", "device", "operatingSystem"),
    ("country", "geoNetwork", "country"),
    ("network_domain", "geoNetwork", "networkDomain"),
    ("source", "trafficSource", "source"),
    ("medium", "trafficSource", "medium"),
    ("campaign", "trafficSource", "campaign"),
    ("pageviews", "totals", "pageviews"),
    ("hits", "totals", "hits"),
    ("duration", "totals", "timeOnSite"),
    ("bounces", "totals", "bounces"),
    ("transactions", "totals", "transactions"),
    ("revenue", "totals", "totalTransactionRevenue"),
    ("revenue", "totals", "transactionRevenue"),
)


def read(con: duckdb.DuckDBPyConnection, source: Source) -> Landing:
    """Prepare the landing of a flattened export; see `etl.readers`."""
    if source.container != "csv-json":
        return flat_csv.read(con, source)
    checks = {"totals_bad": "totals is null"} if "totals" in _positions(source) else {}
    return flat_csv.land(con, source, _JsonScan(con, source), _fields(con, source), checks)


def _positions(source: Source) -> dict[str, int]:
    """Position of each column that holds JSON."""
    return json_columns(source.columns, source.delimiter, source.sample)


def _fields(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """Plain columns and, for each JSON column, the keys that occur in its first rows or are always worth a look."""
    fields = {name: f"c{position}" for name, position in source.fields.items()}
    positions = _positions(source)
    present = _keys_present(con, source, positions)
    choices: dict[str, list[str]] = {}
    for name, column, key in KEYS:
        if column in positions and (column != "totals" or key in present):
            choices.setdefault(name, []).append(f"{column}.{key}")
    for name, expressions in choices.items():
        fields[name] = f"coalesce({', '.join(expressions)})" if len(expressions) > 1 else expressions[0]
    return fields


def _keys_present(con: duckdb.DuckDBPyConnection, source: Source, positions: dict[str, int]) -> set[str]:
    """Keys that occur anywhere in the column totals: it leaves out what is zero, so that an absent key may mean none or unknown."""
    if "totals" not in positions:
        return set()
    keys = [key for _, column, key in KEYS if column == "totals"]
    tests = ", ".join(f"coalesce(bool_or(contains(c{positions['totals']}, {literal(key)})), false)" for key in keys)
    found = con.execute(f"select {tests} from {CsvScan(source).quiet}").fetchone()
    return {key for key, is_there in zip(keys, found, strict=True) if is_there}


class _JsonScan(CsvScan):
    """The CSV with its JSON columns parsed once into structs of texts beside the plain columns."""

    def __init__(self, con: duckdb.DuckDBPyConnection, source: Source):
        super().__init__(source)
        self.positions = _positions(source)
        self.reprs = self._translate_reprs(con)

    def _from(self, *options: str) -> str:
        scan = super()._from(*options)
        structs = []
        joins = []
        for column, position in self.positions.items():
            keys = ", ".join(f'"{key}": "VARCHAR"' for _, group, key in KEYS if group == column)
            text = f"csv.c{position}"
            if self.reprs:
                joins.append(f" left join {self.reprs} as {column}_repr on {column}_repr.written = {text}")
                text = f"coalesce({column}_repr.translated, {text})"
            structs.append(f"json_transform(case when json_valid({text}) then {text} end, '{{{keys}}}') as {column}")
        return f"(select csv.*, {', '.join(structs)} from {scan} as csv{''.join(joins)})"

    def _translate_reprs(self, con: duckdb.DuckDBPyConnection) -> str | None:
        """Cells that are a Python repr instead of JSON, translated: each distinct one once, into a temporary table."""
        scan = super()._from("ignore_errors = true")
        cells = " union ".join(
            f"select c{position} from {scan} where starts_with(ltrim(c{position}), '{{') and not json_valid(c{position})"
            for position in self.positions.values()
        )
        pairs = [(written, translated) for (written,) in con.execute(cells).fetchall() if (translated := repr_to_json(written))]
        if not pairs:
            return None
        name = f"repr_cells_{self.errors}"
        con.execute(f"create or replace temp table {name} (written varchar, translated varchar)")
        con.executemany(f"insert into {name} values (?, ?)", pairs)
        return name


def repr_to_json(text: str) -> str | None:
    """A Python dict's repr as JSON; None where it is not one."""
    if len(text) > 100_000:
        return None
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return None
