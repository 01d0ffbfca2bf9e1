"""The conversion model against its promises: on real sessions, on sessions whose probabilities are known, and on shuffled outcomes.

`python -m models bench model --sample sessions_10k.csv` prints each figure beside its target.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from etl import privacy
from etl.demo.writing import write_demo
from etl.errors import InputError
from etl.load import load
from etl.publish import quoted
from models import baselines, database, folds, training
from models.bootstrap import percentiles, replicated
from models.calibration import calibration_curve, expected_calibration_error, recalibration, sigmoid
from models.evaluation import auc_and_precision
from models.examples import Examples

Say = Callable[[str], None]
DAYS = 120
DEMO_SEED = 11
SHUFFLES = 5
REPLICATES = 200


def measure(sample: str | None, *, seeds: int, sessions: int, trials: int | None = None, say: Say = lambda text: None) -> list[dict]:
    """Every promise with its figure.

    Parameters
    ----------
    sample
        The real sample, sessions_10k.csv; without it that part is left out.
    seeds
        Ways to divide the real sample.
    sessions
        Size of the generated data.
    trials
        Parameters to try; by default as in training.

    Returns
    -------
    list of dict
        ``promise``, ``value``, ``low`` and ``high`` (None where there is no interval), ``target`` in words, and ``is_met`` (None where
        the figure is only told).
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        if sample is not None:
            if not Path(sample).is_file():
                raise InputError(f"{sample}: no such file; name the real sample of 10,000 sessions, or leave out --sample")
            say("Loading the real sample …")
            load([sample], Path(folder) / "real.duckdb")
            found += on_real_sample(Path(folder) / "real.duckdb", seeds, trials, say)
        say("Generating sessions …")
        write_demo(Path(folder) / "demo", format="flat", sessions=sessions, days=DAYS, seed=DEMO_SEED)
        db = Path(folder) / "demo.duckdb"
        load([Path(folder) / "demo"], db)
        found += on_demo(db, Path(folder) / "demo" / "true_probabilities.parquet", trials, say)
    return found


def on_real_sample(db: Path, seeds: int, trials: int | None, say: Say) -> list[dict]:
    """Average precision against the earlier pipeline on the same folds of visitors, and the calibration slope."""
    with database.reading(db) as con:
        examples = database.read_examples(con).examples
    converted, visitors = examples.converted, examples.visitors.codes
    slopes, ratios, resampled, held_ratios = [], [], [], []
    for seed in range(seeds):
        trained = training.train(
            examples, seed=seed, trials=trials, say=lambda text, at=seed: say(f"Real sample, seed {at + 1} of {seeds}: {text}")
        )
        outer = folds.outer_fold(folds.hash_visitors(map(str, examples.visitors.levels), trained.model.salt)[visitors])
        earlier = np.empty(len(examples))
        for fold in range(folds.FOLDS):
            learn, judge = np.flatnonzero(outer != fold), np.flatnonzero(outer == fold)
            earlier[judge] = baselines.earlier_dashboard(examples.sessions.take(learn), converted[learn], examples.sessions.take(judge))
        ours = trained.probabilities
        held = outer == training.HELD_OUT
        ratios.append(precision(ours, converted) / precision(earlier, converted))
        held_ratios.append((precision(ours[held], converted[held]), precision(earlier[held], converted[held])))
        both = [replicated(p, converted, visitors, seed=0, replicates=REPLICATES)["average_precision"] for p in (ours, earlier)]
        resampled.append(both[0] / both[1])
        slopes.append(trained.metrics["calibration_slope"])
    low, high = percentiles(np.mean(resampled, axis=0))
    held_ours, held_earlier = np.mean(held_ratios, axis=0)
    return [
        figure(
            f"real sample: average precision to the earlier pipeline's, same folds by visitor, mean of {seeds} seeds",
            np.mean(ratios), low, high, "at least 1.10", np.mean(ratios) >= 1.10,
        ),
        figure("real sample: the same on the one fold that search and calibration never saw", held_ours / held_earlier),
        figure(
            f"real sample: calibration slope, mean and range of {seeds} seeds",
            np.mean(slopes), min(slopes), max(slopes), "0.9 to 1.1", 0.9 <= np.mean(slopes) <= 1.1,
        ),
    ]  # fmt: skip


def on_demo(db: Path, probabilities: Path, trials: int | None, say: Say) -> list[dict]:
    """Calibration and ranking where the truth is known, and chance where there is nothing to learn."""
    with database.reading(db) as con:
        read = database.read_examples(con)
        truth = true_probabilities(con, db, probabilities)
    examples = read.examples
    truth = np.array([truth.get(session, np.nan) for session in read.ids.column("session_id").to_pylist()])
    known = np.flatnonzero(~np.isnan(truth))
    examples, truth = examples.take(known), truth[known]
    trained = training.train(examples, trials=trials, say=lambda text: say(f"Demo: {text}"))
    found = calibrated("demo", examples.converted, trained.probabilities, truth, "the chance it was drawn with before it began")

    given = known_truth(examples)
    drawn = replace(examples, converted=np.random.default_rng(DEMO_SEED).random(len(given)) < given)
    trained = training.train(drawn, trials=trials, say=lambda text: say(f"Redrawn: {text}"))
    found += calibrated("demo, outcomes redrawn", drawn.converted, trained.probabilities, given, "the chance given what the model sees")

    held = []
    some = examples.take(np.arange(min(len(examples), 20_000)))
    for seed in range(SHUFFLES):
        shuffled = replace(some, converted=np.random.default_rng(seed).permutation(some.converted))
        metrics = training.train(shuffled, seed=seed, trials=2, say=lambda text, at=seed: say(f"Shuffled {at + 1}: {text}")).metrics
        whole = metrics["cross_fitted"]
        held.append((whole["auc"], whole["auc_low"] <= 0.5 <= whole["auc_high"]))
    inside = sum(is_inside for _, is_inside in held)
    aucs = [auc for auc, _ in held]
    text = f"shuffled outcomes: AUC, mean and range of {SHUFFLES}; 0.5 within the interval in {inside}"
    return [*found, figure(text, np.mean(aucs), min(aucs), max(aucs), "0.5 within it in 4 of 5 or more", inside >= SHUFFLES - 1)]


def calibrated(name: str, converted: np.ndarray, p: np.ndarray, truth: np.ndarray, meaning: str) -> list[dict]:
    """Calibration error, average precision beside that of the truth, and slope."""
    error = expected_calibration_error(calibration_curve(p, converted, 20))
    against = float(np.mean([abs(p[part].mean() - truth[part].mean()) for part in np.array_split(np.argsort(p, kind="stable"), 20)]))
    ratio = precision(p, converted) / precision(truth, converted)
    slope, _ = recalibration(p, converted)
    return [
        figure(f"{name}: expected calibration error against outcomes", error, target="below 0.003", is_met=error < 0.003),
        figure(f"{name}: the same against {meaning}", against),
        figure(f"{name}: average precision to that of {meaning}", ratio, target="at least 0.97", is_met=ratio >= 0.97),
        figure(f"{name}: calibration slope", slope, target="0.9 to 1.1", is_met=0.9 <= slope <= 1.1),
    ]


def known_truth(examples: Examples) -> np.ndarray:
    """Invented probabilities that follow from what the model sees alone: main effects and one interaction."""
    sessions = examples.sessions
    pages = np.nan_to_num(sessions.numbers["pageviews"], nan=1)
    device, source = (sessions.categories[name] for name in ("device", "source"))
    mobile = device.mapped([level == "mobile" for level in device.levels]) > 0
    google = source.mapped([level == "google" for level in source.levels]) > 0
    seconds = np.nan_to_num(sessions.numbers["duration_seconds"], nan=0)
    log_odds = -7.0 + 1.6 * np.log(np.maximum(pages, 1)) - 0.8 * mobile - 1.0 * (mobile & google) + 0.3 * np.log1p(seconds / 60)
    return sigmoid(log_odds)


def true_probabilities(con, db: Path, probabilities: Path) -> dict[str, float]:
    """The probability each session of the demo was drawn with, by its id."""
    privacy.set_salt(con, privacy.salt(db.parent))
    session_id = privacy.session_id_sql("full_visitor_id", "cast(visit_id as varchar)", "session_date")
    rows = con.execute(f"select {session_id}, cast(p_conversion as double) from read_parquet({quoted(probabilities)})").fetchall()
    con.execute("reset variable leaks_salt")
    return dict(rows)


def precision(p: np.ndarray, converted: np.ndarray) -> float:
    return auc_and_precision(p, converted)[1]


def figure(
    promise: str, value: float, low: float | None = None, high: float | None = None, target: str = "", is_met: bool | None = None
) -> dict:
    """One row of the table."""
    told = {
        "promise": promise,
        "value": float(value),
        "low": None if low is None else float(low),
        "high": None if high is None else float(high),
    }
    return told | {"target": target, "is_met": None if is_met is None else bool(is_met)}


def described(found: list[dict]) -> str:
    """The table for people."""
    lines = []
    for row in found:
        between = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
        verdict = "" if row["is_met"] is None else f"; target {row['target']}: {'met' if row['is_met'] else 'NOT met'}"
        shown = f"{row['value']:.5f}" if abs(row["value"]) < 0.01 else f"{row['value']:.3f}"
        lines.append(f"{row['promise']}: {shown}{between}{verdict}")
    return "\n".join(lines)
