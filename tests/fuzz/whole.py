"""The whole way through the loader: files loaded together into a database that has sessions already, and published."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import duckdb

from etl.errors import InputError
from etl.landing import OUTCOMES
from etl.load import load
from etl.mapping import read_map
from tests.fuzz.lane import SEEN, wrong_line
from tests.fuzz.shapes import Case

LABELS = ("source", "medium", "campaign", "channel", "device", "country", "browser", "operating_system", "landing_page")
LONGEST_LABEL = 300  # a landing page; other labels are shorter


def digest(db: Path) -> str:
    return hashlib.sha256(db.read_bytes()).hexdigest()


def load_cases(cases: list[Case], db: Path, refused: list[Case]) -> None:
    """Load files together, which must leave the database as it was or hold every row of them; those refused after all are told in `refused`.

    What only becomes apparent with all files together, such as amounts too large to be added up, is looked for by halves.
    """
    before = digest(db)
    try:
        result = load([case.path for case in cases], db, mapping=read_map(cases[0].map) if cases[0].map else None)
    except InputError as error:
        assert digest(db) == before, f"changed by a load that was refused: {error}"
        assert_nothing_beside(db)
        named = [case for case in cases if str(error).startswith(case.path.name)]
        if len(cases) == 1:
            fault = wrong_line(cases[0], str(error)) if named else None
            assert fault is None, fault
            refused += cases
        elif named:
            refused += named[:1]
            load_cases([case for case in cases if case is not named[0]], db, refused)
        else:
            load_cases(cases[: len(cases) // 2], db, refused)
            load_cases(cases[len(cases) // 2 :], db, refused)
        return
    assert_nothing_beside(db)
    for told in result["files"]:
        counted = sum(told[name] for name in OUTCOMES) + told["rejected"]
        assert told["rows_read"] == counted, f"{told['file']}: {told['rows_read']} rows read, {counted} accounted for"
    lines = [*result["warnings"], *(line for told in result["files"] for line in (told["file"], *told["notes"], *told["warnings"]))]
    for line in lines:
        assert not SEEN.search(line) and "\n" not in line, line


def assert_nothing_beside(db: Path) -> None:
    """No scratch, no copy, nothing unpacked is left."""
    left = {path.name for path in db.parent.iterdir()} - {db.name, f"{db.name}.lock", ".salt"}
    assert not left, left


def assert_sound(db: Path) -> None:
    """The database holds every row that was read and none of the ids, anywhere in its bytes."""
    content = db.read_bytes()
    seen = SEEN.search(content.decode("latin-1"))
    assert seen is None, f"the database holds the id {seen}: {content[seen.start() - 40 : seen.end() + 40]!r}"
    with duckdb.connect(str(db), read_only=True) as con:
        outcomes = " + ".join(OUTCOMES)
        assert con.execute(f"select * from loads where rows_read <> {outcomes} + rejected").fetchall() == []
        stored, counted = con.execute(
            "select (select count(*) from sessions), (select sum(sessions_new) from loads where stage_basis <> 'none')"
        ).fetchone()
        assert stored <= counted
        for table in ("sessions", "bots"):
            longest = ", ".join(f"max(length({label}::varchar))" for label in LABELS)
            for label, length in zip(LABELS, con.execute(f"select {longest} from {table}").fetchone(), strict=True):
                assert (length or 0) <= LONGEST_LABEL, f"{table}.{label} has {length} characters"
        assert con.execute("select max(length(raw)) <= 500 or count(raw) = 0 from rejects").fetchone() == (True,)
        assert con.execute("select count(*) from sessions where session_id !~ '^[0-9a-f]{24}$'").fetchone() == (0,)


def copy_of(template: Path, folder: Path) -> Path:
    """A database of its own with the sessions of the template."""
    folder.mkdir(parents=True)
    return Path(shutil.copy(template, folder / "leaks.duckdb"))
