"""Recognising a table of sessions by a column map: any headers, in CSV, Parquet or JSON."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import duckdb

from etl import recognise
from etl.containers import Container, open_container
from etl.errors import InputError
from etl.mapping import ColumnMap
from etl.recognise import ABSENT, Source, file_pattern

NEEDS_NO_NOTE = {"source_medium": "source", "key_events": "transactions", "converted": "transactions"}
OUTCOMES = ("transactions", "revenue", "key_events", "converted")
FIRST_RECORDS = 1_000


def recognise_table(path: Path | str, mapped: ColumnMap | None) -> Source:
    """A file as a table, whatever its headers; with a map, bound to it.

    Raises
    ------
    InputError : the file is no table, or lacks a column that the map names.
    """
    path = Path(path)
    container = open_container(path)
    if container.encoding == "binary":
        source = _parquet(path)
    elif container.text.lstrip().startswith(("{", "[")):
        source = _json(path, container)
    else:
        source = _csv(path, container, is_mapped=mapped is not None)
    if mapped is None:
        return source
    bound = mapped.bind(source.name, source.columns)
    fields = {name: (column.positions or (-1,))[0] for name, column in bound.columns.items()}
    return Source(**{**source.__dict__, "mapping": bound, "fields": fields, "notes": _notes(bound)})


def _csv(path: Path, container: Container, *, is_mapped: bool) -> Source:
    delimiter, header = recognise._header(path, container.text)
    if len(header) < 2 and not is_mapped:
        raise InputError(f"{path.name}: is no table: its first line has no delimiter (, ; tab |): export it as CSV with a header row")
    recognise._refuse_no_rows(path, container.text, container)
    return Source(path, "flat-csv", container.compression, container.encoding, delimiter, tuple(header), sample=container.text)


def _parquet(path: Path) -> Source:
    try:
        with duckdb.connect() as con:
            described = con.execute("describe from read_parquet(?)", [file_pattern(path)]).fetchall()
    except duckdb.Error:
        raise InputError(f"{path.name}: is a damaged or cut-off Parquet file: download or export it again") from None
    return Source(path, "flat-parquet", columns=tuple(row[0] for row in described), container="parquet")


def _json(path: Path, container: Container) -> Source:
    text = container.text.lstrip()
    if container.encoding == "utf-16" or container.head.startswith(codecs.BOM_UTF8):
        raise InputError(f"{path.name}: is JSON in another encoding than plain UTF-8: save it as UTF-8 without a byte order mark")
    names: dict[str, None] = {}
    decoder, place, found = json.JSONDecoder(), 0, 0
    try:
        while found < FIRST_RECORDS:
            while place < len(text) and text[place] in " \t\r\n,[":
                place += 1
            if place >= len(text) or text[place] == "]":
                break
            value, place = decoder.raw_decode(text, place)
            if not isinstance(value, dict):
                raise InputError(f"{path.name}: is JSON, but not one object a session: export JSON lines, or CSV")
            names |= dict.fromkeys(value)
            found += 1
    except (ValueError, RecursionError):
        if not found:
            raise InputError(
                f"{path.name}: starts like JSON but its first record is not valid JSON: export it again as JSON lines"
            ) from None
    columns = tuple(name for name in names if name and len(name) <= 300 and "\x00" not in name)
    if not columns or len(columns) > recognise.MAX_COLUMNS:
        raise InputError(f"{path.name}: is JSON without fields that could be columns: export JSON lines with one object a session")
    shape = "json-array" if text.startswith("[") else "json-lines"
    return Source(path, "flat-json", container.compression, container.encoding, columns=columns, container=shape)


def _notes(mapped: ColumnMap) -> list[str]:
    """What the table does not tell, one sentence each, as for tables whose headers are known."""
    have = set(mapped.columns) | {NEEDS_NO_NOTE[name] for name in mapped.columns if name in NEEDS_NO_NOTE}
    notes = [sentence for name, sentence in ABSENT.items() if name not in have]
    if not have & set(OUTCOMES):
        notes.append("No conversion information: the map names no transactions, revenue, key events or conversions.")
    return notes
