"""How others rank the same segments, for comparison: simple re-implementations of published rankings.

Each takes cells and returns the five segments it would show first. None of them knows of time, so their flags are judged without it.
"""

from collections.abc import Callable

import numpy as np

from models.bench.scoring import Flag
from models.leaks.candidates import Family, families
from models.leaks.cells import Cells

SHOWN = 5
Table = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def tables(cells: Cells, known: list[Family]) -> Table:
    """Entrants and passes of every segment and step: rows of (step, family, segment), and n, y, with the totals of the step."""
    place, n, y, total = [], [], [], []
    for step in range(len(cells.stages) - 1):
        entrants = np.bincount(cells.combination, cells.reached[step], minlength=len(cells.codes))
        passes = np.bincount(cells.combination, cells.reached[step + 1], minlength=len(cells.codes))
        for number, family in enumerate(known):
            count = len(family)
            n.append(np.bincount(family.segment, entrants, minlength=count + 1)[:count])
            y.append(np.bincount(family.segment, passes, minlength=count + 1)[:count])
            place.append(np.stack([np.full(count, step), np.full(count, number), np.arange(count)], axis=1))
            total.append(np.tile([entrants.sum(), passes.sum()], (count, 1)))
    return np.concatenate(place), np.concatenate(n), np.concatenate(y), np.concatenate(total)


def drop_offs(n: np.ndarray, y: np.ndarray, total: np.ndarray) -> np.ndarray:
    """People lost times what an order is worth: the largest segments."""
    return n - y


def lowest_rate(n: np.ndarray, y: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The lowest pass rate of segments with 300 entrants."""
    return np.where(n >= 300, 1 - y / np.maximum(n, 1), -np.inf)


def odds_ratio(n: np.ndarray, y: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Odds of dropping out against everyone else's, as correlation analyses of product analytics print them (PostHog)."""
    rest_n, rest_y = total[:, 0] - n, total[:, 1] - y
    odds = np.log((n - y + 1) * (rest_y + 1) / ((y + 1) * (rest_n - rest_y + 1)))
    return np.where(n >= 300, odds, -np.inf)


def p_value(n: np.ndarray, y: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The smallest p of a test of two proportions against everyone else (Mixpanel)."""
    rest_n, rest_y = np.maximum(total[:, 0] - n, 1), total[:, 1] - y
    pooled = total[:, 1] / np.maximum(total[:, 0], 1)
    sd = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / np.maximum(n, 1) + 1 / rest_n), 1e-12))
    return np.where(n > 0, rest_y / rest_n - y / np.maximum(n, 1), 0) / sd


def divergence(n: np.ndarray, y: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Welch's t of a subgroup's posterior rate against the whole's (DivExplorer)."""

    def posterior(k: np.ndarray, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b = k + 1, m - k + 1
        return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))

    mean, variance = posterior(y, n)
    whole, whole_variance = posterior(total[:, 1], total[:, 0])
    return (whole - mean) / np.sqrt(variance + whole_variance)


PEERS: dict[str, Callable] = {
    "drop-offs x order value": drop_offs,
    "lowest rate": lowest_rate,
    "odds ratio (PostHog)": odds_ratio,
    "p-value (Mixpanel)": p_value,
    "divergence t (DivExplorer)": divergence,
}


def rankings(cells: Cells) -> dict[str, list[Flag]]:
    """The first five of each peer."""
    known = families(cells)
    place, n, y, total = tables(cells, known)
    out = {}
    for name, score in PEERS.items():
        worst = np.argsort(-score(n, y, total), kind="stable")[:SHOWN]
        out[name] = [flag(known, *place[i].tolist()) for i in worst]
    return out


def flag(known: list[Family], step: int, number: int, segment: int) -> Flag:
    return Flag(step, known[number].dimensions, tuple(known[number].levels[segment].tolist()))
