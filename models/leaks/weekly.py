"""What single bins of time do to single levels, by nature: random effects of the residuals, bin by bin.

A level's bins depart from the rest of the site beyond chance. Segments of more dimensions inherit that from each of their levels, and what
one level does moves the reference of all others of its dimension. Both are taken off before drops are looked for.
"""

from dataclasses import dataclass

import numpy as np

from models.leaks.candidates import Family
from models.leaks.design import Step
from models.leaks.drop import noises

FIRST_NOISE = 0.01
SMALLEST = 1e-5
SITE = 1e-4
"""Precision of the whole site's own effect in a bin: next to none, as nothing is to be learnt of it."""
LEAST_INFORMATION = 3
MOSTLY_OWN = 0.8
ROUNDS, ROUNDS_AGAIN = 3, 1


@dataclass
class Weekly:
    """Effects of levels in single bins.

    Attributes
    ----------
    noise : (dimensions,) variance of the levels of each dimension from bin to bin
    inverse : (bins, levels + 1, levels + 1) doubt about the effects; the last is the whole site's
    effect : (bins, levels + 1)
    share : (bins, levels + 1) share of each level in the information of a bin
    starts : (dimensions + 1,) where the levels of each dimension start
    """

    noise: np.ndarray
    inverse: np.ndarray
    effect: np.ndarray
    share: np.ndarray
    starts: np.ndarray

    def residual(self, step: Step) -> np.ndarray:
        """Residuals of the cells less what their levels' bins explain."""
        told = self.effect[step.bin, -1]
        for d, start in enumerate(self.starts[:-1]):
            told = told + self.effect[step.bin, start + step.codes[:, d][step.combination]]
        return step.residual - step.weight * told

    def levels(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        """Departures of the levels of a dimension by bin as if each were free, and their informations: (levels, bins).

        û/(1 − P/τ²) with variance P/(1 − P/τ²), as for pairs: see natural.departures.
        """
        own = slice(self.starts[d], self.starts[d + 1])
        doubt = np.diagonal(self.inverse, axis1=1, axis2=2)[:, own].T
        told = 1 - doubt / self.noise[d]
        known = told > 0.01 * doubt
        told = np.where(known, told, 1.0)
        return self.effect[:, own].T / told, np.where(known, told / doubt, 0.0)

    def informations(self, step: Step, family: Family, timed: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Information of a family's segments by bin beside the levels' bins.

        For segments that are no large part of their levels, the other dimensions are taken to be as on the whole site; exact for others.

        Parameters
        ----------
        timed : (cells,) segment and bin of each cell
        weight : (segments, bins)
        """
        rest = self.share.copy()
        for d in family.dimensions:
            rest[:, self.starts[d] : self.starts[d + 1]] = 0
        beside = np.einsum("bij,bj->bi", self.inverse, rest)
        taken = np.tile(np.einsum("bi,bi->b", beside, rest), (len(family), 1))
        own = [self.starts[d] + family.levels[:, place] for place, d in enumerate(family.dimensions)]
        for i, one in enumerate(own):
            taken += 2 * beside[:, one].T + self.inverse[:, one, one].T
            for other in own[i + 1 :]:
                taken += 2 * self.inverse[:, one, other].T
        left = weight - weight**2 * taken
        large = np.flatnonzero(left.sum(axis=1) < MOSTLY_OWN * weight.sum(axis=1))
        if len(large):
            left[large] = weight[large] - self.taken(step, timed, large, len(family))
        return np.maximum(left, 0.0)

    def taken(self, step: Step, timed: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
        """Information that the levels' bins take of some segments, exactly: (segments, bins)."""
        bins = len(self.inverse)
        place = np.full(count + 1, len(chosen))
        place[chosen] = np.arange(len(chosen))
        segment, b = np.divmod(timed, bins)
        cells = np.flatnonzero(place[segment] < len(chosen))
        row = b[cells] * len(chosen) + place[segment[cells]]
        sums = np.zeros((bins * len(chosen), self.inverse.shape[1]))
        weight = step.weight[cells]
        sums[:, -1] = np.bincount(row, weight, minlength=len(sums))
        for d, size in enumerate(step.sizes):
            key = row * size + step.codes[step.combination[cells], d]
            sums[:, self.starts[d] : self.starts[d + 1]] = np.bincount(key, weight, minlength=len(sums) * size).reshape(-1, size)
        sums = sums.reshape(bins, len(chosen), -1)
        return np.einsum("bsi,bsi->sb", sums @ self.inverse, sums)


def tables(step: Step) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the levels and of pairs of them in each bin, sums of residuals, and where each dimension's levels start."""
    starts = np.concatenate([[0], np.cumsum(step.sizes)])
    size = int(starts[-1]) + 1
    matrix = np.zeros((step.bins, size, size))
    score = np.zeros((step.bins, size))
    score[:, -1] = np.bincount(step.bin, step.residual, minlength=step.bins)
    matrix[:, -1, -1] = np.bincount(step.bin, step.weight, minlength=step.bins)
    for d, levels in enumerate(step.sizes):
        own = slice(starts[d], starts[d + 1])
        score[:, own] = np.bincount(step.timed[d], step.residual, minlength=levels * step.bins).reshape(levels, -1).T
        weight = np.bincount(step.timed[d], step.weight, minlength=levels * step.bins).reshape(levels, -1).T
        matrix[:, np.arange(own.start, own.stop), np.arange(own.start, own.stop)] = weight
        matrix[:, own, -1] = matrix[:, -1, own] = weight
        for e in range(d + 1, len(step.sizes)):
            other = slice(starts[e], starts[e + 1])
            key = step.timed[d].astype(np.int64) * step.sizes[e] + step.codes[:, e][step.combination]
            block = np.bincount(key, step.weight, minlength=levels * step.bins * step.sizes[e]).reshape(levels, step.bins, -1)
            matrix[:, own, other] = block.transpose(1, 0, 2)
            matrix[:, other, own] = block.transpose(1, 2, 0)
    return matrix, score, starts


def fit(step: Step, before: np.ndarray | None = None) -> Weekly:
    """Levels' effects by bin with their spreads estimated, from those of an earlier fit on."""
    matrix, score, starts = tables(step)
    noise = np.full(len(step.sizes), FIRST_NOISE) if before is None else before
    weekly = solved(matrix, score, starts, noise)
    for _ in range(ROUNDS if before is None else ROUNDS_AGAIN):
        parts = []
        for d in range(len(step.sizes)):
            effect, information = weekly.levels(d)
            usable = information > LEAST_INFORMATION
            usable &= (usable.sum(axis=1) >= 4)[:, None]
            count = np.count_nonzero(usable)
            middle = np.sum(effect * information, axis=1, keepdims=True) / np.maximum(information.sum(axis=1, keepdims=True), 1e-12)
            freedom = 1 - np.count_nonzero(usable.any(axis=1)) / count if count else 1.0
            parts.append(((effect - middle)[usable], 1 / information[usable], freedom))
        noise = np.maximum(np.array(noises(parts, [len(part[0]) for part in parts])), SMALLEST)
        weekly = solved(matrix, score, starts, noise)
    return weekly


def solved(matrix: np.ndarray, score: np.ndarray, starts: np.ndarray, noise: np.ndarray) -> Weekly:
    precision = np.append(np.repeat(1 / noise, np.diff(starts)), SITE)
    inverse = np.linalg.inv(matrix + np.diag(precision))
    share = np.diagonal(matrix, axis1=1, axis2=2) / np.maximum(matrix[:, -1:, -1], 1e-12)
    return Weekly(noise, inverse, np.einsum("bij,bj->bi", inverse, score), share, starts)
