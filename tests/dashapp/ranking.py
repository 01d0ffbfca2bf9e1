"""A ranking for tests of the app: rows of leaks and what belongs to them, written into a database."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

FIRST, LAST = date(2024, 3, 1), date(2024, 4, 29)
LEAK = {
    "leak_id": "aaaaaaaaaaaa",
    "run_id": "run-2",
    "kind": "drop",
    "step": "Deep engagement → Checkout",
    "segment": {"country": "Canada", "browser": "Safari"},
    "segment_sql": "select 1 as sessions, 1 as passes",
    "sessions": 2000,
    "observed_rate": 0.41,
    "expected_rate": 0.55,
    "lost_conversions": 60.0,
    "lost_low": 30.0,
    "lost_high": 95.0,
    "revenue": 4567.0,
    "revenue_low": 2345.0,
    "revenue_high": 7890.0,
    "q_value": 0.034,
    "started_on": date(2024, 3, 31),
    "started_from": date(2024, 3, 24),
    "started_until": date(2024, 4, 7),
    "cause": "behaviour",
    "evidence": {
        "skipped_before": 0.0,
        "skipped_after": 0.01,
        "log_change": -0.294,
        "log_mix": -0.0294,
        "log_rate": -0.2646,
        "lost_passes": [280.0, 140.0, 420.0],
        "revenue_floor": 3000.0,
        "bin_days": 7,
        "stage": 2,
    },
}
INTERACTION = LEAK | {
    "leak_id": "bbbbbbbbbbbb",
    "kind": "interaction",
    "step": "Browsed → Engaged",
    "segment": {"device": "mobile", "source": "newsletter", "visitor": "returning"},
    "revenue_low": 0.0,
    "started_on": None,
    "started_from": None,
    "started_until": None,
    "evidence": {"lost_passes": [280.0, 0.0, 420.0], "revenue_floor": 10.0, "stage": 0},
}
BROKEN = LEAK | {
    "leak_id": "cccccccccccc",
    "segment": {"device": "tablet"},
    "cause": "tracking break",
    "lost_conversions": None,
    "lost_low": None,
    "lost_high": None,
    "revenue": None,
    "revenue_low": None,
    "revenue_high": None,
    "evidence": LEAK["evidence"] | {"skipped_before": 0.02, "skipped_after": 0.8, "revenue_floor": 0},
}
GAP = INTERACTION | {
    "leak_id": "dddddddddddd",
    "kind": "gap",
    "step": "Browsed → Converted",
    "segment": {"device": "mobile"},
    "cause": "structural difference",
    "observed_rate": 0.011,
    "expected_rate": 0.022,
    "sessions": 50_000,
    "lost_conversions": 552.0,
    "lost_low": 377.0,
    "lost_high": 713.0,
    "revenue_low": 1000.0,
    "evidence": {"contrast": -0.7, "stage": 0},
}
SITE = {
    "kind": "site-wide change",
    "step": "Browsed → Engaged",
    "on": "2024-04-07",
    "rate_before": 0.25,
    "rate_after": 0.2,
    "log_change": -0.2231,
    "log_low": -0.3,
    "log_high": -0.15,
    "log_mix": -0.05,
    "log_rate": -0.1731,
}
EXCHANGED = {
    "kind": "definition change",
    "on": "2024-04-14",
    "dimension": "channel",
    "from": "Referral",
    "to": "AI Assistant",
    "share_of_sessions": 0.041,
}
SPOTS = [
    {"step": step, "expected_passes": size, "smallest_loss": loss, "natural_spread": 0.06}
    for step in ("Browsed → Engaged", "Checkout → Converted")
    for size, loss in ((20, None), (50, 0.59), (200, 0.31))
]
RUN = {
    "run_id": "run-2",
    "ranked_at": datetime(2024, 5, 1, 4),
    "code_version": "0",
    "data_hash": "h",
    "settings": {"false_share": 0.1},
    "sessions": 60_000,
    "conversions": 1_100,
    "cells": 4_000,
    "candidates": 2_345,
    "first_day": FIRST,
    "last_day": LAST,
    "bin_days": 7,
    "natural_spreads": {},
    "site_changes": [SITE, EXCHANGED],
    "blind_spots": SPOTS,
    "remarks": [],
}


def insert(con: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    """One row, by name; dictionaries and lists become JSON."""
    values = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()}
    con.execute(f"insert into {table} by name select {', '.join(f'${name} as {name}' for name in values)}", values)


def rank(path: Path, leaks: tuple[dict, ...] = (LEAK, INTERACTION, BROKEN, GAP), run: dict = RUN, events: tuple = ()) -> Path:
    """Write a ranking into a database that has none."""
    with duckdb.connect(str(path)) as con:
        insert(con, "leak_runs", run)
        for leak in leaks:
            insert(con, "leaks", leak | {"run_id": run["run_id"]})
            for place in range(9 if leak["kind"] != "gap" and run["first_day"] else 0):
                begun = leak["started_on"] is None or FIRST + timedelta(7 * place) >= leak["started_on"]
                moment = {"leak_id": leak["leak_id"], "run_id": run["run_id"], "bin_start": FIRST + timedelta(7 * place)}
                insert(con, "leak_trends", moment | {"entrants": 400, "passes": 164 if begun else 220, "expected_rate": 0.55})
        for level, sessions, conversions in (("Canada", 9_000, 90), ("Germany", 8_000, 240)):
            row = {"dimension": "country", "level": level, "sessions": sessions, "conversions": conversions}
            insert(con, "intent_rates", {"run_id": run["run_id"]} | row)
        for occurred_on, label, kind in events:
            insert(con, "site_events", {"occurred_on": occurred_on, "label": label, "kind": kind})
    return path
