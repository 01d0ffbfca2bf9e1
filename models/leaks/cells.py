"""Cells: sessions counted by dimensions and time, and the funnel steps between them.

A cell is a combination of levels in one bin of time. `reached[k]` counts its sessions that came to stage k or beyond, so that the
step k has `reached[k]` entrants and `reached[k + 1]` passes.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

OTHER = "Other*"
LARGEST_LEVELS = 60
MIN_LEVEL = 300
MIN_LEVEL_SHARE = 0.002


@dataclass(frozen=True)
class Dimension:
    """A label of sessions: its name in the table sessions and its levels by code. `other` is the code of what was folded."""

    name: str
    labels: tuple[str, ...]
    other: int | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Calendar:
    """Bins of time: the first day of each and its length. `days` is 0 where the data have no dates: then there is one bin."""

    starts: tuple[date, ...]
    days: int

    def __len__(self) -> int:
        return max(len(self.starts), 1)

    @property
    def is_dated(self) -> bool:
        return self.days > 0

    def start_of(self, number: int) -> date:
        return self.starts[number]

    def end_of(self, number: int) -> date:
        return self.starts[number] + timedelta(days=self.days - 1)


@dataclass(frozen=True)
class Cells:
    """Sessions counted by dimensions and time.

    Attributes
    ----------
    codes : (combinations, dimensions) level of each dimension
    combination, bin : (cells,) which combination and which bin of time a cell is
    reached : (stages, cells) sessions at each stage or beyond
    revenue, revenue_squares : (cells,) revenue of converting sessions, each capped at `revenue_cap`, and its squares
    stages : names of the stages, one more than there are steps
    skipped : (stages, cells) sessions beyond a stage without a record of their own of it; None where that cannot be told
    """

    dimensions: tuple[Dimension, ...]
    codes: np.ndarray
    combination: np.ndarray
    bin: np.ndarray
    reached: np.ndarray
    revenue: np.ndarray
    revenue_squares: np.ndarray
    stages: tuple[str, ...]
    calendar: Calendar
    revenue_cap: float | None = None
    notes: tuple[str, ...] = field(default=())
    skipped: np.ndarray | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(f"{a} → {b}" for a, b in zip(self.stages, self.stages[1:], strict=False))

    @property
    def sessions(self) -> int:
        return int(self.reached[0].sum())

    @property
    def conversions(self) -> int:
        return int(self.reached[-1].sum())

    def __len__(self) -> int:
        return len(self.combination)


def assemble(
    dimensions: list[Dimension],
    levels: np.ndarray,
    bins: np.ndarray,
    reached: np.ndarray,
    revenue: np.ndarray,
    revenue_squares: np.ndarray,
    stages: tuple[str, ...],
    calendar: Calendar,
    skipped: np.ndarray | None = None,
    **rest: object,
) -> Cells:
    """Cells from rows that may repeat a combination: codes by dimension (rows, dimensions), bins, counts (stages, rows), revenue and its squares."""
    key = np.zeros(len(levels), np.int64)
    radix = 1
    for column, dimension in enumerate(dimensions):
        if radix > 2**62 // max(len(dimension), 1):
            _, key = np.unique(key, return_inverse=True)
            radix = int(key.max()) + 1 if len(key) else 1
        key = key * len(dimension) + levels[:, column]
        radix *= len(dimension)
    _, first, combination = np.unique(key, return_index=True, return_inverse=True)
    cell, row = np.unique(combination.astype(np.int64) * len(calendar) + bins, return_inverse=True)
    return Cells(
        dimensions=tuple(dimensions),
        codes=np.ascontiguousarray(levels[first]).astype(np.int32),
        combination=(cell // len(calendar)).astype(np.int32),
        bin=(cell % len(calendar)).astype(np.int32),
        reached=np.stack([np.bincount(row, counts, minlength=len(cell)) for counts in reached]),
        revenue=np.bincount(row, revenue, minlength=len(cell)),
        revenue_squares=np.bincount(row, revenue_squares, minlength=len(cell)),
        stages=tuple(stages),
        calendar=calendar,
        skipped=None if skipped is None else np.stack([np.bincount(row, counts, minlength=len(cell)) for counts in skipped]),
        **rest,
    )


def fold(cells: Cells, share: float = MIN_LEVEL_SHARE, least: int = MIN_LEVEL, most: int = LARGEST_LEVELS) -> Cells:
    """Fold levels with few sessions, and those beyond the largest, into one called Other*; drop dimensions left with one level."""
    entrants = np.bincount(cells.combination, cells.reached[0], minlength=len(cells.codes))
    floor = max(least, share * entrants.sum())
    kept_dimensions, columns = [], []
    for column, dimension in enumerate(cells.dimensions):
        sessions = np.bincount(cells.codes[:, column], entrants, minlength=len(dimension))
        order = np.lexsort((np.arange(len(dimension)), -sessions))
        kept = [int(code) for code in order[:most] if sessions[code] >= floor and code != dimension.other]
        folded = len(kept) < int(np.count_nonzero(sessions))
        labels = [dimension.labels[code] for code in kept] + [OTHER] * folded
        if len(labels) < 2:
            continue
        recoded = np.full(len(dimension), len(kept))
        recoded[kept] = np.arange(len(kept))
        kept_dimensions.append(Dimension(dimension.name, tuple(labels), len(kept) if folded else None))
        columns.append(recoded[cells.codes[:, column]])
    levels = np.stack(columns, axis=1) if columns else np.zeros((len(cells.codes), 0), np.int32)
    return regrouped(cells, kept_dimensions, levels)


def regrouped(cells: Cells, dimensions: list[Dimension], levels: np.ndarray) -> Cells:
    """The cells with other levels for each combination: (combinations, dimensions)."""
    return assemble(
        dimensions,
        levels[cells.combination],
        cells.bin,
        cells.reached,
        cells.revenue,
        cells.revenue_squares,
        cells.stages,
        cells.calendar,
        skipped=cells.skipped,
        revenue_cap=cells.revenue_cap,
        notes=cells.notes,
    )


def without_functions(cells: Cells, share: float = 0.98) -> Cells:
    """Drop dimensions that are a function of one or two others: their level tells the dimension's for 98 % of sessions."""
    entrants = np.bincount(cells.combination, cells.reached[0], minlength=len(cells.codes))
    total = entrants.sum()
    kept = list(range(len(cells.dimensions)))
    for column in sorted(kept, key=lambda c: len(cells.dimensions[c])):
        others = [other for other in kept if other != column]
        pairs = [(a,) for a in others] + [(a, b) for i, a in enumerate(others) for b in others[i + 1 :]]
        for names in pairs:
            size = np.prod([len(cells.dimensions[name]) for name in names])
            if len(names) == 1 and len(cells.dimensions[column]) > len(cells.dimensions[names[0]]):
                continue
            if len(names) == 2 and cells.dimensions[column].name != "channel":
                continue
            joint = np.zeros(len(cells.codes), np.int64)
            for name in names:
                joint = joint * len(cells.dimensions[name]) + cells.codes[:, name]
            levels = len(cells.dimensions[column])
            table = np.bincount(joint * levels + cells.codes[:, column], entrants, minlength=int(size) * levels)
            if table.reshape(-1, levels).max(axis=1).sum() >= share * total:
                kept.remove(column)
                break
    if len(kept) == len(cells.dimensions):
        return cells
    return regrouped(cells, [cells.dimensions[c] for c in kept], cells.codes[:, kept])
