"""Would we have seen it here? Leaks planted into a database's own sessions, in memory."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.leaks import selection
from models.leaks.candidates import Family, families
from models.leaks.cells import Cells

STRENGTHS = (0.3, 0.5, 0.7)


def planted(cells: Cells, inside: np.ndarray, step: int, start: int, strength: float, draw: np.random.Generator) -> Cells:
    """The cells, had sessions of a segment passed a step only `strength` times as often: those who passed are thinned."""
    reached = cells.reached.copy()
    chosen = np.flatnonzero(inside[cells.combination] & (cells.bin >= start))
    exact = np.concatenate([reached[step + 1 : -1] - reached[step + 2 :], reached[-1:]])[:, chosen].round().astype(np.int64)
    left = np.cumsum(draw.binomial(exact, strength)[::-1], axis=0)[::-1]
    before = np.maximum(cells.reached[-1][chosen], 1)
    reached[step + 1 :, chosen] = left
    share = left[-1] / before
    revenue, squares = cells.revenue.copy(), cells.revenue_squares.copy()
    revenue[chosen] *= share
    squares[chosen] *= share
    return replace(cells, reached=reached, revenue=revenue, revenue_squares=squares, skipped=None)


def attempts(cells: Cells, count: int, seed: int, q: float, *, say: Callable[[str], None] = lambda text: None) -> list[dict]:
    """Plant one leak at a time, at random, and see whether it is found."""
    draw = np.random.default_rng(seed)
    known = [family for family in families(cells) if len(family)]
    out: list[dict] = []
    if not known:
        return out
    for _ in range(50 * count):
        if len(out) == count:
            break
        family: Family = known[int(draw.integers(len(known)))]
        segment = int(draw.integers(len(family)))
        step = int(draw.integers(len(cells.steps)))
        strength = float(draw.choice(STRENGTHS))
        bins = len(cells.calendar)
        is_drop = family.order == 1 or bool(draw.random() < 0.5)
        if is_drop and (not cells.calendar.is_dated or bins < 8):
            continue
        start = int(draw.integers(3, bins - 3)) if is_drop else 0
        inside = family.inside(segment)
        where = inside[cells.combination] & (cells.bin >= start)
        passes = float(cells.reached[step + 1][where].sum())
        if passes < 20 or cells.reached[step][where].sum() > 0.25 * cells.reached[step].sum():
            continue
        say(f"planting {len(out) + 1} of {count}")
        found = selection.select(planted(cells, inside, step, start, strength, draw), q=q)
        out.append(
            {
                "step": cells.steps[step],
                "segment": {
                    cells.dimensions[d].name: cells.dimensions[d].labels[c]
                    for d, c in zip(family.dimensions, family.levels[segment].tolist(), strict=True)
                },
                "strength": strength,
                "expected_passes": passes,
                "started_on": cells.calendar.start_of(start).isoformat() if is_drop else None,
                "found": any(hits(cells, found, one, step, where) for one in found.found),
            }
        )
    return out


def hits(cells: Cells, found: selection.Ranking, one: selection.Found, step: int, where: np.ndarray) -> bool:
    """The same step, and half of the entrants of either common to both."""
    if one.step != step:
        return False
    n = cells.reached[step]
    mine = found.families[one.family].inside(one.segment)[cells.combination] & (cells.bin >= max(one.start, 0))
    return n[mine & where].sum() >= 0.5 * n[mine | where].sum()


def described(tried: list[dict]) -> str:
    """A table by step and expected passes."""
    if not tried:
        return (
            "No segment has 20 passes of a step and leaves three quarters of the traffic to compare it with: nothing can be planted here."
        )
    lines = ["| step | expected passes | planted | found |", "|---|---|---|---|"]
    for step in dict.fromkeys(one["step"] for one in tried):
        for low, high in ((20, 50), (50, 200), (200, 1000), (1000, float("inf"))):
            rows = [one for one in tried if one["step"] == step and low <= one["expected_passes"] < high]
            for strength in STRENGTHS:
                some = [one["found"] for one in rows if one["strength"] == strength]
                if some:
                    size = f"{low} to {high}" if high < float("inf") else f"{low} or more"
                    lines.append(f"| {step} | {size} | {1 - strength:.0%} lost, {len(some)} times | {sum(some)} |")
    return "\n".join(lines)
