"""The metric relations once more for filters without dates, which read totals alone.

DuckDB plans every branch of `cells` before it sees that a filter without dates needs one of them, and planning is what a filter change
waits for. Two schemas hold the same texts over cells of a single branch: `undated` for filters without sources, `undated_sources` for
filters with them. One definition, bound to less. See docs/decisions/planning-cost.md.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

CELLS = re.compile(r"\b(?=(day_|probability_)?cells\()")
BY_DAY = re.compile(r"\bday_cells\(")


@dataclass(frozen=True)
class Form:
    """A schema of metric relations: what its cells are called before, which arguments it does without, and how its comments say so."""

    schema: str
    cells: str
    absent: tuple[str, ...]
    said: str

    def takes(self, definition: str) -> bool:
        """Whether there are cells of this form for a relation: days are read by source as they are."""
        return bool(CELLS.search(definition)) and ("sources" in self.absent or not BY_DAY.search(definition))

    def of(self, definition: str, name: str) -> str:
        """The statement that creates a metric macro, over the cells of this form and without the absent arguments."""
        for argument in self.absent:
            definition = re.sub(rf"\b{argument} := (null|{argument}), ", "", definition)
        definition = re.sub(rf"\b({'|'.join(self.absent)}) is null\b", "true", definition)
        return CELLS.sub(self.cells, definition).replace(f"macro {name}(", f"macro {self.schema}.{name}(")


FORMS = (
    Form("undated", "undated_", ("sources", "since", "until"), "without dates and sources: the same text over the totals."),
    Form("undated_sources", "source_", ("since", "until"), "on sources without dates: the same text over the totals of every source."),
)


def create(con: duckdb.DuckDBPyConnection, metrics: Iterable[Path]) -> None:
    """Write the schemas anew from the files of the metric relations."""
    for form in FORMS:
        con.execute(f"create schema if not exists {form.schema}")
    for file in metrics:
        definition = file.read_text().split("\n\ncomment on ", 1)[0]
        for form in FORMS:
            if form.takes(definition):
                con.execute(form.of(definition, file.stem))
                con.execute(f"comment on macro table {form.schema}.{file.stem} is '{file.stem} for filters {form.said}'")
