"""The benchmark of alerts: sites that grow night by night, ranked and judged as a nightly job would.

Each bin of a world is taken as a day: HISTORY days are there from the start, and each night adds one. Three of the five dimensions are kept,
so that a night takes a fraction of a second. In half of the worlds a segment passes a step half as often from LEAK_NIGHT on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from models.alerts.judge import Ranking, Seen, judge
from models.bench import redteam, worlds
from models.bench.run import share
from models.leaks import money, selection
from models.leaks.candidates import families
from models.leaks.cells import Calendar, Cells, assemble, regrouped
from models.leaks.ranking import identity

HISTORY, NIGHTS, LEAK_NIGHT = 30, 60, 30
SESSIONS = 180_000
KEPT = (0, 3, 4)
"""Device, source and landing page."""
STRENGTH = 0.5
POWER = (4.0, 10.0)
"""How many standard deviations a planted leak has cost after a fortnight: smaller ones hide for weeks, larger ones anyone sees."""
FORTNIGHT = 14
NATURES = ("none", "mild", "rough")
HELD_BACK = 3_000_000
"""First seed of the published runs; development uses those below 100,000."""


@dataclass(frozen=True)
class Leak:
    """What was planted: step, combinations inside, first bin."""

    step: int
    inside: np.ndarray
    start: int


@dataclass
class Tally:
    """What the nights of some worlds came to; `delays` in nights from the first day of the leak to the alarm about it."""

    worlds: int = 0
    with_false: int = 0
    told: int = 0
    false: int = 0
    flagged: int = 0
    planted: int = 0
    delays: list[int] = field(default_factory=list)
    found: list[int] = field(default_factory=list)


def site(seed: int, nature: str) -> Cells:
    """Cells of three dimensions with a day in each bin."""
    made = worlds.world(seed, nature, sessions=SESSIONS, weeks=HISTORY + NIGHTS).cells
    days = Calendar(tuple(worlds.FIRST_DAY + timedelta(days=i) for i in range(HISTORY + NIGHTS)), 1)
    return replace(regrouped(made, [made.dimensions[d] for d in KEPT], made.codes[:, KEPT]), calendar=days)


def until(cells: Cells, bins: int) -> Cells:
    """The cells of the first bins."""
    seen = cells.bin < bins
    return assemble(
        list(cells.dimensions),
        cells.codes[cells.combination[seen]],
        cells.bin[seen],
        cells.reached[:, seen],
        cells.revenue[seen],
        cells.revenue_squares[seen],
        cells.stages,
        Calendar(cells.calendar.starts[:bins], cells.calendar.days),
        revenue_cap=cells.revenue_cap,
    )


def plant(cells: Cells, seed: int) -> tuple[Cells, Leak] | None:
    """Plant a leak of the size looked for, from LEAK_NIGHT on; None where no segment drawn has it."""
    draw = np.random.default_rng([seed, 1])
    known = [family for family in families(cells) if len(family) and family.order < 3]
    start = HISTORY + LEAK_NIGHT - 1
    for _ in range(500):
        family = known[int(draw.integers(len(known)))]
        inside = family.inside(int(draw.integers(len(family))))
        step = int(draw.integers(len(cells.steps)))
        late = inside[cells.combination] & (cells.bin >= start) & (cells.bin < start + FORTNIGHT)
        entrants, passes = float(cells.reached[step][late].sum()), float(cells.reached[step + 1][late].sum())
        if passes < 10 or entrants > 0.25 * cells.reached[step][(cells.bin >= start) & (cells.bin < start + FORTNIGHT)].sum():
            continue
        if POWER[0] <= (1 - STRENGTH) * passes / np.sqrt(passes * (1 - passes / entrants)) <= POWER[1]:
            return redteam.planted(cells, inside, step, start, STRENGTH, draw), Leak(step, inside, start)
    return None


def overlaps(cells: Cells, leak: Leak, step: int, segment: np.ndarray) -> bool:
    """The same step, and half of the entrants of either common to both."""
    if step != leak.step:
        return False
    n = np.bincount(cells.combination, cells.reached[step], minlength=len(cells.codes))
    return bool(n[segment & leak.inside].sum() >= 0.5 * n[segment | leak.inside].sum())


def nights(cells: Cells, leak: Leak | None) -> tuple[list[Ranking], dict[str, bool]]:
    """The ranking of each night, and for each leak found whether it is the planted one."""
    rankings: list[Ranking] = []
    true: dict[str, bool] = {}
    for night in range(1, NIGHTS + 1):
        ranked = selection.select(until(cells, HISTORY + night))
        found = []
        for one, price in zip(ranked.found, money.prices(ranked), strict=True):
            family = ranked.families[one.family]
            codes = family.levels[one.segment].tolist()
            levels = tuple(
                (cells.dimensions[d].name, cells.dimensions[d].labels[code]) for d, code in zip(family.dimensions, codes, strict=True)
            )
            name = identity(one.kind, cells.steps[one.step], levels)
            segment = np.all(cells.codes[:, family.dimensions] == codes, axis=1)
            true[name] = leak is not None and overlaps(cells, leak, one.step, segment)
            months = 30 / (HISTORY + night - max(one.start, 0))
            found.append(Seen(name, one.q, tuple(x * months for x in price.conversions)))
        day = QUARTER + timedelta(days=night - 1)
        rankings.append(Ranking(str(night), day, str(night), tuple(found)))
    return rankings, true


QUARTER = worlds.FIRST_DAY.replace(month=1, day=1)
"""The first night, so that all share the budget of one quarter."""


def add(tally: Tally, seed: int, nature: str, *, leaky: bool) -> None:
    """Judge the nights of one world."""
    cells, leak = site(seed, nature), None
    if leaky:
        made = plant(cells, seed)
        if made is None:
            return
        cells, leak = made
    rankings, true = nights(cells, leak)
    judged = judge(rankings)
    told = [(night, alarm.leak_id) for night, one in enumerate(judged, start=1) for alarm in one.alarms]
    hits = [night for night, name in told if true[name] and night >= LEAK_NIGHT]
    seen = [night for night, one in enumerate(rankings, start=1) if night >= LEAK_NIGHT and any(true[x.leak_id] for x in one.found)]
    tally.worlds += 1
    tally.told += len(told)
    tally.false += len(told) - len(hits)
    tally.with_false += len(told) > len(hits)
    tally.flagged += any(one.found for one in rankings) if leak is None else 0
    if leak is not None:
        tally.planted += 1
        tally.delays += [hits[0] - LEAK_NIGHT + 1] if hits else []
        tally.found += [seen[0] - LEAK_NIGHT + 1] if seen else []


def run(runs: int, seed: int, *, say: Callable[[str], None] = lambda text: None) -> dict[str, tuple[Tally, Tally]]:
    """For each nature the tallies of so many worlds without a leak and as many with one."""
    out = {nature: (Tally(), Tally()) for nature in NATURES}
    for number in range(runs):
        for nature, pair in out.items():
            for leaky, tally in enumerate(pair):
                say(f"world {number + 1} of {runs}, {nature}, {'with a leak' if leaky else 'without leaks'}")
                add(tally, seed + number, nature, leaky=bool(leaky))
    return out


def printed(found: dict[str, tuple[Tally, Tally]], runs: int, seed: int) -> str:
    """The table in Markdown."""
    lines = [
        f"{NIGHTS} nights in each of {runs} worlds without and {runs} with a leak from night {LEAK_NIGHT} on, seeds from {seed}; "
        "bounds are exact binomial ones at 95 %.",
        "",
        "| natural spread | without a leak: any finding in 60 nights | any alarm | with one: alarms that are false | told of the leak "
        "| nights to the alarm, median (90 %) | nights until it was on the list, median |",
        "|---|---|---|---|---|---|---|",
    ]
    for nature, (quiet, leaky) in found.items():
        s, w = worlds.NATURE[nature]
        delay = f"{np.median(leaky.delays):.0f} ({np.quantile(leaky.delays, 0.9):.0f})" if leaky.delays else "none"
        lines.append(
            f"| ({s:g}, {w:g}) | {share(quiet.flagged, quiet.worlds)} | {share(quiet.with_false, quiet.worlds)} | {share(leaky.false, leaky.told)} "
            f"| {share(len(leaky.delays), leaky.planted)} | {delay} | {f'{np.median(leaky.found):.0f}' if leaky.found else 'none'} |"
        )
    return "\n".join(lines)
