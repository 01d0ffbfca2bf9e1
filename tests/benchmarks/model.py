"""Training, evaluating and scoring the conversion model, against one bare XGBoost fit of the same sessions."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.load import load
from models import boosting, database, folds, runs, scores
from models.features import Encoder
from tests.benchmarks.material import flat_export
from tests.benchmarks.table import row

ROOT = Path(__file__).resolve().parents[2]
SESSIONS = 1_000_000


@dataclass(frozen=True)
class Cost:
    """What something took: wall clock, processor time of all threads, and peak memory where it was a process of its own."""

    wall: float
    cpu: float
    megabytes: float | None = None


def report(folder: Path, scale: float) -> None:
    """Print the table."""
    sessions = int(SESSIONS * scale)
    database_file = prepared(folder, sessions)
    print(f"\nConversion model, {sessions:,} sessions", flush=True)
    row("", "wall s", "CPU s", "MB", "x bare fit")
    trained, summary = command(database_file, "train", "--json")
    bare = bare_fit(database_file, summary)
    row("one bare XGBoost fit, these sessions", f"{bare.wall:.1f}", f"{bare.cpu:.1f}", "", "1.0")
    whole = ("train: search, calibrate, cross-fit, judge, write", f"{trained.wall:.1f}", f"{trained.cpu:.1f}", f"{trained.megabytes:,.0f}")
    row(*whole, f"{trained.cpu / bare.cpu:.1f}")
    predicted = bare_prediction(database_file)
    appended, published = scoring(database_file)
    row("XGBoost's prediction of them alone", f"{predicted.wall:.1f}", f"{predicted.cpu:.1f}")
    row("score all sessions, to the table", f"{appended.wall:.1f}", f"{appended.cpu:.1f}")
    row("score all sessions, published", f"{published.wall:.1f}", f"{published.cpu:.1f}")
    row("rows scored to the table, million a second", f"{sessions / appended.wall / 1e6:.2f}", f"{sessions / appended.cpu / 1e6:.2f}")


def prepared(folder: Path, sessions: int) -> Path:
    """A database of so many sessions without a model, made once and copied."""
    loaded = folder / f"model_{sessions}.duckdb"
    if not loaded.exists():
        load([flat_export(folder, sessions)], loaded)
    return Path(shutil.copy(loaded, folder / "model_work.duckdb"))


def command(db: Path, *arguments: str) -> tuple[Cost, dict]:
    """Run a command of the models in a process of its own; its cost and its summary."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "models", *arguments, "--db", str(db)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python -m models {' '.join(arguments)} ended with {process.returncode}")
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), json.loads(output)


def bare_fit(db: Path, summary: dict) -> Cost:
    """One fit with the parameters of the run: no search, no calibration, no evaluation; reading and encoding are not counted."""
    with database.reading(db) as con:
        examples = database.read_examples(con).examples
    visitors = examples.visitors
    inner = folds.inner_fold(folds.hash_visitors(map(str, visitors.levels), "bench"))[visitors.codes]
    _, matrix = Encoder.fit_transform(examples.sessions, examples.converted, inner)
    trees = dict(summary["params"]["trees"])
    rounds = trees.pop("rounds")
    started, used = time.perf_counter(), time.process_time()
    boosting.fit(examples.sessions.design, matrix, examples.converted, trees, rounds, seed=0)
    return Cost(time.perf_counter() - started, time.process_time() - used)


def bare_prediction(db: Path) -> Cost:
    """The trees of the final model on all sessions, read and encoded before: no calibration, nothing stored."""
    with database.reading(db) as con:
        scorer = database.read_run(con).model.final
        matrix = scorer.encoder.transform(database.read_examples(con).examples.sessions)
    started, used = time.perf_counter(), time.process_time()
    scorer.booster.inplace_predict(matrix, predict_type="margin")
    return Cost(time.perf_counter() - started, time.process_time() - used)


def scoring(db: Path) -> tuple[Cost, Cost]:
    """Cost of scoring every session as unknown: reading, encoding, scoring and appending alone; and with publishing, reasons and cubes."""
    with duckdb.connect(str(db)) as con:
        con.execute("delete from predictions; delete from candidate_reasons")
    with database.reading(db) as con:
        run = database.read_run(con)
    trial = Path(shutil.copy(db, db.with_name("model_trial.duckdb")))
    with duckdb.connect(str(trial), config={"preserve_insertion_order": "false"}) as con:
        started, used = time.perf_counter(), time.process_time()
        scored = scores.append_scores(con, run, runs.now())
        appended = Cost(time.perf_counter() - started, time.process_time() - used)
        (stored,) = con.execute("select count(*) from predictions").fetchone()
    trial.unlink()
    if scored != stored:
        raise RuntimeError(f"{scored} sessions were scored and {stored} stored")
    started, used = time.perf_counter(), time.process_time()
    runs.score(db)
    return appended, Cost(time.perf_counter() - started, time.process_time() - used)
