"""The additive model of one funnel step: what each dimension and each bin of time contributes to the log-odds of passing.

    logit p = b0 + Σ_d b_d + b_time + Σ_s o_s + Σ_j g_j z_j

with a ridge penalty for each dimension, chosen by Fellner and Schall's update (Wood & Fasiolo 2017), o_s the natural effects of pairs of
levels, each N(0, τ²), and g_j the effects of leaks already found. Everything is sums over cells.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.special import expit

from models.leaks.cells import Cells

LEAK_PRECISION = 0.25
SMALLEST, LARGEST = 0.05, 400.0
UPDATES = 3


@dataclass(frozen=True)
class Effect:
    """Where a found leak acts: combinations, and the first bin of time it acts in."""

    inside: np.ndarray
    start: int = 0


@dataclass
class Pairs:
    """Natural effects of pairs of levels of one family, as random effects of the model.

    Attributes
    ----------
    segments : (columns,) numbers of the family's segments that have an effect
    column : (combinations,) whose effect each combination has; `len(segments)` where none
    precision : (columns,) 1/τ² of each
    """

    dimensions: tuple[int, ...]
    segments: np.ndarray
    column: np.ndarray
    precision: np.ndarray

    def __len__(self) -> int:
        return len(self.segments)


@dataclass
class Step:
    """One step of the funnel: its cells with entrants, and the fitted model.

    Attributes
    ----------
    n, y : (cells,) entrants and passes
    combination, bin : (cells,) combination among those with entrants, bin of time
    codes : (combinations, dimensions)
    rows : (combinations,) number of each combination among all
    """

    number: int
    n: np.ndarray
    y: np.ndarray
    combination: np.ndarray
    bin: np.ndarray
    codes: np.ndarray
    rows: np.ndarray
    sizes: tuple[int, ...]
    bins: int
    leaks: list[Effect] = field(default_factory=list)
    pairs: list[Pairs] = field(default_factory=list)
    penalties: np.ndarray | None = None
    beta: np.ndarray | None = None
    eta: np.ndarray | None = None
    mu: np.ndarray | None = None
    weight: np.ndarray | None = None
    residual: np.ndarray | None = None
    factor: tuple | None = None

    @classmethod
    def of(cls, cells: Cells, number: int) -> "Step":
        """The step from a stage to the next."""
        return cls.between(cells, number, number + 1)

    @classmethod
    def between(cls, cells: Cells, number: int, to: int) -> "Step":
        """The way from a stage to a later one."""
        kept = np.flatnonzero(cells.reached[number] > 0)
        rows, combination = np.unique(cells.combination[kept], return_inverse=True)
        step = cls(
            number=number,
            n=cells.reached[number][kept],
            y=cells.reached[to][kept],
            combination=combination.astype(np.int32),
            bin=cells.bin[kept],
            codes=cells.codes[rows],
            rows=rows,
            sizes=tuple(len(d) for d in cells.dimensions),
            bins=len(cells.calendar),
        )
        step._index()
        return step

    def _index(self) -> None:
        blocks = (*self.sizes, self.bins)
        self.starts = 1 + np.concatenate([[0], np.cumsum(blocks)])
        self.width = int(self.starts[-1])
        self.crossed = {
            (d, e): self.codes[:, d].astype(np.int32) * self.sizes[e] + self.codes[:, e]
            for d in range(len(self.sizes))
            for e in range(d + 1, len(self.sizes))
        }
        self.timed = [self.codes[:, d][self.combination].astype(np.int32) * self.bins + self.bin for d in range(len(self.sizes))]
        self.combinations = len(self.codes)

    def absorb(self, pairs: list[Pairs]) -> None:
        """Give the model the natural effects of these pairs, from nothing; it must hold no leaks yet."""
        self.pairs = pairs
        self.width = int(self.starts[-1]) + sum(len(one) for one in pairs)
        self.beta = np.concatenate([self.beta[: self.starts[-1]], np.zeros(self.width - self.starts[-1])])

    def without(self, number: int) -> None:
        """Forget a leak; the next fit goes on without it."""
        del self.leaks[number]
        self.beta = np.delete(self.beta, self.width + number)

    def by_combination(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.combination, values, minlength=self.combinations)

    def cells_of(self, effect: Effect) -> np.ndarray:
        """Whether each cell is one where the leak acts."""
        inside = effect.inside[self.combination]
        return inside & (self.bin >= effect.start) if effect.start else inside

    def linear(self, beta: np.ndarray) -> np.ndarray:
        """Log-odds of each cell."""
        per = np.full(self.combinations, beta[0])
        for d, start in enumerate(self.starts[:-2]):
            per += beta[start : start + self.sizes[d]][self.codes[:, d]]
        for place, one in self.placed():
            per += np.append(beta[place], 0.0)[one.column]
        eta = per[self.combination] + beta[self.starts[-2] : self.starts[-1]][self.bin]
        for j, cells in enumerate(self.acting):
            eta[cells] += beta[self.width + j]
        return eta

    def placed(self) -> list[tuple[slice, Pairs]]:
        """The columns of each family of pairs."""
        ends = self.starts[-1] + np.cumsum([0, *(len(one) for one in self.pairs)])
        return [(slice(ends[i], ends[i + 1]), one) for i, one in enumerate(self.pairs)]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """X' values: sums over every level, bin and leak."""
        per = self.by_combination(values)
        parts = [[values.sum()]]
        parts += [np.bincount(self.codes[:, d], per, minlength=size) for d, size in enumerate(self.sizes)]
        parts.append(np.bincount(self.bin, values, minlength=self.bins))
        parts += [np.bincount(one.column, per, minlength=len(one) + 1)[:-1] for one in self.pairs]
        parts.append([values[cells].sum() for cells in self.acting])
        return np.concatenate(parts)

    def information(self, weight: np.ndarray) -> np.ndarray:
        """X' W X."""
        per = self.by_combination(weight)
        size = self.width + len(self.acting)
        matrix = np.zeros((size, size))
        diagonal = self.sums(weight)
        matrix[0] = diagonal
        first, time = self.starts, slice(self.starts[-2], self.starts[-1])
        for d, levels in enumerate(self.sizes):
            rows = slice(first[d], first[d] + levels)
            for e in range(d + 1, len(self.sizes)):
                block = np.bincount(self.crossed[d, e], per, minlength=levels * self.sizes[e])
                matrix[rows, first[e] : first[e] + self.sizes[e]] = block.reshape(levels, -1)
            matrix[rows, time] = np.bincount(self.timed[d], weight, minlength=levels * self.bins).reshape(levels, -1)
        placed = self.placed()
        for i, (columns, one) in enumerate(placed):
            count = len(one) + 1
            for d, levels in enumerate(self.sizes):
                block = np.bincount(self.codes[:, d] * count + one.column, per, minlength=levels * count)
                matrix[first[d] : first[d] + levels, columns] = block.reshape(levels, count)[:, :-1]
            block = np.bincount(self.bin * count + one.column[self.combination], weight, minlength=self.bins * count)
            matrix[time, columns] = block.reshape(self.bins, count)[:, :-1]
            for others, other in placed[i + 1 :]:
                across = len(other) + 1
                block = np.bincount(one.column * across + other.column, per, minlength=count * across)
                matrix[columns, others] = block.reshape(count, across)[:-1, :-1]
        for j, cells in enumerate(self.acting):
            column = self.width + j
            matrix[: self.width, column] = self.sums_of(cells, weight[cells])
            for i in range(j):
                both = np.intersect1d(cells, self.acting[i], assume_unique=True)
                matrix[self.width + i, column] = weight[both].sum()
        matrix = np.triu(matrix, 1)
        matrix += matrix.T
        matrix[np.arange(size), np.arange(size)] = diagonal
        return matrix

    def sums_of(self, cells: np.ndarray, values: np.ndarray) -> np.ndarray:
        """X' values over some cells, without the columns of leaks."""
        inside = self.combination[cells]
        parts = [[values.sum()]]
        parts += [np.bincount(self.codes[inside, d], values, minlength=size) for d, size in enumerate(self.sizes)]
        parts.append(np.bincount(self.bin[cells], values, minlength=self.bins))
        parts += [np.bincount(one.column[inside], values, minlength=len(one) + 1)[:-1] for one in self.pairs]
        return np.concatenate(parts)

    def fit(self, *, choose_penalties: bool = True, tolerance: float = 1e-5) -> None:
        """Fit the model by penalised iteratively reweighted least squares, starting where the last fit ended."""
        self.acting = [np.flatnonzero(self.cells_of(effect)) for effect in self.leaks]
        size = self.width + len(self.acting)
        if self.beta is None:
            self.beta = np.zeros(size)
            rate = (self.y.sum() + 0.5) / (self.n.sum() + 1)
            self.beta[0] = np.log(rate / (1 - rate))
            self.penalties = np.ones(len(self.starts) - 1)
        elif len(self.beta) != size:
            self.beta = np.concatenate([self.beta[: self.width], np.zeros(len(self.acting))])
        self._newton(tolerance)
        if choose_penalties:
            for _ in range(UPDATES):
                inverse = self.inverse()
                for block in range(len(self.penalties)):
                    part = slice(self.starts[block], self.starts[block + 1])
                    levels = part.stop - part.start
                    free = levels - self.penalties[block] * np.trace(inverse[part, part])
                    squares = float(self.beta[part] @ self.beta[part])
                    self.penalties[block] = np.clip(max(free, 1e-9) / max(squares, 1e-9), SMALLEST, LARGEST)
                self._newton(tolerance)

    def _penalty(self) -> np.ndarray:
        penalty = np.full(len(self.beta), LEAK_PRECISION)
        penalty[0] = 1e-8
        for block, value in enumerate(self.penalties):
            penalty[self.starts[block] : self.starts[block + 1]] = value
        for place, one in self.placed():
            penalty[place] = one.precision
        return penalty

    def inverse(self) -> np.ndarray:
        """H⁻¹."""
        return cho_solve(self.factor, np.eye(len(self.beta)), check_finite=False)

    def _newton(self, tolerance: float) -> None:
        penalty = self._penalty()
        beta = self.beta
        eta = self.linear(beta)
        now = self._loss(eta, beta, penalty)
        for _ in range(30):
            mu = expit(eta)
            weight = np.maximum(self.n * mu * (1 - mu), 1e-12)
            matrix = self.information(weight)
            matrix[np.diag_indices_from(matrix)] += penalty
            factor = cho_factor(matrix, lower=True, check_finite=False)
            gradient = self.sums(self.y - self.n * mu) - penalty * beta
            move = cho_solve(factor, gradient, check_finite=False)
            gain = float(gradient @ move)
            if gain < tolerance:
                self._keep(beta, eta, mu, weight, factor)
                return
            share = 1.0
            while True:
                tried = beta + share * move
                there = self.linear(tried)
                loss = self._loss(there, tried, penalty)
                if loss <= now + 1e-9 or share < 1e-4:
                    break
                share /= 2
            beta, eta, now = tried, there, loss
            if gain < 100 * tolerance:
                break
        mu = expit(eta)
        weight = np.maximum(self.n * mu * (1 - mu), 1e-12)
        matrix = self.information(weight)
        matrix[np.diag_indices_from(matrix)] += penalty
        self._keep(beta, eta, mu, weight, cho_factor(matrix, lower=True, check_finite=False))

    def _keep(self, beta: np.ndarray, eta: np.ndarray, mu: np.ndarray, weight: np.ndarray, factor: tuple) -> None:
        self.beta, self.eta, self.mu, self.weight, self.factor = beta, eta, mu, weight, factor
        self.residual = self.y - self.n * mu

    def _loss(self, eta: np.ndarray, beta: np.ndarray, penalty: np.ndarray) -> float:
        return float(np.sum(self.n * np.logaddexp(0, eta) - self.y * eta) + 0.5 * np.sum(penalty * beta**2))

    def explained(self, rows: np.ndarray) -> np.ndarray:
        """a H⁻¹ a' for each row a: how much of a sum's information the model's own parameters take."""
        lower = self.factor[0]
        half = solve_triangular(lower, rows.T, lower=True, check_finite=False, overwrite_b=False)
        return np.einsum("ij,ij->j", half, half)

    def leak_effects(self) -> tuple[np.ndarray, np.ndarray]:
        """The effects g of the leaks and their variances."""
        count = len(self.acting)
        if not count:
            return np.zeros(0), np.zeros(0)
        unit = np.zeros((len(self.beta), count))
        unit[self.width + np.arange(count), np.arange(count)] = 1
        inverse = cho_solve(self.factor, unit, check_finite=False)
        return self.beta[self.width :].copy(), inverse[self.width + np.arange(count), np.arange(count)]
