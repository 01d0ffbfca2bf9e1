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
from models import audit, boosting, comparison, drift, folds
from models.artefact import Model, Scorer
from models.calibration import Calibration, fit_calibration
from models.early import Events
from models.evaluation import best_threshold
from models.examples import Examples
from models.features import Encoder, Sessions
from models.report import Judged, plain, report

HELD_OUT = 0
MIN_SESSIONS = 100
MIN_VISITORS = 10
SEARCH_SESSIONS = 60_000
CALIBRATION_SESSIONS = 250_000


@dataclass(frozen=True)
class Traced:
    """Some sessions with all of their events, for the audit.

    Attributes
    ----------
    events
        Of sessions numbered from 0.
    converted
        Whether each of them converted.
    key_events
        Names of the site's key events.
    """

    events: Events
    converted: np.ndarray
    key_events: frozenset[str]


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
    max_rounds: int | None = None,
    search_sessions: int = SEARCH_SESSIONS,
    traced: Traced | None = None,
    time_zone: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Search, fit, calibrate, cross-fit and judge.

    Parameters
    ----------
    trials
        How many sets of parameters to try; by default what `boosting.effort` says.
    max_rounds
        Largest number of trees; by default what `boosting.effort` says.
    search_sessions
        The search uses a sample of visitors with about so many sessions. Rounds, calibration and threshold of the held-out fold come
        from at most `CALIBRATION_SESSIONS`; the models themselves learn from all.
    traced
        Sessions with their events, where the export has any, for the audit of what was known before the outcome.
    time_zone
        Time zone of the property, kept with the model.

    Raises
    ------
    InputError
        If the sessions cannot teach a model anything.
    """
    check(examples)
    sessions, converted = examples.sessions, examples.converted
    effort = boosting.effort(examples.count, examples.conversions)
    trials, max_rounds = trials or effort.trials, max_rounds or effort.max_rounds

    say("Dividing visitors into folds …")
    salt, hashes = divide(examples, seed)
    outer, inner = folds.outer_fold(hashes), folds.inner_fold(hashes)
    check_folds(converted, outer, inner)
    learn = np.flatnonzero(outer != HELD_OUT)
    sample = learn[folds.sampled(hashes[learn], min(1.0, search_sessions / len(learn)))]

    best = boosting.search(
        boosting.split(sessions, converted, inner, sample),
        space=effort.space,
        trials=trials,
        seed=seed,
        max_rounds=max_rounds,
        step=lambda done, of: say(f"Searching parameters: {done} of {of} …"),
    )

    say("Calibrating …")
    judged_by = learn[folds.sampled(hashes[learn], min(1.0, CALIBRATION_SESSIONS / len(learn)))]
    parts = boosting.split(sessions, converted, inner, judged_by)
    chosen, inner_margins = boosting.cross_validate(parts, best.params, seed, max_rounds=max_rounds)
    judged = np.concatenate([part.rows for part in parts])
    learnt = fit_calibration(np.concatenate(inner_margins), converted[judged])
    threshold = best_threshold(learnt(np.concatenate(inner_margins)), converted[judged])
    del parts

    say("Fitting a model for each fold and the final one …")
    final, scorers, probabilities = cross_fit(examples, chosen, learnt, outer=outer, inner=inner, seed=seed)
    key_events = tuple(sorted(traced.key_events)) if traced else ()
    model = Model(sessions.design, salt, final, scorers, time_zone, key_events)

    say("Evaluating …")
    params = {
        "seed": seed,
        "folds": folds.FOLDS,
        "salt": salt,
        "features": list(sessions.design.features),
        "trees": chosen.params | {"rounds": chosen.rounds},
        "search": {"trials": trials, "sessions": len(sample), "log_loss": best.log_loss},
        "log_loss": chosen.log_loss,
        "calibration": type(final.calibration).__name__.lower(),
        "xgboost": xgb.__version__,
    }
    gains = final.booster.get_score(importance_type="total_gain")
    held_out = outer == HELD_OUT
    held = examples.take(np.flatnonzero(held_out))
    metrics = report(
        Judged(probabilities, converted, examples.visitors.codes, held_out, examples.cuts),
        kind=sessions.design.kind,
        threshold=threshold,
        gains={name: gains.get(name, 0.0) for name in sessions.design.features},
        absent=absent(sessions),
        sizes={
            "sessions": examples.count,
            "conversions": examples.conversions,
            "test_sessions": held.count,
            "test_conversions": held.conversions,
        },
        seed=seed,
    )

    say("Comparing with baselines …")
    looked = folds.sampled(hashes, min(1.0, comparison.SAMPLE / len(examples)))
    some, some_held, some_inner = examples.take(np.flatnonzero(looked)), held_out[looked], inner[looked]
    metrics["comparison"] = comparison.compare(some, some_held, some_inner, chosen, seed=seed)
    say("Auditing …")
    metrics["ablation"] = audit.ablation(some, some_held, some_inner, chosen, seed=seed)
    metrics["audit"] = audit.report(some, some_inner, traced_features(sessions, traced))
    metrics["notes"] += said_of_audit(sessions.design.kind, metrics["audit"], metrics["ablation"], traced is not None)
    metrics["reference"] = drift.reference(sessions, probabilities)
    return Trained(model, probabilities, threshold, params, plain(metrics))


def traced_features(sessions: Sessions, traced: Traced | None) -> list[dict]:
    """What each feature of converting sessions was before the outcome and in the end, where events tell."""
    if traced is None:
        return []
    features = audit.whole_features if sessions.design.kind == "retrospective" else audit.early_features(traced.key_events)
    return audit.before_and_after(features, traced.events, traced.converted, traced.key_events)


def said_of_audit(kind: str, rows: list[dict], ablation: list[dict], is_traced: bool) -> list[str]:
    """The audit in a sentence or two."""
    suspected = [row["feature"].replace("_", " ") for row in rows if row["suspected"]]
    whole, without = ablation[0]["average_precision"], ablation[-1]["average_precision"]
    told = (
        f"Without duration and pageviews its average precision on held-out visitors falls from {whole:.3f} to {without:.3f}: "
        "what is between is learnt from how long sessions are, which buying itself lengthens."
        if kind == "retrospective"
        else f"Without duration and pageviews its average precision on held-out visitors is {without:.3f} instead of {whole:.3f}."
    )
    if suspected:
        return [f"Leakage audit: {', '.join(suspected)} hold what came with or after the outcome.", told]
    if not is_traced:
        return [
            "Leakage audit: the export has no events, so what was known before the outcome cannot be measured feature by feature.",
            told,
        ]
    return ["Leakage audit: no feature changed after the outcome, and none separates the sessions alone.", told]


def divide(examples: Examples, seed: int) -> tuple[str, np.ndarray]:
    """The salt of the run, and the hash of each session's visitor that tells its folds."""
    visitors = examples.visitors
    wins = visitors.counts(examples.converted)
    converters = np.flatnonzero(wins)
    salt = folds.balanced_salt([str(visitors.levels[code]) for code in converters], wins[converters], seed)
    return salt, folds.hash_visitors(map(str, visitors.levels), salt)[visitors.codes]


def cross_fit(
    examples: Examples, chosen: boosting.Trial, learnt: Calibration, *, outer: np.ndarray, inner: np.ndarray, seed: int
) -> tuple[Scorer, list[Scorer], np.ndarray]:
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
        return encoder, boosting.fit(sessions.design, matrix, converted[rows], chosen.params, chosen.rounds, seed)

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
        calibration = learnt if fold == HELD_OUT else fit_calibration(margins[beside], converted[beside])
        scorers.append(Scorer(*pair, calibration))
        probabilities[~beside] = calibration(margins[~beside])
    return Scorer(*final, fit_calibration(margins, converted)), scorers, probabilities


def absent(sessions: Sessions) -> list[str]:
    """Measures that the export does not give for any session."""
    return [name for name, values in sessions.measures().items() if np.isnan(values).all()]


def check_folds(converted: np.ndarray, outer: np.ndarray, inner: np.ndarray) -> None:
    """Raise InputError unless every part that is learnt from, and the one that is held out, holds both outcomes."""
    learn = outer != HELD_OUT
    parts = [outer != fold for fold in range(folds.FOLDS)] + [outer == HELD_OUT]
    parts += [learn & (inner != fold) for fold in range(folds.FOLDS)]
    if any(len(np.unique(converted[part])) < 2 for part in parts):
        raise InputError(
            "the converting sessions belong to too few visitors to be spread over five folds: one fold would hold a single outcome; "
            "load more exports"
        )


def check(examples: Examples) -> None:
    """Raise InputError, in one clear line, unless there is something to learn."""
    n = examples.count
    if n < MIN_SESSIONS:
        raise InputError(f"too few sessions to train a model: {n:,}, at least {MIN_SESSIONS} are needed; load more exports")
    conversions = examples.conversions
    if conversions == 0:
        raise InputError(f"none of the {n:,} sessions converted, so there is nothing to learn from; load an export with purchases")
    if conversions == n:
        raise InputError(f"all of the {n:,} sessions converted, so there is nothing to compare them with; load all sessions")
    for outcome, verb in ((examples.converted, "converted"), (~examples.converted, "did not convert")):
        visitors = int(np.count_nonzero(examples.visitors.counts(outcome)))
        if visitors < MIN_VISITORS:
            noun = "visitor" if visitors == 1 else "visitors"
            raise InputError(f"only {visitors} {noun} {verb}, at least {MIN_VISITORS} are needed to train a model; load more exports")
    sessions = examples.sessions
    device = sessions.categories["device"]
    devices = [str(device.levels[code]) for code in np.flatnonzero(device.counts())]
    if len(devices) == 1 and devices[0] != "other":  # other alone: the data have no devices
        raise InputError(
            f"every session has the device {devices[0]!r}: a site has visitors on several, so the export was filtered, and a model of it would "
            "give wrong probabilities to all others; load an export that holds every device"
        )
    labels = {name for name, column in sessions.categories.items() if np.count_nonzero(column.counts()) > 1}
    numbers = {name for name, values in sessions.numbers.items() if np.unique(values[~np.isnan(values)]).size > 1}
    if not (labels | numbers) & set(sessions.design.told):
        raise InputError("no feature tells one session from another: pageviews, durations, sources and countries are all empty or equal")
