"""Segments that do worse than their own past, while the rest of the site held.

Residuals of a segment by bin of time are compared before and after each possible start. The bins' own effects are in the model, so that
the rest of the site is the control; what a segment's weeks scatter beyond chance is part of the null.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr

from models.leaks.spread import spread

LEAST_BINS = 8
LEAST_EXPECTED = 8
PSEUDO_SEGMENTS = 30
WITHIN = 1.35
"""Log-likelihood units from the best start that a 90 % set reaches."""


NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass
class Drops:
    """The best start of each segment: z, p, effect in log-odds, information, start bin and the first and last of the 90 % set."""

    z: np.ndarray
    p: np.ndarray
    effect: np.ndarray
    information: np.ndarray
    start: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray

    def weaken(self, variance: np.ndarray) -> None:
        """Add a variance to the effects, by segment and start; p falls back as the tail at z does."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = (self.effect / self.z) ** 2
            z = self.z / np.sqrt(1 + variance[np.arange(len(self.z)), self.start] / own)
        z = np.where(np.isfinite(self.z) & (self.z < 0) & np.isfinite(z), z, self.z)
        usable = np.isfinite(z) & (self.z < z) & (z < 0)
        factor = np.exp(np.minimum(log_ndtr(np.where(usable, z, 0)) - log_ndtr(np.where(usable, self.z, 0)), 700))
        self.p = np.where(usable, np.minimum(self.p * factor, 1.0), self.p)
        self.z = z


def weekly_noise(score: np.ndarray, information: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Departures of single bins from their segment's mean, their variances, and the share of freedom left in them."""
    total = information.sum(axis=1, keepdims=True)
    mean = score.sum(axis=1, keepdims=True) / np.maximum(total, 1e-12)
    usable = (expected >= 5) & (information > 3)
    enough = usable.sum(axis=1) >= LEAST_BINS // 2
    usable &= enough[:, None]
    departures = (score / np.maximum(information, 1e-12) - mean)[usable]
    count = np.count_nonzero(usable)
    freedom = 1 - np.count_nonzero(enough) / count if count else 1.0
    return departures, 1 / information[usable], freedom


def noises(parts: list[tuple[np.ndarray, np.ndarray, float]], counts: list[int]) -> list[float]:
    """Variance of the bins of each family beyond chance, pooled with 30 pseudo-segments, never below the pool, plus one standard error."""
    departures = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0)
    variances = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0)
    freedom = float(np.average([part[2] for part in parts], weights=[max(len(part[0]), 1e-9) for part in parts])) if parts else 1.0
    pool = spread(departures, variances, centre=0.0, freedom=freedom) if len(departures) >= 20 else 0.0
    used = []
    for (own, variance, left), count in zip(parts, counts, strict=True):
        mine = spread(own, variance, centre=0.0, freedom=left) if len(own) >= 20 else pool
        shrunk = (count * mine + PSEUDO_SEGMENTS * pool) / (count + PSEUDO_SEGMENTS)
        used.append(shrunk)
    return used


def scan(score: np.ndarray, information: np.ndarray, expected: np.ndarray, noise: float) -> Drops:
    """Try every start from the third bin to the last but one."""
    count, bins = information.shape
    score = score / (1 + noise * information)
    weight = information / (1 + noise * information)

    def after(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]

    # The score per information of a segment and bin keeps its scale when the information of the contrast is below the weight's.
    late_score, late_weight = after(score), after(weight)
    early_score, early_weight = score.sum(axis=1, keepdims=True) - late_score, weight.sum(axis=1, keepdims=True) - late_weight
    late_expected = after(expected)
    early_expected = expected.sum(axis=1, keepdims=True) - late_expected
    late_raw = after(information)
    early_raw = information.sum(axis=1, keepdims=True) - late_raw
    starts = np.arange(bins)
    usable = (starts >= 2) & (starts <= bins - 2) & (late_expected >= LEAST_EXPECTED) & (early_expected >= LEAST_EXPECTED)
    usable &= (late_raw > 1) & (early_raw > 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = late_score / late_weight - early_score / early_weight
        z = effect / np.sqrt(1 / late_weight + 1 / early_weight)
        raw = 1 / (1 / late_raw + 1 / early_raw)
    z = np.where(usable, z, np.inf)
    best = np.argmin(z, axis=1)
    row = np.arange(count)
    lowest = z[row, best]
    evidence = np.where(usable & (z < 0), z**2 / 2, -np.inf)
    near = evidence >= (evidence[row, best] - WITHIN)[:, None]
    share = late_weight / np.maximum(late_weight + early_weight, 1e-300)
    return Drops(
        z=lowest,
        p=maximally_selected(lowest, share, usable),
        effect=effect[row, best],
        information=raw[row, best],
        start=best,
        earliest=np.argmax(near, axis=1),
        latest=bins - 1 - np.argmax(near[:, ::-1], axis=1),
    )


def maximally_selected(z: np.ndarray, share: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """One-sided p of the lowest z over all starts: Hunter's (1976) and Worsley's (1982) bound, by what each start adds to the one before.

    P(any below −b) ≤ P(first) + Σ P(this, not the one before), where starts of late shares s and s' of the information correlate by
    ρ² = s' (1 − s) / (s (1 − s')), and P(this, not the one before) = (1/2π) ∫ exp(−b² / (1 + sin θ)) dθ from arcsin ρ to π/2.

    Parameters
    ----------
    share, usable : (segments, bins) share of the information that is after each start, and whether the start is tried
    """
    b = np.maximum(-np.where(np.isfinite(z), z, 0), 1e-9)
    share = np.clip(share, 1e-12, 1 - 1e-12)
    both = usable[:, 1:] & usable[:, :-1]
    odds = share / (1 - share)
    low = np.arcsin(np.sqrt(np.clip(odds[:, 1:] / odds[:, :-1], 0, 1)))
    half = (np.pi / 2 - low) / 2
    added = np.zeros_like(low)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        added += weight * np.exp(-(b[:, None] ** 2) / (1 + np.sin(low + half * (1 + node))))
    p = ndtr(-b) + np.sum(np.where(both, added * half, 0.0), axis=1) / (2 * np.pi)
    return np.where(np.isfinite(z) & (z < 0), np.clip(p, 1e-300, 1), 1.0)
