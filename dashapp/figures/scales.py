"""The colour classes of rates: round borders, each about twice the last, since rates of countries and sources span orders of magnitude."""

from bisect import bisect_left

from dashapp.theme import sequential

BORDERS = [m * 10.0**e for e in range(-6, 0) for m in (1, 2, 5)] + [1.0]
CLASSES = 6


def borders(highest: float) -> list[float]:
    """Return the borders of the six classes: zero, and five round rates up to the first that holds the highest."""
    last = next(i for i, border in enumerate(BORDERS) if i >= CLASSES - 1 and border >= min(highest, 1.0) - 1e-12)
    return [0.0, *BORDERS[last - CLASSES + 1 : last + 1]]


def class_of(value: float, limits: list[float]) -> int:
    """Return the class of a rate, from 0; a rate on a border belongs to the class below it."""
    return min(bisect_left(limits, value, lo=1) - 1, CLASSES - 1)


def colorscale(theme: str) -> list[list]:
    """Return a colour scale of steps for values from 0 to CLASSES."""
    return [[(step + end) / CLASSES, colour] for step, colour in enumerate(sequential(theme)) for end in (0, 1)]
