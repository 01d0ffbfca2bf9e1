"""What the app says of the models: their latest runs, earlier ones, drift, and why there is none."""

import json
from typing import Any

from dashapp.db import Reading, Row

# Below these the training refuses; see models.training.
FEWEST_SESSIONS = 100
FEWEST_CONVERTING_VISITORS = 10


def runs(read: Reading) -> dict[str, dict[str, Any]]:
    """The latest run of each kind, the early one first, with metrics and parameters read from JSON."""
    rows = read.kept("from current_runs")
    return {row["kind"]: row | {name: _parsed(row[name]) for name in ("metrics", "params")} for row in rows}


def headline(read: Reading) -> dict[str, Any] | None:
    """The run to quote: the early one where it exists, as it knows nothing of the purchase, else the retrospective one."""
    found = runs(read)
    return found.get("early") or found.get("retrospective")


def history(read: Reading) -> list[Row]:
    """The latest runs of all kinds, with what is needed to compare them."""
    return read.rows(
        """
        select
            run_id, kind, trained_at, code_version,
            cast(metrics ->> 'sessions' as bigint) as sessions,
            cast(metrics ->> 'conversions' as bigint) as conversions,
            cast(metrics ->> 'auc' as double) as auc,
            cast(metrics ->> 'average_precision' as double) as average_precision,
            cast(metrics ->> 'calibration_slope' as double) as calibration_slope,
            cast(params ->> 'seed' as bigint) as seed
        from model_runs
        order by trained_at desc, run_id desc
        limit 20
        """
    )


def drift(read: Reading) -> list[Row]:
    """How the latest load compared with the current runs differs from what they learnt, most first; kinds apart."""
    return read.rows(
        """
        select current_runs.kind, drift.load_id, drift.feature, drift.sessions, drift.psi, drift.by_chance, loads.file, loads.loaded_at
        from drift
        inner join current_runs on current_runs.run_id = drift.run_id
        left join loads on loads.load_id = drift.load_id
        qualify drift.load_id = max(drift.load_id) over (partition by current_runs.kind)
        order by current_runs.kind, drift.feature = 'p_conversion' desc, psi desc
        """
    )


def card(read: Reading, run_id: str) -> str | None:
    """The model card of a run in Markdown."""
    rows = read.rows("select card from model_runs where run_id = $run_id", {"run_id": run_id})
    return rows[0]["card"] if rows else None


def why_none(read: Reading) -> str:
    """Why there is no model, as far as the sessions tell."""
    (told,) = read.rows(
        """
        select
            count(*) as sessions,
            count(*) filter (is_converted) as conversions,
            count(distinct coalesce(visitor_id, session_id)) filter (is_converted) as visitors,
            count(distinct device) as devices
        from sessions
        """
    )
    if not told["sessions"]:
        return "There is no model, as no sessions are loaded."
    if told["sessions"] < FEWEST_SESSIONS:
        return f"There is no model: {told['sessions']:,} sessions are too few to learn from, which takes {FEWEST_SESSIONS} at least."
    if not told["conversions"]:
        return "There is no model: none of the sessions converted, so there is nothing to learn from."
    if told["conversions"] == told["sessions"]:
        return "There is no model: all of the sessions converted, so there is nothing to compare them with."
    if told["visitors"] < FEWEST_CONVERTING_VISITORS:
        return (
            f"There is no model: the conversions are those of {told['visitors']:,} visitors, and it takes "
            f"{FEWEST_CONVERTING_VISITORS} at least to learn from."
        )
    if told["devices"] == 1:
        return "There is no model: all sessions have the same device, so the export looks filtered and a model of it would mislead."
    return "There is no model yet. Train one on the loaded sessions with python -m models train."


def _parsed(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value or {}
