"""Answers of the Data API (GA4) and of the Reporting API (Universal Analytics), as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from etl import privacy
from etl.errors import InputError
from etl.headers import shorten
from etl.reports import numbers
from etl.reports.model import MOST_ROWS, Reject, Report, Row, Table
from etl.reports.terms import Term, term
from etl.reports.text_tables import COUNTS, resolve_days

MOST_PARTS = 25 * MOST_ROWS
"""Objects and lists of an answer: a row of five dimensions and five metrics has 13. More are refused before they take memory."""

GA4_KEYS = ({"metricHeaders"}, {"dimensionHeaders"}, {"dimensionValues", "metricValues"})
UNIVERSAL_KEYS = ({"columnHeaders", "totalsForAllResults"}, {"columnHeaders", "profileInfo"}, {"columnHeader", "metricHeaderEntries"})


def is_answer(keys: set[str]) -> bool:
    """Whether the names of fields in a JSON text are those of an answer."""
    return any(some <= keys for some in (*GA4_KEYS, *UNIVERSAL_KEYS))


def read(text: str, name: str) -> Report:
    """All tables of an answer; raises InputError where it is no whole answer, or too long a one."""
    if text.count("{") + text.count("[") > MOST_PARTS:
        raise InputError(f"{name}: has more parts than an answer of {MOST_ROWS:,} rows: ask for fewer days at a time")
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():  # halves of characters, which nothing can store
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        raise InputError(f"{name}: starts like an answer of the Analytics API but is not valid JSON: save the whole answer again") from None
    answers = list(_answers(value))
    is_universal = any("columnHeaders" in answer or "columnHeader" in answer for answer in answers)
    report = Report("ua-report-api" if is_universal else "ga4-data-api")
    if not answers:
        raise InputError(f"{name}: holds no answer of the Analytics API (no metricHeaders): save the whole answer, with its headers")
    for answer in answers:
        try:
            rows = _list(answer["data"] if isinstance(answer.get("data"), dict) else answer, "rows")
            if len(rows) > MOST_ROWS:
                raise InputError(f"{name}: has {len(rows):,} rows, more than the {MOST_ROWS:,} that are read: ask for fewer days at a time")
            if "columnHeaders" in answer:
                _universal_v3(report, answer)
            elif "columnHeader" in answer:
                _universal_v4(report, answer)
            else:
                _ga4(report, answer)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as problem:
            lacks = f"lacks {problem.args[0]}" if isinstance(problem, KeyError) else "is not built as one"
            raise InputError(f"{name}: is an answer of the Analytics API that {lacks}: save the whole answer again") from None
    return report


def _answers(value: Any, depth: int = 0) -> Iterator[dict]:
    """The single answers in what may be one of them, a batch, or a list of either."""
    if isinstance(value, list) and depth < 3:
        for item in value[:1000]:
            yield from _answers(item, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        inside = [value[key] for key in ("reports", "pivotReports", "response") if isinstance(value.get(key), (list, dict))]
        if inside:
            for part in inside:
                yield from _answers(part, depth + 1)
        elif any(key in value for key in ("metricHeaders", "dimensionHeaders", "columnHeaders", "columnHeader", "rows")):
            yield value


def _list(value: dict, key: str) -> list:
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(key)
    return found


def _ga4(report: Report, answer: dict) -> None:
    if "metricHeaders" not in answer:
        raise KeyError("metricHeaders")
    dimensions = tuple(term(str(item["name"])) for item in _list(answer, "dimensionHeaders"))
    metrics = tuple(term(str(item["name"])) for item in _list(answer, "metricHeaders"))
    table = Table(dimensions, metrics, row_count=_whole(answer.get("rowCount")))
    sums: list[tuple[tuple[str, ...], Row]] = []
    before = report.rows
    listed = [*_list(answer, "rows"), *_list(answer, "totals"), *_list(answer, "aggregates")]
    for number, item in enumerate(listed, start=before + 1):
        labels = tuple(_text(cell) for cell in _list(item, "dimensionValues"))
        cells = [_text(cell) for cell in _list(item, "metricValues")]
        own = [label for label, kind in zip(labels, dimensions, strict=False) if kind.field != "date_range"]
        if any(label in ("RESERVED_MAX", "RESERVED_MIN") for label in own):
            continue
        row = _row(table, number, labels, cells)
        if row is not None and "RESERVED_TOTAL" in own:
            is_whole = all(label == "RESERVED_TOTAL" for label in own)
            if is_whole:
                sums.append((labels, row))
            else:
                table.subtotals.append(row)
        elif row is not None:
            table.rows.append(row)
    _finish_ga4(report, answer, table, sums)


def _finish_ga4(report: Report, answer: dict, table: Table, sums: list[tuple[tuple[str, ...], Row]]) -> None:
    metadata = answer.get("metadata") or {}
    report.currency = report.currency or str(metadata.get("currencyCode") or "")
    report.time_zone = report.time_zone or str(metadata.get("timeZone") or "")
    report.is_thresholded = report.is_thresholded or metadata.get("subjectToThresholding") is True
    report.has_other_row = report.has_other_row or metadata.get("dataLossFromOtherRow") is True
    for sampling in _list(metadata, "samplingMetadatas"):
        _sampled(report, sampling.get("samplesReadCount"), sampling.get("samplingSpaceSize"))
    place = table.dimension("date_range")
    whole = table
    parts = _by_range(table)
    for part in parts:
        resolve_days(part, False)
        part.since, part.until = _days(part)
        wanted = f"date_range_{part.range_number}"
        part.totals = [
            Row(row.number, ("",) * len(part.dimensions), row.values) for labels, row in sums if place is None or labels[place] == wanted
        ]
    kept = {row.number for part in parts for row in part.totals}
    parts[0].subtotals += [row for _, row in sums if row.number not in kept]
    if len(parts) > 1:
        parts[0].notes.append("The answer holds two date ranges: each is a table of its own, the first is the one asked for.")
    if whole.row_count is not None and whole.row_count > max(len(part.rows) for part in parts):
        present = max(len(part.rows) for part in parts)
        parts[0].notes.append(f"The answer holds {present:,} of {whole.row_count:,} rows: ask for the rest with offset, or a larger limit.")
    report.tables += parts


def _by_range(table: Table) -> list[Table]:
    place = table.dimension("date_range")
    if place is None:
        return [table]
    names = sorted({row.labels[place] for row in table.rows}) or ["date_range_0"]
    parts = []
    for index, name in enumerate(names):
        part = Table((*table.dimensions[:place], *table.dimensions[place + 1 :]), table.metrics, row_count=table.row_count)
        part.range_number = int(name[-1]) if name[-1:].isdigit() else index
        part.rows = [
            Row(row.number, (*row.labels[:place], *row.labels[place + 1 :]), row.values) for row in table.rows if row.labels[place] == name
        ]
        parts.append(part)
    parts[0].rejects, parts[0].subtotals = table.rejects, table.subtotals
    return parts


def _universal_v3(report: Report, answer: dict) -> None:
    headers = _list(answer, "columnHeaders")
    terms = [term(str(item["name"]), is_universal=True) for item in headers]
    kinds = [item.get("columnType") == "METRIC" for item in headers]
    dimensions = tuple(item for item, is_metric in zip(terms, kinds, strict=True) if not is_metric)
    metrics = tuple(item for item, is_metric in zip(terms, kinds, strict=True) if is_metric)
    table = Table(
        dimensions,
        metrics,
        row_count=_whole(answer.get("totalResults")),
        title=str((answer.get("profileInfo") or {}).get("profileName", "")),
    )
    before = number = report.rows
    for number, item in enumerate(_list(answer, "rows"), start=before + 1):
        cells = [_text({"value": cell}) for cell in item]
        labels = tuple(cell for cell, is_metric in zip(cells, kinds, strict=False) if not is_metric)
        row = _row(table, number, labels, [cell for cell, is_metric in zip(cells, kinds, strict=False) if is_metric], width=len(cells))
        if row is not None:
            table.rows.append(row)
    sums = answer.get("totalsForAllResults") or {}
    if sums:
        row = _row(table, number + 1, ("",) * len(dimensions), [str(sums.get(item.name, "")) for item in metrics])
        table.totals += [row] if row else []
    query = answer.get("query") or {}
    if answer.get("containsSampledData") is True:
        _sampled(report, answer.get("sampleSize"), answer.get("sampleSpace"))
    resolve_days(table, True)
    written = [_iso(query.get(key)) for key in ("start-date", "end-date")]
    table.since, table.until = written if all(written) else _days(table)
    _missing_rows(table)
    report.tables.append(table)


def _universal_v4(report: Report, answer: dict) -> None:
    header, data = answer["columnHeader"], answer.get("data") or {}
    dimensions = tuple(term(str(name), is_universal=True) for name in _list(header, "dimensions"))
    metrics = tuple(term(str(item["name"]), is_universal=True) for item in header["metricHeader"]["metricHeaderEntries"])
    rows, totals = _list(data, "rows"), _list(data, "totals")
    ranges = max([len(_list(item, "metrics")) for item in rows[:1]] or [1])
    number = report.rows
    tables = []
    for index in range(ranges):
        table = Table(dimensions, metrics, row_count=_whole(data.get("rowCount")), range_number=index)
        for item in rows:
            number += 1
            labels = tuple(str(label) for label in _list(item, "dimensions"))
            values = _list(item, "metrics")
            row = _row(table, number, labels, [str(cell) for cell in values[index]["values"]] if index < len(values) else [])
            if row is not None:
                table.rows.append(row)
        if index < len(totals):
            number += 1
            row = _row(table, number, ("",) * len(dimensions), [str(cell) for cell in totals[index]["values"]])
            table.totals += [row] if row else []
        resolve_days(table, True)
        table.since, table.until = _days(table)
        _missing_rows(table)
        tables.append(table)
    for read, space in zip(_list(data, "samplesReadCounts"), _list(data, "samplingSpaceSizes"), strict=False):
        _sampled(report, read, space)
    if len(tables) > 1:
        tables[0].notes.append("The answer holds two date ranges: each is a table of its own, the first is the one asked for.")
    report.tables += tables


def _missing_rows(table: Table) -> None:
    if table.row_count is not None and table.row_count > len(table.rows):
        table.notes.append(f"The answer holds {len(table.rows):,} of {table.row_count:,} rows: ask for the next pages too.")


def _row(table: Table, number: int, labels: tuple[str, ...], cells: list[str], width: int | None = None) -> Row | None:
    """A row with its numbers; None, and a reject, where it cannot be read."""
    want = len(table.dimensions) + len(table.metrics)
    have = width if width is not None else len(labels) + len(cells)
    raw = privacy.raw(", ".join((*labels, *cells)))
    if have != want or len(labels) != len(table.dimensions):
        table.rejects.append(Reject(number, f"it has {have} fields where the headers have {want}", raw))
        return None
    values = []
    for item, cell in zip(table.metrics, cells, strict=True):
        try:
            values.append(_value(item, cell))
        except ValueError:
            table.rejects.append(Reject(number, f"its {shorten(item.name)} is no number", raw))
            return None
    return Row(number, labels, tuple(values))


def _value(item: Term, cell: str) -> float | None:
    if not item.field:
        return None
    return numbers.count(cell) if item.field in COUNTS else numbers.amount(cell)


def _text(cell: Any) -> str:
    value = cell.get("value", "") if isinstance(cell, dict) else cell
    return "" if value is None else str(value)


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int) or isinstance(value, str) and value.isdigit() and len(value) < 12 else None


def _sampled(report: Report, read: Any, space: Any) -> None:
    read, space = _whole(read), _whole(space)
    if read and space and read < space:
        report.sampled_share = min(report.sampled_share or 1.0, read / space)
        report.notes.append(f"The figures are computed from a sample: {read:,} of {space:,} events or sessions.")


def _iso(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _days(table: Table) -> tuple[date | None, date | None]:
    """First and last day of its date column; the answer itself does not say what was asked for.

    Of two date ranges each has a row of zeros for the days of the other.
    """
    place = table.dimension("date")
    days = [_iso(row.labels[place]) for row in table.rows if any(row.values)] if place is not None else []
    days = [day for day in days if day]
    return (min(days), max(days)) if days else (None, None)
