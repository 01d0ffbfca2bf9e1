"""The list of top candidates, a window of it at a time: sorting and filtering come from a stranger's browser and pass a whitelist."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashapp.db import Reading, Row
from dashapp.filters import Filters

TEXTS = frozenset({"device", "country", "source", "medium", "campaign", "channel", "landing_page", "session_id", "visitor_id", "reasons"})
NUMBERS = frozenset({"rank", "p_conversion", "visit_number", "pageviews", "duration_seconds", "stage"})
COLUMNS = (
    "rank",
    "p_conversion",
    "device",
    "country",
    "source",
    "medium",
    "campaign",
    "channel",
    "landing_page",
    "visit_number",
    "pageviews",
    "duration_seconds",
    "stage",
    "reasons",
    "started_at",
    "session_date",
    "session_id",
    "visitor_id",
)
SORTABLE = TEXTS | NUMBERS | {"started_at", "session_date"}
QUICK = {
    "deep": "stage >= 2",
    "returning": "visit_number > 1",
}
BY_VISITOR = "visitors"
"""A quick filter of its own: of each visitor only the session ranked highest."""
COMPARISONS = {"equals": "=", "notEqual": "<>", "lessThan": "<", "lessThanOrEqual": "<=", "greaterThan": ">", "greaterThanOrEqual": ">="}
PATTERNS = {
    "contains": "contains(lower({0}), lower({1}))",
    "notContains": "not contains(lower({0}), lower({1}))",
    "equals": "lower({0}) = lower({1})",
    "notEqual": "lower({0}) <> lower({1})",
    "startsWith": "starts_with(lower({0}), lower({1}))",
    "endsWith": "ends_with(lower({0}), lower({1}))",
}
LARGEST_WINDOW = 500
FURTHEST_ROW = 10**9
LONGEST_TEXT = 500


def window(read: Reading, filters: Filters, quick: Sequence[str], request: Mapping[str, Any]) -> tuple[list[Row], int]:
    """The rows a grid asks for, and how many there are in all."""
    source, params = selection(filters, quick, request.get("filterModel") or {})
    total = read.rows(f"select count(*) as n {source}", params)[0]["n"]
    start = min(max(int(_number(request.get("startRow")) or 0), 0), FURTHEST_ROW)
    size = min(max(int(_number(request.get("endRow")) or 100) - start, 1), LARGEST_WINDOW)
    order = ordering(request.get("sortModel") or [])
    rows = read.rows(f"select {', '.join(COLUMNS)} {source} order by {order} limit {size} offset {start}", params)
    return rows, total


def selection(filters: Filters, quick: Sequence[str], model: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """`from … where …` of the candidates under the page's filters, its quick filters and a grid's filter model."""
    call, params = filters.call("top_candidates")
    conditions = [QUICK[name] for name in quick if name in QUICK]
    for column, entry in model.items():
        condition = _condition(column, entry, params)
        if condition:
            conditions.append(condition)
    where = f" where {' and '.join(conditions)}" if conditions else ""
    if BY_VISITOR in quick:
        best = "row_number() over (partition by coalesce(visitor_id, session_id) order by rank) = 1"
        return f"from (select * from {call}{where} qualify {best})", params
    return f"from {call}{where}", params


def expected(read: Reading, filters: Filters) -> Row:
    """How many candidates there are under the filters, the least probability, and the sums that give the conversions expected of such."""
    source, params = selection(filters, [], {})
    return read.rows(
        "select count(*) as n, min(p_conversion) as least, coalesce(sum(cast(p_conversion as double)), 0) as expected, "
        f"coalesce(sum(p_conversion * (1 - cast(p_conversion as double))), 0) as variance {source}",
        params,
    )[0]


def ordering(model: Sequence[Mapping[str, Any]]) -> str:
    """`order by` terms of a grid's sort model; unknown columns are left out, ties are decided by rank."""
    terms = [
        f"{entry['colId']} {'desc' if entry.get('sort') == 'desc' else 'asc'} nulls last"
        for entry in model
        if isinstance(entry, Mapping) and str(entry.get("colId")) in SORTABLE
    ]
    return ", ".join([*terms, "rank"])


def _condition(column: str, entry: Any, params: dict[str, Any]) -> str | None:
    if not isinstance(entry, Mapping):
        return None
    if isinstance(entry.get("conditions"), Sequence):
        parts = [part for part in (_condition(column, one, params) for one in entry["conditions"][:4]) if part]
        word = " or " if entry.get("operator") == "OR" else " and "
        return f"({word.join(parts)})" if parts else None
    kind = str(entry.get("type"))
    if column not in SORTABLE:
        return None
    if kind in ("blank", "notBlank"):
        return f"{column} is {'not ' if kind == 'notBlank' else ''}null"
    if column in TEXTS and kind in PATTERNS:
        return PATTERNS[kind].format(column, _bind(params, _text(entry.get("filter"))))
    if column in NUMBERS and kind == "inRange":
        low, high = _number(entry.get("filter")), _number(entry.get("filterTo"))
        return None if low is None or high is None else f"{column} between {_bind(params, low)} and {_bind(params, high)}"
    if column in NUMBERS and kind in COMPARISONS and (value := _number(entry.get("filter"))) is not None:
        return f"{column} {COMPARISONS[kind]} {_bind(params, value)}"
    return None


def _bind(params: dict[str, Any], value: Any) -> str:
    name = f"c{len(params)}"
    params[name] = value
    return f"${name}"


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return str(value or "")[:LONGEST_TEXT].encode("utf-8", "replace").decode()
