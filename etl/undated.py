"""The metric relations once more for filters without dates and sources, which read the totals alone.

DuckDB plans every branch of `cells` before it sees that a filter without dates needs one of them, and planning is what a filter change
waits for. Schema `undated` holds the same texts over `undated_cells` and its like: one definition, bound to less. See
docs/decisions/planning-cost.md.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

NAME = "undated"
CELLS = re.compile(r"\b(?=(day_|probability_)?cells\()")
ABSENT = re.compile(r"\b(sources|since|until) is null\b")
ARGUMENTS = ("sources := null, ", "since := null, until := null, ", "sources := sources, ", "since := since, until := until, ")


def create(con: duckdb.DuckDBPyConnection, metrics: Iterable[Path]) -> None:
    """Write the schema anew from the files of the metric relations."""
    con.execute(f"create schema if not exists {NAME}")
    for file in metrics:
        definition = file.read_text().split("\n\ncomment on ", 1)[0]
        if CELLS.search(definition):
            con.execute(undated(definition, file.stem))
            con.execute(
                f"comment on macro table {NAME}.{file.stem} is '{file.stem} for filters without dates and sources: the same text over the totals.'"
            )


def undated(definition: str, name: str) -> str:
    """The statement that creates a metric macro, over the cells without dates and without its arguments for dates and sources."""
    for argument in ARGUMENTS:
        definition = definition.replace(argument, "")
    return ABSENT.sub("true", CELLS.sub("undated_", definition)).replace(f"macro {name}(", f"macro {NAME}.{name}(")
