"""Invented sites with natural irregularities and, if asked for, leaks planted in them.

Sessions come from a small table of margins, tilted pair by pair so that dimensions are correlated. At each step every level has an effect
of its own, every segment of two dimensions a natural one N(0, s²), of three N(0, s²/4), and every level and pair of levels a departure
N(0, w²) of its own each week.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

import numpy as np
from scipy.special import expit, logit

from models.leaks.cells import Calendar, Cells, Dimension, assemble

NATURE = {"none": (0.0, 0.0), "mild": (0.07, 0.05), "rough": (0.15, 0.10), "wild": (0.30, 0.20)}
STAGES = ("visited", "engaged", "product", "checkout", "purchase")
RATES = (0.45, 0.42, 0.25, 0.50)
WEEKS = 20
FIRST_DAY = date(2026, 1, 5)
MARGINS = {
    "device": {"desktop": 0.46, "mobile": 0.48, "tablet": 0.06},
    "browser": {"Chrome": 0.52, "Safari": 0.30, "Edge": 0.07, "Firefox": 0.05, "Samsung Internet": 0.06},
    "country": {"US": 0.40, "GB": 0.14, "DE": 0.12, "CA": 0.10, "FR": 0.08, "IN": 0.07, "AU": 0.05, "NL": 0.04},
    "source": {
        "google": 0.36,
        "(direct)": 0.22,
        "facebook": 0.10,
        "instagram": 0.08,
        "newsletter": 0.07,
        "bing": 0.06,
        "partner": 0.05,
        "youtube": 0.04,
        "reddit": 0.02,
    },
    "landing": {"/": 0.30, "/p": 0.24, "/c": 0.18, "/sale": 0.10, "/guide": 0.09, "/blog": 0.06, "/help": 0.03},
}
IMPOSSIBLE = {("mobile", "Edge"), ("desktop", "Samsung Internet")}
EVENTS = ("tracking", "mix", "definition")
SOURCE = 3
TILT = 0.5
MAIN = 0.25


@dataclass(frozen=True)
class Planted:
    """A planted leak: sessions of a segment pass `step` `strength` times as often, from bin `start` on (0: all along).

    `power` is (1 − strength) E / √(E (1 − p)), with E the passes expected without it.
    """

    kind: str
    step: int
    dimensions: tuple[int, ...]
    levels: tuple[int, ...]
    strength: float
    start: int
    power: float
    expected: float
    cells: np.ndarray
    lost: float = 0.0


@dataclass(frozen=True)
class World:
    """Cells with what is true of them. `event` is what else was made to happen: kind, dimension, levels, start, share of sessions."""

    cells: Cells
    planted: tuple[Planted, ...]
    event: tuple | None = None


def audience(draw: np.random.Generator) -> tuple[list[Dimension], np.ndarray, np.ndarray]:
    """Dimensions, the levels of every combination, and its share of sessions."""
    names = list(MARGINS)
    dimensions = [Dimension(name, tuple(MARGINS[name])) for name in names]
    sizes = [len(d) for d in dimensions]
    levels = np.stack([part.ravel() for part in np.meshgrid(*[np.arange(size) for size in sizes], indexing="ij")], axis=1)
    share = np.ones(len(levels))
    for d, dimension in enumerate(dimensions):
        share *= np.array([MARGINS[dimension.name][label] for label in dimension.labels])[levels[:, d]]
    for d, e in combinations(range(len(sizes)), 2):
        tilt = np.exp(draw.normal(0, TILT, (sizes[d], sizes[e])))
        share *= tilt[levels[:, d], levels[:, e]]
    for device, browser in IMPOSSIBLE:
        share[(levels[:, 0] == dimensions[0].labels.index(device)) & (levels[:, 1] == dimensions[1].labels.index(browser))] = 0
    return dimensions, levels, share / share.sum()


def log_odds(draw: np.random.Generator, levels: np.ndarray, sizes: list[int], s: float, w: float, rate: float, bins: int) -> np.ndarray:
    """Log-odds of one step: (combinations, bins)."""
    per = np.full(len(levels), logit(rate))
    weekly = np.tile(draw.normal(0, 0.08, bins), (len(levels), 1))
    for d, size in enumerate(sizes):
        per += draw.normal(0, MAIN, size)[levels[:, d]]
        weekly += draw.normal(0, w, (size, bins))[levels[:, d]]
    for d, e in combinations(range(len(sizes)), 2):
        key = levels[:, d] * sizes[e] + levels[:, e]
        per += draw.normal(0, s, sizes[d] * sizes[e])[key]
        weekly += draw.normal(0, w / 2, (sizes[d] * sizes[e], bins))[key]
    for d, e, f in combinations(range(len(sizes)), 3):
        key = (levels[:, d] * sizes[e] + levels[:, e]) * sizes[f] + levels[:, f]
        per += draw.normal(0, s / 2, sizes[d] * sizes[e] * sizes[f])[key]
    return per[:, None] + weekly


def world(
    seed: int, nature: str = "mild", leaks: int = 0, *, event: str | None = None, sessions: int | None = None, weeks: int = WEEKS
) -> World:
    """One world. Equal arguments give the equal world.

    Parameters
    ----------
    event : "tracking": a planted break of the records; "mix": a source brings several times as many sessions from a week on;
        "definition": part of the sessions of one level are called by another from a week on.
    """
    draw = np.random.default_rng([seed, list(NATURE).index(nature), *([EVENTS.index(event) + 1] if event else [])])
    s, w = NATURE[nature]
    dimensions, levels, share = audience(draw)
    sizes = [len(d) for d in dimensions]
    total = sessions or int(draw.integers(200_000, 360_001))
    volume = np.exp(draw.normal(0, 0.08, weeks))
    rate = total * share[:, None] * (volume / volume.sum())
    told = None
    if event == "mix":
        start, level = int(draw.integers(5, weeks - 4)), int(draw.integers(2, sizes[SOURCE]))
        factor = float(draw.uniform(4, 10))
        rate = np.where((levels[:, SOURCE] == level)[:, None] & (np.arange(weeks) >= start), rate * factor, rate)
        told = (event, SOURCE, (level,), start, factor)
    entrants = draw.poisson(rate)
    p = np.stack([expit(log_odds(draw, levels, sizes, s, w, one, weeks)) for one in RATES])
    if event == "mix":
        # Visitors of that source are another kind of people: were they like all others, no mix could change anything.
        people = levels[:, SOURCE] == told[2][0]
        p[0][people] = expit(logit(p[0][people]) - 1.2)
    planted: list[Planted] = []
    if leaks:
        planted = plant(draw, dimensions, levels, entrants, p, leaks)
    if event == "tracking":
        planted = plant(draw, dimensions, levels, entrants, p, 1, kinds=("drop",), strengths=(0.02,), steps=(len(RATES) - 1,))
    healthy = p.copy()
    for leak in planted:
        p[leak.step][leak.cells] *= leak.strength
    reached = [entrants]
    for number in range(len(RATES)):
        reached.append(draw.binomial(reached[-1], p[number]))
    value = 70 * draw.gamma(4, 0.25, size=int(reached[-1].sum()))
    cell = np.repeat(np.arange(entrants.size), reached[-1].ravel())
    cap = float(np.quantile(value, 0.95)) if len(value) else None
    value = np.minimum(value, cap) if len(value) else value
    revenue = np.bincount(cell, value, minlength=entrants.size)
    squares = np.bincount(cell, value**2, minlength=entrants.size)
    filled = np.flatnonzero(entrants.ravel() > 0)
    combination, bins = np.divmod(filled, weeks)
    called = levels[combination]
    counts = np.stack([one.ravel()[filled] for one in reached])
    value_sums = np.stack([revenue[filled], squares[filled]])
    if event == "definition":
        called, bins, counts, value_sums, told = renamed(draw, dimensions, called, bins, counts, value_sums, weeks)
    calendar = Calendar(tuple(FIRST_DAY + timedelta(days=7 * i) for i in range(weeks)), 7)
    cells = assemble(
        dimensions,
        called,
        bins,
        counts.astype(float),
        *value_sums,
        STAGES,
        calendar,
        revenue_cap=cap,
    )
    priced = [
        Planted(
            **{**leak.__dict__, "lost": float((reached[leak.step] * (healthy[leak.step] * 1.0) * (1 - leak.strength))[leak.cells].sum())}
        )
        for leak in planted
    ]
    return World(cells, tuple(priced), told)


def renamed(
    draw: np.random.Generator,
    dimensions: list[Dimension],
    levels: np.ndarray,
    bins: np.ndarray,
    counts: np.ndarray,
    values: np.ndarray,
    weeks: int,
) -> tuple:
    """From a week on, part of the sessions of one level bear another's name: rows are split in two."""
    d = int(draw.choice([SOURCE, len(dimensions) - 1]))
    loser, winner = (int(level) for level in draw.choice(min(len(dimensions[d]), 6), 2, replace=False))
    start, share = int(draw.integers(5, weeks - 4)), float(draw.uniform(0.4, 0.95))
    touched = np.flatnonzero((levels[:, d] == loser) & (bins >= start))
    # Each session keeps its way down the funnel: those who moved are drawn stage by stage out of the ones at it.
    exact = np.concatenate([counts[:-1] - counts[1:], counts[-1:]])[:, touched]
    moved = np.cumsum(draw.binomial(exact, share)[::-1], axis=0)[::-1]
    before = counts[0].sum()
    ratio = np.where(counts[-1, touched] > 0, moved[-1] / np.maximum(counts[-1, touched], 1), 0.0)
    extra_levels = levels[touched].copy()
    extra_levels[:, d] = winner
    extra_values = values[:, touched] * ratio
    counts = counts.copy()
    counts[:, touched] -= moved
    values = values.copy()
    values[:, touched] -= extra_values
    told = ("definition", d, (loser, winner), start, float(moved[0].sum() / max(before * (weeks - start) / weeks, 1)))
    return (
        np.concatenate([levels, extra_levels]),
        np.concatenate([bins, bins[touched]]),
        np.concatenate([counts, moved], axis=1),
        np.concatenate([values, extra_values], axis=1),
        told,
    )


def plant(
    draw: np.random.Generator,
    dimensions: list[Dimension],
    levels: np.ndarray,
    entrants: np.ndarray,
    p: np.ndarray,
    count: int,
    *,
    kinds: tuple[str, ...] = ("interaction", "drop"),
    strengths: tuple[float, ...] = (0.3, 0.5, 0.7),
    steps: tuple[int, ...] = tuple(range(len(RATES))),
) -> list[Planted]:
    """Choose leaks that are large enough to be seen at all, by kind, order, step, strength and start."""
    weeks = entrants.shape[1]
    sizes = [len(d) for d in dimensions]
    found: list[Planted] = []
    expected_entrants = [entrants.astype(float)]
    for number in range(len(RATES) - 1):
        expected_entrants.append(expected_entrants[-1] * p[number])
    for _ in range(2000):
        if len(found) == count:
            break
        kind = str(draw.choice(kinds))
        order = int(draw.integers(2, 4)) if kind == "interaction" else int(draw.integers(1, 4))
        step = int(draw.choice(steps))
        strength = float(draw.choice(strengths))
        start = int(draw.integers(4, weeks - 3)) if kind == "drop" else 0
        chosen = tuple(sorted(int(d) for d in draw.choice(len(sizes), order, replace=False)))
        level = tuple(int(draw.integers(0, sizes[d])) for d in chosen)
        inside = np.all(levels[:, chosen] == level, axis=1)
        cells = np.zeros(entrants.shape, bool)
        cells[inside, start:] = True
        n = expected_entrants[step]
        passes = float((n * p[step])[cells].sum())
        if passes < 20 or n[cells].sum() > 0.25 * n.sum() or entrants[inside].sum() < 300:
            continue
        rate = passes / float(n[cells].sum())
        power = (1 - strength) * passes / np.sqrt(passes * (1 - rate))
        if power < 4:
            continue
        if any(leak.step == step and (leak.cells & cells).sum() > 0.3 * min(leak.cells.sum(), cells.sum()) for leak in found):
            continue
        if any(entrants[inside].sum() >= 0.9 * entrants[alone].sum() for alone in wider(levels, chosen, level)):
            continue
        found.append(Planted(kind, step, chosen, level, strength, start, float(power), passes, cells))
    return found


def wider(levels: np.ndarray, chosen: tuple[int, ...], level: tuple[int, ...]) -> list[np.ndarray]:
    """The segments that this one is part of, with one dimension less."""
    if len(chosen) < 2:
        return []
    out = []
    for place in range(len(chosen)):
        names = [d for i, d in enumerate(chosen) if i != place]
        values = [v for i, v in enumerate(level) if i != place]
        out.append(np.all(levels[:, names] == values, axis=1))
    return out
