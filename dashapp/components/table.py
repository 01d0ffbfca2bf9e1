"""Plain tables: small ones that are read, not explored."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dash import html

from dashapp.db import Row


class Column(NamedTuple):
    """A column: its heading, how to show a row's value, and whether it is a number (set flush right)."""

    heading: str
    show: Callable[[Row], Any]
    is_number: bool = True


def table(rows: Sequence[Row], columns: Sequence[Column], *, click: str = "", key: str = "", selected: Sequence[str] = ()) -> html.Table:
    """A table; with `click`, a row filters that dimension by its `key`."""
    head = html.Thead(html.Tr([html.Th(column.heading, className=_align(column), scope="col") for column in columns]))
    return html.Table([head, html.Tbody([_row(row, columns, click, key, selected) for row in rows])])


def _row(row: Row, columns: Sequence[Column], click: str, key: str, selected: Sequence[str]) -> html.Tr:
    cells = [html.Td(column.show(row), className=_align(column)) for column in columns]
    if not click:
        return html.Tr(cells)
    value = row[key]
    cells[0] = html.Td(html.Button(columns[0].show(row), type="button", className="link", **{"data-filter": click, "data-value": value}))
    return html.Tr(cells, className="is-selected" if value in selected else "")


def _align(column: Column) -> str:
    return "number" if column.is_number else ""
