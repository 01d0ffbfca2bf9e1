"""Training and scoring runs: read the database, work, publish."""

import hashlib
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from etl.errors import InputError
from etl.publish import publishing
from models import database, training

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def train(db: Path, *, seed: int = 0, say: Callable[[str], None] = lambda text: None, **options: int) -> dict:
    """Train on the sessions of a database and publish the run with a probability for each session.

    Parameters
    ----------
    options
        Passed on to `models.training.train`.

    Returns
    -------
    dict
        What `--json` prints.
    """
    say("Reading sessions …")
    with database.reading(db) as con:
        ids, examples, data_hash = database.read_examples(con)
    trained = training.train(examples, seed=seed, say=say, **options)
    trained_at = now()
    version = code_version()
    run_id = name(trained_at, data_hash, version, trained.params)
    say("Publishing …")
    with publishing(db) as con:
        scored, cutoff = database.append_run(
            con,
            run_id=run_id,
            trained_at=trained_at,
            code_version=version,
            data_hash=data_hash,
            kind=training.KIND,
            ids=ids,
            trained=trained,
        )
    return {
        "run_id": run_id,
        "kind": training.KIND,
        "data_hash": data_hash,
        "sessions_scored": scored,
        "threshold": trained.threshold,
        "params": trained.params,
        "metrics": trained.metrics | {"cutoff": cutoff},
    }


def score(db: Path, *, say: Callable[[str], None] = lambda text: None) -> dict:
    """Score the sessions that the current run has not scored, and publish if there are any.

    Returns
    -------
    dict
        What `--json` prints.
    """
    say("Reading the model …")
    with database.reading(db) as con:
        run = database.read_current_run(con)
        if run is None:
            raise InputError(f"{db}: there is no model yet; train one first: python -m models train")
        unscored = database.count_unscored(con, run.run_id)
    if unscored:
        say(f"Scoring {unscored:,} sessions …")
        with publishing(db) as con:
            unscored = database.append_scores(con, run, now())
    return {"run_id": run.run_id, "sessions_scored": unscored}


def name(trained_at: datetime, data_hash: str, version: str, params: dict) -> str:
    """Name of a run: sorts by time, and ends with a mark that equal data, version and parameters share."""
    told = json.dumps([training.KIND, data_hash, version, params], sort_keys=True)
    return f"{trained_at:%Y%m%d-%H%M%S}-{trained_at.microsecond // 1000:03d}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def code_version() -> str:
    return tomllib.loads(PROJECT.read_text())["project"]["version"]


def now() -> datetime:
    """The time in UTC, as the database stores it: without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
