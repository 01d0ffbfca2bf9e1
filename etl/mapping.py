"""Column maps: a TOML file that says which columns of a table of sessions mean what, where its headers do not.

`read_map` checks the file by itself, `ColumnMap.bind` checks it against the headers of a table. docs/maps.md describes the form.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from etl.errors import InputError
from etl.headers import normalise, shorten

LARGEST_MAP = 256 * 1024
MOST_VALUES = 2_000
MOST_COLUMNS = 200
LONGEST_TEXT = 300

IDS = ("visitor", "visit", "session")
LABELS = (
    "device", "country", "source", "medium", "source_medium", "campaign", "channel", "landing_page", "browser", "operating_system",
    "hostname", "network_domain",
)  # fmt: skip
COUNTS = ("visit_number", "pageviews", "hits", "transactions", "key_events")
YES_NO = ("converted", "bounces")
ABSENT = ("ids", "dates")

# Options beside the column, by field. `column`, `sum` and `value` are the three ways to fill a field.
OPTIONS = {
    **{name: ("values", "other") for name in IDS},
    **{name: ("values", "other", "prefix") for name in LABELS},
    **{name: ("values", "other") for name in COUNTS},
    **{name: ("true", "false") for name in YES_NO},
    "date": ("values", "other", "format"),
    "start_time": ("format",),
    "duration": ("unit", "decimal"),
    "revenue": ("unit", "decimal"),
}
FIELDS = tuple(OPTIONS)
SUMMABLE = ("pageviews", "hits", "duration", "transactions", "key_events", "revenue")
CONSTANT = (*LABELS, "date")
UNITS = {
    "duration": {"seconds": 1.0, "minutes": 60.0, "milliseconds": 0.001},
    "revenue": {"units": 1.0, "cents": 0.01, "micros": 0.000001},
}
YEAR, MONTH, DAY = set("Yy"), set("mbB"), set("d")
DIRECTIVES = YEAR | MONTH | DAY | set("HIMSfp%jA") | {"a"}


@dataclass(frozen=True)
class Column:
    """How one field is filled: from columns (several are added up) or by a constant.

    `names` are headers of the table, `positions` their places once the map is bound to it.
    """

    field: str
    names: tuple[str, ...] = ()
    value: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    other: str | None = None
    prefix: str = ""
    format: str | None = None
    unit: str | None = None
    decimal: str = "."
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()

    @property
    def factor(self) -> float:
        """What a number is multiplied by to be in seconds or currency units."""
        return UNITS[self.field][self.unit] if self.unit else 1.0

    @property
    def is_partial(self) -> bool:
        """Whether a date's format leaves out the year, the month or the day."""
        if self.field not in ("date", "start_time") or not self.format:
            return False
        used = set(re.findall(r"%(.)", self.format))
        return not (used & YEAR and (used & MONTH and used & DAY or "j" in used))


@dataclass(frozen=True)
class ColumnMap:
    """A map that is right in itself. `absent` names what the table lacks on purpose: ids, dates."""

    name: str
    columns: dict[str, Column]
    absent: frozenset[str]
    lines: dict[str, int] = field(default_factory=dict, repr=False)

    def at(self, name: str) -> str:
        """Where a field stands in the map, to open a message with."""
        line = self.lines.get(name)
        return f"{self.name}, {f'line {line}, ' if line else ''}{name}"

    def bind(self, file: str, headers: Sequence[str]) -> ColumnMap:
        """The map with the positions of its columns in a table.

        Raises
        ------
        InputError : a column is not among the headers, or stands there more than once.
        """
        places = [header.strip() for header in headers]
        counts = Counter(places)
        bound = {}
        for name, column in self.columns.items():
            for header in column.names:
                if counts[header.strip()] == 0:
                    near = nearest(header, places)
                    hint = f": did you mean '{shorten(near)}'?" if near else f": its columns are {shorten(', '.join(places), 200)}"
                    raise InputError(f"{self.at(name)}: {file} has no column '{shorten(header)}'{hint}")
                if counts[header.strip()] > 1:
                    raise InputError(f"{self.at(name)}: {file} has the column '{shorten(header)}' more than once: rename one of them")
            bound[name] = replace(column, positions=tuple(places.index(header.strip()) for header in column.names))
        return replace(self, columns=bound)


def nearest(wanted: str, headers: Sequence[str]) -> str | None:
    """The header most like the wanted one, if one comes close."""
    by_spelling = {normalise(header): header for header in headers if header}
    found = difflib.get_close_matches(normalise(wanted)[:LONGEST_TEXT], by_spelling, n=1, cutoff=0.6)
    return by_spelling[found[0]] if found else None


def read_map(path: Path | str) -> ColumnMap:
    """Read and check a column map.

    Raises
    ------
    InputError : it cannot be read, is no TOML, or says something that has no meaning; the line names the field and where it stands.
    """
    path = Path(path)
    text = _text(path)
    name = path.name
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: is not valid TOML ({shorten(str(error), 120)}): mend that line") from None
    except RecursionError:
        raise InputError(f"{name}: is nested too deeply: a map has one table, [fields]") from None
    for key in content:
        if key not in ("absent", "fields"):
            hint = " ([fields] must stand above it)" if key in FIELDS else ""
            raise InputError(f"{name}: '{shorten(key)}' has no meaning here: a map has absent = [...] and [fields]{hint}")
    given = content.get("fields")
    if not isinstance(given, dict) or not given:
        raise InputError(f'{name}: has no [fields]: write one line for each column, such as pageviews = "Page views"')
    lines = _lines(text)
    draft = ColumnMap(name, {}, _absent(name, content.get("absent", [])), lines)
    columns = {}
    for key, spec in given.items():
        if key not in OPTIONS:
            near = difflib.get_close_matches(key[:LONGEST_TEXT], FIELDS, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(FIELDS)}"
            raise InputError(f"{draft.at(shorten(key))}: is no field: {hint}")
        columns[key] = _column(draft, key, spec)
    mapped = ColumnMap(name, columns, draft.absent, lines)
    _refuse_contradictions(mapped)
    return mapped


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such map: check the path after --map")
        if path.stat().st_size > LARGEST_MAP:
            raise InputError(f"{path.name}: is larger than a map can be ({LARGEST_MAP // 1024} KB): is it the data itself?")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}): check its permissions") from None
    except (UnicodeDecodeError, ValueError):
        raise InputError(f"{path.name}: is not text in UTF-8: save it as UTF-8") from None


def _lines(text: str) -> dict[str, int]:
    """Line of each field that is written plainly."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key = re.match(r"\s*(?:fields\s*\.\s*)?[\"']?([A-Za-z0-9_-]+)[\"']?\s*(?:=|\.)", line) or re.match(
            r"\s*\[\s*fields\s*\.\s*[\"']?([A-Za-z0-9_-]+)", line
        )
        if key:
            found.setdefault(key[1], number)
    return found


def _absent(name: str, given: Any) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(item, str) and item in ABSENT for item in given):
        raise InputError(f"{name}: absent must be a list of what the table has none of: {', '.join(ABSENT)}")
    return frozenset(given)


def _column(draft: ColumnMap, key: str, spec: Any) -> Column:
    """One field of the map, checked."""
    at = draft.at(key)
    if isinstance(spec, str):
        spec = {"column": spec}
    if not isinstance(spec, dict):
        raise InputError(f"{at}: must be the name of a column in quotes, or {{column = ..., ...}}")
    ways = [way for way in ("column", "sum", "value") if way in spec]
    if len(ways) != 1:
        raise InputError(f"{at}: needs exactly one of column, sum and value")
    allowed = (ways[0], *(() if ways[0] == "value" else OPTIONS[key]))
    for option in spec:
        if option not in allowed:
            raise InputError(f"{at}: the option '{shorten(option)}' has no meaning here: use {', '.join(allowed)}")
    parts: dict[str, Any] = {}
    if ways[0] == "column":
        parts["names"] = (_string(at, "column", spec["column"]),)
    elif ways[0] == "sum":
        if key not in SUMMABLE:
            raise InputError(f"{at}: cannot be a sum: only {', '.join(SUMMABLE)} can")
        parts["names"] = _strings(at, "sum", spec["sum"], MOST_COLUMNS)
        if len(set(parts["names"])) < len(parts["names"]):
            raise InputError(f"{at}: adds up the same column twice")
    else:
        if key not in CONSTANT:
            raise InputError(f"{at}: cannot be the same for every session: only {', '.join(CONSTANT)} can")
        parts["value"] = _string(at, "value", spec["value"])
    if "values" in spec:
        parts["values"] = _translations(at, spec["values"])
    if "other" in spec:
        if "values" not in spec:
            raise InputError(f"{at}: other says what values not listed become: list the others in values")
        parts["other"] = _string(at, "other", spec["other"], may_be_empty=True)
    if "prefix" in spec:
        parts["prefix"] = _string(at, "prefix", spec["prefix"])
    for word in ("true", "false"):
        if word in spec:
            parts[word] = _strings(at, word, spec[word], MOST_COLUMNS)
    if set(parts.get("true", ())) & set(parts.get("false", ())):
        raise InputError(f"{at}: a value stands under both true and false")
    if "format" in spec:
        parts["format"] = _format(at, spec["format"])
    if "unit" in spec:
        if not isinstance(spec["unit"], str) or spec["unit"] not in UNITS[key]:
            raise InputError(f"{at}: unit must be one of {', '.join(UNITS[key])}")
        parts["unit"] = spec["unit"]
    if "decimal" in spec:
        if spec["decimal"] not in (".", ","):
            raise InputError(f'{at}: decimal must be "." or ","')
        parts["decimal"] = spec["decimal"]
    return Column(key, **parts)


def _string(at: str, what: str, value: Any, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or may_be_empty):
        raise InputError(f"{at}: {what} must be a text in quotes")
    if len(value) > LONGEST_TEXT or re.search(r"[\x00-\x1f\x7f]", value):
        raise InputError(f"{at}: {what} is too long or holds control characters")
    return value


def _strings(at: str, what: str, value: Any, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or len(value) > most:
        raise InputError(f"{at}: {what} must be a list of 1 to {most} texts")
    return tuple(_string(at, what, item) for item in value)


def _translations(at: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value or len(value) > MOST_VALUES:
        raise InputError(f'{at}: values must be a table of 1 to {MOST_VALUES:,} translations, such as {{Feb = "2"}}')
    return {
        _string(at, "a value to translate", key, may_be_empty=True).strip(): _string(at, "a translation", text, may_be_empty=True)
        for key, text in value.items()
    }


def _format(at: str, value: Any) -> str:
    text = _string(at, "format", value)
    directives = re.findall(r"%(.?)", text)
    for directive in directives:
        if not directive or directive not in DIRECTIVES:
            raise InputError(f"{at}: format knows %Y %y %m %b %B %d %j %H %I %M %S %f %p, not '%{shorten(directive)}'")
    if not set(directives) & (YEAR | MONTH | DAY | {"j"}):
        raise InputError(f"{at}: format names no year, month or day, as %Y-%m-%d does")
    return text


def _refuse_contradictions(mapped: ColumnMap) -> None:
    """Fields that do not go together, and what a table of sessions needs and the map does not name."""
    taken: dict[str, str] = {}
    for name, column in mapped.columns.items():
        for header in column.names:
            other = taken.setdefault(header.strip(), name)
            if other != name:
                raise InputError(f"{mapped.at(name)}: takes the column '{shorten(header)}', which {other} takes already: leave one out")
    have = set(mapped.columns)
    if {"converted", "key_events"} <= have:
        raise InputError(f"{mapped.at('converted')}: says the same as key_events: leave one out")
    ids = have & set(IDS)
    if "ids" in mapped.absent and ids:
        raise InputError(f"{mapped.at(sorted(ids)[0])}: is an id, but absent says that there are none: take 'ids' out of absent")
    if "ids" not in mapped.absent and not ("session" in have or "visitor" in have and have & {"visit", "start_time"}):
        raise InputError(
            f"{mapped.name}: names no session id (session, or visitor with visit or start_time): "
            'where the table has none, write absent = ["ids"] above [fields]'
        )
    dates = have & {"date", "start_time"}
    if "dates" in mapped.absent and dates:
        raise InputError(f"{mapped.at(sorted(dates)[0])}: is a date, but absent says that there are none: take 'dates' out of absent")
    if "dates" not in mapped.absent and not dates:
        raise InputError(
            f'{mapped.name}: names neither date nor start_time: where the table has no dates, write absent = ["dates"] above [fields]'
        )
