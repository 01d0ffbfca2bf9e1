"""What counts as a hit, and the figures of many runs."""

from dataclasses import dataclass

import numpy as np

from models.bench.worlds import Planted, World


@dataclass(frozen=True)
class Flag:
    """A flagged segment: step, dimensions, levels, start bin (0: the whole period), and what it is said to cost."""

    step: int
    dimensions: tuple[int, ...]
    levels: tuple[int, ...]
    start: int = 0


def same(world: World, flag: Flag, leak: Planted, *, timed: bool = True) -> bool:
    """The same step, and half of the entrants of either common to both; bins count for drops where `timed`."""
    if flag.step != leak.step:
        return False
    cells = world.cells
    n = cells.reached[leak.step]
    mine = np.all(cells.codes[:, flag.dimensions] == flag.levels, axis=1)[cells.combination]
    theirs = np.all(cells.codes[:, leak.dimensions] == leak.levels, axis=1)[cells.combination]
    if timed:
        mine = mine & (cells.bin >= flag.start)
        theirs = theirs & (cells.bin >= leak.start)
    union = n[mine | theirs].sum()
    return bool(union) and n[mine & theirs].sum() >= 0.5 * union


def matches(world: World, flags: list[Flag], *, timed: bool = True) -> list[int]:
    """For each flag the number of the planted leak it hits, -1 where it hits none."""
    out = []
    for flag in flags:
        hit = [number for number, leak in enumerate(world.planted) if same(world, flag, leak, timed=timed)]
        out.append(hit[0] if hit else -1)
    return out
