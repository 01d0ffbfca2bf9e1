"""How many of the planted leaks any ranking could find: the power of the test that knows nearly everything.

The test of a single planted leak that knows its segment, its start, the other leaks and the true variance of everything natural, and is
allowed as many false alarms as one candidate of a ranking is. Only what the counts cannot tell is left to it: chance, and whether a
departure is natural. It is the generalised least-squares test of a mixed model, with the leak's information from its likelihood ratio.
"""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, logit, ndtr, ndtri

from models.bench import worlds
from models.leaks.design import Effect, Step

LEVEL = 2e-5
"""Chance of a false alarm of one candidate: ten thousand of them, and one site in five."""
FREE = 4.0
LEAST = 2
"""Information below which a triple that the leak does not touch is left out."""


def effect_and_sd(world: worlds.World, leak: worlds.Planted, s: float, w: float) -> tuple[float, float]:
    """Mean effect of a planted leak in log-odds, and the standard deviation of its best estimate."""
    step = Step.of(world.cells, leak.step)
    here = [one for one in world.planted if one.step == leak.step]
    step.leaks = [Effect(np.all(step.codes[:, one.dimensions] == one.levels, axis=1), one.start) for one in here]
    step.fit()
    number = next(i for i, one in enumerate(here) if one is leak)
    cells, n = step.acting[number], step.n
    eta = step.eta.copy()
    eta[cells] -= step.beta[step.width + number]
    healthy = expit(eta)
    weight = n * healthy * (1 - healthy)
    before = healthy[cells]
    after = before * leak.strength
    effect = float(np.average(logit(after) - logit(before), weights=n[cells]))
    likelihood = after * np.log(after / before) + (1 - after) * np.log((1 - after) / (1 - before))
    weight[cells] = 2 * n[cells] * likelihood / effect**2
    inside = np.zeros(len(n))
    inside[cells] = 1
    columns, variance = natural(step, leak, number, weight, inside, max(s, 1e-4) ** 2, max(w, 1e-4) ** 2)
    matrix = (columns.T @ sparse.diags(weight) @ columns).toarray()
    matrix[np.diag_indices_from(matrix)] += 1 / variance
    common = columns.T @ (weight * inside)
    information = weight @ inside - common @ cho_solve(cho_factor(matrix, lower=True), common)
    return effect, float(information**-0.5)


def natural(
    step: Step, leak: worlds.Planted, number: int, weight: np.ndarray, inside: np.ndarray, pairs: float, weeks: float
) -> tuple[sparse.csc_matrix, np.ndarray]:
    """Columns of everything else that moves the step's log-odds, and the variance of each."""
    codes, dimensions = step.codes[step.combination], range(len(step.sizes))
    made: list[tuple[sparse.spmatrix, float]] = [(sparse.csr_matrix(np.ones((len(codes), 1))), 1e8)]

    def add(key: np.ndarray, variance: float) -> None:
        _, column = np.unique(key, return_inverse=True)
        made.append((sparse.csr_matrix((np.ones(len(key)), (np.arange(len(key)), column))), variance))

    def joint(names: Iterable[int]) -> np.ndarray:
        key = np.zeros(len(codes), np.int64)
        for d in names:
            key = key * step.sizes[d] + codes[:, d]
        return key

    made += [(step.cells_of(other).astype(float)[:, None], FREE) for i, other in enumerate(step.leaks) if i != number]
    add(step.bin, 1.0)
    for d in dimensions:
        add(codes[:, d], worlds.MAIN**2)
    for names in combinations(dimensions, 2):
        add(joint(names), pairs)
    if leak.kind == "interaction":
        for names in combinations(dimensions, 3):
            add(joint(names), pairs / 4)
            triples = made[-1][0].tocsc()
            kept = (triples.T @ inside > 0) | (triples.T @ weight > LEAST)
            made[-1] = (triples[:, np.flatnonzero(kept)], pairs / 4)
    else:
        made.append((np.all(codes[:, leak.dimensions] == leak.levels, axis=1).astype(float)[:, None], FREE))
        for d in dimensions:
            add(codes[:, d].astype(np.int64) * step.bins + step.bin, weeks)
        for names in combinations(range(len(leak.dimensions)), 2):
            own = np.all([codes[:, leak.dimensions[i]] == leak.levels[i] for i in names], axis=0)
            weekly = sparse.csr_matrix((np.ones(own.sum()), (np.flatnonzero(own), step.bin[own])), shape=(len(codes), step.bins))
            made.append((weekly, weeks / 4))
    variance = np.concatenate([np.full(columns.shape[1], value) for columns, value in made])
    return sparse.hstack([sparse.csr_matrix(columns) for columns, _ in made]).tocsc(), variance


def ceiling(nature: str, seeds: Iterable[int], *, least: float = 6, most: float = 12, level: float = LEVEL) -> tuple[float, int]:
    """Mean power over the planted leaks of a size, and their number: no ranking with so few false alarms finds a larger share."""
    power = []
    for seed in seeds:
        world = worlds.world(seed, nature, 3)
        for leak in world.planted:
            if least <= leak.power <= most:
                effect, sd = effect_and_sd(world, leak, *worlds.NATURE[nature])
                power.append(float(ndtr(-effect / sd + ndtri(level))))
    return (float(np.mean(power)) if power else float("nan")), len(power)
