"""How well probabilities rank sessions, with intervals and with the best value that arithmetic allows."""

import math

import numpy as np


def auc_and_precision(p: np.ndarray, converted: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """Area under the ROC curve and average precision; equal probabilities count as ties.

    NaN where one of the classes is missing.
    """
    return _Ranking(p, converted).measure(weights)


class _Ranking:
    """Sessions sorted once by probability, so that many weightings of them are measured quickly."""

    def __init__(self, p: np.ndarray, converted: np.ndarray):
        self.order = np.argsort(-np.asarray(p, dtype=np.float64), kind="stable")
        ranked = np.asarray(p)[self.order]
        self.last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
        self.converted = np.asarray(converted, dtype=np.float64)[self.order]

    def measure(self, weights: np.ndarray | None = None) -> tuple[float, float]:
        weight = np.ones(len(self.order)) if weights is None else weights[self.order]
        hits = np.cumsum(weight * self.converted)[self.last_of_tie]
        seen = np.cumsum(weight)[self.last_of_tie]
        positives, negatives = hits[-1], seen[-1] - hits[-1]
        if positives <= 0 or negatives <= 0:
            return math.nan, math.nan
        new_hits = np.diff(hits, prepend=0.0)
        new_misses = np.diff(seen - hits, prepend=0.0)
        auc = (new_misses * (hits - new_hits / 2)).sum() / (positives * negatives)
        precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
        return float(auc), float((new_hits * precision).sum() / positives)


def bootstrap_by_visitor(
    p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, *, seed: int, replicates: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % percentile intervals of AUC and average precision, resampling visitors with all their sessions.

    Parameters
    ----------
    visitors
        Code of each session's visitor, from 0.
    """
    ranking = _Ranking(p, converted)
    generator = np.random.default_rng(seed)
    count = int(visitors.max()) + 1
    present = np.unique(visitors)
    values = []
    for _ in range(replicates):
        drawn = np.zeros(count)
        drawn[present] = np.bincount(generator.integers(0, len(present), len(present)), minlength=len(present))
        values.append(ranking.measure(drawn[visitors]))
    kept = np.array([value for value in values if not math.isnan(value[0])])
    if len(kept) < replicates / 2:
        return (math.nan, math.nan), (math.nan, math.nan)
    low, high = np.percentile(kept, [2.5, 97.5], axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def top_count(sessions: int) -> int:
    """Sessions in the top tenth, rounded up."""
    return -(-sessions // 10)


def at_top_tenth(p: np.ndarray, converted: np.ndarray) -> dict[str, float]:
    """Precision and recall in the tenth with the highest probabilities, and the highest values possible there.

    With k sessions in the tenth and c conversions in all, precision cannot exceed min(1, c/k) nor recall min(1, k/c).
    Equal probabilities are ranked by position.
    """
    k, conversions = top_count(len(p)), int(np.sum(converted))
    hits = int(np.sum(converted[np.argsort(-np.asarray(p, dtype=np.float64), kind="stable")[:k]]))
    return {
        "precision_at_10": hits / k,
        "precision_at_10_max": min(1.0, conversions / k),
        "recall_at_10": hits / conversions if conversions else math.nan,
        "recall_at_10_max": min(1.0, k / conversions) if conversions else math.nan,
    }


def best_threshold(p: np.ndarray, converted: np.ndarray) -> float:
    """Probability from which flagging sessions has the highest F1; the highest one where several do."""
    ranking = _Ranking(p, converted)
    hits = np.cumsum(ranking.converted)[ranking.last_of_tie]
    f1 = 2 * hits / (ranking.last_of_tie + 1 + ranking.converted.sum())
    return float(p[ranking.order[ranking.last_of_tie[int(np.argmax(f1))]]])


def f1_at(p: np.ndarray, converted: np.ndarray, threshold: float) -> float:
    """F1 of flagging the sessions whose probability reaches the threshold."""
    flagged = p >= threshold
    both = int(flagged.sum()) + int(np.sum(converted))
    return 2 * int(np.sum(converted & flagged)) / both if both else 0.0


def lift_by_decile(p: np.ndarray, converted: np.ndarray) -> list[dict]:
    """Conversion rate in each tenth by probability, the highest first, against the overall rate."""
    order = np.argsort(-np.asarray(p, dtype=np.float64), kind="stable")
    overall = float(np.mean(converted))
    table = []
    for decile, rows in enumerate(np.array_split(order, 10), start=1):
        conversions = int(converted[rows].sum())
        rate = conversions / len(rows)
        table.append({"decile": decile, "sessions": len(rows), "conversions": conversions, "rate": rate, "lift": rate / overall})
    return table
