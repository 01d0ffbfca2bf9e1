"""Rows of the metric relations, read with care: absent columns, NULL and NaN become None, and rates know their evidence."""

from datetime import date, datetime
from typing import NamedTuple

from dashapp.statistics import wilson
from dashapp.theme import NBSP, counted, exact, interval, number, rate

# Below this many sessions a rate is not drawn as one, even with its interval.
FEWEST_SESSIONS = 30


class Rate(NamedTuple):
    """Conversions among sessions with the 95 % Wilson interval; `value` is None without sessions."""

    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_thin(self) -> bool:
        """Whether there are too few sessions to draw a rate at all."""
        return self.n < FEWEST_SESSIONS

    def is_thin_for_colour(self, overall: float | None) -> bool:
        """Whether a colour would say more than is known.

        A colour carries no error bar, so it asks for more than a bar: as many sessions as would convert once at the overall rate.
        """
        return self.is_thin or bool(overall and self.n * overall < 1)

    @property
    def evidence(self) -> str:
        """The hover lines every rate has: itself, its interval, k of n."""
        if self.value is None:
            return "no sessions"
        k_of_n = f"{exact(self.k)} of {counted(self.n, 'session')}"
        if self.is_thin:
            return f"too few sessions: {exact(self.k)} of {exact(self.n)}"
        return f"<b>{rate(self.value)}</b>{NBSP * 2}{k_of_n}<br>95 % interval {interval(self.low, self.high)}"


def whole(value) -> int:
    """Return a count; what is none is zero."""
    if type(value) is int and 0 <= value < 1e300:
        return value
    return max(int(number(value) or 0), 0)


def share(value) -> float | None:
    """Return a share or probability, or None for what is none."""
    value = number(value)
    return value if value is not None and 0 <= value <= 1 else None


def rate_of(k, n) -> Rate:
    """Return a rate from counts; what is no count is zero, and k stays within n."""
    n = whole(n)
    k = min(whole(k), n)
    bounds = wilson(k, n)
    return Rate(k, n, k / n, *bounds) if bounds else Rate(k, n, None, None, None)


def row_rate(row: dict, k: str = "conversions", n: str = "sessions") -> Rate:
    """Return the rate of a row from its two counts, with the interval it carries if that can be one of this rate."""
    low, high = row.get("ci_low"), row.get("ci_high")
    if type(low) is float and type(high) is float:
        conversions, sessions = whole(row.get(k)), whole(row.get(n))
        if sessions and 0 <= low <= conversions / sessions <= high <= 1:
            return Rate(conversions, sessions, conversions / sessions, low, high)
    return rate_of(row.get(k), row.get(n))


def overall_rate(rates: list[Rate]) -> float | None:
    """Return the rate of all groups together."""
    n = sum(r.n for r in rates)
    return sum(r.k for r in rates) / n if n else None


def day(value) -> date | None:
    """Return the date of a value from the database or from JSON, or None."""
    if type(value) is date:
        return value
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
