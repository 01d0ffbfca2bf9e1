"""Cells out of the database, findings into it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np

from models.leaks.cells import LARGEST_LEVELS, MIN_LEVEL, MIN_LEVEL_SHARE, OTHER, Calendar, Cells, Dimension, assemble
from models.leaks.ranking import Finding, Outcome
from models.leaks.settings import Settings

DAILY_PASSES = 50
ALL_OTHER = 255
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


def read_cells(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, first: date | None = None, last: date | None = None
) -> tuple[Cells, Funnel, str]:
    """Count sessions by the dimensions and time.

    Returns
    -------
    cells : Cells
        Levels with few sessions are folded; intervals not wholly covered are left out.
    funnel : Funnel
    data_hash : str
        Equal for equal cells.
    """
    con.execute("set enable_progress_bar = false")
    where = "true"
    if first or last:
        where = f"session_date between date '{first or date.min}' and date '{last or date.max}'"
    total, start, end, converted = con.execute(
        f"select count(*), min(session_date), max(session_date), count(*) filter (where stage = 3) from sessions where {where}"
    ).fetchall()[0]
    funnel = read_funnel(con)
    calendar, notes = read_calendar(start, end, converted)
    dimensions, columns = [], []
    for name in settings.dimensions:
        found = read_levels(con, resolved(con, name), where, total)
        if found is None:
            continue
        dimension, expression = found
        dimensions.append(dimension)
        columns.append(expression)
    cap = con.execute(f"select quantile_cont(cast(revenue as double), 0.95) from sessions where is_converted and {where}").fetchall()[0][0]
    rows = aggregate(con, dimensions, columns, funnel, calendar, where, cap)
    levels = np.stack([rows[f"d{i}"] for i in range(len(dimensions))], axis=1) if dimensions else np.zeros((len(rows["bin"]), 0), np.int64)
    bins = rows["bin"]
    inside = (bins >= 0) & (bins < max(len(calendar), 1))
    by_level = np.stack([rows[f"s{i}"] for i in range(len(funnel.names))])
    reached = np.cumsum(by_level[::-1], axis=0)[::-1]
    skipped = np.stack([rows[f"k{i}"] for i in range(len(funnel.names))]) if any(funnel.events) else None
    cells = assemble(
        dimensions,
        levels[inside],
        bins[inside],
        reached[:, inside].astype(np.float64),
        rows["revenue"][inside],
        rows["squares"][inside],
        funnel.names,
        calendar,
        skipped=None if skipped is None else skipped[:, inside].astype(np.float64),
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
    """Days where conversions are many, else weeks that end on the last day; a week begun before the first day is left out."""
    if start is None or end is None:
        return Calendar((), 0), []
    days = (end - start).days + 1
    if days > 1 and converted >= DAILY_PASSES * days and days <= MOST_DAYS:
        return Calendar(tuple(start + timedelta(days=i) for i in range(days)), 1), []
    weeks = days // 7
    if weeks < 2:
        return Calendar((), 0), []
    first = end - timedelta(days=7 * weeks - 1)
    notes = [f"The first {(first - start).days} days are no whole week and are left out."] if first > start else []
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


def read_levels(con: duckdb.DuckDBPyConnection, name: str, where: str, total: int) -> tuple[Dimension, str] | None:
    """A dimension's large levels, and SQL that gives the code of a session's; None where there are not two."""
    expression = EXPRESSIONS[name]
    floor = max(MIN_LEVEL, MIN_LEVEL_SHARE * total)
    counted = con.execute(
        f"select {expression} as level, count(*) as n from sessions where {where} group by level order by n desc, level"
    ).fetchall()
    kept = [level for level, n in counted[:LARGEST_LEVELS] if n >= floor]
    folded = len(kept) < len(counted)
    if len(kept) + folded < 2 or not kept:
        return None
    labels = (*kept, OTHER) if folded else tuple(kept)
    type_name = f"leak_{name}"
    con.execute(f"drop type if exists memory.main.{type_name}")
    con.execute(f"create type memory.main.{type_name} as enum ({', '.join(map(text, kept))})")
    code = f"coalesce(cast(enum_code(try_cast({expression} as memory.main.{type_name})) as integer), {len(kept)})"
    return Dimension(name, labels, len(kept) if folded else None), code


def aggregate(
    con: duckdb.DuckDBPyConnection,
    dimensions: list[Dimension],
    columns: list[str],
    funnel: Funnel,
    calendar: Calendar,
    where: str,
    cap: float | None,
) -> dict[str, np.ndarray]:
    """Sessions counted by one packed key of codes and bin, unpacked again."""
    bin_sql = f"(session_date - date '{calendar.starts[0]}') // {calendar.days}" if calendar.is_dated else "0"
    if calendar.is_dated:
        where = f"{where} and session_date >= date '{calendar.starts[0]}'"
    key = "cast(0 as bigint)"
    for dimension, column in zip(dimensions, columns, strict=True):
        key = f"({key}) * {len(dimension)} + {column}"
    flags, level, skipped = "", "cast(stage as integer)", ""
    last = len(funnel.names) - 1
    if any(funnel.events):
        marks = [(number, names) for number, names in enumerate(funnel.events) if names]
        cases = " ".join(f"when coalesce(e{number}, false) then {number}" for number, _ in reversed(marks))
        level = f"case when stage = 3 then {last} {cases} else cast(stage as integer) end"
        parts = ", ".join(f"bool_or(event_name in ({', '.join(map(text, names))})) as e{number}" for number, names in marks)
        every = ", ".join(text(name) for _, names in marks for name in names)
        flags = f"left join (select session_id, {parts} from events where event_name in ({every}) group by session_id) as seen using (session_id)"
        skipped = ", ".join(
            f"count(*) filter (where level > {number} and not coalesce(e{number}, false)) as k{number}"
            if funnel.events[number]
            else f"0 as k{number}"
            for number in range(last + 1)
        )
    else:
        skipped = ", ".join(f"0 as k{number}" for number in range(last + 1))
    counts = ", ".join(f"count(*) filter (where level = {number}) as s{number}" for number in range(last + 1))
    worth = f"least(cast(revenue as double), {cap!r})" if cap is not None else "0.0"
    extra = ", ".join(f"e{number}" for number, names in enumerate(funnel.events) if names)
    found = con.execute(
        f"""
        with coded as (
            select {key} as key, cast({bin_sql} as integer) as bin, {level} as level, case when stage = 3 then {worth} else 0.0 end as worth
                {", " + extra if extra else ""}
            from sessions {flags}
            where {where}
        )
        select key, bin, {counts}, {skipped}, sum(worth) as revenue, sum(worth * worth) as squares
        from coded
        group by key, bin
        order by key, bin
        """
    ).fetchnumpy()
    out = {name: np.asarray(values) for name, values in found.items()}
    rest = out.pop("key").astype(np.int64)
    for number in reversed(range(len(dimensions))):
        rest, out[f"d{number}"] = np.divmod(rest, len(dimensions[number]))
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
