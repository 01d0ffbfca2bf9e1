"""Segments that do worse than their parts predict.

The score of a segment is the sum of its residuals under the additive model, U = Σ (y − nμ), with the information V that is left when
the model's own parameters are accounted for. U / V estimates its departure in log-odds. Natural departures are no leaks: they are part
of the null, as a variance τ² estimated over the family of segments with the same dimensions.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr

from models.leaks.candidates import Family
from models.leaks.design import Step
from models.leaks.spread import spread, standard_error

SMALLEST_FAMILY = 8
SWEEPS = 2
LIMIT = 4
LEAST_EXPECTED = 5
LEAST_INFORMATION = 2
LEAST_SHARE = 0.25
PSEUDO_SEGMENTS = 60
SKEW_CAP = 0.45


@dataclass
class Sums:
    """Of the segments of a family at one step: entrants, expected passes, score, information, and these by bin of time.

    `score_by_bin`, `information_by_bin` and `expected_by_bin` have a row a segment; `third` is the third central moment of the score.
    """

    segment: np.ndarray
    entrants: np.ndarray
    expected: np.ndarray
    score: np.ndarray
    total: np.ndarray
    third: np.ndarray
    information: np.ndarray
    score_by_bin: np.ndarray
    information_by_bin: np.ndarray
    expected_by_bin: np.ndarray
    offset: np.ndarray


def segment_sums(step: Step, family: Family) -> Sums:
    """The sums of a family over the cells of a step."""
    count = len(family)
    segment = family.segment[step.rows]
    cell = segment[step.combination]
    timed = cell * np.int32(step.bins) + step.bin

    def over(values: np.ndarray) -> np.ndarray:
        return np.bincount(timed, values, minlength=(count + 1) * step.bins)[: count * step.bins].reshape(count, step.bins)

    expected = step.n * step.mu
    weight = over(step.weight)
    score = over(step.residual)
    passes = over(expected)
    rows = np.zeros((count, len(step.beta)))
    rows[:, 0] = weight.sum(axis=1)
    per = step.by_combination(step.weight)
    for d, size in enumerate(step.sizes):
        block = np.bincount(segment * np.int32(size) + step.codes[:, d], per, minlength=(count + 1) * size)
        rows[:, step.starts[d] : step.starts[d] + size] = block[: count * size].reshape(count, size)
    rows[:, step.starts[-2] : step.width] = weight
    for j, cells in enumerate(step.acting):
        rows[:, step.width + j] = np.bincount(cell[cells], step.weight[cells], minlength=count + 1)[:count]
    total = rows[:, 0]
    third = np.bincount(cell, step.weight * (1 - 2 * step.mu), minlength=count + 1)[:count]
    return Sums(
        segment=segment,
        entrants=np.bincount(cell, step.n, minlength=count + 1)[:count],
        expected=passes.sum(axis=1),
        score=score.sum(axis=1),
        total=total,
        third=third,
        information=np.maximum(total - step.explained(rows), 0),
        score_by_bin=score,
        information_by_bin=weight,
        expected_by_bin=passes,
        offset=np.zeros(count),
    )


def eligible(sums: Sums) -> np.ndarray:
    return (sums.expected >= LEAST_EXPECTED) & (sums.information > LEAST_INFORMATION) & (sums.information > LEAST_SHARE * sums.total)


@dataclass
class Absorbed:
    """What the model holds of a family of pairs: the offset of each segment, its information and the precision of the prior (inf: none)."""

    offset: np.ndarray
    total: np.ndarray
    precision: float


def absorb_pairs(step: Step, families: list[Family]) -> dict[tuple[int, ...], Absorbed]:
    """Take the natural effects of pairs into the model as shrunken offsets: coordinate ascent of the penalised likelihood.

    Each family in turn moves to (U − o/τ²) / (ΣW + 1/τ²) from where it is, with τ² its own robust spread, and leaves the rest to the next.
    """
    pairs = [family for family in families if family.order == 2]
    offsets = {family.dimensions: np.zeros(len(family)) for family in pairs}
    precisions = dict.fromkeys(offsets, np.inf)
    if not pairs:
        return {}
    step.offset = None
    step.fit()
    known: dict[tuple[int, ...], tuple] = {}
    for family in pairs:
        sums = segment_sums(step, family)
        known[family.dimensions] = (sums.segment, np.flatnonzero(eligible(sums)), sums.information)
    whole = np.zeros(step.combinations)
    for _ in range(SWEEPS):
        residual, weight = step.by_combination(step.residual), step.by_combination(step.weight)
        for family in pairs:
            name = family.dimensions
            segment, usable, information = known[name]
            if len(usable) < SMALLEST_FAMILY:
                continue
            size = len(family) + 1
            score = np.bincount(segment, residual, minlength=size)[usable]
            total = np.bincount(segment, weight, minlength=size)[usable]
            before = offsets[name][usable]
            variance = 1 / information[usable]
            natural = spread(score * variance + before, variance)
            precisions[name] = 1 / natural if natural > 0 else np.inf
            if natural > 0:
                limit = LIMIT * np.sqrt(natural)
                after = np.clip(before + (score - before / natural) / (total + 1 / natural), -limit, limit)
            else:
                after = np.zeros(len(usable))
            change = np.zeros(size)
            change[usable] = after - before
            offsets[name][usable] = after
            # The next family sees what this one leaves.
            residual -= weight * change[segment]
            whole += change[segment]
        step.offset = whole.copy()
        step.fit(choose_penalties=False)
    weight = step.by_combination(step.weight)
    return {
        family.dimensions: Absorbed(
            offsets[family.dimensions],
            np.bincount(known[family.dimensions][0], weight, minlength=len(family) + 1),
            precisions[family.dimensions],
        )
        for family in pairs
    }


def information_beside_pairs(sums: Sums, family: Family, families: list[Family], absorbed: dict[tuple[int, ...], Absorbed]) -> np.ndarray:
    """Information of segments of three dimensions that the absorbed pairs they belong to leave them."""
    left = sums.information.copy()
    for pair in families:
        if pair.order != 2 or not set(pair.dimensions) < set(family.dimensions):
            continue
        held = absorbed[pair.dimensions]
        if not np.isfinite(held.precision):
            continue
        places = [family.dimensions.index(d) for d in pair.dimensions]
        above = np.array([pair.numbers.get(tuple(row), len(pair)) for row in family.levels[:, places].tolist()], dtype=np.int64)
        known = above < len(pair)
        left[known] -= sums.total[known] ** 2 / (held.total[above[known]] + held.precision)
    return np.maximum(left, 0)


def natural_spreads(effects: list[np.ndarray], variances: list[np.ndarray], pseudo: int = PSEUDO_SEGMENTS) -> list[float]:
    """The variance used in the null of each family: pooled, never below the pool, plus one standard error."""
    if not effects:
        return []
    every, every_variance = np.concatenate(effects), np.concatenate(variances)
    pool = spread(every, every_variance) if len(every) >= SMALLEST_FAMILY else 0.0
    used = []
    for effect, variance in zip(effects, variances, strict=True):
        own = spread(effect, variance) if len(effect) >= SMALLEST_FAMILY else pool
        shrunk = max((len(effect) * own + pseudo * pool) / (len(effect) + pseudo), pool)
        used.append(shrunk + pooled_error(shrunk, variance, every_variance, pseudo))
    return used


def pooled_error(t: float, variance: np.ndarray, every: np.ndarray, pseudo: int) -> float:
    """Standard error of a spread that borrows the information of `pseudo` segments from the pool."""
    borrowed = min(pseudo, len(every))
    information = float(np.sum((t + variance) ** -2.0)) + borrowed * float(np.mean((t + every) ** -2.0))
    return 1.3 * np.sqrt(2 / information) if information > 0 else standard_error(t, every)


def lower_tail(z: np.ndarray, skew: np.ndarray) -> np.ndarray:
    """P(Z ≤ z) of a standardised Pearson III variable whose skew is capped at 0.45 either way."""
    skew = np.clip(skew, -SKEW_CAP, SKEW_CAP)
    p = ndtr(z)
    bent = np.abs(skew) > 0.01
    if np.any(bent):
        s, x = skew[bent], z[bent]
        a = 4 / s**2
        at = a + np.sign(s) * x * np.sqrt(a)
        at = np.maximum(at, 0)
        p[bent] = np.where(s > 0, gammainc(a, at), gammaincc(a, at))
    return np.clip(p, 1e-300, 1)
