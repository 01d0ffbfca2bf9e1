"""A first draft of a column map: what each column of a table looks like, by its header and by its content."""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from etl.errors import InputError
from etl.folders import expand
from etl.headers import ALIASES, normalise, shorten, spellings
from etl.mapped_tables import recognise_table
from etl.readers import dates, wrapping
from etl.readers.csv_scan import CsvScan
from etl.readers.mapped import TypedScan
from etl.readers.text_table import NO_NUMBER, _is_micros
from etl.recognise import Source
from etl.schema import DATA

SAMPLE_ROWS = 20_000
MOST_COLUMNS = 300
DISTINCT = 1_000
ENOUGH = 0.9
SURE = {"yes or no": 1.0, "flag": 1.0, "count": 0.99}
FEWEST_IDS = 20

DEVICES = {"desktop", "mobile", "tablet", "smart tv", "smarttv", "tv", "phone", "smartphone", "computer", "pc", "console", "wearable"}
YES_NO = {"true", "false", "yes", "no", "y", "n", "t", "f"}
MONTHS = {
    "%b": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "%B": ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"),
}
OUTCOME_WORDS = ("revenue", "convert", "conversion", "purchase", "bought", "buy", "order", "transaction", "sale", "goal")

# What the content of a field's column looks like, where that can tell.
LOOKS = {
    "date": {"date"},
    "start_time": {"time", "date"},
    "device": {"device"},
    "country": {"country"},
    "pageviews": {"count", "flag"},
    "hits": {"count", "flag"},
    "visit_number": {"count", "flag"},
    "transactions": {"count", "flag", "empty"},
    "key_events": {"count", "flag", "empty"},
    "duration": {"count", "number", "clock", "flag", "empty"},
    "revenue": {"count", "number", "flag", "empty"},
    "bounces": {"yes or no", "flag", "empty", "count"},
}
MEANS = {
    "visitor": "who: the same in all sessions of one visitor; stored as a salted hash only",
    "visit": "which visit of the visitor",
    "session": "which session, where one column says so",
    "visit_number": "1 for a visitor's first session, 2 for the second, ...",
    "start_time": "when the session started: epoch seconds or a timestamp",
    "date": "the day of the session",
    "device": "desktop, mobile, tablet; anything else counts as other",
    "country": "the country's name or code",
    "source": "where the session came from",
    "source_medium": "source and medium in one, as 'google / organic'",
    "medium": "organic, cpc, referral, ...",
    "campaign": "the campaign's name",
    "channel": "the channel group; where there is none, it follows from source and medium",
    "landing_page": "the first page",
    "browser": "the browser's name",
    "operating_system": "the system's name",
    "hostname": "the site's host",
    "network_domain": "the visitor's network; tells some bots",
    "pageviews": "pages seen; several columns add up with {sum = [...]}",
    "hits": "hits or events",
    "duration": 'seconds on the site; {column = ..., unit = "minutes"} for others',
    "bounces": "yes or no: whether the session was a bounce",
    "transactions": "number of purchases",
    "revenue": 'money; {column = ..., unit = "cents"} or "micros" where it is not in currency units',
    "key_events": "number of conversions, where they are no purchases",
    "converted": "yes or no: whether the session converted",
}


@dataclass(frozen=True)
class Seen:
    """A column of the sample: its header, the values that occur and how often, and what they look like."""

    name: str
    values: dict[str, int]
    kind: str

    @property
    def told(self) -> str:
        """Its looks in a few words; values only where they are few, and never those of long ids."""
        known = [value for value in self.values if len(value) <= 24]
        if self.kind == "empty":
            return "empty in the first rows"
        if self.kind in ("id", "text") or len(self.values) > 30 or len(known) < len(self.values):
            return f"{len(self.values):,}{' or more' if len(self.values) >= DISTINCT else ''} values, looks like {_a(self.kind)}"
        return f"looks like {_a(self.kind)}: {shorten(', '.join(known[:6]), 80)}{', ...' if len(known) > 6 else ''}"


def draft(paths: Iterable[str | Path]) -> str:
    """The draft of a map for one table, as TOML.

    Raises
    ------
    InputError : there is more than one file, or it is no table.
    """
    files, _ = expand(paths)
    if len(files) != 1:
        raise InputError(f"--suggest-map drafts a map for one file, not for {len(files)}: name one")
    source = recognise_table(files[0], None)
    with wrapping(source):
        columns = look(source)
    return write(source.name, columns)


def look(source: Source) -> list[Seen]:
    """The columns of a table as the first rows show them; those without a header, or with another's, are left out."""
    scan = (CsvScan(source) if source.container == "csv" else TypedScan(source)).quiet
    names = [name.strip() for name in source.columns]
    seen = []
    with duckdb.connect() as con:
        con.execute(f"create table sample as select * from {scan} limit {SAMPLE_ROWS}")
        for position, name in enumerate(names[:MOST_COLUMNS]):
            if not name or names.count(name) > 1 or len(name) > 300 or re.search(r"[\x00-\x1f\x7f]", name):
                continue
            rows = con.execute(
                f"select trim(c{position}) as value, count(*) as rows from sample where trim(c{position}) not in {NO_NUMBER} "
                f"group by value order by rows desc, value limit {DISTINCT}"
            ).fetchall()
            values = dict(rows)
            seen.append(Seen(name, values, kind_of(values)))
    return seen


def kind_of(values: dict[str, int]) -> str:
    """What the values of a column look like: the first kind that nearly all rows fit."""
    total = sum(values.values())
    if not total:
        return "empty"
    for kind, fits in KINDS:
        if sum(rows for value, rows in values.items() if fits(value)) >= SURE.get(kind, ENOUGH) * total:
            return kind
    # Nearly as many values as rows: an id rather than a label.
    return "id" if len(values) > 100 and len(values) > total / 2 else "text"


def _a(kind: str) -> str:
    return kind if kind in ("yes or no", "text") else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _is_plausible_day(value: str) -> bool:
    if dates.form_of(value) == "compact":
        return "20050101" <= value < "21000101" and value[4:6] <= "12" and value[6:] <= "31"
    return dates.form_of(value) not in (None, "excel", "epoch", "compact hour") and len(value) <= 12


@cache
def _countries() -> frozenset[str]:
    with open(DATA / "countries.csv", newline="", encoding="utf-8") as file:
        return frozenset(row["name"] for row in csv.DictReader(file))


KINDS = (
    ("yes or no", lambda value: value.lower() in YES_NO),
    ("flag", lambda value: value in ("0", "1", "0.0", "1.0")),
    ("date", _is_plausible_day),
    ("time", lambda value: bool(re.fullmatch(r"1\d{9}(\d{3}|\d{6})?|\d{4}-\d\d-\d\d[ T]\d\d:.*", value))),
    ("month", lambda value: any(value.lower() in names for names in MONTHS.values())),
    ("device", lambda value: value.lower() in DEVICES),
    ("clock", lambda value: bool(re.fullmatch(r"\d{1,2}:\d\d:\d\d", value))),
    ("count", lambda value: bool(re.fullmatch(r"\d{1,12}(\.0+)?", value))),
    ("number", lambda value: bool(re.fullmatch(r"[^\w\s.,+-]?-?(?!\d{9})[\d.,]{1,20}", value)) and bool(re.search(r"\d", value))),
    ("country", lambda value: value.lower() in _countries()),
    ("path", lambda value: value.startswith("/") or bool(re.match(r"https?://", value))),
    ("id", lambda value: bool(re.fullmatch(r"[0-9a-fA-F.\-_]{9,}", value))),
)


def write(file: str, columns: list[Seen]) -> str:
    """The draft as text: lines that are sure, then those that are not as comments, then what was not used."""
    sure, unsure, used = choose(columns)
    absent = [name for name, found in (("ids", _has_ids(sure)), ("dates", {"date", "start_time"} & set(sure))) if not found]
    lines = [
        f"# Draft of a column map for {shorten(file)}: read every line before you trust it.",
        f"#     python -m etl inspect {shorten(file)} --map THIS.toml    says what would load",
        "# docs/maps.md describes every field and option. Lines that begin with # are guesses or remarks: take the # away to use one.",
        "",
    ]
    if absent:
        words = {"ids": "ids that make a session (each row then counts as one)", "dates": "dates"}
        lines += [
            f"# No {' and no '.join(words[name] for name in absent)} were found. If there are some, name them below and take this out."
        ]
        lines += [f"absent = {json.dumps(absent)}", ""]
    lines += ["[fields]"]
    for field in MEANS:
        if field in sure:
            lines += [f"# {MEANS[field]}", f"{field} = {sure[field]}"]
        elif field in unsure:
            lines += [f"# {MEANS[field]}: not sure"]
            lines += [f"# {field} = {text}    # {remark}" for text, remark in unsure[field]]
    left = [column for column in columns if column.name not in used]
    if left:
        lines += ["", "# Columns not used:"]
        lines += [f"#   {shorten(column.name)}: {column.told}" for column in left]
    return "\n".join(lines) + "\n"


def _has_ids(sure: dict[str, str]) -> bool:
    return "session" in sure or "visitor" in sure and bool({"visit", "start_time"} & set(sure))


def choose(columns: list[Seen]) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]], set[str]]:
    """Fields that are sure, fields with candidates (each a value and a remark), and the names of the columns used for the sure ones."""
    sure: dict[str, str] = {}
    unsure: dict[str, list[tuple[str, str]]] = {}
    used: set[str] = set()

    def take(field: str, column: Seen, text: str | None = None) -> None:
        sure[field] = text or quoted(column.name)
        used.add(column.name)

    for field, names in ALIASES.items():
        named = [column for name in names for column in columns if name in spellings(column.name) and column.name not in used]
        for column in named:
            if field in ("revenue", "transactions", "key_events") and column.kind == "yes or no":
                if "converted" not in sure:
                    take("converted", column)
            elif field not in sure and (field not in LOOKS or column.kind in LOOKS[field]):
                is_micros = field == "revenue" and _is_micros(list(column.values), normalise(column.name).endswith("transactionrevenue"))
                take(field, column, f'{{column = {quoted(column.name)}, unit = "micros"}}' if is_micros and column.values else None)
            elif field not in sure:
                unsure.setdefault(field, []).append((quoted(column.name), column.told))
    if "converted" in sure:
        sure.pop("key_events", None)
    _by_content(columns, sure, used, take)
    _candidates(columns, sure, unsure, used)
    if not _has_ids(sure):
        for field in ("visitor", "visit", "session"):
            if field in sure:
                unsure.setdefault(field, []).append((sure.pop(field), "an id, but not enough to tell sessions apart: see absent"))
    return sure, unsure, used


def _by_content(columns: list[Seen], sure: dict[str, str], used: set[str], take) -> None:
    """Fields that the content of a single column tells, whatever it is called."""
    for field, kind in (("device", "device"), ("country", "country"), ("date", "date"), ("landing_page", "path")):
        found = [column for column in columns if column.kind == kind and column.name not in used]
        if field not in sure and len(found) == 1 and not (field == "date" and "start_time" in sure):
            take(field, found[0])
    months = [column for column in columns if column.kind == "month" and column.name not in used]
    if not {"date", "start_time"} & set(sure) and len(months) == 1:
        take("date", months[0], month_field(months[0]))


def month_field(column: Seen) -> str:
    """A column of month names as a field: a partial date, with the names that are written otherwise translated."""
    short = sum(rows for value, rows in column.values.items() if value.lower() in MONTHS["%b"])
    form, other = ("%b", "%B") if short >= sum(column.values.values()) / 2 else ("%B", "%b")
    odd = {
        value: MONTHS[form][MONTHS[other].index(value.lower())].capitalize()
        for value in column.values
        if value.lower() not in MONTHS[form] and value.lower() in MONTHS[other]
    }
    translated = "".join(f", values = {{{', '.join(f'{quoted(a)} = {quoted(b)}' for a, b in odd.items())}}}" if odd else "")
    return f'{{column = {quoted(column.name)}, format = "{form}"{translated}}}'


def _candidates(columns: list[Seen], sure: dict[str, str], unsure: dict[str, list[tuple[str, str]]], used: set[str]) -> None:
    """Candidates of the fields that matter most and are not sure, by what headers resemble and contents look like."""
    free = [column for column in columns if column.name not in used]
    for field in MEANS:
        if (
            field in sure
            or field == "key_events"
            and "converted" in sure
            or field == "converted"
            and {"key_events", "transactions"} & set(sure)
        ):
            continue
        alike = [column for column in free if _resembles(field, column) and (field not in LOOKS or column.kind in LOOKS[field])]
        if field in ("visitor", "visit", "session"):
            alike = [column for column in alike if len(column.values) >= FEWEST_IDS]
        if field == "converted":
            alike = [column for column in free if column.kind in ("yes or no", "flag")]
            alike.sort(key=lambda column: not any(word in normalise(column.name) for word in OUTCOME_WORDS))
        if field in ("pageviews", "duration") and len(alike) > 1:
            unsure.setdefault(field, []).append((f"{{sum = [{', '.join(quoted(column.name) for column in alike)}]}}", "their sum"))
        have = {text for text, _ in unsure.get(field, ())}
        new = [(quoted(column.name), column.told) for column in alike[:6] if quoted(column.name) not in have]
        if new:
            unsure.setdefault(field, []).extend(new)
    if "pageviews" not in sure and "pageviews" not in unsure:
        counts = [column for column in free if column.kind == "count" and not _resembles("duration", column)]
        if counts:
            unsure["pageviews"] = [(quoted(column.name), column.told) for column in counts[:6]]


def _resembles(field: str, column: Seen) -> bool:
    """Whether a header is close to a usual name of the field, or holds one whole."""
    header = normalise(column.name)
    names = ALIASES.get(field, ())
    holds = any(len(name) >= 6 and name in header for name in names)
    return holds or any(difflib.SequenceMatcher(None, header[:60], name).ratio() >= 0.78 for name in names)


def quoted(text: str) -> str:
    """A text as a TOML string."""
    return json.dumps(text, ensure_ascii=False)
