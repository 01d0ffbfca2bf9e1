"""Segments of one to three dimensions that could be leaks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from models.leaks.cells import Cells

MIN_SESSIONS = 300
LARGEST_SHARE = 0.9
MAX_ORDER = 3


@dataclass
class Family:
    """Segments of the same dimensions.

    Attributes
    ----------
    dimensions : numbers of the dimensions
    levels : (segments, order) codes
    segment : (combinations,) number of each combination's segment; `len(levels)` where it has none
    sessions : (segments,)
    """

    dimensions: tuple[int, ...]
    levels: np.ndarray
    segment: np.ndarray
    sessions: np.ndarray
    numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    @property
    def order(self) -> int:
        return len(self.dimensions)

    def __len__(self) -> int:
        return len(self.levels)

    def inside(self, number: int) -> np.ndarray:
        return self.segment == number


def families(cells: Cells, *, least: int = MIN_SESSIONS, max_order: int = MAX_ORDER) -> list[Family]:
    """Every family of one to three dimensions with its segments.

    A segment needs `least` sessions, no folded level, and fewer than 90 % of the sessions of each segment it is part of.
    """
    entrants = np.bincount(cells.combination, cells.reached[0], minlength=len(cells.codes))
    sizes = [len(dimension) for dimension in cells.dimensions]
    counts: dict[tuple[int, ...], np.ndarray] = {(): np.array([entrants.sum()])}
    found = []
    for order in range(1, min(max_order, len(sizes)) + 1):
        for dimensions in combinations(range(len(sizes)), order):
            key = np.zeros(len(cells.codes), np.int64)
            for d in dimensions:
                key = key * sizes[d] + cells.codes[:, d]
            shape = tuple(sizes[d] for d in dimensions)
            total = np.bincount(key, entrants, minlength=int(np.prod(shape)))
            counts[dimensions] = total
            level = np.unravel_index(np.arange(len(total)), shape)
            kept = total >= least
            for place, d in enumerate(dimensions):
                other = cells.dimensions[d].other
                if other is not None:
                    kept &= level[place] != other
                parent = tuple(x for x in dimensions if x != d)
                above = (
                    np.ravel_multi_index(tuple(level[i] for i in range(order) if i != place), tuple(sizes[x] for x in parent))
                    if parent
                    else np.zeros(len(total), np.int64)
                )
                kept &= total < LARGEST_SHARE * counts[parent][above]
            chosen = np.flatnonzero(kept)
            number = np.full(len(total), len(chosen), np.int32)
            number[chosen] = np.arange(len(chosen))
            levels = np.stack([part[chosen] for part in level], axis=1).astype(np.int32)
            found.append(
                Family(
                    dimensions,
                    levels,
                    number[key],
                    total[chosen],
                    {tuple(row): i for i, row in enumerate(levels.tolist())},
                )
            )
    return found


def parents(family: Family, number: int, by_dimensions: dict[tuple[int, ...], int], known: list[Family]) -> Iterator[tuple[int, int]]:
    """Family and number of each segment that this one is part of."""
    levels = family.levels[number].tolist()
    for order in range(1, family.order):
        for places in combinations(range(family.order), order):
            above = by_dimensions.get(tuple(family.dimensions[i] for i in places))
            if above is None:
                continue
            found = known[above].numbers.get(tuple(levels[i] for i in places))
            if found is not None:
                yield above, found
