"""Reading a CSV as texts by position, keeping account of the rows that cannot be split into columns."""

from __future__ import annotations

import itertools

from etl import privacy
from etl.privacy import literal
from etl.recognise import Source, file_pattern

_serial = itertools.count(1)

NO_DELIMITER = "\x1e\x1f\x1e\x1f"  # four bytes that no text has: a line is read whole

LOST_REASONS = {
    "MISSING COLUMNS": "row has fewer columns than the header",
    "TOO MANY COLUMNS": "row has more columns than the header",
    "UNQUOTED VALUE": "quotes are not balanced",
    "INVALID ENCODING": "text is not in the encoding of the file",
    "LINE SIZE OVER MAXIMUM": "row is too long",
}


class CsvScan:
    """A CSV file as DuckDB reads it: columns c0, c1, … in the order of the file, all text, whatever the headers are called."""

    def __init__(self, source: Source):
        self.source = source
        serial = next(_serial)
        self.errors = f"csv_errors_{serial}"
        self.scans = f"csv_scans_{serial}"

    def _from(self, *options: str) -> str:
        source = self.source
        columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(source.columns)))
        settings = (
            literal(file_pattern(source.path)),
            "auto_detect = false",
            "header = true",
            f"delim = {literal(source.delimiter)}",
            "quote = '\"'",
            "escape = '\"'",
            f"encoding = '{source.encoding}'",
            f"compression = '{source.compression}'",
            f"columns = {{{columns}}}",
            *options,
        )
        return f"read_csv({', '.join(settings)})"

    @property
    def quiet(self) -> str:
        """What stands after FROM to read the rows that can be split, without noting the others."""
        return self._from("ignore_errors = true")

    @property
    def counted(self) -> str:
        """The same, noting the rows that cannot be split; for one statement only."""
        return self._from("store_rejects = true", f"rejects_table = '{self.errors}'", f"rejects_scan = '{self.scans}'")

    @property
    def _lost(self) -> str:
        return f"from {self.errors} where scan_id = (select max(scan_id) from {self.scans})"

    @property
    def lost_sql(self) -> str:
        """How many rows could not be split, after the counted scan has run."""
        return f"select count(distinct line) {self._lost}"

    @property
    def swallowed_sql(self) -> str:
        """After the counted scan: lines below the header, and the first row whose quotes do not end (NULL if none).

        A quote that is opened and never closed takes the lines after it into its row: what is lost then is more than that row.
        """
        source = self.source
        lines = (
            f"read_csv({literal(file_pattern(source.path))}, auto_detect = false, header = false, delim = '{NO_DELIMITER}', quote = '', "
            f"escape = '', encoding = '{source.encoding}', compression = '{source.compression}', columns = {{'line': 'VARCHAR'}}, "
            "ignore_errors = true)"
        )
        return f"""
select (select count(line) - 1 from {lines}) as lines, min(line) - 1 as row_number
from (select line {self._lost} and error_type in ('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM'))
"""

    def row_sql(self, hidden: set[int]) -> str:
        """The row as text, without the columns that hold ids."""
        columns = range(len(self.source.columns))
        parts = ["'(id)'" if position in hidden else f"coalesce(left(c{position}, 1000), '')" for position in columns]
        return f"concat_ws({literal(self.source.delimiter)}, {', '.join(parts)})"

    def rejects_sql(self, landing: str) -> str:
        """All rows not loaded, from a landing statement over the quiet scan that carries `raw`, and the lost rows of the counted one.

        The quiet scan does not see lost rows: the number of a rejected row is its place among the others plus the lost rows before it.
        """
        reasons = " ".join(f"when '{kind}' then '{what}'" for kind, what in LOST_REASONS.items())
        return f"""
with landed as ({landing}),
placed as (select row_number() over () as place, reject_reason, raw from landed),
bad as (select * from placed where reject_reason is not null),
lost as (
    select
        line - 1 as row_number,
        min(case error_type {reasons} else 'row cannot be split into columns' end) as reason,
        {privacy.raw_sql("any_value(csv_line)", is_split=False)} as raw
    {self._lost}
    group by line
),
ranked as (select row_number, row_number() over (order by row_number) as lost_rows from lost),
gaps as (select row_number - lost_rows as place, max(lost_rows) as lost_rows from ranked group by all)
select bad.place + coalesce(gaps.lost_rows, 0) as row_number, bad.reject_reason as reason, bad.raw
from bad asof left join gaps on bad.place > gaps.place
union all
select row_number, reason, raw from lost
"""
