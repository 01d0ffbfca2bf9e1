"""A ranking run: read the database, rank, publish."""

import json
from collections.abc import Callable
from pathlib import Path

from etl.publish import publishing
from etl.schema import DATA
from models.database import has_table, reading
from models.experiments import fixes, plans, verdicts
from models.leaks import cause, database, ranking, settings
from models.runs import code_version, name, now

SITE_EVENTS = DATA / "site_events.csv"
KNOWN_CHANGES = DATA / "known_changes.csv"
EVENT_KINDS = {"release", "campaign", "outage", "tracking", "other"}


def read_calendars() -> list[cause.Event]:
    """Known changes of definitions, and the team's own events."""
    return [*cause.read_events(KNOWN_CHANGES, {"definition"}), *read_site_events()]


def read_site_events() -> list[cause.Event]:
    """What the team wrote down of its site."""
    return cause.read_events(SITE_EVENTS, EVENT_KINDS)


def rank(db: Path, *, say: Callable[[str], None] = lambda text: None) -> tuple[dict, ranking.Outcome]:
    """Rank the leaks of a database and publish them, unless nothing changed since the latest run.

    Returns
    -------
    summary : dict
        What `--json` prints.
    outcome : Outcome
    """
    chosen = settings.read()
    events = read_calendars()
    say("Counting sessions …")
    with reading(db) as con:
        cells, funnel, data_hash = database.read_cells(con, chosen)
        latest = database.read_latest(con) if has_table(con, "leak_runs") else None
        fixed = fixes.read(con)
    say("Ranking leaks …")
    outcome = ranking.rank(ranking.prepare(cells), events=events, q=chosen.false_share)
    version = code_version()
    told = {
        "dimensions": [dimension.name for dimension in outcome.cells.dimensions],
        "stages": list(funnel.names),
        "false_share": chosen.false_share,
        "events": [[event.day.isoformat(), event.label] for event in events],
        "fixes": [[fix.leak_id, fix.fixed_on.isoformat()] for fix in fixed],
        "code_version": version,
    }
    same = latest is not None and latest[0] == data_hash and json.loads(latest[1]) == told
    ranked_at = now()
    run_id = name(ranked_at, "leaks", data_hash, version, told)
    if not same:
        say("Publishing …")
        with publishing(db) as con:
            run = {"run_id": run_id, "ranked_at": ranked_at, "code_version": version, "data_hash": data_hash, "settings": json.dumps(told)}
            database.append(con, run, outcome, funnel)
            database.write_events(con, read_site_events())
            plans.append(con, run_id, outcome)
            fixed = fixes.read(con)
            fixes.store(con, fixed)
            verdicts.append(con, run_id, verdicts.verdicts(con, fixed, outcome.leaks, funnel, outcome.cells.calendar))
    return summary(None if same else run_id, data_hash, outcome, funnel), outcome


def summary(run_id: str | None, data_hash: str, outcome: ranking.Outcome, funnel: database.Funnel) -> dict:
    def row(one: ranking.Finding) -> dict:
        return {
            "leak_id": one.leak_id,
            "kind": one.kind,
            "step": one.step,
            "segment": dict(one.segment),
            "sessions": one.sessions,
            "observed_rate": one.observed_rate,
            "expected_rate": one.expected_rate,
            "lost_conversions": one.conversions,
            "revenue": one.revenue,
            "q_value": one.q_value,
            "started_on": one.started_on and one.started_on.isoformat(),
            "started_from": one.started_from and one.started_from.isoformat(),
            "started_until": one.started_until and one.started_until.isoformat(),
            "cause": one.cause,
            "evidence": one.evidence,
            "segment_sql": database.segment_sql(one, funnel, outcome.cells.calendar),
        }

    return {
        "run_id": run_id,
        "data_hash": data_hash,
        "sessions": outcome.cells.sessions,
        "conversions": outcome.cells.conversions,
        "cells": len(outcome.cells),
        "candidates": outcome.candidates,
        "leaks": [row(one) for one in outcome.leaks],
        "gaps": [row(one) for one in outcome.gaps],
        "site_changes": outcome.changes,
        "blind_spots": outcome.blind_spots,
        "remarks": outcome.sentences,
    }
