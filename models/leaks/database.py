"""Cells out of the database, findings into it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np

from models.leaks.cause import Event
from models.leaks.cells import LARGEST_LEVELS, MIN_LEVEL, MIN_LEVEL_SHARE, OTHER, Calendar, Cells, Dimension, assemble
from models.leaks.ranking import MOST_CELLS, Finding, Outcome
from models.leaks.settings import Settings

DAILY_PASSES = 50
MOST_DAYS = 800
EVENT_STAGES = (("cart", ("add_to_cart",)), ("checkout", ("begin_checkout",)))
TOLD_SHARE = 0.9
"""Share of converting sessions with an event from which it makes a stage of its own."""

EXPRESSIONS = {
    "device": "cast(device as varchar)",
    "browser": "coalesce(browser, '(unknown)')",
    "operating_system": "coalesce(operating_system, '(unknown)')",
    "country": "cast(country as varchar)",
    "source": "cast(source as varchar)",
    "medium": "medium",
    "campaign": "coalesce(campaign, '(none)')",
    "channel": "cast(channel as varchar)",
    "landing_page": "coalesce(landing_page, '(unknown)')",
    "landing_group": "coalesce('/' || split_part(landing_page, '/', 2), '(unknown)')",
    "visitor": "case when visit_number > 1 then 'returning' when visit_number = 1 then 'new' else '(unknown)' end",
}
"""SQL over sessions that gives the level of each dimension."""

COLUMNS = {"landing_group": "landing_page", "visitor": "visit_number"}
"""The column that a dimension's level follows from, where it has another name."""


@dataclass(frozen=True)
class Funnel:
    """Stages of the ranking: name, the stage of sessions it stands for or the events that make it, and the level by SQL."""

    names: tuple[str, ...]
    events: tuple[tuple[str, ...], ...]
    base: tuple[int, ...]

    def condition(self, number: int) -> str:
        """SQL over sessions: reached this stage or a later one."""
        if number == 0:
            return "true"
        if not self.events[number] or number == len(self.names) - 1:
            return f"stage >= {self.base[number]}"
        wanted = [name for later in self.events[number:-1] for name in later]
        return f"(stage >= 3 or session_id in (select session_id from events where event_name in ({', '.join(map(text, wanted))})))"

    def from_stage(self, step: int) -> int:
        """The stage of sessions that a step leaves from."""
        return min(self.base[step], 2)


STAGES = Funnel(("Browsed", "Engaged", "Deep engagement", "Converted"), ((), (), (), ()), (0, 1, 2, 3))


def text(value: str) -> str:
    """A label as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def read_funnel(con: duckdb.DuckDBPyConnection) -> Funnel:
    """Stages of sessions; between deep engagement and conversion those of the shop, where nearly all who converted have their events."""
    buyers = con.execute("select count(*) from sessions where stage = 3").fetchall()[0][0]
    if not buyers or not con.execute("select 1 from events limit 1").fetchall():
        return STAGES
    names, events, base = [*STAGES.names[:3]], [(), (), ()], [0, 1, 2]
    for name, wanted in EVENT_STAGES:
        marks = ", ".join(map(text, wanted))
        (told,) = con.execute(
            f"select count(*) from sessions where stage = 3 and session_id in (select session_id from events where event_name in ({marks}))"
        ).fetchall()[0]
        if told >= TOLD_SHARE * buyers:
            names.append(name.capitalize())
            events.append(wanted)
            base.append(2)
    return Funnel((*names, STAGES.names[3]), (*events, ()), (*base, 3))


def read_cells(con: duckdb.DuckDBPyConnection, settings: Settings, *, most: int = MOST_CELLS) -> tuple[Cells, Funnel, str]:
    """Count sessions by the dimensions and time.

    Levels with few sessions are folded into one, the more of them the more cells there would be; intervals not wholly covered are left out.

    Returns
    -------
    cells : Cells
    funnel : Funnel
    data_hash : str
        Equal for equal cells.
    """
    con.execute("set enable_progress_bar = false; set memory_limit = '2500MB'")
    total, start, end, converted = con.execute(
        "select count(*), min(session_date), max(session_date), count(*) filter (where stage = 3) from sessions"
    ).fetchall()[0]
    funnel = read_funnel(con)
    found = [one for name in settings.dimensions if (one := read_levels(con, resolved(con, name), total)) is not None]
    cap = con.execute("select quantile_cont(cast(revenue as double), 0.95) from sessions where is_converted").fetchall()[0][0]
    encode(con, found, funnel, start, cap)
    calendar, notes = read_calendar(start, end, converted)
    kept = [len(levels.labels) for levels in found]
    if total > most:
        if calendar.days == 1 and estimated(con, kept, calendar, start) > most:
            calendar, notes = weeks_to(start, end)
        kept = floors(con, found, calendar, start, total, most)
    dimensions = [folded(levels, count) for levels, count in zip(found, kept, strict=True)]
    rows = aggregate(con, kept, funnel, calendar, start)
    con.execute("drop table memory.main.leak_sessions")
    levels = np.stack([rows[f"d{i}"] for i in range(len(found))], axis=1) if found else np.zeros((len(rows["bin"]), 0), np.int64)
    by_level = np.stack([rows[f"s{i}"] for i in range(len(funnel.names))])
    cells = assemble(
        dimensions,
        levels,
        rows["bin"],
        np.cumsum(by_level[::-1], axis=0)[::-1].astype(np.float64),
        rows["revenue"],
        rows["squares"],
        funnel.names,
        calendar,
        skipped=np.stack([rows[f"k{i}"] for i in range(len(funnel.names))]).astype(np.float64) if any(funnel.events) else None,
        revenue_cap=cap,
        notes=tuple(notes),
    )
    return cells, funnel, fingerprint(cells)


def fingerprint(cells: Cells) -> str:
    """Hash of the cells: equal for equal counts."""
    told = hashlib.sha256(repr([(d.name, d.labels) for d in cells.dimensions]).encode())
    told.update(repr((cells.stages, cells.calendar.starts, cells.calendar.days)).encode())
    for part in (cells.codes, cells.combination, cells.bin, cells.reached, np.round(cells.revenue * 1e6)):
        told.update(np.ascontiguousarray(part).tobytes())
    return told.hexdigest()[:32]


def read_calendar(start: date | None, end: date | None, converted: int) -> tuple[Calendar, list[str]]:
    """Days where conversions are many, else weeks."""
    if start is None or end is None:
        return Calendar((), 0), []
    days = (end - start).days + 1
    if days > 1 and converted >= DAILY_PASSES * days and days <= MOST_DAYS:
        return Calendar(tuple(start + timedelta(days=i) for i in range(days)), 1), []
    return weeks_to(start, end)


def weeks_to(start: date, end: date) -> tuple[Calendar, list[str]]:
    """Weeks that end on the last day; one begun before the first day is left out."""
    weeks = ((end - start).days + 1) // 7
    if weeks < 2:
        return Calendar((), 0), []
    first = end - timedelta(days=7 * weeks - 1)
    days = (first - start).days
    notes = (
        [f"The first {f'{days} days make' if days > 1 else 'day makes'} no whole week and {'are' if days > 1 else 'is'} left out."]
        if days
        else []
    )
    return Calendar(tuple(first + timedelta(days=7 * i) for i in range(weeks)), 7), notes


def resolved(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """`landing` is the page where the largest pages cover four sessions in five, else the first part of the path."""
    if name != "landing":
        return name
    share = con.execute(
        f"""
        select coalesce(sum(n) / (select count(*) from sessions), 0)
        from (select count(*) as n from sessions group by landing_page order by n desc limit {LARGEST_LEVELS})
        """
    ).fetchall()[0][0]
    return "landing_page" if share >= 0.8 else "landing_group"


@dataclass(frozen=True)
class Levels:
    """Large levels of a dimension, the largest first, with their sessions; the SQL of a session's code, the join that it needs, and
    whether there are other levels."""

    name: str
    labels: tuple[str, ...]
    sessions: tuple[int, ...]
    code: str
    joined: str
    has_others: bool


def read_levels(con: duckdb.DuckDBPyConnection, name: str, total: int) -> Levels | None:
    """The levels of a dimension with enough sessions; None where there are not two to compare.

    A session's code is looked up by the value of its column: levels are worked out once for every value, not for every session.
    """
    column, table = COLUMNS.get(name, name), f"memory.main.leak_{name}"
    floor = max(MIN_LEVEL, MIN_LEVEL_SHARE * total)
    con.execute(
        f"""
        create or replace table {table} as
        select {column} as value, {EXPRESSIONS[name]} as level, n
        from (select {column}, count(*) as n from sessions group by {column})
        """
    )
    counted = con.execute(f"select level, cast(sum(n) as bigint) as n from {table} group by level order by n desc, level").fetchall()
    kept = [(level, n) for level, n in counted[:LARGEST_LEVELS] if n >= floor]
    has_others = len(kept) < len(counted)
    if len(kept) + has_others < 2 or not kept:
        return None
    labels = tuple(level for level, _ in kept)
    marks = ", ".join("?" * len(labels))
    con.execute(
        f"create or replace table {table} as select value, cast(list_position([{marks}], level) - 1 as utinyint) as code "
        f"from {table} where level in ({marks})",
        [*labels, *labels],
    )
    missing = con.execute(f"select coalesce(max(code), {len(kept)}) from {table} where value is null").fetchall()[0][0]
    code = f"cast(case when sessions.{column} is null then {missing} else coalesce(by_{name}.code, {len(kept)}) end as utinyint)"
    return Levels(
        name, labels, tuple(n for _, n in kept), code, f"left join {table} as by_{name} on by_{name}.value = sessions.{column}", has_others
    )


def folded(levels: Levels, count: int) -> Dimension:
    """The dimension with its `count` largest levels, the others as one."""
    others = levels.has_others or count < len(levels.labels)
    return Dimension(levels.name, levels.labels[:count] + (OTHER,) * others, count if others else None)


def encode(con: duckdb.DuckDBPyConnection, found: list[Levels], funnel: Funnel, start: date | None, cap: float | None) -> None:
    """Write the sessions as small numbers into a table in memory: codes, day, stage, records skipped, revenue."""
    codes = "".join(f"{levels.code} as d{number}, " for number, levels in enumerate(found))
    last = len(funnel.names) - 1
    marks = [(number, names) for number, names in enumerate(funnel.events) if names]
    joined, level, skipped = "", "cast(stage as utinyint)", ""
    if marks:
        cases = " ".join(f"when coalesce(e{number}, false) then {number}" for number, _ in reversed(marks))
        level = f"cast(case when stage = 3 then {last} {cases} else stage end as utinyint)"
        skipped = "".join(f", not coalesce(e{number}, false) as k{number}" for number, _ in marks)
        parts = ", ".join(f"bool_or(event_name in ({', '.join(map(text, names))})) as e{number}" for number, names in marks)
        every = ", ".join(text(name) for _, names in marks for name in names)
        joined = f"left join (select session_id, {parts} from events where event_name in ({every}) group by session_id) as seen on seen.session_id = sessions.session_id"
    worth = f"least(cast(revenue as double), {cap!r})" if cap is not None else "0.0"
    con.execute(
        f"""
        create or replace table memory.main.leak_sessions as
        select
            {codes}
            cast(session_date - date '{start or date.min}' as integer) as day,
            {level} as level,
            case when stage = 3 then {worth} else 0.0 end as worth
            {skipped}
        from sessions {" ".join(levels.joined for levels in found)} {joined}
        """
    )
    for levels in found:
        con.execute(f"drop table memory.main.leak_{levels.name}")


def key_sql(kept: list[int], calendar: Calendar, start: date | None) -> tuple[str, str]:
    """A packed key of a session's codes, where only the `kept` largest levels of each dimension count, and its bin."""
    key = "0::bigint"
    for number, count in enumerate(kept):
        key = f"({key}) * {count + 1} + (case when d{number} < {count} then d{number} else {count} end)"
    offset = (calendar.starts[0] - start).days if calendar.is_dated and start else 0
    return key, f"(day - {offset}) // {calendar.days}" if calendar.is_dated else "0"


def estimated(con: duckdb.DuckDBPyConnection, kept: list[int], calendar: Calendar, start: date | None) -> int:
    """About how many cells the kept levels make."""
    key, number = key_sql(kept, calendar, start)
    query = f"select approx_count_distinct(({key}) * {max(len(calendar), 1)} + {number}) from memory.main.leak_sessions"
    return con.execute(query).fetchall()[0][0]


def floors(con: duckdb.DuckDBPyConnection, found: list[Levels], calendar: Calendar, start: date | None, total: int, most: int) -> list[int]:
    """The levels to keep of each dimension, so that there are not many more than `most` cells: the floor of sessions rises for all alike."""
    shares = [MIN_LEVEL_SHARE * 1.5**step for step in range(14)]
    choices = [[max(sum(n >= share * total for n in levels.sessions), 1) for levels in found] for share in shares]
    # More folding, fewer cells: the first choice that is few enough is found by halving.
    low, high = 0, len(choices) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if estimated(con, choices[middle], calendar, start) <= most else (middle + 1, high)
    return choices[low]


def aggregate(
    con: duckdb.DuckDBPyConnection, kept: list[int], funnel: Funnel, calendar: Calendar, start: date | None
) -> dict[str, np.ndarray]:
    """Sessions counted by the packed key and the bin, unpacked again; sessions before the first bin are left out."""
    key, number = key_sql(kept, calendar, start)
    # Without bins of time all sessions count, those without a day as well.
    counted = f"day >= {(calendar.starts[0] - start).days}" if calendar.is_dated and start else "true"
    stages = range(len(funnel.names))
    counts = ", ".join(f"count(*) filter (where level = {stage}) as s{stage}" for stage in stages)
    skipped = ", ".join(
        f"count(*) filter (where level > {stage} and k{stage}) as k{stage}" if funnel.events[stage] else f"0 as k{stage}"
        for stage in stages
    )
    rows = con.execute(
        f"""
        with keyed as (select *, {key} as key, {number} as bin from memory.main.leak_sessions)
        select key, bin, {counts}, {skipped}, sum(worth) as revenue, sum(worth * worth) as squares
        from keyed
        where {counted}
        group by key, bin
        """
    ).fetchnumpy()
    out = {name: np.asarray(values) for name, values in rows.items()}
    rest = out.pop("key").astype(np.int64)
    for place in reversed(range(len(kept))):
        rest, out[f"d{place}"] = np.divmod(rest, kept[place] + 1)
    return out


def segment_sql(finding: Finding, funnel: Funnel, calendar: Calendar) -> str:
    """A query for the finding's entrants and passes, which are its observed figures."""
    parts = [f"{EXPRESSIONS[name]} = {text(level)}" for name, level in finding.segment]
    if calendar.is_dated:
        parts.append(f"session_date >= date '{finding.started_on or calendar.starts[0]}'")
        parts.append(f"session_date <= date '{calendar.end_of(len(calendar) - 1)}'")
    to = len(funnel.names) - 1 if finding.kind == "gap" else finding.from_stage + 1
    entered, passed = funnel.condition(finding.from_stage), funnel.condition(to)
    if entered != "true":
        parts.append(entered)
    return f"select count(*) as sessions, count(*) filter (where {passed}) as passes from sessions where {' and '.join(parts)}"


def read_latest(con: duckdb.DuckDBPyConnection) -> tuple[str, str] | None:
    """Data hash and settings of the latest run, if any."""
    rows = con.execute("select data_hash, cast(settings as varchar) from leak_runs order by ranked_at desc, run_id desc limit 1").fetchall()
    return rows[0] if rows else None


def append(con: duckdb.DuckDBPyConnection, run: dict, outcome: Outcome, funnel: Funnel) -> None:
    """Append a run with its findings."""
    cells = outcome.cells
    dated = cells.calendar.is_dated
    con.execute(
        """
        insert into leak_runs by name
        select
            $run_id as run_id, $ranked_at as ranked_at, $code_version as code_version, $data_hash as data_hash, $settings as settings,
            $sessions as sessions, $conversions as conversions, $cells as cells, $candidates as candidates, $first_day as first_day,
            $last_day as last_day, $bin_days as bin_days, $natural_spreads as natural_spreads, $site_changes as site_changes,
            $blind_spots as blind_spots, $remarks as remarks
        """,
        run
        | {
            "sessions": cells.sessions,
            "conversions": cells.conversions,
            "cells": len(cells),
            "candidates": outcome.candidates,
            "first_day": cells.calendar.starts[0] if dated else None,
            "last_day": cells.calendar.end_of(len(cells.calendar) - 1) if dated else None,
            "bin_days": cells.calendar.days if dated else None,
            "natural_spreads": json.dumps(outcome.spreads),
            "site_changes": json.dumps(outcome.changes, ensure_ascii=False),
            "blind_spots": json.dumps(outcome.blind_spots, ensure_ascii=False),
            "remarks": json.dumps(outcome.sentences, ensure_ascii=False),
        },
    )
    for one in (*outcome.leaks, *outcome.gaps):
        lost, revenue = one.conversions or (None,) * 3, one.revenue or (None,) * 3
        con.execute(
            f"insert into leaks values ({', '.join('?' * 21)})",
            [
                one.leak_id,
                run["run_id"],
                one.kind,
                one.step,
                json.dumps(dict(one.segment), ensure_ascii=False),
                segment_sql(one, funnel, cells.calendar),
                one.sessions,
                one.observed_rate,
                one.expected_rate,
                *lost,
                *revenue,
                one.q_value,
                one.started_on,
                one.started_from,
                one.started_until,
                one.cause,
                json.dumps(one.evidence | {"stage": funnel.from_stage(one.from_stage)}, ensure_ascii=False),
            ],
        )
        if moments := outcome.trends.get(one.leak_id):
            con.executemany(
                "insert into leak_trends values (?, ?, ?, ?, ?, ?)",
                [[one.leak_id, run["run_id"], at.start, at.entrants, at.passes, at.expected_rate] for at in moments],
            )
    if outcome.intents:
        con.executemany(
            "insert into intent_rates values (?, ?, ?, ?, ?)",
            [[run["run_id"], at.dimension, at.level, at.sessions, at.conversions] for at in outcome.intents],
        )


def write_events(con: duckdb.DuckDBPyConnection, events: list[Event]) -> None:
    """Replace the events of the team, which trends show."""
    con.execute("delete from site_events")
    if events:
        con.executemany("insert into site_events values (?, ?, ?)", [[event.day, event.label, event.kind] for event in events])
