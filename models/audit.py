"""Whether a model learns from what the outcome itself brought about.

A feature leaks when its value was not known before the outcome. Three looks, stored with every run:

- its value before and after: features made of the events before the first checkout or key event beside those made of all events.
  Any converting session whose value differs gives the feature away.
- alone: how well the feature ranks by itself. One that separates almost perfectly is more likely an echo of the outcome than a cause.
- without it: what the model reaches when duration, pageviews or both are taken away.
"""

from collections.abc import Callable

import numpy as np

from models import boosting
from models.comparison import refitted
from models.early import Events, prefixes, usable
from models.evaluation import auc_and_precision
from models.examples import Examples
from models.features import Sessions
from models.percent import percent

TOO_GOOD = 0.98
AT_START = (
    "visit_number",
    "hour",
    "weekday",
    "device",
    "source",
    "country",
    "channel",
    "landing_page",
    "device_source",
    "is_high_value_region",
)
ABLATIONS = {
    "retrospective": {
        "without duration": ("duration_seconds",),
        "without pageviews": ("pageviews",),
        "without both": ("duration_seconds", "pageviews"),
    },
    "early": {
        "without duration": ("seconds", "last_pause"),
        "without pageviews": ("pageviews", "distinct_pages", "events"),
        "without both": ("seconds", "last_pause", "pageviews", "distinct_pages", "events"),
    },
}


def whole_features(events: Events) -> dict[str, np.ndarray]:
    """What a retrospective model counts, told from events: one value a session."""
    count = int(events.session[-1]) + 1 if len(events) else 0
    views = np.array([name in ("page_view", "screen_view") for name in events.name.levels], dtype=bool)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.fmin.at(first, events.session, events.seconds)
    np.fmax.at(last, events.session, events.seconds)
    pageviews = np.bincount(events.session, weights=views[events.name.codes], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        duration = np.where(last >= first, last - first, np.nan)
        return {
            "duration_seconds": duration,
            "pageviews": pageviews,
            "pageviews_per_minute": np.where(duration > 0, pageviews / (duration / 60), np.nan),
        }


def early_features(key_events: frozenset[str]) -> Callable[[Events], dict[str, np.ndarray]]:
    """What the early model counts of each session at its latest usable moment, as a function of events."""

    def features(events: Events) -> dict[str, np.ndarray]:
        found = prefixes(events, key_events, cuts=None)
        count = int(events.session[-1]) + 1 if len(events) else 0
        values = {}
        for name, numbers in found.numbers.items():
            values[name] = np.full(count, np.nan)
            values[name][found.session] = numbers
        return values

    return features


def before_and_after(
    features: Callable[[Events], dict[str, np.ndarray]], events: Events, converted: np.ndarray, key_events: frozenset[str]
) -> list[dict]:
    """Each feature of converting sessions as it stood before the outcome and as it stands in the end.

    Parameters
    ----------
    features
        Makes the features of events: by name, one value a session.
    converted
        Whether each session converted.

    Returns
    -------
    list of dict
        ``feature``, its mean ``before`` and ``after``, and ``changed``: the share of converting sessions whose value differs.
    """
    kept = np.flatnonzero(usable(events, key_events))
    cut = Events(events.session[kept], events.seconds[kept], events.name.take(kept), events.page.take(kept))
    count = len(converted)
    rows = []
    before, after = features(cut), features(events)
    for name in after:
        was, became = (np.concatenate([v, np.full(count - len(v), np.nan)])[converted] for v in (before[name], after[name]))
        same = (was == became) | (np.isnan(was) & np.isnan(became))
        rows.append(
            {"feature": name, "before": _mean(was), "after": _mean(became), "changed": float(np.mean(~same)) if len(same) else None}
        )
    return rows


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def alone(matrix: dict[str, np.ndarray], converted: np.ndarray, categories: dict[str, np.ndarray], folds: np.ndarray) -> dict[str, float]:
    """AUC of each feature by itself, in the direction that ranks better; labels by their rates in the other folds."""
    found = {}
    for name, values in matrix.items():
        auc, _ = auc_and_precision(np.where(np.isnan(values), -1, values), converted)
        found[name] = max(auc, 1 - auc)
    for name, codes in categories.items():
        rates = np.empty(len(codes))
        every, wins = np.bincount(codes), np.bincount(codes, weights=converted)
        for fold in np.unique(folds):
            inside = folds == fold
            n = every - np.bincount(codes[inside], minlength=len(every))
            k = wins - np.bincount(codes[inside], weights=converted[inside], minlength=len(every))
            rates[inside] = ((k + converted.mean()) / (n + 1))[codes[inside]]
        auc, _ = auc_and_precision(rates, converted)
        found[name] = max(auc, 1 - auc)
    return found


def ablation(examples: Examples, held_out: np.ndarray, inner: np.ndarray, chosen: boosting.Trial, *, seed: int) -> list[dict]:
    """AUC and average precision on held-out visitors with everything and without duration, pageviews, or both."""
    learn, judge = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    table = []
    for name, gone in ({"with everything": ()} | ABLATIONS[examples.sessions.design.kind]).items():
        sessions = examples.sessions.without(gone) if gone else examples.sessions
        p = refitted(sessions.take(learn), examples.converted[learn], sessions.take(judge), chosen=chosen, inner=inner[learn], seed=seed)
        auc, average_precision = auc_and_precision(p, examples.converted[judge])
        table.append({"name": name, "auc": auc, "average_precision": average_precision})
    return table


def features_of(sessions: Sessions) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Numeric features and codes of labels, by name."""
    return sessions.measures(), {name: column.codes for name, column in sessions.categories.items()}


def report(
    examples: Examples,
    folds: np.ndarray,
    compared: list[dict],
    *,
    more: dict[str, np.ndarray] | None = None,
) -> list[dict]:
    """One row a feature, with the reason where it is suspected.

    Parameters
    ----------
    folds
        A fold of each row, for the rates of labels.
    compared
        What `before_and_after` found; empty where the export has no events.
    more
        Further numeric features to look at.

    Returns
    -------
    list of dict
        ``feature``, ``alone`` (AUC), ``before``, ``after``, ``changed`` (None where not measured) and ``suspected``: None or a sentence.
    """
    numbers, labels = features_of(examples.sessions)
    moved = {row["feature"]: row for row in compared}
    rows = []
    for name, auc in alone(numbers | (more or {}), examples.converted, labels, folds).items():
        seen = moved.get(name, {})
        row = {"feature": name, "alone": auc, **{key: seen.get(key) for key in ("before", "after", "changed")}}
        rows.append(row | {"suspected": suspicion(row)})
    return rows


def suspicion(row: dict) -> str | None:
    """Why a feature is suspected, if it is."""
    if row["changed"]:
        return f"its value changed after the outcome in {percent(row['changed'])} of the converting sessions"
    if row["alone"] >= TOO_GOOD and row["feature"] not in AT_START:
        return f"alone it ranks with an AUC of {row['alone']:.3f}: more likely an effect of converting than a sign of it"
    return None
