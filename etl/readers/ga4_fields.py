"""Fields of a GA4 export wherever its year, tool and wrapping put them: expressions over a scan, NULL for those it lacks."""

from __future__ import annotations

import duckdb


class Fields:
    """The columns a scan really has, as expressions over an alias `scan`."""

    def __init__(self, relation: duckdb.DuckDBPyRelation):
        self.types = {name.lower(): (name, kind) for name, kind in zip(relation.columns, relation.types, strict=True)}

    def find(self, path: str):
        """Expression and type of a field by its dotted path; None where the scan has none, or one that no writer gave a type."""
        first, *rest = path.split(".")
        name, kind = self.types.get(first.lower(), (None, None))
        if kind is None:
            return None
        expression = f'scan."{name}"'
        for part in rest:
            child = children(kind).get(part.lower())
            if child is None:
                return None
            expression, kind = f'{expression}."{child[0]}"', child[1]
        # DuckDB 2.0 breaks down on casting a field that is null by type inside a struct.
        return None if kind.id in ("null", '"null"') or str(kind) == '"NULL"' else (expression, kind)

    def typed(self, kind: str, *paths: str) -> str:
        """The first of these fields that says something, cast where need be."""
        parts = [cast(found, kind) for path in paths if (found := self.find(path))]
        if not parts:
            return f"null::{kind}"
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def text(self, *paths: str) -> str:
        """The first of these fields that is not empty, as text."""
        parts = [f"nullif({cast(found, 'varchar')}, '')" for path in paths if (found := self.find(path))]
        if not parts:
            return "null::varchar"
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def has(self, path: str) -> bool:
        return self.find(path) is not None

    def elements(self, path: str):
        """A repeated field as the list, what one element is called in a lambda over `entry`, and the element's type.

        BigQuery's Parquet wraps it as `list[].element`; None where there is no such list.
        """
        found = self.find(path)
        if not found:
            return None
        expression, kind = found
        if kind.id == "struct":
            inner = children(kind).get("list")
            if inner is None:
                return None
            expression, kind = f'{expression}."{inner[0]}"', inner[1]
        if kind.id != "list":
            return None
        element = kind.children[0][1]
        wrapped = children(element).get("element")
        if wrapped is not None:
            return expression, f'entry."{wrapped[0]}"', wrapped[1]
        return expression, "entry", element


def children(kind) -> dict[str, tuple[str, object]]:
    """Names and types of a struct's fields by their names in lower case."""
    if kind is None or kind.id != "struct":
        return {}
    return {name.lower(): (name, child) for name, child in kind.children if child.id != "null"}


def cast(found: tuple[str, object], kind: str) -> str:
    """The expression as another type, NULL where it cannot be."""
    expression, own = found
    return expression if str(own).lower() == kind else f"try_cast({expression} as {kind})"
