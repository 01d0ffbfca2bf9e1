"""Which candidates are called leaks: forward selection over all steps and kinds under one false-discovery rate, with refit."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from models.leaks import drop, interaction, nested
from models.leaks.candidates import Family, families, parents
from models.leaks.cells import Cells
from models.leaks.design import Effect, Step
from models.leaks.scores import Scored, score

Q = 0.10
MOST = 20
PARENT_P = 0.02
OVERLAP = 0.5
STAYING = 3.5
"""Standard deviations, natural spread included, that a leak has to keep beside the others."""
INTERACTION, DROP = "interaction", "drop"


@dataclass
class Found:
    """A selected leak. `q` is its Benjamini-Hochberg value, `number` its place among the leaks of its step's model."""

    kind: str
    step: int
    family: int
    segment: int
    p: float
    q: float
    start: int
    earliest: int
    latest: int
    spread: float
    number: int


@dataclass
class Ranking:
    """The outcome of the selection with the fitted steps."""

    cells: Cells
    families: list[Family]
    steps: list[Step]
    scored: list[Scored]
    found: list[Found]
    candidates: int


# The matrices are small: more threads spend their time waiting for one another.
@threadpool_limits.wrap(limits=1, user_api="blas")
def select(cells: Cells, *, q: float = Q, most: int = MOST, refit: bool = True, natural: bool = True) -> Ranking:
    """Find the leaks of all steps together."""
    known = families(cells)
    steps = [Step.of(cells, number) for number in range(len(cells.stages) - 1)]
    dated = cells.calendar.is_dated
    segments = [interaction.Segments(step, known) for step in steps]
    scored = [score(step, one, dated=dated, natural=natural) for step, one in zip(steps, segments, strict=True)]
    m = sum(len(one) for one in scored)
    by_dimensions = {family.dimensions: i for i, family in enumerate(known)}
    found: list[Found] = []
    excluded: set[tuple[int, int, int, bool]] = set()
    while len(found) < most:
        best = lowest(scored, excluded)
        if best is None:
            break
        number, place = best
        p = float(scored[number].p[place])
        if p > q * (len(found) + 1) / max(m, 1):
            break
        place = with_parent(scored[number], place, known, by_dimensions)
        one = scored[number]
        family, segment, start = int(one.family[place]), int(one.segment[place]), int(one.start[place])
        key = (number, family, segment, start >= 0)
        effect = Effect(known[family].inside(segment)[steps[number].rows], max(start, 0))
        if key in excluded or overlaps(steps[number], effect):
            excluded.add(key)
            excluded.add((number, int(one.family[best[1]]), int(one.segment[best[1]]), bool(one.start[best[1]] >= 0)))
            continue
        excluded.add(key)
        steps[number].leaks.append(effect)
        dimensions = known[family].dimensions
        found.append(
            Found(
                kind=DROP if start >= 0 else INTERACTION,
                step=number,
                family=family,
                segment=segment,
                p=p,
                q=min(1.0, p * m / (len(found) + 1)),
                start=start,
                earliest=int(one.earliest[place]),
                latest=int(one.latest[place]),
                spread=spread_of(one, dimensions, start, effect, steps[number], cells),
                number=len(steps[number].leaks) - 1,
            )
        )
        if refit:
            scored[number] = score(steps[number], segments[number], dated=dated, natural=natural)
            if natural and settle(steps[number], segments[number], found[-1], excluded):
                scored[number] = score(steps[number], segments[number], dated=dated, natural=natural)
            if natural and dated and set_in(steps[number], segments[number], found[-1], excluded):
                scored[number] = score(steps[number], segments[number], dated=dated, natural=natural)
            found[-1].spread = spread_of(scored[number], known[found[-1].family].dimensions, found[-1].start, effect, steps[number], cells)
            while natural and (gone := faded(steps[number], [one for one in found if one.step == number])) is not None:
                found.remove(gone)
                steps[number].without(gone.number)
                for one in found:
                    one.number -= one.step == number and one.number > gone.number
                segments[number].take_back(gone.number)
                scored[number] = score(steps[number], segments[number], dated=dated, natural=natural)
    running = 0.0
    for one in found:
        running = one.q = max(running, one.q)
    return Ranking(cells, known, steps, scored, found, m)


def settle(step: Step, segments: interaction.Segments, one: Found, excluded: set[tuple[int, int, int, bool]]) -> bool:
    """Move the leak found last to the segment above or below it that explains more, if any, and say whether it moved."""
    is_drop = one.start >= 0
    other = nested.better(step, segments, one.family, one.segment, max(one.start, 0), 1 if is_drop else 2)
    if other is None or (one.step, *other, is_drop) in excluded:
        return False
    effect = Effect(segments.families[other[0]].inside(other[1])[step.rows], max(one.start, 0))
    last = step.leaks.pop()
    clashes = overlaps(step, effect)
    step.leaks.append(last)
    if clashes:
        return False
    nested.replaced(step, segments, effect)
    one.family, one.segment = other
    excluded.add((one.step, *other, is_drop))
    return True


def set_in(step: Step, segments: interaction.Segments, one: Found, excluded: set[tuple[int, int, int, bool]]) -> bool:
    """Make the lasting leak found last a drop where it began within the period, and say whether it was."""
    if one.start >= 0 or step.bins < drop.LEAST_BINS or (when := nested.began(step)) is None:
        return False
    nested.replaced(step, segments, Effect(step.leaks[-1].inside, when[0]))
    one.kind, (one.start, one.earliest, one.latest) = DROP, when
    excluded.add((one.step, one.family, one.segment, True))
    return True


def faded(step: Step, found: list[Found]) -> Found | None:
    """The leak of a step that the ones found after it explain, if any: the one with the least left of it in the common fit."""
    effects, variances = step.leak_effects()
    left = [(effects[one.number] / np.sqrt(variances[one.number] + one.spread), place) for place, one in enumerate(found)]
    z, place = max(left, default=(-np.inf, 0))
    return found[place] if z > -STAYING else None


def spread_of(one: Scored, dimensions: tuple[int, ...], start: int, effect: Effect, step: Step, cells: Cells) -> float:
    """Natural variance of the effect: that of its family, or for a drop that of its weeks before and after."""
    if start < 0:
        return one.spreads.get(dimensions, 0.0)
    late = max(step.bins - start, 1)
    return one.noises.get(dimensions, 0.0) * (1 / late + 1 / max(start, 1))


def lowest(scored: list[Scored], excluded: set[tuple[int, int, int, bool]]) -> tuple[int, int] | None:
    """Step and place of the candidate with the smallest p; ties go to the larger |z|."""
    best = None
    for number, one in enumerate(scored):
        order = np.argsort(one.p, kind="stable")
        for place in order[: 64 + len(excluded)]:
            if (number, int(one.family[place]), int(one.segment[place]), bool(one.start[place] >= 0)) in excluded:
                continue
            rank = (float(one.p[place]), float(one.z[place]))
            if best is None or rank < best[0]:
                best = (rank, number, int(place))
            break
    return None if best is None else (best[1], best[2])


def with_parent(one: Scored, place: int, known: list[Family], by_dimensions: dict[tuple[int, ...], int]) -> int:
    """The candidate, or the segment it is part of where that explains more."""
    is_drop = one.start[place] >= 0
    family, segment = int(one.family[place]), int(one.segment[place])
    gain = abs(one.effect[place]) * np.sqrt(one.information[place])
    for above, number in parents(known[family], segment, by_dimensions, known):
        where = np.flatnonzero((one.family == above) & (one.segment == number) & ((one.start >= 0) == is_drop))
        if len(where) and one.p[where[0]] < PARENT_P and one.effect[where[0]] < 0:
            gained = abs(one.effect[where[0]]) * np.sqrt(one.information[where[0]])
            if gained > gain:
                place, gain = int(where[0]), gained
    return place


def overlaps(step: Step, effect: Effect) -> bool:
    """Whether half of the union with a leak found earlier is common to both."""
    mine = step.cells_of(effect)
    for other in step.leaks:
        theirs = step.cells_of(other)
        union = step.n[mine | theirs].sum()
        if union and step.n[mine & theirs].sum() >= OVERLAP * union:
            return True
    return False
