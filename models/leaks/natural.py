"""Natural effects of pairs of levels as random effects of the model, and the departures of pairs beside them.

A segment's sum of residuals holds more than its own departure: where the other segments of its family depart too, the additive reference
moves with them, most where a dimension has few levels. Left in, their share of the reference passes for the segment's own departure, and
the spread comes out too wide. In the joint model each segment is compared with what the others are estimated to be.
"""

from dataclasses import dataclass

import numpy as np

from models.leaks.design import Pairs, Step
from models.leaks.interaction import LEAST_EXPECTED, LEAST_INFORMATION, Segments, natural_spreads

MOST_PAIRS = 600
"""Largest number of natural effects in the model: those of the pairs with most information."""
FIRST_SPREAD = 0.01
ROUNDS, ROUNDS_AGAIN = 3, 2
ENOUGH = 1e-3
"""Log-likelihood that a further round of the fit may still gain."""
CLOSED = 1e8
"""Precision that keeps an effect at zero: that of a pair which is a leak already."""
SMALLEST = 1e-5
"""Least variance of natural effects that the fit holds."""


@dataclass
class Departures:
    """Departures of segments of a family as if each had a free effect, and their variances without its own natural one."""

    segments: np.ndarray
    effect: np.ndarray
    variance: np.ndarray


def absorb(step: Step, segments: Segments) -> dict[tuple[int, ...], Departures]:
    """Fit a step with the natural effects of pairs, their spreads estimated with it: the departures by family."""
    again = bool(step.pairs)
    if not again:
        step.fit()
        step.absorb(chosen(step, segments))
    spreads: dict[tuple[int, ...], float] = {}
    for one in step.pairs:
        left = one.precision[one.precision < CLOSED]
        spreads[one.dimensions] = 1 / float(left[0]) if len(left) else FIRST_SPREAD
    for _ in range(ROUNDS_AGAIN if again else ROUNDS):
        for one in step.pairs:
            one.precision = np.where(leaking(step, segments, one), CLOSED, 1 / max(spreads[one.dimensions], SMALLEST))
        step.fit(choose_penalties=False, tolerance=ENOUGH)
        own = departures(step)
        used, _ = natural_spreads([one.effect for one in own.values()], [one.variance for one in own.values()])
        spreads = dict(zip(own, used, strict=True))
    return own


def chosen(step: Step, segments: Segments) -> list[Pairs]:
    """The pairs with enough information beside the additive model, the best of them where there are too many."""
    usable, found = [], []
    for number, family in enumerate(segments.families):
        if family.order == 2 and len(family):
            expected = segments.by_bin(step, number, step.n * step.mu).sum(axis=1)
            weight = segments.by_bin(step, number, step.weight)
            information = segments.information(step, number, weight)
            usable.append((number, np.flatnonzero((expected >= LEAST_EXPECTED) & (information > LEAST_INFORMATION)), information))
    every = np.sort(np.concatenate([information[use] for _, use, information in usable] or [np.zeros(0)]))
    least = every[-MOST_PAIRS] if len(every) > MOST_PAIRS else 0.0
    for number, use, information in usable:
        use = use[information[use] >= least]
        column = np.full(len(segments.families[number]) + 1, len(use))
        column[use] = np.arange(len(use))
        found.append(
            Pairs(segments.families[number].dimensions, use, column[segments.segment[number]], np.full(len(use), 1 / FIRST_SPREAD))
        )
    return found


def leaking(step: Step, segments: Segments, pairs: Pairs) -> np.ndarray:
    """Whether each pair is a leak of the step, there all along."""
    out = np.zeros(len(pairs), bool)
    for leak in step.leaks:
        if leak.start == 0:
            inside = np.bincount(pairs.column[leak.inside], minlength=len(pairs) + 1)
            whole = np.bincount(pairs.column, minlength=len(pairs) + 1)
            out |= (inside[:-1] == whole[:-1]) & (inside[:-1] == np.count_nonzero(leak.inside))
    return out


def departures(step: Step) -> dict[tuple[int, ...], Departures]:
    """Departures of the pairs in the model.

    With û the predicted effect and P its variance of prediction, û/(1 − P/τ²) is what a free effect in its place would be estimated to be,
    and P/(1 − P/τ²) its variance without the natural one (Henderson's equations: Searle, Casella & McCulloch 1992, chapter 7).
    """
    doubt = np.diag(step.inverse())
    out = {}
    for place, one in step.placed():
        told = 1 - doubt[place] * one.precision
        kept = np.flatnonzero((told > LEAST_INFORMATION * doubt[place]) & (one.precision < CLOSED))
        out[one.dimensions] = Departures(one.segments[kept], step.beta[place][kept] / told[kept], doubt[place][kept] / told[kept])
    return out
