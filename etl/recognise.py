"""What a file is, told from its content: which export, how it is wrapped, and whether its sessions can be read."""

from __future__ import annotations

import codecs
import csv
import functools
import io
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from etl import headers
from etl.containers import Container, open_container
from etl.errors import InputError, NeedsRewriting
from etl.headers import shorten
from etl.mapping import ColumnMap
from etl.notices import NO_CONVERSIONS, sampled
from etl.reports import aggregates as report_rates
from etl.reports import recognise as reports

JSON_COLUMNS = ("device", "geoNetwork", "totals", "trafficSource")
GA360_KEYS = {"visitId", "totals", "trafficSource", "fullVisitorId", "visitStartTime", "geoNetwork", "hits", "channelGrouping"}
GA4_KEYS = {"event_name", "event_timestamp", "event_params", "user_pseudo_id", "event_date", "traffic_source"}
GA4_NEEDED = ("event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id")
MAX_COLUMNS = 2000


@dataclass(frozen=True)
class Source:
    """A file whose format is known.

    `columns` are its headers or top-level fields in their order; `fields` gives the position of the column for each field of
    `etl.headers.ALIASES` that a CSV offers; `container` (for JSON) tells one object a line from one array of objects.
    `mapping` is the column map a table is read by, bound to its columns.
    `shape` is the full type of a Parquet file: files of one shape can be read in one scan, `together`.
    """

    path: Path
    format: str
    compression: str = "none"
    encoding: str = "utf-8"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    fields: dict[str, int] = field(default_factory=dict)
    has_hits: bool = False
    container: str = "csv"  # csv, json-lines, json-array, parquet or report
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    label: str = ""  # what the file is called where its path does not say, as a member of an archive
    sample: str = field(default="", repr=False)
    shape: str = field(default="", repr=False)
    together: tuple[Path, ...] = ()
    load_ids: tuple[int, ...] = ()
    mapping: ColumnMap | None = None

    @property
    def name(self) -> str:
        return self.label or self.path.name

    def reads_with(self, other: Source) -> bool:
        """Whether one scan can read this file and another."""
        return bool(self.shape) and (self.format, self.shape) == (other.format, other.shape)


def recognise(path: Path | str, mapping: ColumnMap | None = None, label: str = "") -> Source:
    """Tell the format of a file, or raise InputError with one line: which file, what it is, what is wrong, what to do.

    With a column map it is taken as a table of sessions that the map describes. `label` is what to call the file where its path does
    not say it.
    """
    path = Path(path)
    try:
        return replace(_recognise(path, mapping), label=label)
    except InputError as error:
        named = str(InputError(f"{path.name}:"))  # as a message has it, whose blanks are single ones
        if label and str(error).startswith(f"{named} "):
            error.args = (f"{label}{str(error)[len(named) - 1 :]}",)
        raise


def _recognise(path: Path, mapping: ColumnMap | None) -> Source:
    if mapping is not None:
        from etl.mapped_tables import recognise_table

        return recognise_table(path, mapping)
    container = open_container(path)
    if container.encoding == "binary":
        return _parquet(path)
    text = container.text
    start = text.lstrip()
    if start.startswith(("{", "[")):
        return _json(path, container, start)
    return _csv(path, container, text)


@functools.cache
def _reader() -> duckdb.DuckDBPyConnection:
    """A connection to look at files with: opening one for each of many small files would take longer than looking."""
    return duckdb.connect()


def _parquet(path: Path) -> Source:
    try:
        with _reader().cursor() as con:
            described = con.execute("describe from read_parquet(?)", [file_pattern(path)]).fetchall()
    except duckdb.Error:
        raise InputError(f"{path.name}: is a damaged or cut-off Parquet file: download or export it again") from None
    columns = tuple(row[0] for row in described)
    return _nested(path, columns, container="parquet", shape=repr([row[:2] for row in described]))


def _json(path: Path, container: Container, start: str) -> Source:
    if container.encoding == "utf-16":
        raise NeedsRewriting(f"{path.name}: is JSON in UTF-16: export it as UTF-8", encoding="utf-16")
    if container.head.startswith(codecs.BOM_UTF8):
        raise NeedsRewriting(
            f"{path.name}: is JSON with a byte order mark before it, which JSON does not allow: save it as UTF-8 without one"
        )
    keys = set(re.findall(r'"([A-Za-z_][A-Za-z_0-9]*)"\s*:', start))
    if reports.is_answer(start):
        return _report(path, container)
    shape = "json-array" if start.startswith("[") else "json-lines"
    first = _first_object(path, start, container.is_whole)
    columns = tuple(first) if first is not None else tuple(sorted(keys))
    if "error" in columns and "code" in keys:
        raise InputError(f"{path.name}: is an error message saved in place of the export: download or export it again")
    return _nested(
        path, columns, is_sure=first is not None, container=shape, compression=container.compression, encoding=container.encoding
    )


def _first_object(path: Path, start: str, is_whole: bool) -> dict | None:
    """The first object of JSON lines or of an array; None where it is longer than what was read."""
    body = start.lstrip("[ \t\r\n")
    try:
        value, _ = json.JSONDecoder().raw_decode(body)
    except (ValueError, RecursionError):
        if not is_whole and "\n" not in body:
            return None
        raise InputError(f"{path.name}: starts like JSON but its first record is not valid JSON: export it again as JSON lines") from None
    if not isinstance(value, dict):
        raise InputError(f"{path.name}: is JSON, but not one object a session: export JSON lines from BigQuery, or CSV")
    return value


def _nested(path: Path, columns: tuple[str, ...], is_sure: bool = True, **wrapping) -> Source:
    """A Parquet file or JSON with nested records; `is_sure` where the columns are all there are, not those seen in a part."""
    have = set(columns)
    if len(have & GA4_KEYS) >= 3 and have & {"event_name", "event_params"}:
        lacks = [name for name in GA4_NEEDED if name not in have]
        if lacks and is_sure and wrapping["container"] == "parquet":
            raise InputError(f"{path.name}: is a ga4-bigquery export without {', '.join(lacks)}: export all columns of events_YYYYMMDD")
        shape = {} if "shape" in wrapping else {"shape": f"{wrapping['container']} {wrapping['compression']}"}
        return Source(path, "ga4-bigquery", columns=columns, has_hits=True, **wrapping, **shape)
    if "pseudo_user_id" in have or have >= {"user_id", "user_info", "audiences"}:
        raise InputError(
            f"{path.name}: is a GA4 export of users (users_YYYYMMDD or pseudonymous_users_YYYYMMDD), one row a user, without sessions: "
            "export the tables events_YYYYMMDD instead"
        )
    if len(have & GA360_KEYS) >= 3 and "totals" in have:
        lacks = sorted({"visitId", "date"} - have) + ([] if have & {"fullVisitorId", "clientId", "visitorId"} else ["fullVisitorId"])
        if lacks and is_sure:
            missing = ", ".join(lacks)
            raise InputError(f"{path.name}: is a ga360-bigquery export without {missing}: export all columns of ga_sessions_YYYYMMDD")
        return Source(path, "ga360-bigquery", columns=columns, has_hits="hits" in have, **wrapping)
    kind = "a Parquet file" if wrapping["container"] == "parquet" else "JSON"
    seen = shorten(", ".join(columns)) or "none"
    raise InputError(
        f"{path.name}: is {kind} of no known export (fields: {seen}): load ga_sessions_YYYYMMDD from BigQuery, "
        "or a CSV with one row a session"
    )


def refuse_ga4(path: Path) -> InputError:
    return InputError(
        f"{path.name}: holds GA4 events (one row an event) as CSV, which loses their parameters: "
        "export the tables events_YYYYMMDD as Parquet or JSON lines instead"
    )


def _report(path: Path, container: Container) -> Source:
    """A report of the interface or an answer of an API, where a table of it tells a rate; else it is refused with advice."""
    report = reports.read(path, container)
    report_rates.check(report, path.name)
    return Source(path, report.format, container.compression, container.encoding, container="report")


def _csv(path: Path, container: Container, text: str) -> Source:
    if reports.is_preambled(text):
        if below := _header_below(text):
            raise _headers_below(path, container, text, below)
        return _report(path, container)
    delimiter, header = _header(path, text)
    fields = headers.match(header)
    nested = json_columns(header, delimiter, text)
    if len(nested) >= 2 and len(fields) >= 2:
        return _ga360_csv(path, container, delimiter, header, text)
    if {"eventname", "eventtimestamp", "userpseudoid"} <= {headers.normalise(name) for name in header}:
        raise refuse_ga4(path)
    lacks = headers.missing(fields)
    if "visitor" in lacks and reports.has_sessions(header):
        return _report(path, container)
    if lacks:
        raise _refuse_csv(path, container, text, delimiter, header, fields, lacks)
    _refuse_no_rows(path, text, container)
    dotted = sum("." in name for name in header) >= 3 and any(name.startswith("totals.") for name in header)
    return Source(
        path, "ga360-csv" if dotted else "flat-csv", container.compression, container.encoding, delimiter, tuple(header), fields,
        notes=_notes(header, fields), warnings=_warnings(container, delimiter, header, text), sample=text,
    )  # fmt: skip


def _header(path: Path, text: str) -> tuple[str, list[str]]:
    """Delimiter and headers of the first record: the delimiter under which the most headers are known, else that gives the most."""
    best: tuple[tuple[int, int], str, list[str]] | None = None
    for delimiter in ",;\t|":
        header = first_record(text, delimiter)
        if header is None:
            continue
        score = (len(headers.match(header)), len(header))
        if best is None or score > best[0]:
            best = (score, delimiter, header)
    if best is None:
        raise InputError(f"{path.name}: its first line cannot be read as headers (an unclosed quote?): export it again as CSV")
    _, delimiter, header = best
    if len(header) > MAX_COLUMNS:
        raise InputError(f"{path.name}: has {len(header)} columns: no session table is that wide; check the delimiter")
    return delimiter, header


def first_record(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), None)
    except csv.Error:
        return None


def _records(text: str, delimiter: str, limit: int) -> list[list[str]]:
    """The first records of the text; stops quietly where the text does not parse."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) >= limit:
                break
    except csv.Error:
        pass
    return rows


def _refuse_no_rows(path: Path, text: str, container: Container) -> None:
    if container.is_whole and len(_records(text, ",", 3)) < 2:
        raise InputError(f"{path.name}: has headers but no rows: export it again with a date range that has sessions")


def _refuse_csv(
    path: Path, container: Container, text: str, delimiter: str, header: list[str], fields: dict[str, int], lacks: list[str]
) -> InputError:
    """Why a text file is no table of sessions."""
    below = _header_below(text)
    if below is not None:
        return _headers_below(path, container, text, below)
    spellings = {headers.normalise(name) for name in header}
    if "visitor" in lacks and spellings & headers.TOTALS:
        return InputError(
            f"{path.name}: is a report of totals, one row for many sessions, without sessions by a dimension: {report_rates.EXPLORE}; "
            f"{report_rates.FOR_FUNNELS}"
        )
    if len(header) == 1:
        return InputError(
            f"{path.name}: is no table of sessions: its first line is '{shorten(header[0])}', without a delimiter (, ; tab |): "
            "export it as CSV with one row a session"
        )
    if len(fields) <= 1 and len(lacks) == 3 and not _looks_like_headers(header):
        first = shorten(delimiter.join(header))
        return InputError(f"{path.name}: is no table with headers (first line: '{first}'): export it with its header row")
    return InputError(
        f"{path.name}: is a table whose headers lack {headers.describe_missing(lacks, header)}: "
        "rename the columns or export one row a session with them (flat-csv)"
    )


def _headers_below(path: Path, container: Container, text: str, below: int) -> NeedsRewriting:
    return NeedsRewriting(
        f"{path.name}: its headers stand on line {below}, after {below - 1} other line{'s' if below > 2 else ''}: "
        "remove what stands above them, or export without a title",
        encoding="utf-8-sig" if container.encoding == "utf-8" else container.encoding,
        skipped_lines=below - 1,
        warnings=tuple(sampled("\n".join(text.splitlines()[: below - 1]))),
    )


def _header_below(text: str) -> int | None:
    """Line number of a header row that stands below a title or preamble."""
    for number, line in enumerate(text.splitlines()[1:40], start=2):
        for delimiter in ",;\t|":
            row = first_record(line, delimiter)
            if row and len(headers.match(row)) >= 3 and not headers.missing(headers.match(row)):
                return number
    return None


def _looks_like_headers(header: list[str]) -> bool:
    named = [name for name in header if re.search(r"[^\W\d_]", name) and len(name) <= 80]
    return len(named) * 2 > len(header)


def json_columns(header: list[str] | tuple[str, ...], delimiter: str, text: str) -> dict[str, int]:
    """Position of each column that holds JSON by its usual name; a name in another spelling must have a cell that looks like JSON."""
    names = [name.strip() for name in header]
    found = {name: names.index(name) for name in JSON_COLUMNS if name in names}
    spelt = {headers.normalise(name): place for place, name in reversed(list(enumerate(names)))}
    others = {name: spelt[name.lower()] for name in JSON_COLUMNS if name not in found and name.lower() in spelt}
    if others:
        rows = _records(text, delimiter, 20)[1:]
        for name, place in others.items():
            if any(len(row) > place and row[place].lstrip().startswith("{") for row in rows):
                found[name] = place
    return found


def _ga360_csv(path: Path, container: Container, delimiter: str, header: list[str], text: str) -> Source:
    """The public competition's table: four columns that hold JSON."""
    nested = json_columns(header, delimiter, text)
    fields = headers.match(["" if place in nested.values() else name for place, name in enumerate(header)])
    lacks = headers.missing(fields)
    if lacks:
        missing = headers.describe_missing(lacks, header)
        raise InputError(f"{path.name}: is a ga360-csv export whose headers lack {missing}: export all columns")
    _refuse_no_rows(path, text, container)
    notes = [f"The column {name} is missing: what it would tell is unknown." for name in JSON_COLUMNS if name not in nested]
    return Source(
        path, "ga360-csv", container.compression, container.encoding, delimiter, tuple(header), fields,
        has_hits=False, container="csv-json", notes=notes, warnings=_warnings(container, delimiter, header, text), sample=text,
    )  # fmt: skip


ABSENT = {
    "device": "There is no device column: all sessions count as device 'other'.",
    "country": "There is no country column: all sessions count as country '(unknown)'.",
    "source": "There is no source column: all sessions count as source '(unknown)'.",
    "pageviews": "There is no pageviews column: stages beyond the first can be told only from conversions.",
    "duration": "There is no duration column: nothing is known about how long sessions lasted.",
}


def _notes(header: list[str], fields: dict[str, int]) -> list[str]:
    """What a table of sessions does not tell, one sentence each."""
    have = set(fields)
    if "source_medium" in have:
        have.add("source")
    notes = [sentence for name, sentence in ABSENT.items() if name not in have]
    if not have & {"transactions", "revenue", "key_events"}:
        notes.append(NO_CONVERSIONS)
    elif not have & {"transactions", "key_events"}:
        notes.append("There is no transactions column: a session with revenue counts as one transaction.")
    if "date" not in have:
        notes.append("There is no date column: days are told from the start time, in UTC or as the file writes them.")
    doubles = sorted({name for name in header if name and header.count(name) > 1})
    if doubles:
        notes.append(f"The header {shorten(', '.join(doubles))} stands more than once: the first such column is read.")
    return notes


def _warnings(container: Container, delimiter: str, header: list[str], text: str) -> list[str]:
    """What the end of a table and its columns say about what is missing, one sentence each."""
    warnings = []
    last = container.tail.decode(container.encoding if container.encoding != "utf-16" else "utf-16-le", errors="replace").rpartition("\n")[
        2
    ]
    record = first_record(last, delimiter)
    if last.strip() and (record is None or len(record) < len(header)):
        warnings.append("The file ends in the middle of a row: it is cut off, later rows are missing.")
    names = [headers.normalise(name) for name in header]
    if "containssampleddata" in names:
        place = names.index("containssampleddata")
        if any(len(row) > place and row[place].strip().lower() == "true" for row in _records(text, delimiter, 1000)[1:]):
            warnings += sampled("containsSampledData: true")
    return warnings


def file_pattern(path: Path) -> str:
    """The path as DuckDB wants it: absolute, with the characters it would take for a pattern made literal."""
    return re.sub(r"([\[*?])", r"[\1]", str(path.resolve()))
