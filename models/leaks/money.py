"""What a leak costs: passes, conversions and revenue lost, each with an interval that knows it was selected.

A leak of effect g at a step loses Σ n [expit(η − g) − expit(η)] passes over its cells, where η holds g. Those passes would have converted
at the fitted rates of the later steps, at the revenue per conversion of their segment. The variance of g holds the natural spread
of its family: what is natural is not recoverable, and an interval without it covers too little.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from models.leaks.cells import Cells
from models.leaks.selection import Found, Q, Ranking

RANK_Z = float(ndtri(0.90))
LEAST_CONVERSIONS_PRIOR = 5.0


@dataclass(frozen=True)
class Price:
    """Lost passes, conversions and revenue: point, low and high; `floor` is the one-sided 90 % bound of revenue that ranks."""

    effect: float
    sd: float
    entrants: float
    observed: float
    expected: float
    passes: tuple[float, float, float]
    conversions: tuple[float, float, float]
    revenue: tuple[float, float, float]
    passes_90: tuple[float, float]
    floor: float


def prices(ranking: Ranking, *, q: float = Q) -> list[Price]:
    """The price of each leak found, in their order; together never more than healing all of them at once would bring."""
    effects = [step.leak_effects() for step in ranking.steps]
    count = max(len(ranking.found), 1)
    wide = float(ndtri(1 - q * count / (2 * max(ranking.candidates, count)))) if ranking.found else 1.645
    average, prior = revenue_prior(ranking.cells)
    out = []
    for one in ranking.found:
        g, variance = effects[one.step][0][one.number], effects[one.step][1][one.number]
        out.append(price(ranking, one, float(g), float(np.sqrt(variance + one.spread)), max(wide, 1.645), average, prior))
    return capped(ranking, out)


def price(ranking: Ranking, one: Found, g: float, sd: float, wide: float, average: float, prior: float) -> Price:
    step = ranking.steps[one.step]
    cells = step.acting[one.number]
    n, eta = step.n[cells], step.eta[cells]

    def lost(effect: float) -> float:
        return max(float(np.sum(n * (expit(eta - effect) - expit(eta)))), 0.0)

    z = g / sd
    shrunk = g * max(1 - 1 / z**2, 0.0) if g < 0 else 0.0
    later, relative = later_rate(ranking, one)
    value, value_relative = value_of(ranking, one, average, prior)

    def bounds(width: float, extra: float) -> tuple[float, float, float]:
        point, low, high = lost(shrunk), lost(min(g + width * sd, 0.0)), lost(g - width * sd)
        if extra <= 0 or point <= 0:
            return point, low, high
        down = np.log(point / low) if low > 0 else np.inf
        up = np.log(high / point)
        return point, point * float(np.exp(-np.hypot(down, width * extra**0.5))), point * float(np.exp(np.hypot(up, width * extra**0.5)))

    passes = bounds(wide, 0.0)
    conversions = tuple(later * x for x in bounds(wide, relative))
    revenue = tuple(later * value * x for x in bounds(wide, relative + value_relative))
    ninety = bounds(1.645, 0.0)
    floor = later * value * bounds(RANK_Z, relative + value_relative)[1]
    return Price(
        effect=shrunk,
        sd=sd,
        entrants=float(n.sum()),
        observed=float(step.y[cells].sum()),
        expected=float(step.y[cells].sum()) + passes[0],
        passes=passes,
        conversions=conversions,
        revenue=revenue,
        passes_90=(ninety[1], ninety[2]),
        floor=floor,
    )


def later_rate(ranking: Ranking, one: Found) -> tuple[float, float]:
    """Share of passes of a step that go on to convert in the leak's segment, fitted, and its relative variance."""
    rate, relative = 1.0, 0.0
    inside = ranking.families[one.family].inside(one.segment)
    for step in ranking.steps[one.step + 1 :]:
        cells = inside[step.rows][step.combination] & (step.bin >= max(one.start, 0))
        n = step.n[cells].sum()
        whole = step.y.sum() / max(step.n.sum(), 1)
        fitted = float((step.n * step.mu)[cells].sum())
        # Fitted rates are already drawn towards the parts; ten entrants' worth of the whole keeps an empty segment sane.
        share = (fitted + 10 * whole) / (n + 10)
        rate *= share
        if share > 0:
            relative += (1 - share) / max(share * (n + 10), 1e-9)
    return float(rate), float(relative)


def revenue_prior(cells: Cells) -> tuple[float, float]:
    """Revenue per conversion over all, and how many conversions' worth of it a segment's own is shrunk by."""
    conversions, revenue = cells.reached[-1].sum(), cells.revenue.sum()
    if conversions < 1:
        return 0.0, LEAST_CONVERSIONS_PRIOR
    average = float(revenue / conversions)
    within = max(float(cells.revenue_squares.sum() / conversions) - average**2, 0.0)
    between, weight = 0.0, 0.0
    for column, dimension in enumerate(cells.dimensions):
        code = cells.codes[cells.combination, column]
        n = np.bincount(code, cells.reached[-1], minlength=len(dimension))
        total = np.bincount(code, cells.revenue, minlength=len(dimension))
        usable = n >= 5
        if np.count_nonzero(usable) > 1:
            mean = total[usable] / n[usable]
            between += float(np.sum(n[usable] * (mean - average) ** 2 - within * (1 - n[usable] / conversions)))
            weight += float(np.sum(n[usable]) - np.sum(n[usable] ** 2) / conversions)
    variance = max(between / weight, 0.0) if weight > 0 else 0.0
    prior = within / variance if variance > 0 else 1e6
    return average, max(prior, LEAST_CONVERSIONS_PRIOR)


def value_of(ranking: Ranking, one: Found, average: float, prior: float) -> tuple[float, float]:
    """Revenue per conversion of the leak's segment, shrunk towards that of all, and its relative variance."""
    return segment_value(ranking.cells, ranking.families[one.family].inside(one.segment), average, prior)


def segment_value(cells: Cells, inside: np.ndarray, average: float, prior: float) -> tuple[float, float]:
    conversions_all = cells.reached[-1].sum()
    if average <= 0 or conversions_all < 1:
        return 0.0, 0.0
    within = max(float(cells.revenue_squares.sum() / conversions_all) - average**2, 0.0)
    mine = inside[cells.combination]
    n, total = float(cells.reached[-1][mine].sum()), float(cells.revenue[mine].sum())
    value = (total + prior * average) / (n + prior)
    if value <= 0:
        return 0.0, 0.0
    return value, within / min(n + prior, float(conversions_all)) / value**2


def capped(ranking: Ranking, priced: list[Price]) -> list[Price]:
    """Scale the prices of leaks of one step that overlap, where they would together bring more than healing all of them."""
    out = list(priced)
    for number, step in enumerate(ranking.steps):
        places = [i for i, one in enumerate(ranking.found) if one.step == number]
        if len(places) < 2:
            continue
        total = np.zeros(len(step.n))
        for i in places:
            total[step.acting[ranking.found[i].number]] += priced[i].effect
        joint = float(np.sum(step.n * (expit(step.eta - total) - expit(step.eta))))
        separate = sum(priced[i].passes[0] for i in places)
        if separate > joint > 0:
            share = joint / separate
            for i in places:
                out[i] = scaled(priced[i], share)
    return out


def scaled(one: Price, share: float) -> Price:
    def times(values: tuple) -> tuple:
        return tuple(share * x for x in values)

    return Price(
        one.effect,
        one.sd,
        one.entrants,
        one.observed,
        one.observed + share * one.passes[0],
        times(one.passes),
        times(one.conversions),
        times(one.revenue),
        times(one.passes_90),
        share * one.floor,
    )
