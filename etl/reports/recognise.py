"""Tells reports from exports, reads them whole, and says which export to make where a report carries no rate."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from pathlib import Path

import zstandard

from etl.containers import Container, open_container
from etl.errors import InputError
from etl.reports import api_answers, text_tables
from etl.reports.model import Report
from etl.reports.terms import term

LARGEST = 64 * 1024 * 1024
"""Bytes of a report at most: 100,000 rows are a tenth of it."""


def is_preambled(text: str) -> bool:
    """Whether a text starts with the '#' lines of a download."""
    return text.lstrip('\ufeff \r\n\t"').startswith("#")


def has_sessions(header: list[str]) -> bool:
    """Whether headers are those of a bare table of totals: a metric of sessions beside at least one dimension."""
    terms = [term(name) for name in header]
    return any(item.field == "sessions" for item in terms) and len(terms) > 1


def is_answer(head: str) -> bool:
    """Whether the start of a JSON text is that of an API answer."""
    return api_answers.is_answer(set(re.findall(r'"([A-Za-z][A-Za-z]*)"\s*:', head)))


def read(path: Path, container: Container | None = None) -> Report:
    """All tables of a report, whatever they are good for.

    Raises
    ------
    InputError : the file is no report, or none that can be read.
    """
    path = Path(path)
    container = container or open_container(path)
    if container.encoding == "binary":
        raise InputError(f"{path.name}: is a Parquet file, not a report: name a CSV download of the interface or an answer of the Data API")
    text = whole_text(path, container)
    start = text.lstrip()
    if start.startswith(("{", "[")):
        if not is_answer(start):
            raise InputError(f"{path.name}: is JSON, but no answer of the Analytics API: name the answer of runReport as it came")
        return api_answers.read(text, path.name)
    return text_tables.read(text, delimiter_of(text), path.name, is_preambled=is_preambled(text))


def whole_text(path: Path, container: Container) -> str:
    """The text of a file, unpacked; InputError where it is larger than any report."""
    try:
        with path.open("rb") as file:
            stream: io.BufferedIOBase = file
            if container.compression == "gzip":
                stream = gzip.GzipFile(fileobj=file)
            elif container.compression == "zstd":
                stream = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
            data = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as problem:
        raise InputError(f"{path.name}: cannot be read ({problem}): download it again") from None
    if len(data) > LARGEST:
        raise InputError(
            f"{path.name}: is larger than 64 MB, which no report of 100,000 rows is: split it by date, or load the BigQuery export"
        )
    return data.decode(container.encoding, errors="replace").lstrip("\ufeff")


def delimiter_of(text: str) -> str:
    """The character that separates fields: of the usual ones, that under which the most headers are known, then the most there is."""
    lines = [line for line in text.splitlines()[:400] if line.strip() and not line.lstrip('"').startswith("#")]

    def score(delimiter: str) -> tuple[int, int]:
        known = sum(bool(term(name.strip('" ')).field) for line in lines[:40] for name in line.split(delimiter))
        return known, sum(line.count(delimiter) for line in lines)

    return max((",", ";", "\t", "|"), key=score)
