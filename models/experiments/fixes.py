"""Fixes that the team registered: in a file, or by a command."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from etl.errors import InputError
from etl.publish import publishing
from etl.schema import DATA
from models.database import has_table, reading

FILE = DATA / "site_fixes.csv"
BY_FILE, BY_COMMAND = "file", "command"
LONGEST = {"leak_id": 64, "note": 500}


@dataclass(frozen=True)
class Fix:
    """A leak was mended on a day."""

    leak_id: str
    fixed_on: date
    note: str = ""
    origin: str = BY_FILE


def path() -> Path:
    """The file of fixes: LEAKS_FIXES, else data/site_fixes.csv."""
    return Path(os.environ.get("LEAKS_FIXES") or FILE)


def read_file(file: Path) -> list[Fix]:
    """The fixes of a file with the columns leak_id, fixed_on, note; none where there is no file. Raises InputError with file and line."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error}): save it as CSV in UTF-8") from None
    told = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and not line.lstrip().startswith("#")]
    rows = csv.DictReader([line for _, line in told], restkey="beyond")
    missing = {"leak_id", "fixed_on"} - {(name or "").strip() for name in rows.fieldnames or ()}
    if told and missing:
        raise InputError(f"{file}: has no column {', '.join(sorted(missing))}; its first line must be leak_id,fixed_on,note")
    out: dict[tuple[str, date], Fix] = {}
    for (number, _), row in zip(told[1:], rows, strict=False):
        cell = {(name or "").strip(): value.strip() for name, value in row.items() if isinstance(value, str)}
        where = f"{file}, line {number}"
        if "beyond" in row:
            raise InputError(f"{where}: has more cells than columns: put a note with commas into double quotes")
        fix = checked(cell.get("leak_id", ""), cell.get("fixed_on", ""), cell.get("note", ""), BY_FILE, where)
        out[fix.leak_id, fix.fixed_on] = fix
    return list(out.values())


def checked(leak_id: str, on: str, note: str, origin: str, where: str) -> Fix:
    """A fix from what was written; `where` begins the line of an error."""
    if not leak_id or len(leak_id) > LONGEST["leak_id"]:
        raise InputError(f"{where}: needs a leak_id, as the table leaks and the page of leaks show it")
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise InputError(f"{where}: {on!r} is no date; write it as 2026-05-13") from None
    if len(note) > LONGEST["note"]:
        raise InputError(f"{where}: the note has more than {LONGEST['note']} characters; shorten it")
    return Fix(leak_id, day, note, origin)


def read(con: duckdb.DuckDBPyConnection) -> list[Fix]:
    """Every fix that counts: those of the file as it is now, and those registered by command; of the same leak and day the command's."""
    by_command = []
    if has_table(con, "fixes"):
        by_command = [
            Fix(*row) for row in con.execute("select leak_id, fixed_on, note, origin from fixes where origin = ?", [BY_COMMAND]).fetchall()
        ]
    merged = {(fix.leak_id, fix.fixed_on): fix for fix in (*read_file(path()), *by_command)}
    return [merged[name] for name in sorted(merged)]


def store(con: duckdb.DuckDBPyConnection, fixes: list[Fix]) -> None:
    """Make the table hold these fixes."""
    con.execute("delete from fixes")
    for fix in fixes:
        con.execute(
            "insert into fixes (leak_id, fixed_on, note, origin) values (?, ?, ?, ?)", [fix.leak_id, fix.fixed_on, fix.note, fix.origin]
        )


def register(db: Path, leak_id: str, on: str, note: str = "", *, undo: bool = False, say: Callable[[str], None] = lambda text: None) -> Fix:
    """Register a fix in the database, or take one back, and publish."""
    fix = checked(leak_id, on, note, BY_COMMAND, "fixed")
    with reading(db) as con:
        known = has_table(con, "leaks") and con.execute("select count(*) from leaks where leak_id = ?", [leak_id]).fetchall()[0][0]
    if not known and not undo:
        raise InputError(f"{leak_id!r}: no ranking has found a leak with this leak_id; python -m models leaks --json lists them")
    say("Publishing …")
    with publishing(db) as con:
        found = con.execute(
            "delete from fixes where leak_id = ? and fixed_on = ? and origin = ? returning 1", [leak_id, fix.fixed_on, BY_COMMAND]
        ).fetchall()
        if undo and not found:
            raise InputError(f"{leak_id!r}: no fix on {fix.fixed_on} was registered by command; those of a file are taken out of the file")
        if not undo:
            con.execute(
                "insert or replace into fixes (leak_id, fixed_on, note, origin) values (?, ?, ?, ?)",
                [leak_id, fix.fixed_on, note, BY_COMMAND],
            )
    return fix
