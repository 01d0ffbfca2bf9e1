"""Levels that convert less than the others at equal mix, all along: mobile against desktop, one browser against the rest.

A gap is described and priced as an upper bound. It is no discovery: most such differences are natural. Only dimensions of experience
are looked at; that people of one campaign or country buy less is intent, and not for the site to mend.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve
from scipy.special import expit, ndtr

from models.leaks.cells import Cells
from models.leaks.design import Step
from models.leaks.money import revenue_prior, segment_value
from models.leaks.spread import spread

EXPERIENCE = {"device", "browser", "operating_system", "language", "landing_group", "landing"}
LEAST_EXPECTED = 10
LEAST_LEVELS = 8
WIDTH = 1.6448536269514722


@dataclass(frozen=True)
class Gap:
    """A level against the other levels of its dimension, from the first stage to the last, with 90 % intervals."""

    dimension: int
    level: int
    contrast: float
    sd: float
    z: float
    p: float
    q: float
    sessions: float
    observed: float
    expected: float
    conversions: tuple[float, float, float]
    revenue: tuple[float, float, float]
    by_step: tuple[float, ...]


def gaps(cells: Cells, steps: list[Step], *, q: float = 0.10) -> list[Gap]:
    """Gaps under a false-discovery rate of their own."""
    chosen = [d for d, dimension in enumerate(cells.dimensions) if dimension.name in EXPERIENCE]
    if not chosen or cells.conversions < LEAST_EXPECTED:
        return []
    whole = Step.between(cells, 0, len(cells.stages) - 1)
    whole.fit()
    average, prior = revenue_prior(cells)
    tried = []
    for d in chosen:
        sessions = np.bincount(whole.codes[whole.combination, d], whole.n, minlength=whole.sizes[d])
        for level in range(whole.sizes[d]):
            if level != cells.dimensions[d].other and sessions[level] >= 300:
                tried.append((d, level, *contrast(whole, d, level, sessions)))
    if not tried:
        return []
    contrasts, variances = np.array([one[2] for one in tried]), np.array([one[3] for one in tried])
    natural = spread(contrasts, variances) if len(tried) >= LEAST_LEVELS else 0.0
    z = contrasts / np.sqrt(variances + natural)
    p = ndtr(z)
    order = np.argsort(p, kind="stable")
    found: list[Gap] = []
    for rank, place in enumerate(order):
        if p[place] > q * (rank + 1) / len(tried):
            break
        d, level = tried[place][:2]
        one = priced(cells, whole, steps, d, level, average, prior, (contrasts[place], variances[place], natural))
        if one is not None:
            found.append(Gap(d, level, *one[:2], float(z[place]), float(p[place]), float(p[place] * len(tried) / (rank + 1)), *one[2:]))
    return sorted(found, key=lambda gap: -gap.revenue[1])


def weights(step: Step, d: int, level: int, sessions: np.ndarray) -> np.ndarray:
    """The contrast's row over the levels: 1 at the level, minus the sessions' shares at the others."""
    row = -sessions / max(sessions.sum() - sessions[level], 1)
    row[level] = 1
    return row


def contrast(step: Step, d: int, level: int, sessions: np.ndarray) -> tuple[float, float]:
    """Difference of a level's log-odds from the mean of the others, and its variance."""
    a = np.zeros(len(step.beta))
    a[step.starts[d] : step.starts[d] + step.sizes[d]] = weights(step, d, level, sessions)
    return float(a @ step.beta), float(a @ cho_solve(step.factor, a))


def priced(cells: Cells, whole: Step, steps: list[Step], d: int, level: int, average: float, prior: float, told: tuple) -> tuple | None:
    effect, variance, natural = told
    sessions = np.bincount(whole.codes[whole.combination, d], whole.n, minlength=whole.sizes[d])
    inside = whole.codes[whole.combination, d] == level
    mu = expit(whole.eta[inside] - effect)
    n, y = whole.n[inside], whole.y[inside]
    reference = float((n * mu).sum())
    if reference < LEAST_EXPECTED:
        return None
    # What the reference depends on: every parameter of these sessions, with the level's own replaced by the others'.
    weight = n * mu * (1 - mu)
    gradient = np.zeros(len(whole.beta))
    gradient[: whole.width] = whole.sums_of(np.flatnonzero(inside), weight)
    start = whole.starts[d]
    row = -weights(whole, d, level, sessions) * weight.sum()
    row[level] = 0
    gradient[start : start + whole.sizes[d]] = row
    sd = float(np.sqrt(gradient @ cho_solve(whole.factor, gradient) + (n * whole.mu[inside] * (1 - whole.mu[inside])).sum()))
    lost = reference - float(y.sum())
    if lost <= 0:
        return None
    value, relative = segment_value(cells, cells.codes[:, d] == level, average, prior)
    low, high = max(lost - WIDTH * sd, 0.0), min(lost + WIDTH * sd, float(n.sum() - y.sum()))
    money = value * lost * np.sqrt((sd / lost) ** 2 + relative)
    revenue = (value * lost, max(value * lost - WIDTH * money, 0.0), value * lost + WIDTH * money)
    by_step = tuple(
        contrast(step, d, level, np.bincount(step.codes[step.combination, d], step.n, minlength=step.sizes[d]))[0] for step in steps
    )
    return effect, float(np.sqrt(variance + natural)), float(n.sum()), float(y.sum()), reference, (lost, low, high), revenue, by_step
