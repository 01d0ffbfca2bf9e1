"""When people come: days of the period, their weights, and the hours within a day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from . import audience, shop

ZONE = ZoneInfo(shop.TIME_ZONE)
# Nobody starts a visit in the last minutes of a day, so that no session crosses midnight: Universal Analytics would cut it, GA4 would not.
QUIET_SECONDS = 600

WEEKDAY = np.array([1.06, 1.04, 1.02, 0.99, 0.90, 0.93, 1.10])
# Shares of the hours of a day, by the visitor's own clock.
HOURS = {
    "desktop": [8, 5, 3, 2, 2, 3, 7, 15, 28, 40, 47, 50, 52, 50, 49, 48, 45, 41, 40, 46, 50, 44, 30, 16],
    "mobile": [16, 9, 5, 3, 3, 5, 14, 26, 31, 32, 34, 37, 43, 41, 38, 38, 40, 45, 52, 62, 70, 71, 55, 32],
    "tablet": [10, 5, 3, 2, 2, 3, 9, 18, 24, 27, 29, 30, 32, 30, 30, 31, 34, 40, 50, 66, 78, 76, 52, 24],
}


def midnight(day: date) -> int:
    """The day's first second in the shop's time zone, as seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC).timestamp())


def day_length(day: date) -> int:
    return midnight(day + timedelta(days=1)) - midnight(day)


def clock(day: date, elapsed: np.ndarray) -> np.ndarray:
    """Seconds on the wall clock, from seconds since midnight: they differ after two o'clock on the days the clocks change."""
    gained = 86400 - day_length(day)
    return np.where(elapsed >= 7200, elapsed + gained, elapsed) if gained else elapsed


def is_sale(share: float) -> bool:
    """Whether a point of the period, from 0 to 1, lies in the midsummer sale."""
    return 0.24 <= share < 0.33


def day_weights(rng: np.random.Generator, first_day: date, days: int) -> np.ndarray:
    """Relative traffic of each day: growth, week, season, a sale, a few days of attention and noise that lasts."""
    index = np.arange(days)
    dates = [first_day + timedelta(days=int(i)) for i in index]
    of_year = np.array([d.timetuple().tm_yday for d in dates])
    weekday = np.array([d.weekday() for d in dates])
    share = index / max(days, 2)
    noise = np.empty(days)
    level = 0.0
    for i, step in enumerate(rng.normal(0, 0.035, days)):
        level = noise[i] = 0.6 * level + step
    return (
        WEEKDAY[weekday]
        * (1 + 0.16 * share)
        * (1 + 0.10 * np.cos(2 * np.pi * (of_year - 175) / 365.25) + 0.08 * np.cos(4 * np.pi * (of_year - 160) / 365.25))
        * np.where([is_sale(s) for s in share], 1.10, 1.0)
        * np.where((share >= 0.50) & (share < 0.50 + 4 / max(days, 30)), 1.14, 1.0)
        * np.exp(noise)
    )


def allot(total: int, weights: np.ndarray) -> np.ndarray:
    """Split a total over days in proportion to weights, at least one each, summing exactly."""
    exact = (total - len(weights)) * weights / weights.sum()
    counts = np.floor(exact).astype(np.int64)
    short = total - len(weights) - counts.sum()
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return counts + 1


def hour_tables() -> np.ndarray:
    """Cumulative shares of the property's hours, one row for each region x device x (working day, weekend)."""
    rows = []
    for ahead in audience.REGION_AHEAD:
        for device in audience.DEVICES:
            profile = np.array(HOURS[device], float)
            idle = 0.65 * profile + 0.35 * np.roll(profile, 2)
            rows += [np.roll(profile, -ahead), np.roll(idle, -ahead)]
    return np.cumsum(np.array(rows) / np.sum(rows, axis=1, keepdims=True), axis=1)
