"""CSV downloads of the interface: comments, several tables in one file, totals rows, pivots, two languages of numbers."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from etl import privacy
from etl.errors import InputError
from etl.headers import shorten
from etl.reports import numbers
from etl.reports.model import MOST_ROWS, Reject, Report, Row, Table
from etl.reports.terms import Term, squeeze, term

DATES = re.compile(r"(?<!\d)(20\d\d)[-/.]?(0[1-9]|1[0-2])[-/.]?(0[1-9]|[12]\d|3[01])(?!\d)")
CAUTION = re.compile(
    r"sampl|échantillon|stichprobe|muestre|campion|amostra|threshold|schwellenwert|seuil|umbral|soglia|drempel", re.IGNORECASE
)

TOTALS = frozenset(
    squeeze(word)
    for word in (
        "Grand total", "Totals", "Total", "Gesamtsumme", "Gesamt", "Summe", "Total général", "Totaux", "Total general", "Totales",
        "Totale complessivo", "Totale", "Totali", "Total geral", "Totais", "Eindtotaal", "Totaal", "Totalen", "Suma końcowa", "Suma",
        "総計", "合計", "Общий итог", "Итого", "Genel toplam", "Toplam", "总计", "총계", "RESERVED_TOTAL",
    )
)  # fmt: skip

UNIVERSAL_HEADERS = frozenset(
    [
        "dayindex",
        "defaultchannelgrouping",
        "sourcemedium",
        "bouncerate",
        "pagessession",
        "avgsessionduration",
        "ecommerceconversionrate",
        "newsessions",
        "goalconversionrate",
        "goalcompletions",
        "goalvalue",
    ]
)
"""Headers that Universal Analytics has and GA4 does not; bounceRate stands in both and decides nothing alone."""


MOST_LINES = 4 * MOST_ROWS
"""Lines of a file with several tables: more are refused before they take memory."""


@dataclass
class _Block:
    """Lines of a file between comments and blank lines, with what the comments above say."""

    records: list[list[str]]
    comments: list[str]
    dates: list[date]
    titles: list[str] = field(default_factory=list)


def read(text: str, delimiter: str, name: str, *, is_preambled: bool = True) -> Report:
    """All tables of a download.

    Parameters
    ----------
    text : the whole file.
    delimiter : what separates its fields.
    name : of the file, for messages.
    is_preambled : whether it starts with lines of '#'; a bare table has no dates but those of a date column.

    Raises
    ------
    InputError : a table is longer than the interface can write.
    """
    if text.count("\n") > MOST_LINES:
        raise InputError(
            f"{name}: has more than {MOST_LINES:,} lines, where the interface gives at most {MOST_ROWS:,} rows a table: "
            "split the report by date, or load the BigQuery export"
        )
    blocks = _blocks(text, delimiter)
    cells = [cell for block in blocks for record in block.records[1:400] for cell in record]
    is_universal = _is_universal(blocks, cells)
    is_comma = is_universal and numbers.comma_is_decimal(cells)
    report = Report("ua-report-csv" if is_universal else "ga4-report-csv")
    titles = [line for line in _comment_lines(text) if not DATES.search(line)]
    report.title = titles[0] if titles else ""
    report.notes += [f"The report says: {shorten(line, 160)}" for line in titles if CAUTION.search(line)]
    number = 0
    for block in blocks:
        if len(block.records) > MOST_ROWS + 10:
            raise InputError(
                f"{name}: has a table of {len(block.records):,} rows, where the interface gives at most {MOST_ROWS:,}: "
                "split the report by date, or load the BigQuery export"
            )
        for table in _tables(block, is_universal, is_comma, number):
            number += table.size
            report.tables.append(table)
    for table in report.tables:
        if len(table.rows) == MOST_ROWS:
            table.notes.append(f"A table has exactly {MOST_ROWS:,} rows, where the interface cuts: smaller rows are missing.")
        elif is_universal and len(table.rows) == 5_000:
            table.notes.append("A table has exactly 5,000 rows, where the interface cuts: smaller rows are missing.")
    return report


def _comment_lines(text: str) -> list[str]:
    lines = (line.strip().strip('"').lstrip("#").strip() for line in text.splitlines() if line.lstrip('"').startswith("#"))
    return [line.rstrip(",;\t ") for line in lines if line.strip("-,;\t ")]


def _blocks(text: str, delimiter: str) -> list[_Block]:
    """The runs of records. A comment starts with '#'; in a table a row may, so there it must also have another number of fields."""
    blocks: list[_Block] = []
    comments: list[str] = []
    dates: list[date] = []
    lines: list[str] = []
    was_comment = False

    def close() -> None:
        nonlocal lines
        if lines:
            records = _records(lines, delimiter)
            if records:
                blocks.append(_Block(records, list(comments), list(dates)))
        lines = []

    width = 0
    in_quotes = False
    for line in text.splitlines():
        if in_quotes:
            lines.append(line)
            in_quotes ^= line.count('"') % 2 == 1
            continue
        is_blank = not line.strip(f'{delimiter} \t"')
        starts = line.lstrip('"').startswith("#")
        if starts and not (lines and line.count(delimiter) + 1 == width):
            close()
            if not was_comment:
                comments = []
            found = [_day(match) for match in DATES.finditer(line)]
            if found:
                # Dates of an earlier table do not last beyond the first of a new comment.
                dates = found if not (was_comment and any(DATES.search(said) for said in comments)) else dates + found
            comments.append(line)
            was_comment = True
        elif is_blank:
            close()
        else:
            if not lines:
                width = line.count(delimiter) + 1
            lines.append(line)
            in_quotes = line.count('"') % 2 == 1
            was_comment = False
    close()
    return blocks


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    records = []
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return records
        except csv.Error:
            record = ["\x00"]  # a field too long to be one: rejected for its number of fields
        if record:
            records.append(record)


def _day(match: re.Match) -> date:
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return date(int(match[1]), int(match[2]), 28)


def _is_universal(blocks: list[_Block], cells: list[str]) -> bool:
    headers = {squeeze(cell) for block in blocks for cell in block.records[0]}
    if len(headers & UNIVERSAL_HEADERS - {"bouncerate", "goalvalue"}):
        return True
    return any(numbers.looks_local(cell) for cell in cells) and not any(name.startswith("session") and len(name) > 8 for name in headers)


def _tables(block: _Block, is_universal: bool, is_comma: bool, number: int) -> list[Table]:
    """The tables of a block: one, or one for each date range that a column tells apart."""
    header, body = block.records[0], block.records[1:]
    terms = [term(cell, is_universal=is_universal) for cell in header]
    if body and _is_second_header(terms, body[0], is_universal):
        table = _pivot(header, body, is_universal, is_comma, number)
    else:
        while len(terms) > 1 and not terms[-1].name:
            terms.pop()
        split = _first_metric(terms, body)
        table = Table(tuple(terms[:split]), tuple(terms[split:]))
        _read_rows(table, body, is_comma, number)
    table.title = "; ".join(line.lstrip("# ").strip() for line in block.comments if line.strip('"#-,; \t') and not DATES.search(line))
    if len(block.dates) >= 2:
        table.since, table.until = block.dates[0], block.dates[1]
    elif block.dates:
        table.since = table.until = block.dates[0]
    if table.since and table.until and table.since > table.until:
        table.since, table.until = table.until, table.since
    resolve_days(table, is_universal)
    return split_ranges(table, block.dates)


def _is_second_header(terms: list[Term], second: list[str], is_universal: bool) -> bool:
    """Whether the second record is a header too: it names metrics where the first names none."""
    if any(item.is_metric for item in terms):
        return False
    below = [term(cell, is_universal=is_universal) for cell in second]
    return any(item.is_metric for item in below) and not any(_is_number(cell) for cell in second if cell.strip())


def _first_metric(terms: list[Term], body: list[list[str]]) -> int:
    """Where dimensions end: at the first header that is a metric, or an unknown one above numbers alone."""
    for place, item in enumerate(terms):
        if item.is_metric:
            return place
        if item.is_dimension:
            continue
        sample = [row[place].strip() for row in body[:50] if place < len(row) and row[place].strip()]
        if sample and all(_is_number(cell) for cell in sample):
            return place
    return len(terms)


def _is_number(cell: str) -> bool:
    try:
        return numbers.amount(cell) is not None
    except ValueError:
        return bool(re.fullmatch(r"\d\d:\d\d:\d\d", cell.strip()))


def _read_rows(table: Table, body: list[list[str]], is_comma: bool, before: int) -> None:
    width, ends = len(table.dimensions) + len(table.metrics), len(table.dimensions)
    for number, record in enumerate(body, start=before + 1):
        row = list(record)
        extra = row.pop().strip() if len(row) == width + 1 else ""
        while len(row) > width and not row[-1].strip():
            row.pop()
        if len(row) != width:
            table.rejects.append(_reject(number, f"it has {len(record)} fields where the header has {width}", record))
            continue
        labels = tuple(cell.strip() for cell in row[:ends])
        is_total = squeeze(extra) in TOTALS if extra else False
        if ends:
            is_total = is_total or not any(labels) or squeeze(labels[0]) in TOTALS and not any(labels[1:])
        if extra and not is_total:
            table.rejects.append(_reject(number, f"it has {len(record)} fields where the header has {width}", record))
            continue
        try:
            values = tuple(_value(item, cell, is_comma) for item, cell in zip(table.metrics, row[ends:], strict=True))
        except ValueError as problem:
            table.rejects.append(_reject(number, str(problem), record))
            continue
        if is_total:
            table.totals.append(Row(number, ("",) * ends, values))
        else:
            table.rows.append(Row(number, labels, values))


COUNTS = frozenset({"sessions", "converting_sessions", "transactions"})


def _value(item: Term, cell: str, is_comma: bool) -> float | None:
    if not item.field:
        return None
    try:
        # GA4 may share a key event between sources, so that it counts fractions; Universal Analytics writes whole ones with thousands.
        is_count = item.field in COUNTS or (is_comma and item.field == "key_events")
        value = numbers.count(cell) if is_count else numbers.amount(cell, is_comma=is_comma)
    except ValueError:
        raise ValueError(f"its {shorten(item.name)} is no number") from None
    return value


def _reject(number: int, reason: str, record: list[str]) -> Reject:
    return Reject(number, reason, privacy.raw(", ".join(record)))


def _pivot(header: list[str], body: list[list[str]], is_universal: bool, is_comma: bool, number: int) -> Table:
    """A table whose columns are the values of one dimension, unfolded: a row for each row and column.

    The first header has that dimension's name above the row dimensions and its values above the metrics, the second names the metrics.
    """
    second = [term(cell, is_universal=is_universal) for cell in body[0]]
    start = next(place for place, item in enumerate(second) if item.is_metric)
    across = next((item for item in (term(cell, is_universal=is_universal) for cell in header[:start]) if item.is_dimension), None)
    across = across or term(next((cell for cell in header[:start] if cell.strip()), ""))
    columns = second[start:]
    while columns and not columns[-1].name:
        columns.pop()
    metrics = list(dict.fromkeys(columns))
    size = len(metrics)
    table = Table((*second[:start], across), tuple(metrics))
    groups = []
    for first in range(0, len(columns), size):
        labels = [cell.strip() for cell in header[start + first : start + first + size] if cell.strip()]
        groups.append((start + first, labels[0] if labels else ""))
    for record in body[1:]:
        row = list(record)
        extra = row.pop().strip() if len(row) == start + len(columns) + 1 else ""
        if len(row) != start + len(columns) or (extra and squeeze(extra) not in TOTALS):
            number += 1
            reason = f"it has {len(record)} fields where the header has {start + len(columns)}"
            table.rejects.append(_reject(number, reason, record))
            continue
        labels = tuple(cell.strip() for cell in row[:start])
        is_total = bool(extra) or not any(labels) or (squeeze(labels[0]) in TOTALS and not any(labels[1:]))
        for place, label in groups:
            cells = row[place : place + size]
            is_sum = not label or squeeze(label) in TOTALS
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            try:
                values = tuple(_value(item, cell, is_comma) for item, cell in zip(metrics, cells, strict=True))
            except ValueError as problem:
                table.rejects.append(_reject(number, str(problem), cells))
                continue
            if is_total and is_sum:
                table.totals.append(Row(number, ("",) * (start + 1), values))
            elif is_total or is_sum:
                table.subtotals.append(Row(number, ("",) * (start + 1), values))
            else:
                table.rows.append(Row(number, (*labels, label), values))
    return _without_blank_dimensions(table)


def _without_blank_dimensions(table: Table) -> Table:
    """A table without the columns that have neither header nor labels: a pivot leaves one to hold the name of what stands across."""
    kept = [place for place, item in enumerate(table.dimensions) if item.name or any(row.labels[place] for row in table.rows)]
    if len(kept) < len(table.dimensions):
        table.dimensions = tuple(table.dimensions[place] for place in kept)
        for rows in (table.rows, table.totals, table.subtotals):
            rows[:] = [Row(row.number, tuple(row.labels[place] for place in kept), row.values) for row in rows]
    return table


def resolve_days(table: Table, is_universal: bool) -> None:
    """Write days as YYYYMMDD: the nth day counts from the table's first, and an index of days is written as the interface writes dates."""
    for place, item in enumerate(table.dimensions):
        if item.field not in ("nth_day", "day_index", "date"):
            continue
        labels = [row.labels[place] for row in table.rows]
        if item.field == "nth_day" or (labels and all(re.fullmatch(r"\d{4}", label) for label in labels)):
            days = [_nth(label, table.since) for label in labels]
        else:
            days = _written_days(labels, table.since, table.until)
        if all(days):
            for index, (row, when) in enumerate(zip(table.rows, days, strict=True)):
                changed = (*row.labels[:place], when.strftime("%Y%m%d"), *row.labels[place + 1 :])
                table.rows[index] = Row(row.number, changed, row.values)
            dimensions = list(table.dimensions)
            dimensions[place] = Term(item.name, "date")
            table.dimensions = tuple(dimensions)
            if table.since is None and days:
                table.since, table.until = min(days), max(days)
        else:
            table.dimensions = tuple(
                Term(other.name, "") if position == place else other for position, other in enumerate(table.dimensions)
            )


def _nth(label: str, since: date | None) -> date | None:
    if since is None or not re.fullmatch(r"\d{1,4}", label):
        return None
    return since + timedelta(days=int(label))


def _written_days(labels: list[str], since: date | None, until: date | None) -> list[date | None]:
    """Dates in whichever order of day, month and year puts them all into the report's range."""
    for pattern in (
        "%Y%m%d",
        "%Y-%m-%d",
        "%m/%d/%y",
        "%d/%m/%y",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d.%m.%y",
        "%d.%m.%Y",
        "%d-%m-%y",
        "%d-%m-%Y",
        "%Y/%m/%d",
    ):
        try:
            days = [datetime.strptime(label, pattern).date() for label in labels]
        except ValueError:
            continue
        if since is None or all(since <= day <= until for day in days):
            return days
    return [None] * len(labels)


def split_ranges(table: Table, dates: list[date]) -> list[Table]:
    """A table apart for each date range that a column tells; the same table where none does."""
    place = table.dimension("date_range")
    if place is None:
        return [table]
    ranges = list(dict.fromkeys(row.labels[place] for row in table.rows))
    parts = []
    for index, label in enumerate(ranges):
        dimensions = (*table.dimensions[:place], *table.dimensions[place + 1 :])
        part = Table(dimensions, table.metrics, title=table.title, notes=list(table.notes))
        order = int(label[-1]) if re.fullmatch(r"date_range_\d", label) else index
        part.range_number = order
        for row in table.rows:
            if row.labels[place] == label:
                part.rows.append(Row(row.number, (*row.labels[:place], *row.labels[place + 1 :]), row.values))
        if len(dates) >= 2 * order + 2:
            part.since, part.until = dates[2 * order], dates[2 * order + 1]
        parts.append(part)
    if not parts:
        return [table]
    parts.sort(key=lambda part: part.range_number)
    parts[0].rejects = table.rejects
    if len(parts) == 1:
        parts[0].totals = table.totals
    else:
        # Of which range a totals row is cannot be told here; the answers of APIs say it.
        parts[0].subtotals = table.totals + table.subtotals
    return parts
