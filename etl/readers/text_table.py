"""Sessions from a table of texts: one SQL expression a field, told apart into typed landing columns and reasons to reject.

Everything is read as text and cast row by row: a bad value rejects its row, not the file, and costs no more than typed reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb

from etl import privacy
from etl.errors import InputError
from etl.headers import shorten
from etl.readers import COLUMNS, dates

SAMPLE_ROWS = 5000
NO_NUMBER = "('', '(not set)', '(none)', 'null', 'NULL', 'None', 'nan', 'NaN', 'n/a', 'N/A', '-', 'not available in demo dataset')"
NO_ID = "('', '(not set)', 'null', 'NULL', 'None', 'nan', 'NaN', 'undefined', '(other)')"
TOTALS_WORDS = "('total', 'totals', 'grand total', 'sum', 'gesamt', 'gesamtsumme', 'summe', 'total général', 'totale', 'totaal', 'suma')"
SCIENTIFIC = r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+"
MAX_MICROS = 10**17
LABELS = (
    "device", "country", "source", "medium", "campaign", "channel", "landing_page", "browser", "operating_system", "hostname",
    "network_domain",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A relation of texts: `scan` is what stands after FROM, `fields` the text expression of each field it offers.

    `samples` holds values of fields whose form is known beforehand; others are looked up in the first rows. `has_micros` says that the
    column of money is one that Universal Analytics fills with micros. `date_header` is what the column of days is called.
    """

    file: str
    scan: str
    fields: Mapping[str, str]
    samples: Mapping[str, list[str]] = field(default_factory=dict)
    has_micros: bool = True
    date_header: str = ""

    def values(self, con: duckdb.DuckDBPyConnection, field: str) -> list[str]:
        """Non-empty values of a field among the first rows."""
        if field in self.samples:
            return self.samples[field]
        if field not in self.fields:
            return []
        query = (
            f"select trim(value) from (select {self.fields[field]} as value from {self.scan} as scan limit {SAMPLE_ROWS}) "
            f"where trim(value) not in {NO_NUMBER} limit 1000"
        )
        return [row[0] for row in con.execute(query).fetchall()]


def landing_sql(
    scan: str, columns: Mapping[str, str], raw: str | None = None, told: Mapping[str, str] | None = None, extra: Iterable[str] = ()
) -> str:
    """The SELECT of the landing columns over a scan, from the expressions of `read_columns`.

    `raw`, the row as text without its ids, adds that text, scrubbed, as a last column for rejected rows. `told` gives landing columns as
    expressions over `columns` instead of the scan. `extra` names columns to keep beside those of the landing.
    """
    told = told or {}
    typed = [f"{expression} as {name}" for name, expression in columns.items()]
    chosen = [f"{told[name]} as {name}" if name in told else _final(name, kind, columns) for name, kind in COLUMNS.items()]
    chosen += extra
    if raw:
        typed.append(f"{raw} as row_text")
        chosen.append(f"case when reject_reason is not null then {privacy.raw_sql('row_text')} end as raw")
    inner, outer = (",\n        ".join(typed), ",\n    ".join(chosen))
    return f"select\n    {outer}\nfrom (\n    select\n        {inner}\n    from {scan} as scan\n) as typed"


def _final(name: str, kind: str, columns: Mapping[str, str]) -> str:
    if name == "reject_reason":
        return f"{_reason(columns)} as reject_reason"
    if name == "started_at" and name in columns:
        # A start far from the row's own day is no clock time: some exports put counters or the first visit there.
        return "case when abs(session_date - started_at::date) <= 2 then started_at end as started_at"
    if name in columns:
        return name
    return f"null::{kind} as {name}"


def read_columns(con: duckdb.DuckDBPyConnection, table: Table, notes: list[str]) -> dict[str, str]:
    """Expression of each landing column that the table can fill, with helpers named `*_bad` and `date_text` to tell why a row is rejected.

    Looks at the first rows to learn how days, start times and money are written, and adds to `notes` what it noticed.
    """
    fields = table.fields
    columns = {"visitor_key": _visitor(fields), "visit_key": _visit(fields)}
    if fields.keys() & {"date", "start_time"}:
        columns["session_date"], columns["date_text"] = _session_date(con, table)
    else:
        columns["session_date"] = "null::date"
    started = _started_at(con, table, notes)
    if started:
        columns["started_at"] = started
    for name in ("visit_number", "hits"):
        if name in fields:
            columns[name] = f"try_cast({fields[name]} as integer)"
    for name in LABELS:
        if name in fields:
            columns[name] = fields[name]
    if "source_medium" in fields:
        for name, part in (("source", 1), ("medium", 2)):
            columns.setdefault(name, f"trim(split_part({fields['source_medium']}, ' / ', {part}))")
    if "source" in columns:
        # Analytics leaves nothing empty but what came directly; "(not set)" is something else.
        columns["source"] = f"case when coalesce({columns['source']}, '') in ('', ' ') then '(direct)' else {columns['source']} end"
    if "visitor" in fields:
        columns["needs_visitor"] = "true"
    if table.date_header:
        columns["date_header"] = privacy.literal(table.date_header)
    _counts(columns, fields, has_commas=any("," in value for value in table.values(con, "duration")))
    read_money(con, table, columns, notes)
    _note_healed(con, table, notes)
    return columns


def _note_healed(con: duckdb.DuckDBPyConnection, table: Table, notes: list[str]) -> None:
    """Count visitor ids that a spreadsheet damaged and the session id still tells."""
    if not {"visitor", "session"} <= set(table.fields):
        return
    healed = _visitor(table.fields)
    as_written = _id(table.fields["visitor"])
    rows = con.execute(f"select count(*) from {table.scan} where {healed} is distinct from {as_written}").fetchone()[0]
    if rows:
        notes.append(f"{rows:,} visitor ids were damaged (leading zeros or digits lost) and healed from the session id.")


def _session_date(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[str, str]:
    field = "date" if "date" in table.fields else "start_time"
    values = table.values(con, field)
    text = table.fields[field]
    order = _order(con, table, field, values)
    if field == "start_time" and not order and not all(dates.form_of(value) == "excel" for value in values):
        return f"({dates.start_sql(text, values)})::date", text
    return dates.date_sql(table.file, text, values, order), text


def _order(con: duckdb.DuckDBPyConnection, table: Table, field: str, values: list[str]) -> str | None:
    """The order of day, month and year in a column, from all its distinct days; None where they are written otherwise."""
    if not dates.is_parted(values):
        return None
    text = f"trim({table.fields[field]})"
    others = [name for name in ("start_time", "visit") if name in table.fields and name != field]
    clock = next((f"try_cast({table.fields[name]} as bigint)" for name in others), "null")
    pairs = con.execute(
        f"select {dates.DAY_PART.format(x=text)} as day, max(case when {clock} between 1104537600 and 4102444799 then {clock} end) "
        f"from {table.scan} where regexp_full_match({text}, '{dates.PARTED}') group by all"
    ).fetchall()
    return dates.day_month_order(table.file, pairs)


def _started_at(con: duckdb.DuckDBPyConnection, table: Table, notes: list[str]) -> str | None:
    """Start time from its own column, else from the visit id, which in Universal Analytics is the start in seconds."""
    if "start_time" in table.fields:
        values = table.values(con, "start_time")
        first = values[0] if values else ""
        if (
            first
            and not first.replace(".", "").isdigit()
            and not first.endswith(("Z", "UTC"))
            and not re.search(r"[+-]\d\d:?(\d\d)?$", first)
        ):
            notes.append("Start times are written without a time zone: they are taken as UTC.")
        return dates.start_sql(table.fields["start_time"], values, _order(con, table, "start_time", values))
    if "visit" in table.fields:
        return dates.epoch_sql(table.fields["visit"])
    if "session" in table.fields:
        return dates.epoch_sql(f"regexp_extract({table.fields['session']}, '_([0-9]+)$', 1)")
    return None


def _id(text: str) -> str:
    """An id as text: trimmed, NULL where it says nothing, without the `.0` of a number read as a float.

    Trimming costs more than all the rest of reading an id, so ids that start with a digit, as nearly all do, only lose that `.0`.
    """
    trimmed = f"trim({text})"
    return (
        f"case when {text} >= '0' and {text} < ':' then case when ends_with({text}, '.0') then {text}[:-3] else {text} end "
        f"when {trimmed} in {NO_ID} then null when ends_with({trimmed}, '.0') then {trimmed}[:-3] else {trimmed} end"
    )


WHOLE_SESSION = "regexp_full_match({session}, '[0-9]{{5,}}_[0-9]+')"


def _visitor(fields: Mapping[str, str]) -> str:
    """The visitor id: from a session id of the form `<visitor>_<visit>`, where spreadsheets cannot harm it, else as written."""
    if "session" not in fields:
        return _id(fields["visitor"])
    whole = f"case when {WHOLE_SESSION.format(session=fields['session'])} then split_part({fields['session']}, '_', 1) end"
    if "visitor" not in fields:
        return whole
    return f"coalesce({whole}, {_id(fields['visitor'])})"


def _visit(fields: Mapping[str, str]) -> str:
    for name in ("visit", "start_time"):
        if name in fields:
            return _id(fields[name])
    session = fields["session"]
    return f"case when {WHOLE_SESSION.format(session=session)} then split_part({session}, '_', 2) else {_id(session)} end"


def _counts(columns: dict[str, str], fields: Mapping[str, str], *, has_commas: bool = False) -> None:
    if "pageviews" in fields:
        columns["pageviews"] = f"coalesce(try_cast({fields['pageviews']} as integer), 0)"
        columns["pageviews_bad"] = _bad(f"try_cast({fields['pageviews']} as integer)", fields["pageviews"])
    if "duration" in fields:
        text = fields["duration"]
        clock = f"epoch(try_cast(case when regexp_full_match({text}, '[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}') then {text} end as interval))"
        number = f"regexp_replace({text}, '^([0-9]+),([0-9]{{1,2}})$', '\\1.\\2')" if has_commas else text
        seconds = f"try_cast({number} as double)"
        columns["duration_seconds"] = f"coalesce(case when {seconds} >= 0 and {seconds} < 1e8 then {seconds} end, {clock}, 0)"
        columns["duration_bad"] = (
            f"case when {seconds} is null then {_says(text)} and {clock} is null "
            f"when {seconds} >= 0 and {seconds} < 1e8 then false else {_says(text)} end"
        )
    if "bounces" in fields:
        text = f"lower(trim({fields['bounces']}))"
        columns["is_bounce"] = f"coalesce(coalesce(try_cast({text} as double) > 0, {text} in ('true', 'yes')), false)"
    if "key_events" in fields:
        text = f"lower(trim({fields['key_events']}))"
        columns["stage"] = f"case when try_cast({text} as double) > 0 or {text} in ('true', 'yes') then 3::tinyint end"


def _says(text: str) -> str:
    """Whether a text is there and is not one of the words for missing."""
    return f"case when {text} is null then false else trim({text}) not in {NO_NUMBER} end"


def _bad(number: str, text: str) -> str:
    """Whether a text is there but is no such number, or a negative one."""
    return f"case when {number} is null then {_says(text)} else {number} < 0 end"


def read_money(con: duckdb.DuckDBPyConnection, table: Table, columns: dict[str, str], notes: list[str]) -> None:
    """Add the expressions of revenue and transactions to the columns, with what tells bad amounts."""
    fields = table.fields
    if "revenue" in fields:
        text = fields["revenue"]
        values = table.values(con, "revenue")
        mark = decimal_mark(table.file, values)
        if mark == "." and _is_micros(values, table.has_micros):
            amount = f"try_cast({text} as bigint)"
            if not table.has_micros:
                notes.append("Revenue is written in micros, as its amounts tell: it is turned into currency units.")
        else:
            if table.has_micros:
                notes.append("Revenue is written in currency units, not in micros: it is taken as it stands.")
            if mark == ",":
                notes.append("Amounts are written with a decimal comma: 1.234,56 is read as 1,234.56.")
            amount = f"try_cast({_comma_amount(text) if mark == ',' else _plain_amount(text)} as decimal(18, 6))"
            amount = f"(case when abs({amount}) < 100000000000 then {amount} end::decimal(24, 6) * 1000000)::bigint"
        columns["revenue_micros"] = f"coalesce({amount}, 0)"
        columns["refund"] = f"coalesce({amount} < 0, false)"
        columns["revenue_bad"] = _bad(f"case when {amount} <= {MAX_MICROS} then {amount} end", text)
    if "transactions" in fields:
        columns["transactions"] = f"coalesce(try_cast({fields['transactions']} as integer), 0)"
        columns["transactions_bad"] = _bad(f"try_cast({fields['transactions']} as integer)", fields["transactions"])
    elif "revenue" in fields:
        columns["transactions"] = f"case when {columns['revenue_micros']} > 0 then 1 else 0 end"
    elif "key_events" in fields:
        columns["transactions"] = "0"
    if "transactions" in columns and "revenue" not in fields:
        columns["revenue_micros"] = "0::bigint"
        notes.append("There is no revenue column: revenue counts as 0.")


def _plain_amount(text: str) -> str:
    """An amount without currency sign and thousands separators: `$1,234.50` is 1234.50."""
    return f"regexp_replace(regexp_replace({text}, '^[^0-9.-]+|[^0-9]+$', '', 'g'), ',([0-9]{{3}})', '\\1', 'g')"


def _comma_amount(text: str) -> str:
    """The same for amounts with a decimal comma: `1.234,50 €` is 1234.50, and `12.5` is none."""
    bare = f"regexp_replace({text}, '^[^0-9-]+|[^0-9]+$|[ \u00a0\u202f]', '', 'g')"
    return (
        f"case when regexp_full_match({bare}, '-?([0-9]{{1,3}}([.][0-9]{{3}})+|[0-9]+)(,[0-9]+)?') "
        f"then replace(replace({bare}, '.', ''), ',', '.') end"
    )


def decimal_mark(file: str, values: list[str]) -> str:
    """Whether a point or a comma stands before the cents of a column's amounts; refuses a column that has both."""
    commas = [value for value in values if re.search(r"\d,(\d{1,2}|\d{4,})\D*$|\.\d{3},\d|\d\.\d{3}\.\d{3}\D*$", value)]
    points = [value for value in values if re.search(r"\d\.(\d{1,2}|\d{4,})\D*$|,\d{3}\.\d|\d,\d{3},\d{3}\D*$", value)]
    points = [value for value in points if not re.search(r"[eE]", value)]
    if commas and points:
        raise InputError(
            f"{file}: writes amounts both with a decimal comma and with a decimal point (such as '{shorten(commas[0], 20)}' and "
            f"'{shorten(points[0], 20)}'): export them in one way"
        )
    return "," if commas else "."


def _is_micros(values: list[str], has_micros: bool) -> bool:
    """Whether money is written in micros, as Universal Analytics does in columns of its own names.

    Fractions, currency signs and amounts all below a cent of micros tell currency units. Under another name whole amounts are micros only
    where they would be absurd as units: none below a million and all of them whole cents.
    """
    amounts = []
    for value in values:
        if re.search(r"\.\d\d|[.]\d*[1-9]|[^\w\s.,+-]", value) and not re.fullmatch(r"[\d.]+[eE]\+?\d+", value):
            return False
        try:
            amounts.append(abs(float(value)))
        except ValueError:
            continue
    amounts = [amount for amount in amounts if amount]
    if has_micros:
        return not amounts or max(amounts) >= 10_000
    return bool(amounts) and min(amounts) >= 1_000_000 and all(amount % 10_000 == 0 for amount in amounts)


def _reason(columns: Mapping[str, str]) -> str:
    """Why a row is not loaded; NULL for a good one."""
    damaged = "case when contains({id}, 'E') or contains({id}, 'e') then regexp_full_match({id}, '" + SCIENTIFIC + "') else false end"
    cases = [
        (damaged.format(id="visitor_key"), "visitor id damaged by a spreadsheet (scientific notation)"),
        ("visit_key is null", "visit id missing"),
        (damaged.format(id="visit_key"), "visit id damaged by a spreadsheet (scientific notation)"),
    ]
    if "date_text" in columns:
        cases += [
            (f"session_date is null and {_says('date_text')}", "date is not a date"),
            ("session_date is null", "date missing"),
            (f"session_date not between date '{dates.EARLIEST}' and date '{dates.LATEST}'", "date before 2005 or after 2100"),
        ]
    if "needs_visitor" in columns:
        cases.insert(0, ("visitor_key is null", "visitor id missing"))
    if "record_bad" in columns:
        cases.insert(0, ("record_bad", "record cannot be read"))
    for name, what in (
        ("totals_bad", "totals missing"),
        ("date_bad", "date is not a date"),
        ("converted_bad", "conversion is neither yes nor no"),
        ("bounces_bad", "bounce is neither yes nor no"),
        ("pageviews_bad", "pageviews is not a count"),
        ("duration_bad", "duration is not a number of seconds"),
        ("transactions_bad", "transactions is not a count"),
        ("refund", "revenue is negative (a refund): sessions carry what was bought"),
        ("revenue_bad", "revenue is not an amount"),
    ):
        if name in columns:
            cases.append((name, what))
    bad = " or ".join(f"({condition})" for condition, _ in cases)
    if "date_header" in columns:
        cases.insert(0, ("trim(date_text) = trim(date_header)", "headers repeated inside the file"))
        cases.insert(1, (f"lower(trim(coalesce(nullif(trim(visitor_key), ''), date_text, ''))) in {TOTALS_WORDS}", "a row of totals"))
    return f"case when {bad} then case " + " ".join(f"when {condition} then '{what}'" for condition, what in cases) + " end end"
