"""Leaks beside segments that share cells with them: which of two nested segments the leak is, and what of a leak its parts inherit."""

import numpy as np
from scipy.special import expit

from models.leaks.candidates import Family
from models.leaks.design import Effect, Step
from models.leaks.drop import LEAST_EXPECTED, WITHIN
from models.leaks.interaction import Segments

UNEVEN = 0.15
"""Standard deviation of a leak's effect between the parts of its segment, as a share of the effect."""
MARGIN = 3.0
"""Log-likelihood by which a nested segment has to explain more to take a leak's place."""
ROUNDS = 6


def inherited(step: Step, segments: Segments, number: int, weight: np.ndarray) -> np.ndarray:
    """Variance of the effects of a family's segments that comes of leaks found: a leak does not act alike on all of its segment.

    Parameters
    ----------
    weight : (segments, bins) information of the segments

    Returns
    -------
    (segments, bins) over all bins from each on; the first column is over all.
    """
    variance = np.zeros_like(weight)
    if not step.leaks or not len(weight):
        return variance
    after = np.maximum(from_each(weight), 1e-12)
    for effect, cells in zip(step.leak_effects()[0], step.acting, strict=True):
        mine = np.zeros(len(step.n))
        mine[cells] = step.weight[cells]
        variance += (UNEVEN * effect * from_each(segments.by_bin(step, number, mine)) / after) ** 2
    return variance


def from_each(values: np.ndarray) -> np.ndarray:
    """Sums over the bins from each to the last: (segments, bins)."""
    return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]


def gains(segment: np.ndarray, count: int, n: np.ndarray, y: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Effect of each segment fitted to its cells alone, and the log-likelihood that it gains; segments numbered `count` are none."""
    effect = np.zeros(count + 1)
    for _ in range(ROUNDS):
        mu = expit(eta + effect[segment])
        score = np.bincount(segment, y - n * mu, minlength=count + 1)
        weight = np.bincount(segment, n * mu * (1 - mu), minlength=count + 1)
        effect = np.clip(effect + np.clip(score / (weight + 0.25), -1, 1), -6, 6)
    there = eta + effect[segment]
    gained = y * effect[segment] - n * (np.logaddexp(0, there) - np.logaddexp(0, eta))
    return effect[:count], np.bincount(segment, gained, minlength=count + 1)[:count]


def better(step: Step, segments: Segments, family: int, segment: int, start: int, least_order: int) -> tuple[int, int] | None:
    """The segment that holds the leak found last, or is held by it, and explains more; None where there is none.

    All are fitted to their own cells with that leak's effect taken out of the model.
    """
    known = segments.families
    mine, levels = known[family], known[family].levels[segment]
    cells = step.acting[-1]
    eta = step.eta - natural(step, mine, levels)
    eta[cells] -= step.beta[-1]
    everywhere = np.flatnonzero(step.bin >= start)
    _, alone = gains(np.zeros(len(cells), np.int64), 1, step.n[cells], step.y[cells], eta[cells])
    best, most = None, float(alone[0]) + MARGIN
    for number, other in enumerate(known):
        if number == family or not len(other) or other.order < least_order:
            continue
        if set(mine.dimensions) < set(other.dimensions):
            within = cells
            places = matching(other, mine.dimensions, levels)
        elif set(other.dimensions) < set(mine.dimensions):
            key = tuple(int(levels[mine.dimensions.index(d)]) for d in other.dimensions)
            place = other.numbers.get(key)
            if place is None:
                continue
            within = everywhere[segments.segment[number][step.combination[everywhere]] == place]
            places = np.array([place])
        else:
            continue
        if not len(places):
            continue
        renumbered = np.full(len(other) + 1, len(places))
        renumbered[places] = np.arange(len(places))
        effect, gain = gains(
            renumbered[segments.segment[number][step.combination[within]]], len(places), step.n[within], step.y[within], eta[within]
        )
        gain = np.where(effect < 0, gain, -np.inf)
        at = int(np.argmax(gain))
        if gain[at] > most:
            best, most = (number, int(places[at])), float(gain[at])
    return best


def natural(step: Step, family: Family, levels: np.ndarray) -> np.ndarray:
    """What the model holds, by cell, of the natural effects of the pairs that a segment lies in: part of a leak hides there."""
    out = np.zeros(step.combinations)
    for place, one in step.placed():
        if set(one.dimensions) <= set(family.dimensions):
            key = [levels[family.dimensions.index(d)] for d in one.dimensions]
            inside = np.all(step.codes[:, one.dimensions] == key, axis=1)
            out += np.where(inside, np.append(step.beta[place], 0.0)[one.column], 0.0)
    return out[step.combination]


def began(step: Step) -> tuple[int, int, int] | None:
    """Start of the leak found last, and the first and last bin of the start's 90 % set, where it explains more from a bin on than all along.

    A leak that sets in early is worse than its parts over the whole period too; its healthy bins are told from the others by the likelihood.
    """
    cells = step.acting[-1]
    eta = step.eta.copy()
    eta[cells] -= step.beta[-1]
    expected = np.bincount(step.bin[cells], step.n[cells] * expit(eta[cells]), minlength=step.bins)
    later = np.cumsum(expected[::-1])[::-1]
    gained = np.full(step.bins, -np.inf)
    for start in range(step.bins - 1):
        within = cells[step.bin[cells] >= start]
        if start and (start < 2 or later[start] < LEAST_EXPECTED or later[0] - later[start] < LEAST_EXPECTED):
            continue
        effect, gain = gains(np.zeros(len(within), np.int64), 1, step.n[within], step.y[within], eta[within])
        gained[start] = gain[0] if effect[0] < 0 else -np.inf
    best = int(np.argmax(gained))
    if best == 0 or gained[best] <= gained[0] + MARGIN:
        return None
    near = np.flatnonzero(gained[1:] >= gained[best] - WITHIN) + 1
    return best, int(near[0]), int(near[-1])


def matching(family: Family, dimensions: tuple[int, ...], levels: np.ndarray) -> np.ndarray:
    """Segments of a family that have these levels of these dimensions."""
    columns = [family.dimensions.index(d) for d in dimensions]
    return np.flatnonzero(np.all(family.levels[:, columns] == levels, axis=1))


def replaced(step: Step, segments: Segments, effect: Effect) -> None:
    """Put another segment in the place of the leak found last; the next scoring fits it."""
    number = len(step.leaks) - 1
    step.without(number)
    segments.take_back(number)
    step.leaks.append(effect)
