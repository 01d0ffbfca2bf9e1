"""Sessions by day, in and out of segments, in one scan however many segments there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np

from models.leaks.database import EXPRESSIONS, Funnel, text

WORD = 60
"""Segments whose memberships one number holds, a bit each."""

Segment = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Days:
    """Groups of sessions of a day that are in the same segments.

    Attributes
    ----------
    first : the first day counted
    length : how many days
    day : (groups,) from 0
    member : (segments, groups) whether the group is in the segment
    reached : (stages, groups) sessions at each stage or beyond
    """

    first: date
    length: int
    day: np.ndarray
    member: np.ndarray
    reached: np.ndarray

    def counts(self, chosen: np.ndarray, entered: int, passed: int, since: date) -> tuple[np.ndarray, np.ndarray]:
        """Entrants and passes of the chosen groups, a value for each day from `since` on."""
        skip = (since - self.first).days
        n, y = (np.bincount(self.day[chosen], self.reached[stage][chosen], minlength=self.length) for stage in (entered, passed))
        return n[skip:], y[skip:]


def condition(segment: Segment) -> str:
    """SQL over sessions: in the segment. Dimensions are keys of EXPRESSIONS."""
    return " and ".join(f"{EXPRESSIONS[name]} = {text(level)}" for name, level in segment)


def read(con: duckdb.DuckDBPyConnection, segments: list[Segment], funnel: Funnel, first: date, last: date) -> Days:
    """Count the sessions of these days."""
    words = [segments[at : at + WORD] for at in range(0, len(segments), WORD)]
    masks = ", ".join(
        " + ".join(f"case when {condition(segment)} then {1 << bit}::bigint else 0 end" for bit, segment in enumerate(word))
        + f" as mask{number}"
        for number, word in enumerate(words)
    )
    stages = range(len(funnel.names))
    level = " ".join(f"when {funnel.condition(stage)} then {stage}" for stage in reversed(stages) if stage)
    rows = con.execute(
        f"""
        with marked as (
            select cast(session_date - ?::date as integer) as day, case {level} else 0 end as level, {masks}
            from sessions
            where session_date between ?::date and ?::date
        )
        select day, {", ".join(f"mask{number}" for number in range(len(words)))}, {", ".join(f"count(*) filter (where level >= {stage})" for stage in stages)}
        from marked
        group by all
        order by all
        """,
        [first, first, last],
    ).fetchall()
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 1 + len(words) + len(stages))
    member = np.array([(table[:, 1 + place // WORD] >> (place % WORD)) & 1 for place in range(len(segments))], dtype=bool)
    return Days(
        first,
        (last - first).days + 1,
        table[:, 0],
        member.reshape(len(segments), len(rows)),
        table[:, 1 + len(words) :].T.astype(np.float64),
    )
