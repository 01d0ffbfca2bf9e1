"""Scoring requests with the models of the database. The only module of the app that imports them: it is loaded by the first request."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashapp.api import lean  # noqa: F401 - before the models, which import XGBoost
from dashapp.api.problems import Problem
from dashapp.db import Database, Reading
from models import early, rows
from models.artefact import Model, Scorer
from models.designs import EARLY
from models.features import Column, Sessions
from models.reasons import reasons

KINDS = ("early", "retrospective")
MOST_EXPLAINED = 100


@dataclass(frozen=True)
class Run:
    """A training run, ready to score with: by its final model, since who is asked about is taken for a stranger to it."""

    run_id: str
    kind: str
    threshold: float
    cutoff: float
    scorer: Scorer
    time_zone: str | None
    key_events: frozenset[str]

    def told(self) -> dict[str, Any]:
        """What an answer says of it."""
        return {"run_id": self.run_id, "kind": self.kind, "threshold": self.threshold, "cutoff": self.cutoff}


@dataclass(frozen=True)
class Loaded:
    """The latest run of each kind in one version of the database, and why a kind has none that can be used."""

    tag: str
    runs: Mapping[str, Run]
    reasons: Mapping[str, str]

    def run(self, kind: str) -> Run:
        """The run of a kind; raises Problem 503 where there is none."""
        if kind in self.runs:
            return self.runs[kind]
        raise Problem(503, self.reasons[kind], headers={"Retry-After": "60"})


class Models:
    """The models of a database, read once and again when a new version is published."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loading = threading.Lock()
        self._loaded: Loaded | None = None

    def current(self) -> Loaded:
        """The models of the newest version. While one thread reads new ones, the others go on with the old."""
        with self._database.reading() as read:
            loaded = self._loaded
            if loaded is not None and loaded.tag == read.tag:
                return loaded
            if self._loading.acquire(blocking=loaded is None):
                try:
                    if self._loaded is None or self._loaded.tag != read.tag:
                        self._loaded = load(read, self._loaded)
                finally:
                    self._loading.release()
            return self._loaded


def load(read: Reading, before: Loaded | None = None) -> Loaded:
    """The latest run of each kind; one that was loaded before is not read again."""
    known = {run.run_id: run for run in before.runs.values()} if before else {}
    found, problems = {}, dict.fromkeys(KINDS, "")
    for kind in KINDS:
        problems[kind] = f"There is no {kind} model in the database. Train one with python -m models train."
    for row in read.rows("select run_id, kind, threshold, cutoff from current_runs"):
        run_id, kind = row["run_id"], row["kind"]
        if kind not in KINDS:
            continue
        if run_id in known:
            found[kind] = known[run_id]
            continue
        (stored,) = read.rows("select artefact from model_runs where run_id = $run_id", {"run_id": run_id})
        try:
            model = Model.from_bytes(bytes(stored["artefact"]))
            if model.design.kind != kind or row["cutoff"] is None:
                raise ValueError("the stored model is damaged")
        except ValueError as error:
            problems[kind] = f"The {kind} run {run_id} cannot be used: {error}. Train again with python -m models train."
            continue
        model.final.booster.set_param({"nthread": 1})
        found[kind] = Run(run_id, kind, row["threshold"], row["cutoff"], model.final, model.time_zone, frozenset(model.key_events))
    return Loaded(read.tag, found, problems)


def score(loaded: Loaded, sessions: Sequence[Mapping[str, Any]], kind: str | None = None, *, explain: bool = False) -> dict[str, Any]:
    """The answer to a request.

    Parameters
    ----------
    sessions
        As `dashapp.api.shapes.sessions` gives them.
    kind
        The kind of model to score all with; None: early for sessions with a usable event where there is an early model, else retrospective.

    Raises
    ------
    Problem : 503 where there is no model, 422 where the early model is asked for and a session has no event before the checkout.
    """
    if explain and len(sessions) > MOST_EXPLAINED:
        raise Problem(
            422,
            f"Reasons are given for at most {MOST_EXPLAINED} sessions a request.",
            [{"detail": f"There are {len(sessions):,} sessions.", "pointer": "/sessions"}],
        )
    groups: list[tuple[Run, Sessions, np.ndarray]] = []
    rest = np.arange(len(sessions))
    if kind == "early" or (kind is None and "early" in loaded.runs):
        run = loaded.run("early")
        found, place = early_sessions(sessions, run)
        if len(place):
            groups.append((run, found, place))
        rest = np.setdiff1d(rest, place, assume_unique=True)
    if kind == "early" and len(rest):
        raise Problem(
            422,
            "The early model needs at least one event before the checkout.",
            [{"detail": "No event before the checkout.", "pointer": f"/sessions/{number}/events"} for number in rest],
        )
    if len(rest):
        run = loaded.run("retrospective")
        chosen = sessions if len(rest) == len(sessions) else [sessions[number] for number in rest]
        groups.append((run, Sessions.from_rows([rows.retrospective(session, run.time_zone) for session in chosen]), rest))
    results: list[Any] = [None] * len(sessions)
    for run, found, place in groups:
        for number, result in zip(place.tolist(), _results(run, found, explain), strict=True):
            results[number] = {"session_id": sessions[number].get("session_id"), **result}
    runs = [run.told() for run, _, _ in groups]
    return {"run_id": runs[0]["run_id"] if len(runs) == 1 else None, "runs": runs, "results": results}


def _results(run: Run, sessions: Sessions, explain: bool) -> list[dict[str, Any]]:
    p = run.scorer.probabilities(sessions).astype(np.float64)
    columns = zip(p.tolist(), (p >= run.threshold).tolist(), (p >= run.cutoff).tolist(), strict=True)
    results = [
        {"run_id": run.run_id, "p_conversion": probability, "is_above_threshold": above, "is_top_decile": top}
        for probability, above, top in columns
    ]
    if explain:
        for result, found in zip(results, reasons(sessions, run.scorer.contributions(sessions)), strict=True):
            result["reasons"] = [{"topic": reason.topic, "text": reason.sentence, "contribution": reason.contribution} for reason in found]
    return results


def early_sessions(sessions: Sequence[Mapping[str, Any]], run: Run) -> tuple[Sessions, np.ndarray]:
    """Those sessions that have a usable event, at their latest moment, and their places in the request.

    The same columns as `models.rows.early_row` gives for each, made for all at once.
    """
    flat, owner = [], []
    for number, session in enumerate(sessions):
        given = session.get("events") or ()
        flat += given
        owner += [number] * len(given)
    events = _in_order(
        early.Events(
            np.array(owner, dtype=np.int64),
            np.array([_seconds(event) for event in flat], dtype=np.float64),
            Column.of([event["event_name"] for event in flat]),
            Column.of([event.get("page") for event in flat]),
        )
    )
    found = early.prefixes(events, run.key_events, cuts=None)
    start = Sessions.from_rows([rows.retrospective(sessions[number], run.time_zone) for number in found.session])
    numbers = {name: found.numbers[name] if name in found.numbers else start.numbers[name] for name in EARLY.numbers}
    labels = {name: found.labels[name] if name in found.labels else start.categories[name] for name in EARLY.labels}
    return Sessions.of(EARLY, numbers, labels), found.session


def _seconds(event: Mapping[str, Any]) -> float:
    moment = event.get("occurred_at")
    if moment is not None:
        return moment.timestamp()
    seconds = event.get("seconds")
    return np.nan if seconds is None else seconds


def _in_order(events: early.Events) -> early.Events:
    """Events in the order of their times; those of a session in which one has none stay as they were given."""
    untimed = np.isin(events.session, events.session[np.isnan(events.seconds)])
    order = np.lexsort((np.where(untimed, 0.0, events.seconds), events.session))
    return early.Events(events.session[order], events.seconds[order], events.name.take(order), events.page.take(order))
