"""Training and scoring runs: read the database, work, publish."""

import hashlib
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np

from etl import cubes
from etl.errors import InputError
from etl.publish import publishing
from etl.schema import rebuild_probability_cubes
from models import card, database, drift, folds, scores, training
from models.database import Run
from models.designs import EARLY, RETROSPECTIVE, Design

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
Say = Callable[[str], None]
DRIFT_SESSIONS = 100_000
DRIFT_LOADS = 60


def quiet(text: str) -> None:
    """Say nothing."""


def train(db: Path, *, seed: int = 0, say: Say = quiet, **options: int) -> dict:
    """Train on the sessions of a database and publish the runs with a probability for each session.

    The retrospective model is always trained; the early one where the export has events that can teach it. How far the loads that came
    since the last run differ from what it learnt is measured before its place is taken.

    Parameters
    ----------
    options
        Passed on to `models.training.train`.

    Returns
    -------
    dict
        What `--json` prints: the retrospective run, and under `early` the early one, or why there is none.
    """
    say("Reading sessions …")
    with database.reading(db) as con:
        read = database.read_examples(con)
        traced, zone = database.read_traced(con), database.time_zone(con)
        moved = drifted(con)
    trained = {RETROSPECTIVE: (read, training.train(read.examples, seed=seed, say=say, traced=traced, time_zone=zone, **options))}
    no_early = "the loaded exports have no events"
    if traced is not None:
        say("Reading events …")
        try:
            with database.reading(db) as con:
                read = database.read_examples(con, EARLY)
            trained[EARLY] = read, training.train(read.examples, seed=seed, say=say, traced=traced, time_zone=zone, **options)
        except InputError as error:
            no_early = str(error)
    say("Publishing …")
    summaries = {}
    with publishing(db) as con:
        for design, (read, result) in trained.items():
            summaries[design.kind] = append(con, design, read, result)
        retrospective = trained[RETROSPECTIVE][1].model
        scores.explain_candidates(con, summaries["retrospective"]["run_id"], retrospective)
        scores.append_drift(con, moved)
        rebuild_probability_cubes(con)
    return summaries["retrospective"] | {"early": summaries.get("early") or {"said": no_early}}


def append(con: duckdb.DuckDBPyConnection, design: Design, read: database.Read, trained: training.Trained) -> dict:
    """Append one run with its scores and card, and tell it."""
    trained_at, version = now(), code_version()
    run_id = name(trained_at, design.kind, read.data_hash, version, trained.params)
    written = {
        "run_id": run_id,
        "kind": design.kind,
        "trained_at": trained_at,
        "code_version": version,
        "data_hash": read.data_hash,
        "params": trained.params,
        "metrics": trained.metrics,
        "threshold": trained.threshold,
    }
    scored, cutoff = scores.append_run(
        con,
        run_id=run_id,
        trained_at=trained_at,
        code_version=version,
        read=read,
        trained=trained,
        metrics=trained.metrics,
        card=card.written(written),
    )
    return {
        "run_id": run_id,
        "kind": design.kind,
        "data_hash": read.data_hash,
        "sessions_scored": scored,
        "threshold": trained.threshold,
        "params": trained.params,
        "metrics": trained.metrics | {"cutoff": cutoff},
    }


def score(db: Path, *, say: Say = quiet) -> dict:
    """Score the sessions that came or changed since the current runs scored, measure how far they have drifted, and publish.

    Returns
    -------
    dict
        What `--json` prints.
    """
    say("Reading the model …")
    with database.reading(db) as con:
        runs = [run for run in (database.read_run(con, design.kind) for design in (RETROSPECTIVE, EARLY)) if run]
        if not runs or runs[0].model.design is not RETROSPECTIVE:
            raise InputError(f"{db}: there is no model yet; train one first: python -m models train")
        unscored = {run.run_id: database.count_unscored(con, run) for run in runs}
        moved = drifted(con)
    if any(unscored.values()) or moved:
        say(f"Scoring {unscored[runs[0].run_id]:,} sessions …")
        with publishing(db) as con:
            at = now()
            for run in runs:
                unscored[run.run_id] = scores.append_scores(con, run, at)
            scores.explain_candidates(con, runs[0].run_id, runs[0].model)
            scores.append_drift(con, moved)
            cubes.refresh_scored(con, at)
    told = {"run_id": runs[0].run_id, "sessions_scored": unscored[runs[0].run_id], "loads_compared": len({row["load_id"] for row in moved})}
    for run in runs[1:]:
        told["early"] = {"run_id": run.run_id, "sessions_scored": unscored[run.run_id]}
    return told


def drifted(con: duckdb.DuckDBPyConnection) -> list[dict]:
    """Rows for the table drift: each current run against every load that came after it and is not compared yet."""
    rows = []
    for design in (RETROSPECTIVE, EARLY):
        try:
            run = database.read_run(con, design.kind)
        except InputError:
            # Written by another version: what it learnt from cannot be compared with.
            continue
        if run is None or "reference" not in run.metrics:
            continue
        for load_id in new_loads(con, run):
            read = database.read_examples(con, design, limit=DRIFT_SESSIONS, load_id=load_id)
            if not len(read.examples):
                continue
            sessions, visitors = read.examples.sessions, read.examples.visitors
            # Scored as the training data were, each visitor by the model of their fold: the final model's scores are spread otherwise.
            outer = folds.outer_fold(folds.hash_visitors(map(str, visitors.levels), run.model.salt))[visitors.codes]
            p = run.model.probabilities(sessions, outer, np.ones(len(sessions), dtype=bool))
            found = drift.measure(run.metrics["reference"], sessions, p)
            told = {"run_id": run.run_id, "load_id": load_id, "measured_at": now(), "sessions": len(sessions)}
            rows += [told | row for row in found]
    return rows


def new_loads(con: duckdb.DuckDBPyConnection, run: Run) -> list[int]:
    """Loads after the last one that a run learnt from whose sessions are not compared with it yet, the latest of them."""
    if con.execute("select 1 from information_schema.tables where table_name = 'drift'").fetchone() is None:
        return []
    found = con.execute(
        """
        select distinct load_id
        from sessions
        where load_id > ? and load_id not in (select load_id from drift where run_id = ?)
        order by load_id desc
        limit ?
        """,
        [run.last_load, run.run_id, DRIFT_LOADS],
    ).fetchall()
    return sorted(load_id for (load_id,) in found)


def explain(db: Path, run_id: str) -> str:
    """Retell a run: how it was made, whether the data are still those it learnt from, and how to make it again.

    Raises
    ------
    InputError
        If there is no such run; its message names those there are.
    """
    with database.reading(db) as con:
        names = ("run_id", "kind", "trained_at", "code_version", "data_hash", "params", "metrics", "threshold")
        found = con.execute(f"select {', '.join(names)} from model_runs where run_id = ?", [run_id]).fetchall()
        if not found:
            known = [name for (name,) in con.execute("select run_id from model_runs order by trained_at desc limit 5").fetchall()]
            there = f"the latest are {', '.join(known)}" if known else "there is none yet"
            raise InputError(f"{db}: there is no run {run_id}; {there}")
        run = dict(zip(names, found[0], strict=True))
        run |= {"params": json.loads(run["params"]), "metrics": json.loads(run["metrics"])}
        design = EARLY if run["kind"] == "early" else RETROSPECTIVE
        same = database.read_examples(con, design).data_hash == run["data_hash"]
    return card.written(run) + "\n" + card.repeated(run, is_same_data=same, is_same_version=code_version() == run["code_version"])


def name(trained_at: datetime, kind: str, data_hash: str, version: str, params: dict) -> str:
    """Name of a run: sorts by time, and ends with a mark that equal data, version and parameters share."""
    told = json.dumps([kind, data_hash, version, params], sort_keys=True)
    return f"{trained_at:%Y%m%d-%H%M%S}-{trained_at.microsecond // 1000:03d}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def code_version() -> str:
    return tomllib.loads(PROJECT.read_text())["project"]["version"]


def now() -> datetime:
    """The time in UTC, as the database stores it: without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
