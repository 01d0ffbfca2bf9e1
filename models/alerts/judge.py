"""Which rankings raise an alarm, and about which leaks: pure, from what the rankings found.

Each ranking of new data is one test. What it may alarm about is whatever nobody was told of yet: a leak is found weeks before it is sure,
so a leak stays untold until its p falls below the level of a night. A leak that was told comes up again when it has grown or comes back.

p is the largest q-value of the last LASTING rankings, so that what comes and goes with a few odd days is not told; but never more than
the root of the latest one, so that what is gross is told at once. Either is at least the q-value itself, and thereby as valid a p.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import NormalDist

from models.alerts import budget

NEW, BACK, GROWING = "new", "back", "growing"
GONE_DAYS = 7
"""A leak that was told comes back only after so many days without it; near the edge of being found it would come and go with chance."""
LASTING = 3
WIDTH = NormalDist().inv_cdf(0.95)
NORMAL = NormalDist()


@dataclass(frozen=True)
class Seen:
    """A finding of a ranking: its q-value, and the conversions lost in 30 days with their bounds, None where it is not priced."""

    leak_id: str
    q: float
    lost: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Ranking:
    """A ranking: what it found on which day, in data with which hash. Gaps are no discoveries and no part of it."""

    run_id: str
    day: date
    data_hash: str
    found: tuple[Seen, ...] = ()


@dataclass(frozen=True)
class Told:
    """A leak an alarm is about: new, back or growing, with its p."""

    leak_id: str
    status: str
    p: float


@dataclass(frozen=True)
class Judged:
    """A ranking judged; level and p are None where its data had been judged before, which is no further test."""

    run_id: str
    level: float | None
    p: float | None
    alarms: tuple[Told, ...] = ()

    @property
    def is_alarm(self) -> bool:
        return bool(self.alarms)


@dataclass
class _Memory:
    """What earlier rankings leave behind."""

    hash: str | None = None
    alarms: dict[tuple[int, int], list[bool]] = field(default_factory=dict)
    told: dict[str, tuple[float, float, float] | None] = field(default_factory=dict)
    seen: dict[str, date] = field(default_factory=dict)
    recent: list[dict[str, float]] = field(default_factory=list)


def judge(rankings: Iterable[Ranking], known: Mapping[str, Judged] | None = None) -> list[Judged]:
    """Judge rankings in their order; those in `known` keep the judgement they had."""
    memory, known, out = _Memory(), known or {}, []
    for ranking in rankings:
        before = memory.alarms.setdefault(quarter(ranking.day), [])
        one = known.get(ranking.run_id) or _judged(ranking, memory, before)
        if one.p is not None:
            memory.hash = ranking.data_hash
            before.append(one.is_alarm)
            memory.recent = [*memory.recent, {seen.leak_id: seen.q for seen in ranking.found}][1 - LASTING :]
        lost = {seen.leak_id: seen.lost for seen in ranking.found}
        memory.told.update({alarm.leak_id: lost.get(alarm.leak_id) for alarm in one.alarms})
        memory.seen.update(dict.fromkeys(lost, ranking.day))
        out.append(one)
    return out


def quarter(day: date) -> tuple[int, int]:
    """The calendar quarter that a day's alarms are counted in."""
    return day.year, (day.month - 1) // 3


def _judged(ranking: Ranking, memory: _Memory, alarms: list[bool]) -> Judged:
    if ranking.data_hash == memory.hash:
        return Judged(ranking.run_id, None, None)
    untold = [told for seen in ranking.found if (told := _told(seen, ranking.day, memory)) is not None]
    level = budget.level(alarms)
    raised = sorted((one for one in untold if one.p <= level), key=lambda one: (one.p, one.leak_id))
    return Judged(ranking.run_id, level, min((one.p for one in untold), default=1.0), tuple(raised))


def _told(seen: Seen, day: date, memory: _Memory) -> Told | None:
    """What there would be to tell of a finding, if anything."""
    p = lasting(seen.q, [night.get(seen.leak_id, 1.0) for night in memory.recent])
    if seen.leak_id not in memory.told:
        return Told(seen.leak_id, NEW, p)
    if day - memory.seen[seen.leak_id] > timedelta(days=GONE_DAYS):
        return Told(seen.leak_id, BACK, p)
    before = memory.told[seen.leak_id]
    if before is not None and seen.lost is not None and seen.lost[0] > before[2]:
        return Told(seen.leak_id, GROWING, max(p, p_of_growth(before, seen.lost)))
    return None


def lasting(q: float, before: list[float]) -> float:
    """p of a finding from its q-value and those in the rankings before."""
    past = max(before) if len(before) == LASTING - 1 else 1.0
    return min(max(q, past), math.sqrt(q))


def p_of_growth(before: tuple[float, float, float], now: tuple[float, float, float]) -> float:
    """p of "it has not grown", from two losses a month with their bounds.

    The bounds lie at least as far out as those of a 90 % interval, and the two share data: both make p larger than it need be.
    """
    sd = math.hypot(before[2] - before[0], now[2] - now[0]) / WIDTH
    return NORMAL.cdf((before[0] - now[0]) / sd) if sd > 0 else 0.0 if now[0] > before[0] else 1.0
