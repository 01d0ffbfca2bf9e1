"""Whether a registered fix has worked: the segment against untouched traffic, before and after the date.

A difference in differences on the log-odds scale, so that what moves everyone (season, prices, campaigns) cancels. The interval holds at every
look. Days differ by more than counting explains, in the segment apart from the rest: that spread is measured before the fix and
counted in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from models.experiments.sequence import radius

LEAST_PASSES = 8.0
"""Passes a bin must have in segment and rest, on average: the logit of a smaller count is far from normal."""
LEAST_BINS = 4
ALPHA = 0.05


@dataclass(frozen=True)
class Verdict:
    """What became of a leak since its fix.

    `change` is on the log-odds scale, relative to the rest; `low` and `high` are its interval, valid at every look. `recovered` is the
    share of the shortfall that is back (1: all of it), with its bounds. `state` is fixed, not yet, worse or too early.
    """

    state: str
    change: float | None = None
    low: float | None = None
    high: float | None = None
    recovered: float | None = None
    recovered_low: float | None = None
    recovered_high: float | None = None
    bins_before: int = 0
    bins_after: int = 0


def verdict(
    segment: tuple[np.ndarray, np.ndarray],
    rest: tuple[np.ndarray, np.ndarray],
    fixed_on: int,
    shortfall: float,
    *,
    z: float = math.inf,
    alpha: float = ALPHA,
) -> Verdict:
    """Judge a fix from entrants and passes by day.

    Parameters
    ----------
    segment, rest : (entrants, passes), one value a day, in the order of days; `segment` from the day the leak began, `rest` the
        comparable traffic that nobody touched, of the same days.
    fixed_on : position of the first day with the fix.
    shortfall : how far the segment was below its expected rate before, on the log-odds scale, above 0.
    z : the finding's z. A leak that was picked for being low was partly low by chance and comes back by itself; the level before is
        therefore taken as nearer to the expected one by 1 / z^2 of the shortfall, as the money shown is.

    Fixed: the whole interval lies above no change and at least half of the shortfall is back. Worse: it lies below. Too early: fewer than
    LEAST_BINS bins before or after, days being pooled until a bin has LEAST_PASSES passes on each side.
    """
    if shortfall <= 0:
        raise ValueError("a leak has a shortfall above 0")
    size = _bin_size(segment, rest, fixed_on)
    before = _differences(segment, rest, slice(0, fixed_on), size)
    after = _differences(segment, rest, slice(fixed_on, len(segment[0])), size)
    if min(len(before[0]), len(after[0])) < LEAST_BINS:
        return Verdict("too early", bins_before=len(before[0]), bins_after=len(after[0]))
    spread = natural_spread(*before)
    level, level_variance = _mean(*before, spread)
    level += shortfall / (z * z)
    weight = 1 / (after[1] + spread)
    now = np.cumsum(weight * after[0]) / np.cumsum(weight)
    half = NormalDist().inv_cdf(1 - alpha / 4) * math.sqrt(level_variance) + radius(1 / np.cumsum(weight), shortfall, alpha / 2)
    looks = slice(LEAST_BINS - 1, None)
    low, high = float(np.max((now - level - half)[looks])), float(np.min((now - level + half)[looks]))
    change = float(now[-1] - level)
    if low > high:  # the effect moved: what held at one look no longer holds at another
        low, high = change - float(half[-1]), change + float(half[-1])
    state = "worse" if high < 0 else "fixed" if low > 0 and change >= shortfall / 2 else "not yet"
    return Verdict(state, change, low, high, change / shortfall, low / shortfall, high / shortfall, len(before[0]), len(after[0]))


def natural_spread(difference: np.ndarray, variance: np.ndarray) -> float:
    """Variance between bins beyond what counting explains (Paule & Mandel 1982), never below 0."""

    def excess(tau: float) -> float:
        weight = 1 / (variance + tau)
        mean = np.sum(weight * difference) / np.sum(weight)
        return float(np.sum(weight * (difference - mean) ** 2)) - (len(difference) - 1)

    low, high = 0.0, 1.0
    if excess(low) <= 0:
        return 0.0
    while excess(high) > 0:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def _mean(difference: np.ndarray, variance: np.ndarray, spread: float) -> tuple[float, float]:
    weight = 1 / (variance + spread)
    return float(np.sum(weight * difference) / np.sum(weight)), float(1 / np.sum(weight))


def _bin_size(segment, rest, fixed_on: int) -> int:
    """Days to pool so that a bin has LEAST_PASSES passes and non-passes on both sides before the fix, on average."""
    fewest = min(
        float(np.mean(count[:fixed_on])) if fixed_on else 0.0
        for entrants, passes in (segment, rest)
        for count in (np.asarray(passes, float), np.asarray(entrants, float) - passes)
    )
    return max(math.ceil(LEAST_PASSES / fewest), 1) if fewest > 0 else len(segment[0]) + 1


def _differences(segment, rest, days: slice, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of the segment minus those of the rest, by bin of whole days, and their variances (Haldane's half added)."""
    logits, variances = [], []
    for entrants, passes in (segment, rest):
        n, y = (_pooled(np.asarray(values, dtype=np.float64)[days], size) for values in (entrants, passes))
        logits.append(np.log((y + 0.5) / (n - y + 0.5)))
        variances.append(1 / (y + 0.5) + 1 / (n - y + 0.5))
    return logits[0] - logits[1], variances[0] + variances[1]


def _pooled(values: np.ndarray, size: int) -> np.ndarray:
    whole = len(values) // size * size
    return values[:whole].reshape(-1, size).sum(axis=1)
