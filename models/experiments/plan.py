"""How large a test of a remedy must be, how long it takes at today's traffic, and what running it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

NORMAL = NormalDist()
ALPHA, POWER = 0.05, 0.8
SHORTEST_WEEKS, LONGEST_WEEKS = 2, 26
"""Whole weeks, since days of the week differ; longer tests meet another season and other visitors than they began with."""


@dataclass(frozen=True)
class Plan:
    """A test with two arms, half of a segment's sessions each.

    `sessions_per_arm` and `weeks` are for a fixed horizon: one look, at the end. `weeks_sequential` is the time after which an
    always-valid interval, looked at daily, would exclude no effect with the same power. `smallest_rate` is the rate of the variant
    that LONGEST_WEEKS could tell from the present one. `weeks` beyond LONGEST_WEEKS mean: not worth starting as it is.
    """

    present_rate: float
    aimed_rate: float
    sessions_per_arm: int
    weeks: int
    sessions_per_arm_sequential: int
    weeks_sequential: int
    smallest_rate: float | None

    @property
    def is_feasible(self) -> bool:
        """Whether the test ends within LONGEST_WEEKS."""
        return self.weeks <= LONGEST_WEEKS


def plan(present_rate: float, aimed_rate: float, sessions_per_week: float, *, alpha: float = ALPHA, power: float = POWER) -> Plan:
    """Plan a test that tells `aimed_rate` from `present_rate` in a segment with so many sessions a week.

    Raises
    ------
    ValueError : rates not within (0, 1), equal rates, or no traffic.
    """
    if sessions_per_week <= 0:
        raise ValueError("no sessions a week to test with")
    per_arm = sessions_per_arm(present_rate, aimed_rate, alpha=alpha, power=power)
    sequential = sequential_per_arm(present_rate, aimed_rate, alpha=alpha, power=power)
    return Plan(
        present_rate,
        aimed_rate,
        per_arm,
        max(math.ceil(2 * per_arm / sessions_per_week), SHORTEST_WEEKS),
        sequential,
        max(math.ceil(2 * sequential / sessions_per_week), SHORTEST_WEEKS),
        smallest_rate(present_rate, LONGEST_WEEKS * sessions_per_week / 2, alpha=alpha, power=power),
    )


def sessions_per_arm(first: float, second: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Sessions in each of two equal arms for a two-sided test of two proportions.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, section 4.2, without continuity correction.
    """
    _check(first, second)
    mean = (first + second) / 2
    null = NORMAL.inv_cdf(1 - alpha / 2) * math.sqrt(2 * mean * (1 - mean))
    alternative = NORMAL.inv_cdf(power) * math.sqrt(first * (1 - first) + second * (1 - second))
    return math.ceil(((null + alternative) / (first - second)) ** 2)


def power_of(first: float, second: float, per_arm: float, *, alpha: float = ALPHA) -> float:
    """Chance that a test with so many sessions in each arm tells the rates apart in the right direction; inverse of sessions_per_arm."""
    if first == second or per_arm <= 0:
        return alpha / 2
    mean = (first + second) / 2
    null = NORMAL.inv_cdf(1 - alpha / 2) * math.sqrt(2 * mean * (1 - mean))
    return NORMAL.cdf((abs(first - second) * math.sqrt(per_arm) - null) / math.sqrt(first * (1 - first) + second * (1 - second)))


def sequential_per_arm(first: float, second: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Sessions in each arm until the interval of `sequence.radius` excludes no effect with the power asked for.

    The mixture is laid out for the aimed difference, as `sequence.radius` is with `scale` equal to it.
    """
    from models.experiments.sequence import radius

    _check(first, second)
    spread = first * (1 - first) + second * (1 - second)
    quantile = NORMAL.inv_cdf(power)

    def excludes(per_arm: float) -> bool:
        variance = spread / per_arm
        return abs(first - second) - quantile * math.sqrt(variance) >= radius(variance, abs(first - second), alpha)

    low = high = float(sessions_per_arm(first, second, alpha=alpha, power=power))
    while not excludes(high):
        low, high = high, high * 2
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if excludes(middle) else (middle, high)
    return math.ceil(high)


def smallest_rate(present: float, per_arm: float, *, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The lowest rate above the present one that so many sessions in each arm can tell from it; None where none can."""
    low, high = present, 1 - 1e-9
    if power_of(present, high, per_arm, alpha=alpha) < power:
        return None
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if power_of(present, middle, per_arm, alpha=alpha) >= power else (middle, high)
    return high


def value_of_testing(
    monthly: float,
    monthly_sd: float,
    present_rate: float,
    aimed_rate: float,
    sessions_per_week: float,
    weeks: int,
    *,
    horizon_months: float = 12,
) -> float:
    """Revenue expected from running the test and keeping the variant where it wins, within a horizon.

    What the remedy would bring a month is taken as normal around `monthly` with `monthly_sd`, never below zero (a variant that loses is
    not kept). Its rate moves in proportion to that, the chance of winning is the test's power there, and the gain runs from the
    end of the test to the horizon. The cost of building a variant is not in it.

    Parameters
    ----------
    monthly : revenue a month if the rate reached `aimed_rate`; currency of the property.
    """
    months = max(horizon_months - weeks * 12 / 52.1775, 0.0)
    per_arm = weeks * sessions_per_week / 2
    if monthly <= 0 or months == 0:
        return 0.0
    total = 0.0
    points = [NORMAL.inv_cdf((i + 0.5) / 200) for i in range(200)]
    for z in points:
        gain = monthly + z * monthly_sd
        if gain > 0:
            rate = min(present_rate + (aimed_rate - present_rate) * gain / monthly, 1 - 1e-9)
            total += gain * power_of(present_rate, rate, per_arm)
    return months * total / len(points)


def _check(first: float, second: float) -> None:
    if not (0 < first < 1 and 0 < second < 1):
        raise ValueError("rates must lie between 0 and 1")
    if first == second:
        raise ValueError("the rates are equal: no test can tell them apart")
