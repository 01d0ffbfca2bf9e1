"""The numbers of a report beside ours: totals first, then row by row, with what explains the difference and what does not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb

from etl import stages
from etl.errors import InputError
from etl.publish import database_path, quoted
from etl.reports import aggregates, causes, recognise, storing
from etl.reports.causes import Cause, Counts, Sides
from etl.reports.model import Report, Table

KNOWN = ("date", "country", "device", "source", "medium", "source_medium", "channel")
COLUMNS = {"date": "session_date", "country": "country", "device": "device", "source": "source", "medium": "medium", "channel": "channel"}
MOST_LINES = 10
OFFSETS = range(-12, 15)


@dataclass
class Comparison:
    """A table of a report beside our sessions of the same days.

    `theirs` and `ours` are totals by metric, None where a side does not tell; `rows` are (label, their sessions, our sessions), the largest
    difference first.
    """

    title: str
    dimensions: tuple[str, ...]
    since: date | None
    until: date | None
    theirs: dict[str, float | None]
    ours: dict[str, float | None]
    rows: list[tuple[str, float, float]]
    causes: list[Cause] = field(default_factory=list)
    unexplained: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        return {
            "title": self.title,
            "dimensions": list(self.dimensions),
            "first_date": self.since and self.since.isoformat(),
            "last_date": self.until and self.until.isoformat(),
            "report": self.theirs,
            "ours": self.ours,
            "rows": [{"label": label, "report": theirs, "ours": ours, "difference": theirs - ours} for label, theirs, ours in self.rows],
            "explanations": [cause.as_dict() for cause in self.causes],
            "unexplained": self.unexplained,
            "notes": self.notes,
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("report", metavar="REPORT", help="a CSV download of the Analytics interface, or an answer of its API as JSON")
    parser.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
    parser.add_argument("--json", action="store_true", help="print the comparison for machines")


def run(arguments: argparse.Namespace) -> int:
    """Compare, and print."""
    db = database_path(arguments.db)
    found = compare(Path(arguments.report), db)
    if arguments.json:
        print(json.dumps({"report": Path(arguments.report).name, "database": str(db), "tables": [item.as_dict() for item in found]}))
        return 0
    for number, item in enumerate(found):
        if number:
            print()
        for line in lines(item):
            print(line)
    return 0


def compare(path: Path, db: Path) -> list[Comparison]:
    """Comparisons of the tables of a report that tell sessions by dimensions we know.

    Raises
    ------
    InputError : the file is no report, none of its tables can be compared, or there is no database.
    """
    report = recognise.read(path)
    tables = [table for table in report.tables if is_comparable(table)]
    if not tables:
        raise InputError(
            f"{path.name}: has no table of sessions by day, country, device, source or channel to compare with: {aggregates.EXPLORE}"
        )
    if not db.exists():
        raise InputError(f"{db}: no such database; load exports first, or name one with --db.")
    with duckdb.connect() as con:
        try:
            con.execute(f"attach {quoted(db)} as leaks (read_only)")
            con.execute("use leaks")
            (sessions,) = con.execute("select count(*) from (select 1 from sessions limit 1)").fetchone()
        except duckdb.Error as error:
            raise InputError(
                f"{db}: not a database this version can read ({str(error).splitlines()[0]}); load the exports again."
            ) from None
        if not sessions:
            raise InputError(f"{db}: holds no sessions to compare with; load an export of sessions first.")
        return [compare_table(con, report, table) for table in tables]


def is_comparable(table: Table) -> bool:
    """Whether a table tells sessions, split by nothing but what our sessions have."""
    names = [item.field for item in table.dimensions]
    return "sessions" in table.fields and bool(table.rows) and all(name in KNOWN for name in names) and len(names) == len(set(names))


def compare_table(con: duckdb.DuckDBPyConnection, report: Report, table: Table) -> Comparison:
    """One table beside our sessions, with the causes of its differences."""
    converted = aggregates.Aggregates()
    aggregates.convert_table(converted, table, 1)
    fields = [item.field for item in table.dimensions]
    names = [name for name in COLUMNS if name in fields or (name in ("source", "medium") and "source_medium" in fields)]
    has_rates = aggregates.numerator_of(table) == "converting_sessions"
    storing.keep_rows(con, converted.rows)
    theirs = their_counts(con, names)
    since, until = table.since, table.until
    if since is None:
        since, until = con.execute("select min(session_date), max(session_date) from sessions").fetchone()
    ours = our_counts(con, names, since, until)
    totals_row = table.total("sessions")
    their_total = totals_row if totals_row is not None else causes.total(theirs)
    their_conversions = _their_conversions(table, theirs, totals_row) if has_rates else None
    result = Comparison(
        title=table.title,
        dimensions=tuple(names),
        since=since,
        until=until,
        theirs={"sessions": their_total, "conversions": their_conversions, **_sums(table)},
        ours={
            "sessions": causes.total(ours), "conversions": causes.total(ours, 1), **_our_sums(con, since, until),
        },
        rows=sorted(_beside(theirs, ours), key=lambda row: (-abs(row[1] - row[2]), row[0])),
        notes=list(table.notes),
    )  # fmt: skip
    if not ours:
        first, last = con.execute("select min(session_date), max(session_date) from sessions").fetchone()
        result.notes.append(f"No session of these days is loaded: the database covers {first} to {last}.")
    if table.since is None:
        result.notes.append("The report does not tell its dates: all our days stand beside it.")
    if converted.rejects:
        result.notes.append(f"{len(table.rejects) + len(converted.rejects):,} rows of the report cannot be read and are left out.")
    if not has_rates and aggregates.numerator_of(table) == "key_events":
        result.notes.append("The report counts key events, ours sessions with one: the two cannot be compared.")
    sides = Sides(dict(theirs), dict(ours), their_total)
    explain(con, report, table, sides, names, since, until)
    explain_conversions(result, sides, table)
    causes.explain_sampling(sides, report.sampled_share)
    result.causes = causes.in_order(sides.causes)
    result.unexplained = {
        "sessions": round(their_total - causes.total(ours) - sum(cause.sessions for cause in result.causes)),
        "conversions": None if their_conversions is None else _unexplained_conversions(result),
    }
    return result


def explain(con: duckdb.DuckDBPyConnection, report: Report, table: Table, sides: Sides, names: list[str], since: date, until: date) -> None:
    """Try the causes in the order in which they can be told apart."""
    day_place = names.index("date") if "date" in names else None
    loaded = {
        day
        for (day,) in con.execute(
            "select distinct session_date from sessions where session_date between ? and ?", [since, until]
        ).fetchall()
    }
    asked = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    if day_place is not None:
        told = {key[day_place] for key in sides.theirs}
        asked = [day for day in asked if day in told]
    missing = [day for day in asked if day not in loaded]
    causes.explain_dates(sides, missing, len(asked), day_place)
    _explain_zone(con, report, sides, names, since, until, missing)
    causes.explain_other(sides)
    causes.explain_withheld(
        sides,
        is_thresholded=report.is_thresholded,
        is_cut=bool(table.row_count and table.row_count > len(table.rows)) or any("cuts" in note for note in table.notes),
        has_totals=bool(table.totals),
    )
    causes.explain_bots(sides, our_counts(con, names, since, until, table="bots"))
    causes.explain_consent(sides, *_without_consent(con, since, until))


def explain_conversions(result: Comparison, sides: Sides, table: Table) -> None:
    """The list of key events, where converting sessions differ by more than sessions do."""
    if result.theirs["conversions"] is None:
        return
    rules = stages.load_rules()
    named = ", ".join(rules.converted.names or ("a purchase",))
    events = sorted({item.event for item in table.metrics if item.event})
    agree = result.theirs.get("transactions") is not None and result.theirs["transactions"] == result.ours.get("transactions")
    gap = result.theirs["conversions"] - result.ours["conversions"]
    causes.explain_key_events(sides, gap, named, ", ".join(events) or "the key events marked in its property", purchases_agree=agree)


def _explain_zone(
    con: duckdb.DuckDBPyConnection, report: Report, sides: Sides, names: list[str], since: date, until: date, missing: list[date]
) -> None:
    untimed, timed = con.execute("select count(*) filter (started_at is null), count(*) from sessions").fetchone()
    if untimed > timed / 100:
        return
    ours = con.execute("select value from settings where name = 'time_zone'").fetchone()
    stated = report.time_zone and ours and report.time_zone != ours[0]
    gone = set(missing)

    def candidates() -> Iterator[tuple[str, Counts]]:
        if stated:
            day = f"cast(timezone('{report.time_zone.replace(chr(39), '')}', timezone('UTC', started_at)) as date)"
            yield report.time_zone, _known_days(our_counts(con, names, since, until, day=day), names, gone)
        elif "date" in names:
            for hours in OFFSETS:
                day = f"cast(started_at + interval '{hours} hours' as date)"
                words = f"UTC{hours:+d}" if hours else "UTC"
                yield words, _known_days(our_counts(con, names, since, until, day=day), names, gone)

    if report.time_zone and ours and not stated:
        return
    try:
        causes.explain_zone(sides, candidates(), is_stated=bool(stated))
    except duckdb.Error:
        return  # a zone that DuckDB does not know explains nothing


def _known_days(counts: Counts, names: list[str], gone: set[date]) -> Counts:
    """Counts without the days that are missing already."""
    if not gone or "date" not in names:
        return counts
    place = names.index("date")
    return {key: values for key, values in counts.items() if key[place] not in gone}


def their_counts(con: duckdb.DuckDBPyConnection, names: list[str]) -> Counts:
    """The rows of the report by clean labels."""
    keys = [f"cast({COLUMNS[name]} as {'date' if name == 'date' else 'varchar'})" for name in names]
    rows = con.execute(
        f"select {', '.join([*keys, 'sum(sessions)', 'coalesce(sum(converting_sessions), 0)'])} from ({storing.cleaned_sql()}) group by all",
        [0],
    ).fetchall()
    return {tuple(row[:-2]): [float(row[-2] or 0), float(row[-1] or 0)] for row in rows}


def our_counts(
    con: duckdb.DuckDBPyConnection, names: list[str], since: date, until: date, *, table: str = "sessions", day: str = "session_date"
) -> Counts:
    """Our sessions of the days, by the same labels; `day` is the SQL of the day that a session counts for."""
    keys = [day if name == "date" else f"cast({COLUMNS[name]} as varchar)" for name in names]
    rows = con.execute(
        f"select {', '.join([*keys, 'count(*)', 'count(*) filter (is_converted)'])} from {table} where {day} between ? and ? group by all",
        [since, until],
    ).fetchall()
    return {tuple(row[:-2]): [float(row[-2]), float(row[-1])] for row in rows}


def _their_conversions(table: Table, theirs: Counts, totals_row: float | None) -> float:
    """Converting sessions of the totals row where it tells its rate, else of the rows."""
    rate, counted = table.total("session_key_event_rate"), table.total("converting_sessions")
    if totals_row is not None and rate is not None:
        return float(round(rate * totals_row))
    return counted if counted is not None else causes.total(theirs, 1)


def _sums(table: Table) -> dict[str, float | None]:
    """Transactions and revenue of the report: of its totals row, else added up."""
    sums: dict[str, float | None] = {}
    for name in ("transactions", "revenue"):
        values = [value for value in table.values(name) if value is not None]
        counted = table.total(name)
        sums[name] = counted if counted is not None else (sum(values) if values else None)
    return sums


def _our_sums(con: duckdb.DuckDBPyConnection, since: date, until: date) -> dict[str, float]:
    transactions, revenue = con.execute(
        "select coalesce(sum(transactions), 0), coalesce(sum(revenue), 0) from sessions where session_date between ? and ?", [since, until]
    ).fetchone()
    return {"transactions": float(transactions), "revenue": float(revenue)}


def _beside(theirs: Counts, ours: Counts) -> Iterator[tuple[str, float, float]]:
    for key in theirs.keys() | ours.keys():
        label = " / ".join(str(part) for part in key) or "all"
        yield label, theirs.get(key, [0])[0], ours.get(key, [0])[0]


def _without_consent(con: duckdb.DuckDBPyConnection, since: date, until: date) -> tuple[float, float]:
    """Sessions and rows without consent on the days: rows by how much of a load falls on them, sessions by rows a session elsewhere."""
    sessions = rows = 0.0
    for load in con.execute(
        """
        select without_consent, rows_read, sessions_new + sessions_updated as kept, folded, first_date, last_date
        from loads
        where without_consent > 0 and last_date >= ? and first_date <= ?
        """,
        [since, until],
    ).fetchall():
        without, _, kept, folded, first, last = load
        days = (last - first).days + 1
        inside = (min(last, until) - max(first, since)).days + 1
        part = without * inside / days
        rows += part
        sessions += part * kept / max(kept + folded, 1)
    return sessions, rows


def _unexplained_conversions(result: Comparison) -> int:
    gap = result.theirs["conversions"] - result.ours["conversions"]
    return round(gap - sum(cause.conversions or 0 for cause in result.causes))


def lines(item: Comparison) -> Iterator[str]:
    """A comparison as a person reads it."""
    split = " x ".join(item.dimensions) or "no dimension"
    days = f"{item.since} to {item.until}" if item.since else "no dates"
    yield f"By {split}, {days}" if item.dimensions else f"In all, {days}"
    width = max([12, *(len(_short(row[0])) for row in item.rows[:MOST_LINES])])
    yield f"  {'':{width}}  {'report':>12}  {'ours':>12}  {'difference':>12}"
    for name, theirs in item.theirs.items():
        if theirs is not None:
            yield _line(name, theirs, item.ours[name], width)
    differing = [row for row in item.rows if row[1] != row[2]] if item.dimensions else []
    for label, theirs, ours in differing[:MOST_LINES]:
        yield _line(_short(label), theirs, ours, width)
    equal = len(item.rows) - len(differing)
    if item.dimensions:
        more = f", {len(differing) - MOST_LINES:,} more differ" if len(differing) > MOST_LINES else ""
        yield f"  {equal:,} of {len(item.rows):,} rows have equal sessions{more}"
    if item.causes:
        yield "Why they differ:"
        for cause in item.causes:
            yield f"  {cause.name}: {_account(cause)}{cause.text}"
    rest = item.unexplained["sessions"]
    conversions = item.unexplained["conversions"]
    also = f", {_signed(conversions)} converting sessions" if conversions else ""
    yield f"Unexplained: {_signed(rest)} sessions{also}" if rest or conversions else "Nothing is left unexplained."
    for note in item.notes:
        yield f"Note: {note}"


def _line(name: str, theirs: float, ours: float, width: int) -> str:
    digits = 2 if name == "revenue" else 0
    gap = round(theirs - ours, digits) + 0.0  # no minus before a zero
    return f"  {name:{width}}  {theirs:>12,.{digits}f}  {ours:>12,.{digits}f}  {gap:>+12,.{digits}f}"


def _account(cause: Cause) -> str:
    about = "about " if cause.is_estimate else ""
    parts = []
    if round(cause.sessions):
        parts.append(f"{about}{_signed(cause.sessions)} sessions")
    if cause.conversions and round(cause.conversions):
        parts.append(f"{about}{_signed(cause.conversions)} converting sessions")
    if round(cause.moved):
        parts.append(f"{round(cause.moved):,} sessions on other rows")
    return f"{', '.join(parts)}. " if parts else ""


def _signed(value: float) -> str:
    return f"{round(value):+,}"


def _short(label: str) -> str:
    return label if len(label) <= 40 else label[:39] + "…"
