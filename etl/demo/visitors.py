"""Who comes on which day: visitors, their returns and the traffic that brings them.

Days follow each other, since a returning visitor must have been there before. A return is drawn by picking a session of an earlier day and
taking its visitor; whoever came often is picked often, which gives the long tail of visit numbers that real shops have.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from . import audience, season, traffic
from .draws import pick

RETURN_SHARE = 0.27
LONGEST_LAG = 60
# Two visits of one visitor on one day begin this far apart: the longest session and the half hour that ends it.
APART_SECONDS = 3 * 3600
HUMAN, CRAWLER, SPAM, PROBE = 0, 1, 2, 3
BOT_KINDS = ("human", "crawler", "referral spam", "probe")

REGION = np.array([audience.REGIONS.index(c.region) for c in audience.COUNTRIES])
KINDS = [line.kind for line in traffic.LINES]
IN_APP_KINDS = np.array([kind in ("social", "paid social", "video") for kind in KINDS])
PLATFORM_DEVICE = np.array([audience.DEVICES.index(p.device) for p in audience.PLATFORMS])
CRAWLER_PLATFORM = next(i for i, p in enumerate(audience.PLATFORMS) if (p.operating_system, p.browser) == ("Linux", "Chrome"))
CRAWLER_COUNTRIES = np.array([i for i, c in enumerate(audience.COUNTRIES) if c.name in ("United States", "Ireland", "Singapore")])


@dataclass
class Arrivals:
    """The sessions of one day in order of their start. Arrays run parallel; numbers address the tables of `shop`."""

    day: date
    index: int
    elapsed: np.ndarray
    visitor: np.ndarray
    visit_number: np.ndarray
    country: np.ndarray
    platform: np.ndarray
    line: np.ndarray
    arrived_by: np.ndarray
    first_line: np.ndarray
    first_touch: np.ndarray
    propensity: np.ndarray
    bot: np.ndarray
    part: int = 0

    def parts(self, size: int) -> Iterator["Arrivals"]:
        """The day in pieces of at most `size` sessions, so that a busy day needs no more memory than a quiet one."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in ("day", "index", "part")}
        for part, begin in enumerate(range(0, len(self.elapsed), size)):
            yield Arrivals(self.day, self.index, **{name: array[begin : begin + size] for name, array in arrays.items()}, part=part)


class Visitors:
    """Everyone seen so far. Grows by whole blocks; a visitor is a row number."""

    columns = {
        "visits": np.uint16,
        "country": np.uint8,
        "platform": np.uint8,
        "first_line": np.uint8,
        "last_line": np.uint8,
        "last_day": np.int16,
        "first_touch": np.int64,
        "propensity": np.float32,
    }

    def __init__(self, capacity: int):
        self.count = 0
        for name, kind in self.columns.items():
            setattr(self, name, np.zeros(capacity, kind))

    def add(self, number: int) -> np.ndarray:
        born = np.arange(self.count, self.count + number)
        self.count += number
        return born


def line_table() -> np.ndarray:
    """Weights of the traffic lines by (region, device, new or returning)."""
    weights = np.array([line.weight for line in traffic.LINES])
    region = np.array([line.tilt for line in traffic.LINES]).T
    device = np.array([traffic.KIND_DEVICE.get(kind, (1, 1, 1)) for kind in KINDS]).T
    back = np.array([traffic.KIND_RETURN.get(kind, 1.0) for kind in KINDS])
    returning = np.stack([np.ones_like(back), back])
    table = weights * region[:, None, None, :] * device[None, :, None, :] * returning[None, None, :, :]
    return table.reshape(-1, len(weights))


def day_factor(rng: np.random.Generator, day: date, share: float) -> np.ndarray:
    """How much heavier each traffic line is on this day than on an average one."""
    factors = np.ones(len(traffic.LINES))
    for i, line in enumerate(traffic.LINES):
        factors[i] = line.growth ** (share - 0.5)
        if not line.window[0] <= share < line.window[1]:
            factors[i] = 0.02 if line.window[0] <= share < line.window[1] + 0.03 else 0.0
        if line.send_days:
            since = min((day.weekday() - sent) % 7 for sent in line.send_days)
            factors[i] *= (2.4, 1.1, 0.5, 0.3, 0.2, 0.2, 0.2)[since]
        if line.kind == "video" and 0.50 <= share < 0.52:
            factors[i] *= 3.5
    return factors * np.exp(rng.normal(0, 0.06, len(factors)))


def platform_table() -> np.ndarray:
    """Cumulative weights of platforms by (device, region, whether the traffic comes out of an app)."""
    rows = []
    for device in audience.DEVICES:
        for region in range(len(audience.REGIONS)):
            for from_app in (False, True):
                rows.append(
                    [
                        (p.device == device) * p.weight * p.tilt[region] * ((4.0 if from_app else 0.05) if p.in_app else 1.0)
                        for p in audience.PLATFORMS
                    ]
                )
    return np.cumsum(rows, axis=1)


class Population:
    """Draws the days one after the other."""

    def __init__(self, seed: int, sessions: int, first_day: date, days: int):
        self.seed, self.first_day, self.days = seed, first_day, days
        rng = np.random.default_rng([seed, 1])
        # Days before the first are simulated and thrown away, or nobody could return on the first day.
        self.warm_up = min(45, max(1, round(days * 0.25)))
        self.counts = season.allot(sessions, season.day_weights(rng, first_day, days))
        self.warm_counts = np.maximum(1, self.counts[: self.warm_up] * 0.97).astype(np.int64)
        self.people = Visitors(int(self.counts.sum() + self.warm_counts.sum()))
        self.recent: dict[int, np.ndarray] = {}
        self.country_weights = np.cumsum([c.weight for c in audience.COUNTRIES])[None, :]
        self.device_weights = np.cumsum(audience.DEVICE_MIX, axis=1)
        self.line_weights = line_table()
        self.platform_weights = platform_table()
        self.hours = season.hour_tables()
        lags = np.arange(LONGEST_LAG + 1)
        self.lag_weights = np.cumsum(np.where(lags == 0, 0.9, (lags + 1.0) ** -1.15))[None, :]

    def __iter__(self) -> Iterator[Arrivals]:
        for index in range(-self.warm_up, self.days):
            arrivals = self.draw(index, int(self.warm_counts[index + self.warm_up] if index < 0 else self.counts[index]))
            if index >= 0:
                yield arrivals

    def draw(self, index: int, number: int) -> Arrivals:
        """One day with its humans and bots; remembers who came."""
        day = self.first_day + timedelta(days=index)
        rng = np.random.default_rng([self.seed, 2, index + LONGEST_LAG])
        bots = self.bot_kinds(rng, index, number)
        n = number - len(bots)
        share = max(index, 0) / max(self.days, 2)

        returns = rng.random(n) < RETURN_SHARE
        visitor, known = self.returning(rng, index, returns)
        country = np.where(known, self.people.country[visitor], pick(self.country_weights, np.zeros(n, int), rng.random(n)))
        region = REGION[country]
        device = np.where(known, PLATFORM_DEVICE[self.people.platform[visitor]], pick(self.device_weights, region, rng.random(n)))
        cell = (region * len(audience.DEVICES) + device) * 2 + known
        lines = np.cumsum(self.line_weights * day_factor(rng, day, share), axis=1)
        arrived_by = pick(lines, cell, rng.random(n))
        from_app = IN_APP_KINDS[arrived_by]
        fresh_platform = pick(self.platform_weights, (device * len(audience.REGIONS) + region) * 2 + from_app, rng.random(n))
        platform = np.where(known, self.people.platform[visitor], fresh_platform)
        elapsed = self.start_times(rng, day, region, device)
        elapsed = np.where(known & (elapsed < 1800), elapsed + 1800, elapsed)
        propensity = np.where(known, self.people.propensity[visitor], rng.normal(size=n))

        known &= ~self.too_close(visitor, known, elapsed)
        line = self.attribute(visitor, known, arrived_by, index)
        drawn = {
            "country": country,
            "platform": platform,
            "line": line,
            "arrived_by": arrived_by,
            "elapsed": elapsed,
            "propensity": propensity,
            "bot": np.zeros(n, np.uint8),
            "visitor": np.where(known, visitor, -1),
        }
        if len(bots):
            extra = self.bot_sessions(rng, day, bots)
            drawn = {name: np.concatenate([values, extra[name]]) for name, values in drawn.items()}
        return self.remember(day, index, drawn)

    def returning(self, rng: np.random.Generator, index: int, returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The visitor of each returning session, and which sessions have one."""
        visitor = np.zeros(len(returns), np.int64)
        known = np.zeros(len(returns), bool)
        wanted = np.flatnonzero(returns)
        lag = pick(self.lag_weights, np.zeros(len(wanted), int), rng.random(len(wanted)))
        u = rng.random(len(wanted))
        for days_ago in range(1, LONGEST_LAG + 1):
            before = self.recent.get(index - days_ago)
            if before is None or not len(before):
                continue
            here = lag == days_ago
            visitor[wanted[here]] = before[(u[here] * len(before)).astype(np.int64)]
            known[wanted[here]] = True
        # Twice on one day: the visitor of another returning session of this day.
        again, others = wanted[lag == 0], np.flatnonzero(known)
        if len(again) and len(others):
            visitor[again] = visitor[others[(u[lag == 0] * len(others)).astype(np.int64)]]
            known[again] = True
        return visitor, known

    def start_times(self, rng: np.random.Generator, day: date, region: np.ndarray, device: np.ndarray) -> np.ndarray:
        row = (region * len(audience.DEVICES) + device) * 2 + (day.weekday() >= 5)
        hour = pick(self.hours, row, rng.random(len(region)))
        elapsed = (hour + rng.random(len(region))) * 3600
        last = season.day_length(day) - season.QUIET_SECONDS
        return np.where(elapsed >= last, elapsed - 7200, elapsed).astype(np.int64)

    @staticmethod
    def too_close(visitor: np.ndarray, known: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
        """Sessions that follow one of the same visitor too soon to be a session of their own: they become someone new."""
        close = np.zeros(len(visitor), bool)
        back = np.flatnonzero(known)
        order = back[np.lexsort((elapsed[back], visitor[back]))]
        same = (np.diff(visitor[order]) == 0) & (np.diff(elapsed[order]) < APART_SECONDS)
        close[order[1:][same]] = True
        return close

    def attribute(self, visitor: np.ndarray, known: np.ndarray, arrived_by: np.ndarray, index: int) -> np.ndarray:
        """The line a session is credited to: a direct visit counts for what last brought the visitor within 90 days."""
        last = self.people.last_line[visitor]
        credited = known & (arrived_by == 0) & (last > 0) & (index - self.people.last_day[visitor] <= 90)
        return np.where(credited, last, arrived_by)

    def bot_kinds(self, rng: np.random.Generator, index: int, number: int) -> np.ndarray:
        """Which bots come: crawlers and spam every day, a probe that fires in a burst now and then."""
        expected = number * np.array([0.0025, 0.0045])
        crawlers, spam = np.floor(expected + rng.random(2)).astype(int)
        probes = int(rng.integers(40, 90)) if number > 500 and index % 16 == 9 else 0
        kinds = np.repeat([CRAWLER, SPAM, PROBE], [crawlers, spam, probes]).astype(np.uint8)
        return kinds[: max(0, number - 1)] if number > 20 else kinds[:0]

    def bot_sessions(self, rng: np.random.Generator, day: date, kinds: np.ndarray) -> dict[str, np.ndarray]:
        n = len(kinds)
        last = season.day_length(day) - season.QUIET_SECONDS
        elapsed = rng.integers(0, last, n)
        burst = int(rng.integers(60, last // 60 - 60)) * 60
        elapsed = np.where(kinds == PROBE, burst + rng.integers(0, 50, n), elapsed)
        spam_line = len(traffic.LINES) + rng.integers(0, 3, n)
        line = np.select([kinds == CRAWLER, kinds == SPAM], [np.zeros(n, np.int64), spam_line], len(traffic.LINES) + 3)
        country = np.where(kinds == SPAM, rng.integers(0, len(audience.COUNTRIES) - 1, n), rng.choice(CRAWLER_COUNTRIES, n))
        platform = np.where(kinds == SPAM, rng.integers(0, 4, n), CRAWLER_PLATFORM)
        return {
            "country": country,
            "platform": platform,
            "line": line,
            "arrived_by": line,
            "elapsed": elapsed,
            "bot": kinds,
            "propensity": np.zeros(n),
            "visitor": np.full(n, -1),
        }

    def remember(self, day: date, index: int, drawn: dict[str, np.ndarray]) -> Arrivals:
        """Give new visitors their row, count visits in order of time, and keep the day for those who will return."""
        people = self.people
        order = np.argsort(drawn["elapsed"], kind="stable")
        drawn = {name: values[order] for name, values in drawn.items()}
        visitor = drawn["visitor"]
        new = np.flatnonzero(visitor < 0)
        born = people.add(len(new))
        visitor[new] = born
        for name in ("country", "platform", "propensity"):
            getattr(people, name)[born] = drawn[name][new]
        people.first_line[born] = drawn["line"][new]
        people.first_touch[born] = season.midnight(day) + drawn["elapsed"][new]

        by_visitor = np.argsort(visitor, kind="stable")
        sorted_visitor = visitor[by_visitor]
        starts = np.flatnonzero(np.diff(sorted_visitor, prepend=-1))
        sizes = np.diff(starts, append=len(visitor))
        rank = np.arange(len(visitor)) - np.repeat(starts, sizes) + 1
        visit_number = np.empty(len(visitor), np.int64)
        visit_number[by_visitor] = people.visits[sorted_visitor] + rank
        people.visits[sorted_visitor[starts]] += sizes.astype(np.uint16)

        paid = drawn["line"] > 0
        people.last_line[visitor[paid]] = drawn["line"][paid]
        people.last_day[visitor[paid & (drawn["arrived_by"] > 0)]] = index
        self.recent[index] = visitor[drawn["bot"] == HUMAN].astype(np.int32)
        self.recent.pop(index - LONGEST_LAG, None)
        return Arrivals(
            day,
            index,
            drawn["elapsed"],
            visitor,
            visit_number,
            drawn["country"].astype(np.int64),
            drawn["platform"].astype(np.int64),
            drawn["line"].astype(np.int64),
            drawn["arrived_by"].astype(np.int64),
            people.first_line[visitor].astype(np.int64),
            people.first_touch[visitor],
            drawn["propensity"].astype(np.float64),
            drawn["bot"],
        )
