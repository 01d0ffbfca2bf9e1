"""Plain tables: small ones that are read, not explored."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dashapp.db import Row


class Column(NamedTuple):
    """A column: its heading, how to show a row's value, and whether it is a number (set flush right)."""

    heading: str
    show: Callable[[Row], Any]
    is_number: bool = True


def table(rows: Sequence[Row], columns: Sequence[Column], *, click: str = "", key: str = "", selected: Sequence[str] = ()) -> dict:
    """A table; with `click`, a row filters that dimension by its `key`."""
    heads = [_element("Th", column.heading, className=_align(column), scope="col") for column in columns]
    body = [_row(row, columns, click, key, selected) for row in rows]
    return _element("Table", [_element("Thead", _element("Tr", heads)), _element("Tbody", body)])


def _row(row: Row, columns: Sequence[Column], click: str, key: str, selected: Sequence[str]) -> dict:
    cells = [_element("Td", column.show(row), className=_align(column)) for column in columns]
    if not click:
        return _element("Tr", cells)
    value = row[key]
    button = _element("Button", columns[0].show(row), type="button", className="link", **{"data-filter": click, "data-value": value})
    cells[0] = _element("Td", button)
    return _element("Tr", cells, className="is-selected" if value in selected else "")


def _element(name: str, children: Any, **properties: Any) -> dict:
    """What Dash sends for `html.<name>`: to make objects of all cells takes longer than everything else of a page."""
    return {"props": {"children": children, **properties}, "type": name, "namespace": "dash_html_components"}


def _align(column: Column) -> str:
    return "number" if column.is_number else ""
