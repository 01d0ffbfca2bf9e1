"""How far later sessions differ from those a model learnt from.

The population stability index of each feature, and of the score: PSI = Σ (a − e) ln(a / e) over bins, with e the share of a bin in the
training data and a in the later sessions. By custom below 0.1 is little, above 0.25 much; with few sessions chance alone brings some, so
each comes with the 95 % quantile that it has without any change, (1/m + 1/n) χ²(bins − 1).

References
----------
Siddiqi 2006, "Credit risk scorecards"; Yurdakul & Naranjo 2020, "Statistical properties of the population stability index".
"""

import numpy as np
from scipy.stats import chi2

from models.features import Sessions

BINS = 10
LEVELS = 20
SCORE = "p_conversion"
LEFT_OUT = frozenset({"weekday"})
"""A load holds the weekdays it holds: their shares say nothing of how sessions change."""


def reference(sessions: Sessions, probabilities: np.ndarray) -> dict[str, dict]:
    """The distribution of each feature and of the score in the training data, as JSON holds it.

    Numbers are cut at their deciles, with a bin for unknown ones; of labels the most frequent stand for themselves.
    """
    found = {}
    for name, values in (sessions.measures() | {SCORE: probabilities}).items():
        if name in LEFT_OUT:
            continue
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else np.array([])
        found[name] = {"edges": edges.astype(float).tolist(), "counts": _binned(values, edges).tolist()}
    for name, column in sessions.categories.items():
        counts = column.counts()
        order = sorted(np.flatnonzero(counts), key=lambda code: (-counts[code], str(column.levels[code])))[:LEVELS]
        levels = [column.levels[code] for code in order]
        found[name] = {"levels": levels, "counts": _levelled(column, levels).tolist()}
    return found


def measure(told: dict[str, dict], sessions: Sessions, probabilities: np.ndarray) -> list[dict]:
    """The index of each feature and of the score against a reference.

    Returns
    -------
    list of dict
        ``feature``, ``psi`` and ``by_chance``, the 95 % quantile without any change.
    """
    numbers = sessions.measures() | {SCORE: probabilities}
    rows = []
    for name, kept in told.items():
        if "edges" in kept:
            counts = _binned(numbers[name], np.array(kept["edges"]))
        else:
            counts = _levelled(sessions.categories[name], kept["levels"])
        expected = np.array(kept["counts"])
        used = (expected + counts) > 0
        rows.append({"feature": name, **stability(expected[used], counts[used])})
    return rows


def stability(expected: np.ndarray, counts: np.ndarray) -> dict[str, float]:
    """PSI of counts against expected ones, half a session added to each bin so that an empty one is finite, and its level by chance."""
    bins, m, n = len(counts), expected.sum(), counts.sum()
    if bins < 2:
        return {"psi": 0.0, "by_chance": 0.0}
    e = (expected + 0.5) / (m + 0.5 * bins)
    a = (counts + 0.5) / (n + 0.5 * bins)
    return {"psi": float(((a - e) * np.log(a / e)).sum()), "by_chance": float((1 / m + 1 / n) * chi2.ppf(0.95, bins - 1))}


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Counts of unknown values, then of those at or below the first edge, up to each further one, and above the last."""
    known = ~np.isnan(values)
    # Edges are told in double precision and values in single: compared in single, an edge is at itself again.
    places = np.searchsorted(edges.astype(np.float32), values[known].astype(np.float32), side="left")
    return np.concatenate([[np.count_nonzero(~known)], np.bincount(places, minlength=len(edges) + 1)])


def _levelled(column, levels: list[str | None]) -> np.ndarray:
    place = {level: number for number, level in enumerate(levels)}
    codes = np.array([place.get(level, len(levels)) for level in column.levels], dtype=np.int64)
    return np.bincount(codes[column.codes], minlength=len(levels) + 1)
