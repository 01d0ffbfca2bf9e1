"""Tables of sessions whose columns a map names: CSV, Parquet and JSON lines of any headers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from etl import mapping_sql
from etl.headers import shorten
from etl.mapping import IDS, ColumnMap
from etl.privacy import literal
from etl.readers import Landing
from etl.readers.csv_scan import CsvScan
from etl.readers.text_table import Table, landing_sql, read_columns
from etl.recognise import Source, file_pattern

KNOWN_UNITS = {"revenue": ["0.50"]}


def read(con: duckdb.DuckDBPyConnection, source: Source) -> Landing:
    """Prepare the landing of a table by the map that its source carries; see `etl.readers`."""
    mapped = source.mapping
    scan = CsvScan(source) if source.container == "csv" else TypedScan(source)
    fields, checks = mapping_sql.fields(mapped), mapping_sql.checks(mapped)
    counted = scan.counted
    if "ids" in mapped.absent:
        fields["session"] = "row_key"
        counted = f"(select *, {row_key_sql(source)} as row_key from {scan.counted})"
    notes = _notes(mapped)
    # The map says in which unit money is written, so that it need not be told from the amounts.
    table = Table(source.name, scan.quiet, fields, samples=KNOWN_UNITS, has_micros=False)
    columns = read_columns(con, table, notes) | checks
    hidden = {position for name, column in mapped.columns.items() if name in IDS for position in column.positions}
    # Row numbers of rejects come from the order of the scan, which a key over all rows would lose; a rejected row needs no key.
    quiet = f"(select *, '-' as row_key from {scan.quiet})" if "ids" in mapped.absent else scan.quiet
    return Landing(
        sql=landing_sql(counted, columns),
        rejects_sql=scan.rejects_sql(landing_sql(quiet, columns, raw=scan.row_sql(hidden))),
        lost_sql=scan.lost_sql,
        swallowed_sql=scan.swallowed_sql,
        stage_basis="thresholds",
        notes=notes,
    )


def row_key_sql(source: Source) -> str:
    """A key for each row of a table without ids: of its file, its content, and its number among rows of the same content.

    It does not depend on the order of reading: the same file gives the same keys.
    """
    texts = ", ".join(f"coalesce(c{position}, '')" for position in range(len(source.columns)))
    content = f"md5(concat_ws(chr(31), {texts}))"
    return f"concat('{file_key(source.path)}-', {content}, '-', row_number() over (partition by {content}))"


def file_key(path: Path) -> str:
    """Hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]


def _notes(mapped: ColumnMap) -> list[str]:
    """What the map leaves unknown."""
    notes = [f"Read by the column map {shorten(mapped.name)}."]
    if "ids" in mapped.absent:
        notes.append(
            "The table has no ids: each row is a session of its own, and who came back is unknown. "
            "Rows that stand in another file as well would count twice."
        )
    for column in mapped.columns.values():
        if column.is_partial:
            notes.append(
                f"The column {shorten(column.names[0])} tells no whole dates ({column.format}): days are unknown, none is invented."
            )
    return notes


class TypedScan:
    """A Parquet file or JSON lines read as `CsvScan` reads a CSV: columns c0, c1, … as text; no row can be lost."""

    lost_sql = None
    swallowed_sql = None

    def __init__(self, source: Source):
        self.source = source

    @property
    def quiet(self) -> str:
        """What stands after FROM to read the rows."""
        source = self.source
        path = literal(file_pattern(source.path))
        if source.container == "parquet":
            relation = f"read_parquet({path})"
        else:
            form = "newline_delimited" if source.container == "json-lines" else "array"
            names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in source.columns)
            relation = f"read_json({path}, format = '{form}', compression = '{source.compression}', columns = {{{names}}})"
        texts = ", ".join(f"cast({identifier(name)} as varchar) as c{position}" for position, name in enumerate(source.columns))
        return f"(select {texts} from {relation})"

    @property
    def counted(self) -> str:
        return self.quiet

    def row_sql(self, hidden: set[int]) -> str:
        """The row as text, without the columns that hold ids."""
        columns = range(len(self.source.columns))
        parts = ["'(id)'" if position in hidden else f"coalesce(left(c{position}, 1000), '')" for position in columns]
        return f"concat_ws(',', {', '.join(parts)})"

    def rejects_sql(self, landing: str) -> str:
        """All rows not loaded, from a landing statement that carries `raw`."""
        return f"""
with landed as ({landing}),
placed as (select row_number() over () as row_number, reject_reason as reason, raw from landed)
select row_number, reason, raw from placed where reason is not null
"""


def identifier(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
