"""Workbooks (.xlsx, .ods): each sheet with a table of sessions written out as CSV, which is read like any other.

The spreadsheet reader runs in a process of its own with a limit on memory and time: it holds a whole sheet at once, and a few bytes of a
hostile sheet may claim billions of cells.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from etl import archives, headers
from etl.errors import InputError
from etl.headers import shorten

MAX_UNPACKED = 4 << 30
MAX_MEMORY = 4 << 30
MAX_SECONDS = 600
EXCEL_ROWS = 1_048_576
HEADER_WITHIN = 40
MAX_PART = 4 << 20
SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"


@dataclass
class Sheet:
    """A sheet written out: where, its name, and what was noticed."""

    file: str
    name: str
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def kind(path: Path, name: str) -> str:
    """What a zip file is: zip, or the workbook xlsx or ods; refuses documents that hold no table."""
    with archives.open_archive(path, name) as archive:
        names = set(archive.namelist())
        mimetype = b""
        if "mimetype" in names and archive.getinfo("mimetype").compress_type == zipfile.ZIP_STORED:
            mimetype = next(archives.pieces(archive, archive.getinfo("mimetype"), name, archives.Budget(MAX_PART)), b"")[:200].strip()
    if "xl/workbook.bin" in names:
        raise InputError(f"{name}: is a binary workbook (.xlsb): save it as .xlsx, or save the sheet as CSV UTF-8, and load that")
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return "xlsx"
    if mimetype == SPREADSHEET:
        return "ods"
    if "[Content_Types].xml" in names or mimetype.startswith(b"application/vnd.oasis") or any(each.endswith(".iwa") for each in names):
        raise InputError(f"{name}: is a document, not a table: export the data as CSV, and load that")
    return "zip"


def sheets(path: Path, name: str, folder: Path) -> list[Sheet]:
    """Write the sheets of a workbook that hold sessions as CSV files into a folder; where none does, the one that comes nearest."""
    archives.verify(path, name, MAX_UNPACKED)
    command = [sys.executable, "-m", "etl.workbooks", str(path.resolve()), str(folder.resolve())]
    root = Path(__file__).resolve().parent.parent
    try:
        child = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=MAX_SECONDS, check=False)  # noqa: S603 - our own module; the paths are arguments of no shell
    except subprocess.TimeoutExpired:
        raise InputError(f"{name}: takes too long to read as a workbook: save the sheet as CSV UTF-8, ids as text, and load that") from None
    try:
        told = json.loads(child.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise InputError(
            f"{name}: cannot be read as a workbook (damaged, or too large): save the sheet as CSV UTF-8, ids as text, and load that"
        ) from None
    if "problem" in told:
        raise InputError(f"{name}: {told['problem']}")
    return [Sheet(**sheet) for sheet in told["sheets"]]


def convert(path: Path, folder: Path) -> dict:
    """Write the sheets out: what the process of its own does. Gives `sheets`, or the `problem` that there is."""
    import fastexcel

    reader = fastexcel.read_excel(path)
    parts = _sheet_parts(path)
    found, others, hidden = [], [], []
    for name in reader.sheet_names:
        sheet = reader.load_sheet(name, header_row=None, dtypes="string")
        if sheet.visible != "visible":
            hidden.append(name)
            continue
        if not sheet.height or not sheet.width:
            continue
        batch, errors = sheet.to_arrow_with_errors()
        told = Sheet(str(folder / f"{len(found) + len(others)}.csv"), name)
        is_session_table = _write(batch, errors.errors if errors else [], told, parts.get(name), path)
        if isinstance(is_session_table, str):
            return {"problem": f"the sheet {shorten(name)} {is_session_table}"}
        (found if is_session_table else others).append(told)
    if not found and not others:
        return {"problem": "is a workbook without a visible sheet that holds anything: export it again"}
    chosen = found or others[:1]
    passed = [sheet.name for sheet in others if sheet not in chosen]
    if passed:
        chosen[0].notes.append(f"Sheets without a table of sessions were passed over: {shorten(', '.join(passed), 120)}.")
    if hidden:
        chosen[0].notes.append(f"Hidden sheets were passed over: {shorten(', '.join(hidden), 120)}.")
    return {"sheets": [vars(sheet) for sheet in chosen]}


def _write(batch, errors: list, told: Sheet, part: str | None, path: Path) -> bool | str:
    """Write one sheet as CSV; whether it holds sessions, or what is wrong with it."""
    import polars as pl

    frame = pl.from_arrow(batch)
    below = _header_row(frame)
    is_session_table = below is not None
    below = below or 0
    first_row, merged = _first_row(path, part), _merged(path, part)
    tall = [row for row in merged if row > first_row + below]
    if tall:
        return (
            f"holds merged cells below its headers (first in row {tall[0]}), whose value only their first row has: "
            "unmerge them, fill in the values, and save it again"
        )
    names = ["" if name is None else name for name in frame.row(below)]
    table = frame.slice(below + 1)
    rows = table.height
    is_full = first_row + frame.height - 1 >= EXCEL_ROWS and any(value is not None for value in frame.row(-1))
    kept = [column for column, name in zip(table.columns, names, strict=True) if name.strip() or table[column].null_count() < table.height]
    names = [name for column, name in zip(table.columns, names, strict=True) if column in kept]
    table = table.select(kept).filter(~pl.all_horizontal(pl.col(kept).is_null() | (pl.col(kept).str.strip_chars() == "")))
    if below:
        told.notes.append(f"Lines above the headers were passed over: {below}.")
    if rows > table.height:
        told.notes.append(f"Empty rows were passed over: {rows - table.height:,}.")
    in_table = [error for error in errors if error.offset_position[0] > below]
    if in_table:
        holds = "1 cell holds" if len(in_table) == 1 else f"{len(in_table):,} cells hold"
        told.warnings.append(f"{holds} an error such as #REF!, which counts as empty.")
    if is_full:
        told.warnings.append(f"The sheet is full ({EXCEL_ROWS:,} rows, where Excel cuts): later rows are missing.")
    with open(told.file, "wb") as file:
        pl.DataFrame([names], orient="row", schema=[f"c{position}" for position in range(len(names))]).write_csv(file, include_header=False)
        table.write_csv(file, include_header=False)
    return is_session_table


def _header_row(frame) -> int | None:
    """Place of the row that names the columns of a table of sessions; the first rows may hold a title."""
    for place, row in enumerate(frame.head(HEADER_WITHIN).iter_rows()):
        fields = headers.match(["" if value is None else value for value in row])
        if len(fields) >= 3 and not headers.missing(fields):
            return place
    return None


def _sheet_parts(path: Path) -> dict[str, str]:
    """The part of an .xlsx file that holds each sheet; nothing for other workbooks."""
    from xml.etree import ElementTree

    def parse(archive: zipfile.ZipFile, part: str):
        if archive.getinfo(part).file_size > MAX_PART:
            raise KeyError(part)
        # Small, in a process of limited memory, and expat bounds what entities come to.
        return ElementTree.fromstring(archive.read(part))  # noqa: S314

    try:
        with zipfile.ZipFile(path) as archive:
            targets = {each.get("Id"): each.get("Target", "") for each in parse(archive, "xl/_rels/workbook.xml.rels")}
            parts = {}
            for each in parse(archive, "xl/workbook.xml").iter():
                if each.tag.endswith("}sheet"):
                    relation = next((value for key, value in each.attrib.items() if key.endswith("}id")), None)
                    target = targets.get(relation, "")
                    parts[each.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return parts
    except (KeyError, ElementTree.ParseError, zipfile.BadZipFile):
        return {}


def _chunks(path: Path, part: str | None):
    """Overlapping pieces of a part, so that nothing short is cut in two."""
    if part is None:
        return
    with zipfile.ZipFile(path) as archive:
        try:
            file = archive.open(part)
        except KeyError:
            return
        with file:
            before = b""
            while piece := file.read(4 << 20):
                yield before + piece
                before = piece[-200:]


def _first_row(path: Path, part: str | None) -> int:
    """Number of the first row with a value; the reader's rows begin there."""
    for chunk in _chunks(path, part):
        row = 1
        for match in re.finditer(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"|<(?:\w+:)?(?:v|is)>', chunk):
            if match.group(1):
                row = int(match.group(1))
            else:
                return row
        break
    return 1


def _merged(path: Path, part: str | None) -> list[int]:
    """First rows of the merged ranges that are more than one row tall, in order."""
    tall = set()
    for chunk in _chunks(path, part):
        for first, last in re.findall(rb'<(?:\w+:)?mergeCell\b[^>]*?ref="[A-Z]+(\d{1,7}):[A-Z]+(\d{1,7})"', chunk):
            if last != first:
                tall.add(int(first))
    return sorted(tall)


def main(path: str, folder: str) -> int:
    """Convert within the limits; the last line printed is the answer as JSON, none where the limits were not enough."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps(convert(Path(path), Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
