"""What a ranking tells beside its findings: how each leak went on in time, and how those differ who came for different things."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import expit

from models.leaks.cells import Cells
from models.leaks.gap import EXPERIENCE
from models.leaks.selection import Found, Ranking

LARGEST = 8
NO_INTENT = EXPERIENCE | {"landing_page"}


@dataclass(frozen=True)
class Moment:
    """A leak's segment in one interval of time: entrants of the step, passes, and the rate expected without the leak."""

    start: date
    entrants: int
    passes: int
    expected_rate: float


@dataclass(frozen=True)
class Intent:
    """A level of a dimension that tells what visitors came for."""

    dimension: str
    level: str
    sessions: int
    conversions: int


def trend(ranking: Ranking, one: Found, effect: float) -> list[Moment]:
    """The intervals of a leak's segment in order, those without entrants left out; none without dates.

    Parameters
    ----------
    effect : effect of the leak in log-odds, as priced; it is taken out where the leak acts
    """
    calendar = ranking.cells.calendar
    if not calendar.is_dated:
        return []
    step = ranking.steps[one.step]
    inside = ranking.families[one.family].inside(one.segment)[step.rows][step.combination]
    healed = step.eta.copy()
    healed[step.acting[one.number]] -= effect
    n, y = step.n[inside], step.y[inside]
    counts = (n, y, n * expit(healed[inside]))
    entrants, passes, expected = (np.bincount(step.bin[inside], values, minlength=len(calendar)) for values in counts)
    return [
        Moment(calendar.start_of(b), round(entrants[b]), round(passes[b]), float(expected[b] / entrants[b]))
        for b in np.flatnonzero(entrants).tolist()
    ]


def intents(cells: Cells) -> list[Intent]:
    """Sessions and conversions of the largest levels of each dimension that is not one of experience."""
    out = []
    for column, dimension in enumerate(cells.dimensions):
        if dimension.name in NO_INTENT:
            continue
        code = cells.codes[cells.combination, column]
        sessions = np.bincount(code, cells.reached[0], minlength=len(dimension))
        conversions = np.bincount(code, cells.reached[-1], minlength=len(dimension))
        order = [level for level in np.argsort(-sessions, kind="stable").tolist() if level != dimension.other and sessions[level] > 0]
        out += [Intent(dimension.name, dimension.labels[one], round(sessions[one]), round(conversions[one])) for one in order[:LARGEST]]
    return out
