"""What a report holds: tables of totals, each with its dates, dimensions, metrics, rows and totals rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from etl.reports.terms import Term

MOST_ROWS = 100_000
"""Rows of one table: what the interface gives at most. Larger tables are refused."""


@dataclass(frozen=True)
class Row:
    """A row of a table: a label for each dimension, a number for each metric (None where the cell is empty)."""

    number: int  # of the row in its file, from 1, headers and comments not counted
    labels: tuple[str, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Reject:
    """A row that cannot be read, and why."""

    number: int
    reason: str
    raw: str


@dataclass
class Table:
    """A table of a report.

    `totals` are its totals rows, whose labels are empty, `subtotals` sums over a part of it; `since` and `until` are None where the report does not tell its dates.
    `range_number` is 1 where the table is the second date range of a comparison.
    """

    dimensions: tuple[Term, ...]
    metrics: tuple[Term, ...]
    rows: list[Row] = field(default_factory=list)
    totals: list[Row] = field(default_factory=list)
    subtotals: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    since: date | None = None
    until: date | None = None
    title: str = ""
    range_number: int = 0
    row_count: int | None = None  # what the answer of an API says there are
    notes: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Rows of every kind."""
        return len(self.rows) + len(self.totals) + len(self.subtotals) + len(self.rejects)

    @property
    def fields(self) -> set[str]:
        """Fields of its dimensions and metrics, those without a meaning here left out."""
        return {term.field for term in (*self.dimensions, *self.metrics)} - {""}

    def position(self, field_name: str) -> int | None:
        """Place of a metric among the metrics; where several tell the same, the first."""
        for place, term in enumerate(self.metrics):
            if term.field == field_name:
                return place
        return None

    def dimension(self, field_name: str) -> int | None:
        """Place of a dimension among the dimensions."""
        for place, term in enumerate(self.dimensions):
            if term.field == field_name:
                return place
        return None

    def values(self, field_name: str) -> list[float | None]:
        """The numbers of a metric, row by row."""
        place = self.position(field_name)
        return [] if place is None else [row.values[place] for row in self.rows]

    def total(self, field_name: str) -> float | None:
        """What the totals row says of a metric; None without one."""
        place = self.position(field_name)
        if place is None or not self.totals:
            return None
        return self.totals[0].values[place]


@dataclass
class Report:
    """A file of tables. `is_thresholded`, `other_rows` and `sampling` are what an API says about all of it."""

    format: str
    tables: list[Table] = field(default_factory=list)
    title: str = ""
    currency: str = ""
    time_zone: str = ""
    is_thresholded: bool = False
    has_other_row: bool = False
    sampled_share: float | None = None  # of the sessions that the figures were computed from
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows of all tables: data, totals and unreadable ones."""
        return sum(table.size for table in self.tables)
