"""The forms in which exports write days and start times, told from the values of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from etl.errors import InputError
from etl.headers import shorten

EARLIEST, LATEST = "2005-01-01", "2100-01-01"

FORMS = (
    ("compact", re.compile(r"\d{8}")),
    ("compact hour", re.compile(r"\d{10}")),
    ("iso", re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?")),
    ("slashed", re.compile(r"\d{4}/\d{1,2}/\d{1,2}")),
    ("day and month", re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}")),
    ("named", re.compile(r"\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}|[A-Za-z]{3,9} \d{1,2}, \d{4}")),
    ("excel", re.compile(r"\d{5}(\.\d+)?")),
)

SQL = {
    "compact": "try_strptime({x}, '%Y%m%d')::date",
    "compact hour": "try_strptime({x}, '%Y%m%d%H')::date",
    "iso": "try_cast(left({x}, 10) as date)",
    "slashed": "try_strptime({x}, '%Y/%m/%d')::date",
    "day first": "try_strptime({x}, ['%d/%m/%Y', '%d.%m.%Y', '%d-%m-%Y'])::date",
    "month first": "try_strptime({x}, ['%m/%d/%Y', '%m.%d.%Y', '%m-%d-%Y'])::date",
    "named": "try_strptime({x}, ['%d %b %Y', '%d-%b-%Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y'])::date",
    # Excel counts days from 1899-12-30, as it takes 1900 for a leap year.
    "excel": "(date '1899-12-30' + try_cast(trunc(try_cast({x} as double)) as integer))",
}


def form_of(value: str) -> str | None:
    """Name of the form in which a value writes a day."""
    for name, pattern in FORMS:
        if pattern.fullmatch(value):
            return name
    return None


def date_sql(file: str, expression: str, values: Sequence[str], order: str | None = None) -> str:
    """SQL that reads the day from a text expression.

    The form most frequent in `values` (a sample) comes first; the unambiguous ones always follow. `order` (day first, month first)
    decides forms such as 03/04/2017. Raises InputError where no value of the sample is a day.
    """
    counts: dict[str, int] = {}
    for value in values:
        form = form_of(value)
        if form:
            counts[form] = counts.get(form, 0) + 1
    if values and not counts:
        raise InputError(f"{file}: its dates cannot be read (such as '{shorten(values[0], 30)}'): export them as YYYY-MM-DD or YYYYMMDD")
    forms = sorted(counts, key=lambda form: -counts[form])
    forms = [order if form == "day and month" else form for form in forms]
    forms += [form for form in ("compact", "iso") if form not in forms]
    usual = SQL[forms[0]].format(x=expression)
    others = ", ".join(SQL[form].format(x=f"trim({expression})") for form in forms if form)
    return f"case when {usual} is null then coalesce({others}) else {usual} end"


def day_month_order(file: str, pairs: Iterable[tuple[str, int | None]]) -> str:
    """Whether days or months come first, from all distinct days of a file, with a start time (epoch seconds) of each where known."""
    day_first = month_first = False
    by_clock = {"day first": 0, "month first": 0}
    example = ""
    for text, seconds in pairs:
        first, second, year = (int(part) for part in re.split(r"[./-]", text))
        example = example or text
        day_first |= first > 12
        month_first |= second > 12
        if seconds is not None and first != second:
            clock = date(1970, 1, 1) + timedelta(seconds=seconds)
            for order, (month, day) in (("day first", (second, first)), ("month first", (first, second))):
                try:
                    by_clock[order] += abs((date(year, month, day) - clock).days) <= 2
                except ValueError:
                    continue
    if day_first and month_first:
        raise InputError(f"{file}: writes days both as day-month and month-day (such as '{example}'): export them as YYYY-MM-DD")
    if day_first or month_first:
        return "day first" if day_first else "month first"
    if by_clock["day first"] != by_clock["month first"]:
        return max(by_clock, key=lambda order: by_clock[order])
    if "." in example:
        return "day first"
    raise InputError(f"{file}: a date such as '{example}' may be day-month or month-day: export dates as YYYY-MM-DD or YYYYMMDD")


def epoch_sql(expression: str) -> str:
    """SQL for the UTC timestamp that a number text stands for, in seconds, milliseconds or microseconds; NULL where implausible."""
    number = f"try_cast({expression} as bigint)"
    return (
        f"case when {number} between 1104537600 and 4102444799 then make_timestamp({number} * 1000000) "
        f"when {number} between 1104537600000 and 4102444799999 then make_timestamp({number} * 1000) "
        f"when {number} between 1104537600000000 and 4102444799999999 then make_timestamp({number}) end"
    )


def start_sql(expression: str, values: Sequence[str]) -> str:
    """SQL for the UTC timestamp of a start-time text: a number of seconds (or milli-, microseconds), else ISO."""
    if values and all(re.fullmatch(r"\d{9,16}(\.0)?", value) for value in values):
        return epoch_sql(expression)
    with_zone = f"regexp_matches({expression}, ':[0-9][0-9]([.][0-9]+)? ?(Z|[+-][0-9][0-9](:?[0-9][0-9])?)$')"
    zoned = f"make_timestamp(epoch_us(try_cast({expression} as timestamptz)))"
    return f"coalesce(case when {with_zone} then {zoned} else try_cast({expression} as timestamp) end, {epoch_sql(expression)})"
