"""What the leaks page reads: the latest ranking, its findings, and what it could not have seen."""

import json
from typing import Any

from dashapp.db import Reading, Row

JSON = ("segment", "evidence", "site_changes", "blind_spots", "remarks", "settings")


def latest_run(read: Reading) -> Row | None:
    """The latest ranking with its JSON read and the number of rankings so far; None before the first."""
    rows = read.kept("select *, count(*) over () as runs from leak_runs order by ranked_at desc, run_id desc limit 1")
    return _parsed(rows[0]) if rows else None


def open_leaks(read: Reading) -> list[Row]:
    """The findings of the latest ranking in their order, leaks before gaps; each with its status against the ranking before."""
    rows = read.kept(
        "select open_leaks.*, leak_history.status, leak_history.first_seen_at "
        "from (select *, row_number() over () as place from open_leaks) as open_leaks "
        "left join leak_history on leak_history.leak_id = open_leaks.leak_id and leak_history.run_id = open_leaks.run_id order by place"
    )
    return [_parsed(row) for row in rows]


def gone(read: Reading, run_id: str) -> list[Row]:
    """What the ranking before found and this one does not."""
    rows = read.kept(
        "select kind, step, segment from leak_history where run_id = $run and status = 'gone' order by leak_id limit 20", {"run": run_id}
    )
    return [_parsed(row) for row in rows]


def trends(read: Reading, run_id: str) -> dict[str, list[Row]]:
    """The intervals of each leak of a run, in order."""
    rows = read.kept(
        "select leak_id, bin_start, entrants, passes, expected_rate from leak_trends where run_id = $run order by leak_id, bin_start",
        {"run": run_id},
    )
    out: dict[str, list[Row]] = {}
    for row in rows:
        out.setdefault(row["leak_id"], []).append(row)
    return out


def intents(read: Reading, run_id: str) -> list[Row]:
    """Conversion by what visitors came for, the largest levels first."""
    return read.kept(
        "select dimension, level, sessions, conversions from intent_rates where run_id = $run order by dimension, sessions desc, level",
        {"run": run_id},
    )


def blind_spots(read: Reading) -> list[Row]:
    """What the latest ranking could not have seen."""
    return read.kept("select step, expected_passes, smallest_loss from blind_spots")


def site_events(read: Reading) -> list[Row]:
    """What the team wrote down of its site, in order."""
    return read.kept("select occurred_on, label, kind from site_events order by occurred_on, label limit 500")


def plans(read: Reading, run_id: str) -> dict[str, list[Row]]:
    """How to test a remedy, by finding, all of the loss won back before half of it; empty where no ranking has planned."""
    rows = read.kept(
        "select leak_id, share, words, expected_value from experiment_plans where run_id = $run order by share desc", {"run": run_id}
    )
    out: dict[str, list[Row]] = {}
    for row in rows:
        out.setdefault(row["leak_id"], []).append(row)
    return out


def verdicts(read: Reading, run_id: str) -> list[Row]:
    """What became of the fixes that were registered, as of a run."""
    rows = read.kept(
        "select leak_id, fixed_on, note, state, step, segment, words from fix_verdicts where run_id = $run order by fixed_on",
        {"run": run_id},
    )
    return [_parsed(row) for row in rows]


def _parsed(row: Row) -> dict[str, Any]:
    return {name: json.loads(value) if name in JSON and isinstance(value, str) else value for name, value in row.items()}
