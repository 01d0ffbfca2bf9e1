"""What every page reads: totals, days covered, the current model run, filter options, definitions."""

import json
from bisect import bisect_left, bisect_right
from datetime import date
from typing import Any

from dashapp.db import Reading, Row, Statement
from dashapp.filters import FILTERED, LISTED, Filters

MOST_OPTIONS = 50
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}


def statement(relation: str, filters: Filters) -> Statement:
    """All of a relation under the filters."""
    call, params = filters.narrow_call(relation)
    return f"from {call}", params


def kpis(read: Reading, filters: Filters) -> Row:
    """The totals under the filters."""
    return read.kept(*statement("kpis", filters))[0]


def coverage(read: Reading) -> Row:
    """First and last day with sessions, days missing between, and sessions in all, those without a date among them."""
    rows = read.kept(
        "select min(session_date) filter (not is_missing) as first, max(session_date) filter (not is_missing) as last, "
        "count(*) filter (is_missing) as missing, (select sessions from kpis) as sessions from date_coverage",
    )
    return rows[0]


def days_covered(read: Reading, since: date | None, until: date | None) -> int:
    """How many days there are sessions of, between two days or without a bound."""
    days = read.kept("select coalesce(list(session_date order by session_date), []) as days from date_coverage where not is_missing")[0][
        "days"
    ]
    return max((bisect_right(days, until) if until else len(days)) - (bisect_left(days, since) if since else 0), 0)


def current_run(read: Reading) -> dict[str, Any] | None:
    """The model run whose predictions are shown, its metrics read from JSON; None before any training."""
    rows = read.kept("from current_run")
    if not rows:
        return None
    metrics = rows[0]["metrics"]
    return {**rows[0], "metrics": json.loads(metrics) if isinstance(metrics, str) else metrics or {}}


def cautions(read: Reading) -> list[str]:
    """What makes the figures of a loaded file doubtful: rows cut off, ids damaged, buyers only, and the like."""
    return [
        row["message"]
        for row in read.kept("select message from data_warnings where severity = 'warning' and topic = 'load' order by message")
    ]


def settings(read: Reading) -> dict[str, str]:
    """Facts about the database: currency, time zone, when it was published."""
    return {row["name"]: row["value"] for row in read.kept("from settings")}


def currency(read: Reading) -> str:
    """The sign to write before amounts of money: that of the database's currency, else its code."""
    code = settings(read).get("currency") or "USD"
    return SIGNS.get(code, f"{code} ")


def missing(read: Reading) -> dict[str, str]:
    """What no file loaded can tell, by capability, each with its sentence."""
    return {row["capability"]: row["sentence"] for row in read.kept("from data_lacks") if row["is_missing"]}


def partial(read: Reading) -> dict[str, str]:
    """What some of the files loaded can tell and others cannot, by capability, each with its sentence."""
    return {row["capability"]: row["sentence"] for row in read.kept("from data_lacks") if row["is_partial"]}


def stage_basis(read: Reading) -> str:
    """What funnel stages are told from, as sentences; where it differs by file, each says of which part it is true."""
    return " ".join(row["sentence"] for row in read.kept("from stage_bases"))


def definitions(read: Reading) -> dict[str, str]:
    """What each relation says about itself in the database: the one definition for analysts and for the cards here.

    For metrics it ends with what their stages, and with them conversions, are told from.
    """
    basis = stage_basis(read)
    rows = read.kept(
        "select view_name as name, comment from duckdb_views() where database_name = 'leaks' and comment is not null",
    )
    return {row["name"]: f"{row['comment']} {basis}".strip() if row["name"] in FILTERED else row["comment"] for row in rows}


def options(read: Reading, dimension: str, search: str = "", chosen: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Choices of a filter, the most frequent first, those already chosen always among them."""
    if dimension not in LISTED:
        raise ValueError(f"unknown dimension: {dimension!r}")
    found = read.rows(
        "select value from filter_options where dimension = $dimension and contains(lower(value), lower($search)) "
        "order by sessions desc, value limit $most",
        {"dimension": dimension, "search": search, "most": MOST_OPTIONS if dimension == "source" else 1_000},
    )
    values = dict.fromkeys([*chosen, *(row["value"] for row in found)])
    return [{"label": value, "value": value} for value in values]
