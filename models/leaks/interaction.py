"""Segments that do worse than their parts predict.

The score of a segment is the sum of its residuals under the additive model, U = Σ (y − nμ), with the information V that is left when
the model's own parameters are accounted for. U / V estimates its departure in log-odds. Natural departures are no leaks: they are part
of the null, as a variance τ² estimated over the family of segments with the same dimensions.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr, ndtri, stdtr

from models.leaks.candidates import Family
from models.leaks.design import LEAK_PRECISION, Step
from models.leaks.spread import spread

SMALLEST_FAMILY = 8
LEAST_EXPECTED = 5
LEAST_INFORMATION = 2
LEAST_SHARE = 0.25
PSEUDO_SEGMENTS = 60
SKEW_CAP = 0.45
FEW = 25


@dataclass
class Sums:
    """Of the segments of a family at one step: expected passes, score, information, and these by bin of time.

    `score_by_bin`, `information_by_bin` and `expected_by_bin` have a row a segment; `third` is the third central moment of the score.
    """

    expected: np.ndarray
    score: np.ndarray
    total: np.ndarray
    third: np.ndarray
    information: np.ndarray
    score_by_bin: np.ndarray
    information_by_bin: np.ndarray
    expected_by_bin: np.ndarray


class Segments:
    """The segments of every family at one step, with what stays the same from fit to fit."""

    def __init__(self, step: Step, families: list[Family]):
        self.families = families
        self.segment = [family.segment[step.rows].astype(np.int64) for family in families]
        self.timed = [segment[step.combination] * step.bins + step.bin for segment in self.segment]
        self.known: list[np.ndarray | None] = [None] * len(families)
        """Information of the segments at the first fit, less what leaks found since take."""
        self.noise: np.ndarray | None = None
        self.taken: list[list[np.ndarray]] = []
        """What each leak of the step takes of it, by family."""

    def by_bin(self, step: Step, number: int, values: np.ndarray) -> np.ndarray:
        """Sums of the cells' values: (segments, bins)."""
        count = len(self.families[number])
        return np.bincount(self.timed[number], values, minlength=(count + 1) * step.bins)[: count * step.bins].reshape(count, step.bins)

    def information(self, step: Step, number: int, weight: np.ndarray) -> np.ndarray:
        """Information of the segments of a family beside the model's own parameters; `weight` is theirs by bin."""
        if self.known[number] is None:
            count, segment = len(self.families[number]), self.segment[number]
            rows = np.zeros((count, len(step.beta)))
            rows[:, 0] = weight.sum(axis=1)
            per = step.by_combination(step.weight)
            for d, size in enumerate(step.sizes):
                block = np.bincount(segment * size + step.codes[:, d], per, minlength=(count + 1) * size)
                rows[:, step.starts[d] : step.starts[d] + size] = block[: count * size].reshape(count, size)
            rows[:, step.starts[-2] : step.starts[-1]] = weight
            for place, one in step.placed():
                size = len(one) + 1
                block = np.bincount(segment * size + one.column, per, minlength=(count + 1) * size)
                rows[:, place] = block[: count * size].reshape(count, size)[:, :-1]
            self.known[number] = np.maximum(rows[:, 0] - step.explained(rows), 0)
        return self.known[number]

    def give_way(self, step: Step) -> None:
        """Take from the known information what the leak found last explains."""
        cells = np.flatnonzero(step.cells_of(step.leaks[-1]))
        weight = step.weight[cells]
        whole = weight.sum() + LEAK_PRECISION
        taken = []
        for number, family in enumerate(self.families):
            known = self.known[number]
            common = np.bincount(self.segment[number][step.combination[cells]], weight, minlength=len(family) + 1)[:-1]
            taken.append(np.zeros(0) if known is None else np.minimum(common**2 / whole, known))
            if known is not None:
                self.known[number] = known - taken[-1]
        self.taken.append(taken)

    def take_back(self, leak: int) -> None:
        """Give back what a leak took that is no longer one."""
        for number, taken in enumerate(self.taken.pop(leak)):
            if self.known[number] is not None and len(taken):
                self.known[number] = self.known[number] + taken


def segment_sums(step: Step, segments: Segments, number: int) -> Sums:
    """The sums of a family over the cells of a step."""
    weight = segments.by_bin(step, number, step.weight)
    passes = segments.by_bin(step, number, step.n * step.mu)
    score = segments.by_bin(step, number, step.residual)
    count, segment = len(segments.families[number]), segments.segment[number]
    return Sums(
        expected=passes.sum(axis=1),
        score=score.sum(axis=1),
        total=weight.sum(axis=1),
        third=np.bincount(segment, step.by_combination(step.weight * (1 - 2 * step.mu)), minlength=count + 1)[:count],
        information=segments.information(step, number, weight),
        score_by_bin=score,
        information_by_bin=weight,
        expected_by_bin=passes,
    )


def eligible(sums: Sums) -> np.ndarray:
    return is_eligible(sums.expected, sums.information, sums.total)


def is_eligible(expected: np.ndarray, information: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Whether a segment has enough expected passes, and enough information of its own."""
    return (expected >= LEAST_EXPECTED) & (information > LEAST_INFORMATION) & (information > LEAST_SHARE * total)


def natural_spreads(
    effects: list[np.ndarray], variances: list[np.ndarray], pseudo: int = PSEUDO_SEGMENTS
) -> tuple[list[float], list[float]]:
    """The variance in the null of each family, drawn towards that of all with 60 pseudo-segments, and its standard error."""
    if not effects:
        return [], []
    every, every_variance = np.concatenate(effects), np.concatenate(variances)
    pool = spread(every, every_variance) if len(every) >= SMALLEST_FAMILY else 0.0
    used, errors = [], []
    for effect, variance in zip(effects, variances, strict=True):
        own = spread(effect, variance) if len(effect) >= SMALLEST_FAMILY else pool
        used.append((len(effect) * own + pseudo * pool) / (len(effect) + pseudo))
        errors.append(pooled_error(used[-1], variance, every_variance, pseudo))
    return used, errors


def doubted(z: np.ndarray, variance: np.ndarray, error: float) -> np.ndarray:
    """The normal deviate with the tail that z has where its variance was estimated: Student's t.

    The freedom is Satterthwaite's, 2 (variance / error)²: large where chance rules, small where an uncertain spread does.
    """
    if error <= 0:
        return z
    freedom = 2 * (variance / error) ** 2
    return np.where(z < 0, ndtri(np.clip(stdtr(freedom, z), 1e-300, 1)), z)


def pooled_error(t: float, variance: np.ndarray, every: np.ndarray, pseudo: int) -> float:
    """Standard error of a spread that borrows the information of `pseudo` segments from the pool."""
    borrowed = min(pseudo, len(every))
    if not borrowed:
        return 0.0
    information = float(np.sum((t + variance) ** -2.0)) + borrowed * float(np.mean((t + every) ** -2.0))
    return 1.3 * np.sqrt(2 / information)


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


def small_counts(p: np.ndarray, sums: Sums, use: np.ndarray) -> np.ndarray:
    """Never surer than the count itself where few passes are expected: P(Y ≤ y) of a Poisson count with the fitted mean."""
    expected = sums.expected[use]
    few = expected < FEW
    observed = np.maximum(expected + sums.score[use], 0)
    return np.where(few, np.maximum(p, gammaincc(np.floor(observed + 1e-6) + 1, np.maximum(expected, 1e-9))), p)
