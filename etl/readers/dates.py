"""The forms in which exports write days and start times, told from the values of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from etl.errors import InputError
from etl.headers import shorten

EARLIEST, LATEST = "2005-01-01", "2100-01-01"
FIRST_SHORT, LAST_SHORT = 2005, 2050

MONTH_DAY = r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
CLOCK = r"([ T].*)?"
FORMS = (
    ("compact", re.compile(r"\d{8}")),
    ("compact hour", re.compile(rf"20[0-9]\d{MONTH_DAY}([01]\d|2[0-3])")),
    ("compact minute", re.compile(rf"20[0-9]\d{MONTH_DAY}([01]\d|2[0-3])[0-5]\d")),
    ("epoch", re.compile(r"(\d{9,10}|\d{12,13}|\d{15,16})(\.0+)?")),
    ("iso", re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}{CLOCK}")),
    ("year first", re.compile(rf"\d{{4}}([/.-])\d{{1,2}}\1\d{{1,2}}{CLOCK}")),
    ("day and month", re.compile(rf"\d{{1,2}}([./-])\d{{1,2}}\1\d{{4}}{CLOCK}")),
    ("short year", re.compile(rf"\d{{1,2}}([./-])\d{{1,2}}\1\d{{2}}{CLOCK}")),
    ("named", re.compile(r"([A-Za-z]{3,9}, )?(\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}|[A-Za-z]{3,9} \d{1,2}, \d{4})")),
    ("excel", re.compile(r"\d{5}(\.\d+)?")),
)
NTH = re.compile(r"\d{4}")

PARTED = r"^[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{4}|[0-9]{2})([ T].*)?$"
"""The forms whose order of day, month and year the whole column decides, for SQL."""

DAY_PART = "regexp_extract({x}, '^[0-9./-]+')"

SQL = {
    "compact": "try_strptime({x}, '%Y%m%d')::date",
    "compact hour": "try_strptime({x}, '%Y%m%d%H')::date",
    "compact minute": "try_strptime({x}, '%Y%m%d%H%M')::date",
    "iso": "try_cast(left({x}, 10) as date)",
    "year first": f"try_strptime({DAY_PART}, ['%Y/%m/%d', '%Y.%m.%d', '%Y-%m-%d'])::date",
    "day first": f"try_strptime({DAY_PART}, ['%d/%m/%Y', '%d.%m.%Y', '%d-%m-%Y'])::date",
    "month first": f"try_strptime({DAY_PART}, ['%m/%d/%Y', '%m.%d.%Y', '%m-%d-%Y'])::date",
    "day first, short year": f"try_strptime({DAY_PART}, ['%d/%m/%y', '%d.%m.%y', '%d-%m-%y'])::date",
    "month first, short year": f"try_strptime({DAY_PART}, ['%m/%d/%y', '%m.%d.%y', '%m-%d-%y'])::date",
    "short year first": f"try_strptime({DAY_PART}, ['%y/%m/%d', '%y.%m.%d', '%y-%m-%d'])::date",
    "named": "try_strptime(regexp_replace({x}, '^[A-Za-z]+, ', ''), "
    "['%d %b %Y', '%d-%b-%Y', '%d %B %Y', '%d-%B-%Y', '%b %d, %Y', '%B %d, %Y'])::date",
    # Excel counts days from 1899-12-30, as it takes 1900 for a leap year.
    "excel": "(date '1899-12-30' + try_cast(trunc(try_cast({x} as double)) as integer))",
}

# Places of year, month and day among the three numbers of a date, by the order they stand in.
ORDERS = {
    "day first": (2, 1, 0),
    "month first": (2, 0, 1),
    "day first, short year": (2, 1, 0),
    "month first, short year": (2, 0, 1),
    "short year first": (0, 1, 2),
}


def form_of(value: str) -> str | None:
    """Name of the form in which a value writes a day."""
    for name, pattern in FORMS:
        if pattern.fullmatch(value):
            return name
    return None


def is_parted(values: Iterable[str]) -> bool:
    """Whether the order of day, month and year must be told from the whole column."""
    return any(form_of(value) in ("day and month", "short year") for value in values)


def date_sql(file: str, expression: str, values: Sequence[str], order: str | None = None) -> str:
    """SQL that reads the day from a text expression.

    The form most frequent in `values` (a sample) comes first; the unambiguous ones always follow. `order` (a key of ORDERS) decides forms
    such as 03/04/2017. Raises InputError where no value of the sample is a day.
    """
    counts: dict[str, int] = {}
    for value in values:
        form = form_of(value)
        if form:
            counts[form] = counts.get(form, 0) + 1
    if values and not counts:
        if all(NTH.fullmatch(value) for value in values):
            raise InputError(
                f"{file}: counts its days instead of dating them (such as '{values[0]}', the Nth day of a report): "
                "export the dimension Date as YYYYMMDD"
            )
        raise InputError(f"{file}: its dates cannot be read (such as '{shorten(values[0], 30)}'): export them as YYYY-MM-DD or YYYYMMDD")
    forms = sorted(counts, key=lambda form: -counts[form])
    forms = list(dict.fromkeys(order if form in ("day and month", "short year") else form for form in forms))
    forms += [form for form in ("compact", "iso") if form not in forms]
    usual = _form_sql(forms[0], expression)
    others = ", ".join(_form_sql(form, f"trim({expression})") for form in forms if form)
    return f"case when {usual} is null then coalesce({others}) else {usual} end"


def _form_sql(form: str, expression: str) -> str:
    return f"({epoch_sql(expression)})::date" if form == "epoch" else SQL[form].format(x=expression)


def day_month_order(file: str, pairs: Iterable[tuple[str, int | None]]) -> str:
    """The order of day, month and year, a key of ORDERS, from all distinct days of a file.

    Each comes with a start time (epoch seconds) where one is known, which settles what the days leave open. A two-digit year stands in
    this century.
    """
    possible: set[str] = set()
    clocked = dict.fromkeys(ORDERS, 0)
    is_first, is_short, example = True, False, ""
    for text, seconds in pairs:
        parts = [int(part) for part in re.split(r"[./-]", text)]
        short = parts[2] < 100
        example = example or text
        if is_first:
            is_first, is_short = False, short
            possible = {order for order in ORDERS if ("short" in order) == short}
        if short != is_short:
            raise InputError(f"{file}: writes years with two digits and with four (such as '{text}'): export them as YYYY-MM-DD")
        days = {order: _day(parts, order) for order in ORDERS if ("short" in order) == short}
        if not any(days.values()):
            continue  # no day in any order: its row is rejected, the others are not
        possible = {order for order in possible if days[order]}
        if not possible:
            raise InputError(f"{file}: writes days both as day-month and month-day (such as '{example}'): export them as YYYY-MM-DD")
        if seconds is not None:
            clock = date(1970, 1, 1) + timedelta(seconds=seconds)
            for order in possible:
                clocked[order] += abs((days[order] - clock).days) <= 2
    if len(possible) == 1:
        return possible.pop()
    most = max(clocked[order] for order in possible)
    settled = [order for order in possible if clocked[order] == most]
    if len(settled) == 1:
        return settled[0]
    german = "day first, short year" if is_short else "day first"
    if "." in example and german in settled:
        return german
    raise InputError(f"{file}: a date such as '{example}' may be day-month or month-day: export dates as YYYY-MM-DD or YYYYMMDD")


def _day(parts: list[int], order: str) -> date | None:
    year, month, day = (parts[place] for place in ORDERS[order])
    if "short" in order:
        year += 2000
        if not FIRST_SHORT <= year <= LAST_SHORT:
            return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def epoch_sql(expression: str) -> str:
    """SQL for the UTC timestamp that a number text stands for, in seconds, milliseconds or microseconds; NULL where implausible."""
    number = f"try_cast({expression} as bigint)"
    return (
        f"case when {number} between 1104537600 and 4102444799 then make_timestamp({number} * 1000000) "
        f"when {number} between 1104537600000 and 4102444799999 then make_timestamp({number} * 1000) "
        f"when {number} between 1104537600000000 and 4102444799999999 then make_timestamp({number}) end"
    )


def start_sql(expression: str, values: Sequence[str], order: str | None = None) -> str:
    """SQL for the UTC timestamp of a start-time text: a number of seconds (or milli-, microseconds), else ISO, else as the sample shows.

    `order` is that of day, month and year where they stand apart.
    """
    if values and all(re.fullmatch(r"\d{9,16}(\.0)?", value) for value in values):
        if all(form_of(value) in ("compact hour", "compact minute") for value in values):
            return f"try_strptime({expression}, ['%Y%m%d%H', '%Y%m%d%H%M'])"
        return epoch_sql(expression)
    forms = {form_of(value) for value in values}
    if order:
        clock = f"try_cast(regexp_extract({expression}, '[ T](.*)$', 1) as time)"
        return f"({SQL[order].format(x=f'trim({expression})')} + {clock})"
    if forms == {"excel"}:
        return f"(timestamp '1899-12-30' + to_milliseconds(round(try_cast({expression} as double) * 86400000)::bigint))"
    with_zone = f"regexp_matches({expression}, ':[0-9][0-9]([.][0-9]+)? ?(Z|UTC|[+-][0-9][0-9](:?[0-9][0-9])?)$')"
    zoned = f"make_timestamp(epoch_us(try_cast(replace({expression}, ' UTC', 'Z') as timestamptz)))"
    return f"coalesce(case when {with_zone} then {zoned} else try_cast({expression} as timestamp) end, {epoch_sql(expression)})"
