"""Which tables of a report carry a rate by country, device, source or channel, and their rows as the table aggregates has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from etl.errors import InputError
from etl.headers import shorten
from etl.reports.model import Reject, Report, Row, Table

DIMENSIONS = ("country", "device", "source", "channel")
SOURCES = ("source", "medium", "source_medium")
NUMERATORS = {"converting_sessions": "converting sessions", "key_events": "key events", "transactions": "transactions"}
"""What a rate may count, the best first. Only the first counts sessions; the others can be more than one a session."""

EXPLORE = (
    "in Explore, download a free form of Session source, Device category and Country with the metrics Sessions and Session key event rate"
)
ASK_API = "ask runReport for sessionSource, deviceCategory, country with the metrics sessions and sessionKeyEventRate"
FOR_FUNNELS = "for funnels, Admin → BigQuery links → daily export, then load events_YYYYMMDD"
UNIVERSAL = (
    "Universal Analytics is switched off, so look for an older download of Source, Device Category or Country with Sessions and Transactions "
    "or goal completions; for funnels, load ga_sessions_YYYYMMDD from BigQuery"
)


@dataclass(frozen=True)
class Aggregate:
    """A row of a report fit to be stored: labels as in the file, counts, NULL where the report does not tell."""

    table_number: int
    row_number: int
    first_date: date | None
    last_date: date | None
    grain: str
    session_date: date | None
    country: str | None
    device: str | None
    source: str | None
    medium: str | None
    channel: str | None
    sessions: int
    converting_sessions: int | None
    key_events: float | None
    transactions: int | None
    revenue: float | None


@dataclass
class Aggregates:
    """What is stored of a report, what is set aside, what cannot be read, and what there is to say."""

    rows: list[Aggregate] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    set_aside: int = 0
    notes: list[str] = field(default_factory=list)
    first_date: date | None = None
    last_date: date | None = None


def grain_of(table: Table) -> str | None:
    """The dimensions a table is split by, in one text such as 'country, device'; None where there is another one, or none of them."""
    fields = [item.field for item in table.dimensions]
    if any(field not in (*DIMENSIONS, *SOURCES, "date") for field in fields) or len(fields) != len(set(fields)):
        return None
    have = {"source" if field == "source_medium" else field for field in fields}
    if "medium" in have and "source" not in have:
        return None
    return ", ".join(name for name in DIMENSIONS if name in have) or None


def numerator_of(table: Table) -> str | None:
    """What the conversions of a table count: converting_sessions, key_events or transactions; None where it has none."""
    have = table.fields
    if "session_key_event_rate" in have:
        return "converting_sessions"
    return next((name for name in NUMERATORS if name in have), None)


def carries_rates(table: Table) -> bool:
    """Whether a table feeds the rate views."""
    return bool("sessions" in table.fields and grain_of(table) and numerator_of(table) and table.rows and table.range_number == 0)


def check(report: Report, name: str) -> None:
    """Raise InputError with the export to make instead where no table of a report carries a rate."""
    if any(carries_rates(table) for table in report.tables):
        return
    tables = report.tables
    wide = "a report downloaded from the Analytics interface" if report.format.endswith("csv") else "an answer of the Analytics API"
    start = f"{name}: is {wide} ({report.format}): totals, one row for many sessions, "
    is_universal = report.format.startswith("ua-")
    if report.format.endswith("csv") and not any(table.fields or table.since for table in tables):
        raise InputError(
            f"{name}: starts like a download of the Analytics interface ('#' lines) but holds no table of one: set the language of Analytics "
            f"to English and download it again; or {EXPLORE}"
        )
    advice = UNIVERSAL if is_universal else ASK_API if report.format == "ga4-data-api" else EXPLORE
    if not any(table.rows for table in tables):
        rejects = sum(len(table.rejects) for table in tables)
        if rejects:
            example = next(table.rejects[0] for table in tables if table.rejects)
            raise InputError(
                f"{start}and none of its {rejects:,} rows can be read (row {example.number}: {example.reason}): download it again"
            )
        raise InputError(f"{start}but without any row below its headers: choose dates that have data and download it again")
    if not any(table.fields for table in tables):
        header = next(item.name for table in tables for item in (*table.dimensions, *table.metrics) if item.name.strip())
        raise InputError(
            f"{start}and its headers ('{shorten(header, 40)}', …) are not known: set the language of Analytics to English, then {advice}"
        )
    raise InputError(f"{start}{_lacks(tables)}: {advice}" + ("" if is_universal else f"; {FOR_FUNNELS}"))


def _lacks(tables: list[Table]) -> str:
    """What the tables have and what is missing for a rate."""
    with_sessions = [table for table in tables if "sessions" in table.fields]
    if not with_sessions:
        return "without a column of sessions"
    if not any(numerator_of(table) for table in with_sessions):
        return "with sessions but no key events or transactions beside them"
    return "with key events but not by country, device, source or channel of the session alone"


def convert(report: Report) -> Aggregates:
    """The rows of the tables that carry rates; all other rows are counted as set aside, with a sentence."""
    found = Aggregates(notes=list(report.notes))
    beside = []
    for number, table in enumerate(report.tables, start=1):
        found.rejects += table.rejects
        found.set_aside += len(table.totals) + len(table.subtotals)
        if not carries_rates(table):
            found.set_aside += len(table.rows)
            beside += [table] if table.rows else []
            continue
        found.notes += table.notes
        before = len(found.rows)
        convert_table(found, table, number)
        _say(found, table, found.rows[before:])
        if table.since:
            found.first_date = min(filter(None, (found.first_date, table.since)))
            found.last_date = max(filter(None, (found.last_date, table.until)))
    sums = sum(len(table.totals) + len(table.subtotals) for table in report.tables)
    if sums:
        found.notes.append(f"{sums:,} totals row{'s were' if sums > 1 else ' was'} read and not added to the rows.")
    if beside:
        count = sum(len(table.rows) for table in beside)
        found.notes.append(
            f"{count:,} rows of {len(beside)} other table{'s' * (len(beside) > 1)} were set aside: they have no rate by country, device, "
            "source or channel."
        )
    if report.is_thresholded:
        found.notes.append("Google withheld small rows of this report (thresholding).")
    if report.has_other_row:
        found.notes.append("Google folded rows of this report into (other).")
    if report.currency:
        found.notes.append(f"Amounts are in {shorten(report.currency, 10)}.")
    return found


def convert_table(found: Aggregates, table: Table, number: int) -> None:
    """Add the rows of a table, and the rejects and notes they cause."""
    grain = grain_of(table) or ""
    numerator = numerator_of(table)
    is_derived = "session_key_event_rate" in table.fields
    shaky = 0
    for row in table.rows:
        labels = {item.field: label for item, label in zip(table.dimensions, row.labels, strict=True)}
        numbers = {item.field: value for item, value in reversed(list(zip(table.metrics, row.values, strict=True))) if item.field}
        reason = _unusable(numbers)
        if reason:
            found.rejects.append(Reject(row.number, reason, shorten(", ".join(row.labels), 200)))
            continue
        sessions = int(numbers["sessions"])
        converting = numbers.get("converting_sessions")
        if is_derived and numbers.get("session_key_event_rate") is not None:
            exact = numbers["session_key_event_rate"] * sessions
            converting = round(exact)
            shaky += abs(exact - converting) > 0.05
        source, medium = _source(labels)
        found.rows.append(
            Aggregate(
                number, row.number, table.since, table.until, grain, _date(labels.get("date")), labels.get("country"), labels.get("device"),
                source, medium, labels.get("channel"), sessions, None if converting is None else int(converting), numbers.get("key_events"),
                None if numbers.get("transactions") is None else int(numbers["transactions"]), numbers.get("revenue"),
            )
        )  # fmt: skip
    if shaky and numerator == "converting_sessions":
        found.notes.append(
            f"Converting sessions of {shaky:,} row{'s' * (shaky > 1)} are rounded: the report's rate has too few digits to tell them exactly."
        )


def _unusable(numbers: dict[str, float | None]) -> str:
    sessions = numbers.get("sessions")
    if sessions is None:
        return "it has no number of sessions"
    if sessions < 0 or sessions != int(sessions):
        return "its sessions are no count"
    rate = numbers.get("session_key_event_rate")
    if rate is not None and not 0 <= rate <= 1:
        return "its session key event rate is not between 0 and 1"
    for name, words in NUMERATORS.items():
        value = numbers.get(name)
        if value is not None and value < 0:
            return f"its {words} are negative"
        if value is not None and value != int(value) and name != "key_events":
            return f"its {words} are no count"
    converting = numbers.get("converting_sessions")
    if converting is not None and converting > sessions:
        return "more of its sessions convert than there are"
    return ""


def _source(labels: dict[str, str]) -> tuple[str | None, str | None]:
    if "source_medium" in labels:
        source, _, medium = labels["source_medium"].partition(" / ")
        return source, medium or None
    return labels.get("source"), labels.get("medium")


def _date(label: str | None) -> date | None:
    return date(int(label[:4]), int(label[4:6]), int(label[6:])) if label else None


def _say(found: Aggregates, table: Table, rows: list[Aggregate]) -> None:
    """Notes about a stored table: what its conversions count, and what its rows leave out."""
    numerator = numerator_of(table)
    grain = grain_of(table)
    if numerator == "converting_sessions":
        events = {item.event for item in table.metrics if item.event}
        only = f" of {shorten(', '.join(sorted(events)), 60)}" if events else ""
        found.notes.append(f"The table by {grain} tells converting sessions{only}: its rates have intervals.")
    else:
        found.notes.append(f"The table by {grain} counts {NUMERATORS[numerator]}, not sessions with them: its rates have no interval.")
    total, added = table.total("sessions"), sum(row.sessions for row in rows)
    if total is not None and total > added:
        found.notes.append(f"The rows of the table by {grain} add up to {added:,} of {int(total):,} sessions: small rows are missing.")
    other = sum(row.sessions for row in rows if is_other(row))
    if other:
        found.notes.append(f"{other:,} sessions of the table by {grain} stand under (other): the report does not say where they belong.")
    if table.since is None:
        found.notes.append(f"The table by {grain} does not tell its dates.")


def is_other(row: Aggregate) -> bool:
    """Whether a row holds what Google folded together."""
    return any(label == "(other)" for label in (row.country, row.device, row.source, row.channel))


__all__ = ["Aggregate", "Aggregates", "Row", "carries_rates", "check", "convert", "grain_of", "is_other", "numerator_of"]
