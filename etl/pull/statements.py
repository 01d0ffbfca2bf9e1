"""The statement that selects from a daily table: the columns of sql/pull/ that the table has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from etl.schema import SQL

STRUCT = re.compile(r"struct\((?P<parts>[\w\s.,]+)\) as (?P<name>\w+)", re.S)


@cache
def template(query: str) -> tuple[tuple[str, ...], str]:
    """The expressions of a SELECT in sql/pull/, and what stands after them."""
    text = (SQL / "pull" / f"{query}.sql").read_text(encoding="utf-8")
    chosen, rest = re.fullmatch(r"select\n(.*)\n(from `\{table\}`)\n", text, re.S).groups()
    return tuple(_split(chosen)), rest


def _split(text: str) -> Iterable[str]:
    """The parts between the commas that stand in no parentheses."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def statement(query: str, table: str, schema: Iterable) -> str | None:
    """The SELECT for one table; None where it has none of the columns.

    Parameters
    ----------
    query : name of the file in sql/pull/.
    table : project, dataset and table, each checked before: it stands in the text.
    schema : the table's fields, with `name` and `fields`; exports of earlier years lack columns that later ones have.
    """
    has = {field.name: {part.name for part in field.fields} for field in schema}
    expressions, rest = template(query)
    chosen = []
    for expression in expressions:
        record = STRUCT.fullmatch(expression)
        if record and record["name"] in has:
            parts = [part.strip() for part in record["parts"].split(",")]
            parts = [part for part in parts if part.split(".")[1] in has[record["name"]]]
            if parts:
                chosen.append(f"struct({', '.join(parts)}) as {record['name']}")
        elif not record and expression.split(" as ")[-1].split()[-1] in has:
            chosen.append(expression)
    if not chosen:
        return None
    lines = ",\n    ".join(chosen)
    return f"select\n    {lines}\n{rest.format(table=table)}\n"
