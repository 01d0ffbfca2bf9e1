"""Training and judging the model: from sessions with known outcomes to a model, their probabilities and its report.

Visitors are divided into five folds. One is held out: neither the search for parameters, nor the calibration, nor the
threshold of the model that scores it has seen it, and the headline figures come from it. The other four are searched and
calibrated by a cross-validation of their own. Then each fold is scored by a model of the other four, so that every
session's probability comes from a model that did not see its visitor; the final model learns from all and is for those who come
later.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from etl.errors import InputError
from models import boosting, folds
from models.artefact import Model, Scorer
from models.calibration import Platt
from models.evaluation import best_threshold
from models.features import CATEGORIES, FEATURES, Column, Encoder, Sessions, measures
from models.report import FEW_CONVERSIONS, Judged, report

KIND = "retrospective"
HELD_OUT = 0
MIN_SESSIONS = 100
MIN_VISITORS = 10
TRIALS = 20
TRIALS_WITH_FEW = 8
SEARCH_SESSIONS = 60_000


@dataclass(frozen=True)
class Examples:
    """Sessions with known outcomes, in the order of their ids.

    Attributes
    ----------
    sessions
        Their raw columns.
    converted
        Whether each converted.
    visitors
        The visitor of each; a session without one is a visitor of its own.
    """

    sessions: Sessions
    converted: np.ndarray
    visitors: Column

    def __len__(self) -> int:
        return len(self.converted)


@dataclass(frozen=True)
class Trained:
    """What a training run yields: the model, the probability of each session it learnt from, and what to say of it."""

    model: Model
    probabilities: np.ndarray
    threshold: float
    params: dict
    metrics: dict


def train(
    examples: Examples,
    *,
    seed: int = 0,
    trials: int | None = None,
    max_rounds: int = boosting.MAX_ROUNDS,
    search_sessions: int = SEARCH_SESSIONS,
    say: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Search, fit, calibrate, cross-fit and judge.

    Parameters
    ----------
    trials
        How many sets of parameters to try; by default `TRIALS`, or `TRIALS_WITH_FEW` below `FEW_CONVERSIONS` conversions.
    search_sessions
        The search uses a sample of visitors with about so many sessions; all fits that follow use all of them.

    Raises
    ------
    InputError
        If the sessions cannot teach a model anything.
    """
    check(examples)
    sessions, converted = examples.sessions, examples.converted
    conversions = int(converted.sum())
    few = conversions < FEW_CONVERSIONS
    trials = trials or (TRIALS_WITH_FEW if few else TRIALS)

    say("Dividing visitors into folds …")
    salt, hashes = divide(examples, seed)
    outer, inner = folds.outer_fold(hashes), folds.inner_fold(hashes)
    learn = np.flatnonzero(outer != HELD_OUT)
    sample = learn[folds.sampled(hashes[learn], min(1.0, search_sessions / len(learn)))]

    best = boosting.search(
        boosting.split(sessions, converted, inner, sample),
        space=boosting.SMALL_SPACE if few else boosting.SPACE,
        trials=trials,
        seed=seed,
        max_rounds=max_rounds,
        step=lambda done, of: say(f"Searching parameters: {done} of {of} …"),
    )

    say("Calibrating …")
    parts = boosting.split(sessions, converted, inner, learn)
    chosen, inner_margins = boosting.cross_validate(parts, best.params, seed, max_rounds=max_rounds)
    judged = np.concatenate([part.rows for part in parts])
    learnt = Platt.fit(np.concatenate(inner_margins), converted[judged])
    threshold = best_threshold(learnt(np.concatenate(inner_margins)), converted[judged])
    del parts

    say("Fitting a model for each fold and the final one …")
    model, probabilities = cross_fit(examples, chosen, learnt, salt=salt, outer=outer, inner=inner, seed=seed)

    say("Evaluating …")
    params = {
        "seed": seed,
        "folds": folds.FOLDS,
        "salt": salt,
        "features": list(FEATURES),
        "trees": chosen.params | {"rounds": chosen.rounds},
        "search": {"trials": trials, "sessions": len(sample), "log_loss": best.log_loss},
        "log_loss": chosen.log_loss,
        "xgboost": xgb.__version__,
    }
    gains = model.final.booster.get_score(importance_type="total_gain")
    metrics = report(
        Judged(probabilities, converted, examples.visitors.codes, outer == HELD_OUT),
        threshold=threshold,
        gains={name: gains.get(name, 0.0) for name in FEATURES},
        absent=absent(sessions),
        seed=seed,
    )
    return Trained(model, probabilities, threshold, params, metrics)


def divide(examples: Examples, seed: int) -> tuple[str, np.ndarray]:
    """The salt of the run, and the hash of each session's visitor that tells its folds."""
    visitors = examples.visitors
    wins = visitors.counts(examples.converted)
    converters = np.flatnonzero(wins)
    salt = folds.balanced_salt([str(visitors.levels[code]) for code in converters], wins[converters], seed)
    return salt, folds.hash_visitors(map(str, visitors.levels), salt)[visitors.codes]


def cross_fit(
    examples: Examples, chosen: boosting.Trial, learnt: Platt, *, salt: str, outer: np.ndarray, inner: np.ndarray, seed: int
) -> tuple[Model, np.ndarray]:
    """Fit a model without each fold and one with all, and score each fold with the one that lacks it.

    Parameters
    ----------
    chosen
        Parameters and number of rounds for all of them.
    learnt
        Calibration for the held-out fold, learnt from the others' own cross-validation. Each other fold, and the final
        model, is calibrated on scores of the folds beside it.
    """
    sessions, converted = examples.sessions, examples.converted

    def fit(rows: np.ndarray) -> tuple[Encoder, xgb.Booster]:
        encoder, matrix = Encoder.fit_transform(sessions.take(rows), converted[rows], inner[rows])
        return encoder, boosting.fit(matrix, converted[rows], chosen.params, chosen.rounds, seed)

    everyone = np.arange(len(examples))
    with ThreadPoolExecutor(boosting.WORKERS) as pool:
        *fitted, final = pool.map(fit, [*(everyone[outer != fold] for fold in range(folds.FOLDS)), everyone])
    margins = np.empty(len(examples), dtype=np.float32)
    for fold, pair in enumerate(fitted):
        margins[outer == fold] = Scorer(*pair, learnt).margins(sessions.take(everyone[outer == fold]))
    scorers = []
    probabilities = np.empty(len(examples), dtype=np.float32)
    for fold, pair in enumerate(fitted):
        beside = outer != fold
        platt = learnt if fold == HELD_OUT else Platt.fit(margins[beside], converted[beside])
        scorers.append(Scorer(*pair, platt))
        probabilities[~beside] = platt(margins[~beside])
    return Model(salt, Scorer(*final, Platt.fit(margins, converted)), scorers), probabilities


def absent(sessions: Sessions) -> list[str]:
    """Measures that the export does not give for any session."""
    return [name for name, values in measures(sessions).items() if np.isnan(values).all()]


def check(examples: Examples) -> None:
    """Raise InputError, in one clear line, unless there is something to learn."""
    n = len(examples)
    if n < MIN_SESSIONS:
        raise InputError(f"too few sessions to train a model: {n:,}, at least {MIN_SESSIONS} are needed; load more exports")
    conversions = int(examples.converted.sum())
    if conversions == 0:
        raise InputError(f"none of the {n:,} sessions converted, so there is nothing to learn from; load an export with purchases")
    if conversions == n:
        raise InputError(f"all of the {n:,} sessions converted, so there is nothing to compare them with; load all sessions")
    for outcome, verb in ((examples.converted, "converted"), (~examples.converted, "did not convert")):
        visitors = int(np.count_nonzero(examples.visitors.counts(outcome)))
        if visitors < MIN_VISITORS:
            noun = "visitor" if visitors == 1 else "visitors"
            raise InputError(f"only {visitors} {noun} {verb}, at least {MIN_VISITORS} are needed to train a model; load more exports")
    device = examples.sessions.categories["device"]
    devices = [str(device.levels[code]) for code in np.flatnonzero(device.counts())]
    if len(devices) == 1 and devices[0] != "other":  # other alone: the data have no devices
        raise InputError(f"every session has the device {devices[0]!r}: the export looks filtered; load one that holds all devices")
    told = [name for name in CATEGORIES if np.count_nonzero(examples.sessions.categories[name].counts()) > 1]
    told += [name for name, values in measures(examples.sessions).items() if np.unique(values[~np.isnan(values)]).size > 1]
    if not set(told) - {"device", "device_source", "hour", "weekday"}:
        raise InputError("no feature tells one session from another: pageviews, durations, sources and countries are all empty or equal")
