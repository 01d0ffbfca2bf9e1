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


def top_count(sessions: int) -> int:
    """Sessions in the top tenth, rounded up."""
    return -(-sessions // 10)


SHARES = (1, 5, 10, 20)
"""Percentages at whose top precision, recall and lift are told."""


def at_top(p: np.ndarray, converted: np.ndarray, percent: int) -> dict[str, float]:
    """Precision, recall and lift in the given percentage with the highest probabilities, and the highest values possible there.

    With k sessions in it and c conversions among n, precision cannot exceed min(1, c/k), recall min(1, k/c), lift min(n/c, n/k).
    Equal probabilities are ranked by position.
    """
    n, conversions = len(p), int(np.sum(converted))
    k = -(-n * percent // 100)
    hits = int(np.sum(converted[np.argsort(-np.asarray(p, dtype=np.float64), kind="stable")[:k]]))
    base = conversions / n
    return {
        f"precision_at_{percent}": hits / k,
        f"precision_at_{percent}_max": min(1.0, conversions / k),
        f"recall_at_{percent}": hits / conversions if conversions else math.nan,
        f"recall_at_{percent}_max": min(1.0, k / conversions) if conversions else math.nan,
        f"lift_at_{percent}": hits / k / base if conversions else math.nan,
        f"lift_at_{percent}_max": min(1.0, conversions / k) / base if conversions else math.nan,
    }


def brier(p: np.ndarray, converted: np.ndarray) -> float:
    """Mean squared distance of the probabilities from what happened."""
    return float(np.mean(squared_errors(p, converted)))


def squared_errors(p: np.ndarray, converted: np.ndarray) -> np.ndarray:
    return np.square(np.asarray(p, dtype=np.float64) - converted)


def log_losses(p: np.ndarray, converted: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the probability given to what happened; probabilities are moved inside 0 and 1 by 1e-9."""
    p = np.clip(np.asarray(p, dtype=np.float64), 1e-9, 1 - 1e-9)
    return -np.log(np.where(converted, p, 1 - p))


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
