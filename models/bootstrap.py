"""95 % intervals of what is reported, by resampling visitors with all their sessions.

All replicates are computed together: sessions are counted by visitor and bin of rank once, and each replicate is a product of the visitors'
weights with those counts. Sums of whole numbers are exact, so the same seed gives the same interval on every machine.
"""

import numpy as np
from scipy import sparse

from models.evaluation import SHARES, log_losses, squared_errors

REPLICATES = 400
REPLICATES_OF_MANY = 200
MANY_SESSIONS = 100_000
CHUNK = 32
EXACT_RANKS = 1_000
BINS = 3_000
CURVE_BINS = 20


def intervals(
    p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, *, seed: int, replicates: int | None = None, curve_bins: int = CURVE_BINS
) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of each measure, by name.

    Parameters
    ----------
    visitors
        Code of each session's visitor.
    replicates
        How often visitors are drawn with replacement; fewer where sessions are many.

    Returns
    -------
    dict
        auc, average_precision, brier, log_loss, ece, and precision, recall and lift at each of `SHARES`. NaN where half of the
        replicates lack one of the classes.
    """
    found = replicated(p, converted, visitors, seed=seed, replicates=replicates, curve_bins=curve_bins)
    return {name: percentiles(values) for name, values in found.items()}


def replicated(
    p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, *, seed: int, replicates: int | None = None, curve_bins: int = CURVE_BINS
) -> dict[str, np.ndarray]:
    """Each measure in each replicate, by name. The same seed and visitors draw the same replicates, so two models may be paired."""
    replicates = replicates or (REPLICATES if len(p) <= MANY_SESSIONS else REPLICATES_OF_MANY)
    _, who = np.unique(visitors, return_inverse=True)
    count = int(who.max()) + 1
    counts = _Counts(np.asarray(p, dtype=np.float64), np.asarray(converted, dtype=np.float64), who, count, curve_bins)
    generator = np.random.default_rng(seed)
    values: dict[str, list[np.ndarray]] = {}
    for start in range(0, replicates, CHUNK):
        size = min(CHUNK, replicates - start)
        weights = np.column_stack([np.bincount(generator.integers(0, count, count), minlength=count) for _ in range(size)])
        for name, found in counts.measured(weights.astype(np.float64)).items():
            values.setdefault(name, []).append(found)
    return {name: np.concatenate(found) for name, found in values.items()}


def top_ratio(p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, top: np.ndarray, *, seed: int) -> tuple[float, float]:
    """95 % interval of conversions that happened to those expected among some sessions, by visitor."""
    found = ratios(p[top], converted[top], visitors[top], seed=seed)
    return percentiles(found)


def ratios(p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, *, seed: int, replicates: int = REPLICATES) -> np.ndarray:
    """Conversions to expected ones in each replicate."""
    _, who = np.unique(visitors, return_inverse=True)
    count = int(who.max()) + 1
    happened = np.bincount(who, weights=converted, minlength=count)
    expected = np.bincount(who, weights=np.asarray(p, dtype=np.float64), minlength=count)
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(replicates):
        drawn = generator.integers(0, count, count)
        found.append(happened[drawn].sum() / max(expected[drawn].sum(), 1e-12))
    return np.array(found)


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of replicates; NaN where half of them have no value."""
    kept = values[np.isfinite(values)]
    if len(kept) < len(values) / 2:
        return np.nan, np.nan
    low, high = np.percentile(kept, [2.5, 97.5])
    return float(low), float(high)


class _Counts:
    """Sessions and conversions by visitor and bin of rank: the first ranks each alone, later bins growing with the rank."""

    def __init__(self, p: np.ndarray, converted: np.ndarray, who: np.ndarray, count: int, curve_bins: int):
        order = np.argsort(-p, kind="stable")
        ranked, hit, owner = p[order], converted[order], who[order]
        tie = np.cumsum(np.append(False, ranked[1:] != ranked[:-1]))
        self.bins, bin_of = _rank_bins(tie)
        shape = (self.bins, count)
        self.sessions = sparse.csr_matrix((np.ones(len(p)), (bin_of, owner)), shape)
        self.hits = sparse.csr_matrix((hit, (bin_of, owner)), shape)
        self.sums = np.vstack(
            [np.bincount(who, weights=values, minlength=count) for values in (squared_errors(p, converted), log_losses(p, converted))]
        )
        part = np.minimum(np.arange(len(p)) * curve_bins // max(len(p), 1), curve_bins - 1)
        self.gaps = sparse.csr_matrix((hit - ranked, (part, owner)), (curve_bins, count))

    def measured(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Each measure under each column of weights."""
        sessions, hits = self.sessions @ weights, self.hits @ weights
        n, conversions = sessions.sum(axis=0), hits.sum(axis=0)
        seen, found = np.cumsum(sessions, axis=0), np.cumsum(hits, axis=0)
        misses = sessions - hits
        with np.errstate(divide="ignore", invalid="ignore"):
            auc = (misses * (found - hits / 2)).sum(axis=0) / (conversions * (n - conversions))
            precision = np.where(seen > 0, found / seen, 0)
            measures = {
                "auc": auc,
                "average_precision": (hits * precision).sum(axis=0) / conversions,
                "brier": self.sums[0] @ weights / n,
                "log_loss": self.sums[1] @ weights / n,
                "ece": np.abs(self.gaps @ weights).sum(axis=0) / n,
            }
            for percent in SHARES:
                k = np.ceil(n * percent / 100)
                top = np.array(
                    [np.interp(wanted, np.append(0, s), np.append(0, f)) for wanted, s, f in zip(k, seen.T, found.T, strict=True)]
                )
                measures[f"precision_at_{percent}"] = top / k
                measures[f"recall_at_{percent}"] = top / conversions
                measures[f"lift_at_{percent}"] = top / k / (conversions / n)
        return {name: np.where(conversions > 0, values, np.nan) for name, values in measures.items()}


def _rank_bins(tie: np.ndarray) -> tuple[int, np.ndarray]:
    """Bin of each rank: by tie where there are few distinct probabilities, else single ranks first and then bins that grow by a share."""
    distinct = int(tie[-1]) + 1
    if distinct <= BINS:
        return distinct, tie
    edges = np.unique(np.concatenate([np.arange(EXACT_RANKS), np.geomspace(EXACT_RANKS, distinct, BINS - EXACT_RANKS).astype(np.int64)]))
    bins = np.searchsorted(edges, tie, side="right") - 1
    return int(bins[-1]) + 1, bins
