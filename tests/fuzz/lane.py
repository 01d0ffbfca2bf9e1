"""The fast way through the loader: recognise, land and count one file as `etl.load` does, on one database in memory for many cases."""

from __future__ import annotations

import re
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import duckdb

from etl import events, landing, merge, privacy, schema, workbooks
from etl.errors import InputError
from etl.landing import FileLoad
from etl.mapping import read_map
from etl.preparing import Preparing
from etl.reports import storing
from tests.fuzz.shapes import CANARIES, Case

SALT = "a salt for tests only"
SEEN = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, CANARIES)) + r")(?!\w)")
SCRATCH = ("landing", "events", "ga4_events", "ga4_labels")


@dataclass
class Fault:
    """What a case brought to light."""

    case: Case
    what: str

    def __str__(self) -> str:
        return f"{self.case}: {self.what}\n    python -m tests.fuzz {self.case.shape} --seed {self.case.seed} --case {self.case.number}"


@dataclass
class Told:
    """What the loader said of a case: the line that refuses it, else its files."""

    case: Case
    line: str | None = None
    rows: int = 0
    is_late: bool = False
    fault: Fault | None = None


class Lane:
    """A database in memory with the schema and an open scratch database; cases go through it one by one and leave nothing behind.

    Half of what a case costs is DuckDB's search for the best plan of statements that read a dozen rows: `is_quick` spares it.
    """

    def __init__(self, folder: Path, *, is_quick: bool = False):
        self.folder = folder
        self.is_quick = is_quick
        self.con: duckdb.DuckDBPyConnection | None = None

    def open(self) -> duckdb.DuckDBPyConnection:
        if self.con is None:
            con = duckdb.connect(config={"preserve_insertion_order": "false", "threads": 1})
            con.execute("set memory_limit = '3GB'; set enable_progress_bar = false; attach ':memory:' as scratch")
            schema.apply(con)
            merge.create_landing(con)
            events.create(con)
            privacy.set_salt(con, SALT)
            if self.is_quick:
                con.execute("pragma disable_optimizer")
            self.con = con
        return self.con

    def close(self) -> None:
        if self.con is not None:
            self.con.close()
            self.con = None

    def run(self, case: Case) -> Told:
        """Take one case through; whatever is no InputError is a fault of the loader."""
        told = Told(case)
        try:
            with in_this_process():
                self.examine(case, told)
        except InputError as refused:
            told.line = str(refused)
            told.fault = wrong_line(case, told.line)
        except AssertionError as wrong:
            told.fault = Fault(case, f"AssertionError: {wrong}")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            first = str(error).splitlines()[0] if str(error) else ""
            told.fault = Fault(case, f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {first[:300]}")
            if isinstance(error, duckdb.Error):
                self.close()
        finally:
            self.clean()
        left = [path.name for path in self.folder.iterdir() if path.name.startswith("leaks.duckdb")]
        if left and told.fault is None:
            told.fault = Fault(case, f"left behind: {left}")
        return told

    def examine(self, case: Case, told: Told) -> None:
        mapping = read_map(case.map) if case.map else None
        with Preparing(self.folder / "leaks.duckdb.unpacked") as preparing:
            sources = [preparing.recognise(export, mapping) for export in preparing.exports([case.path])]
            told.is_late = True
            con = self.open()
            for number, source in enumerate(sources, start=1):
                item = FileLoad(source, "", load_id=number)
                if storing.is_report(item):
                    storing.store(con, item)
                    counted = sum(item.outcomes.values()) + item.rejected
                    assert counted == item.rows_read, f"{item.rows_read} rows read, {counted} accounted for"
                else:
                    landing.land(con, [item])
                (rejects,) = con.execute("select count(*) from rejects where load_id = ?", [number]).fetchone()
                assert rejects == item.rejected, f"{item.rejected} rows rejected, {rejects} stored"
                told.rows += item.rows_read
            raws = con.execute("select raw from rejects where raw is not null").fetchall()
            shown = [raw for (raw,) in raws if SEEN.search(raw) or len(raw) > 500]
            assert not shown, f"rejects hold an id, or too much: {shown[0][:200]}"
            if case.rows is not None:
                assert told.rows == case.rows, f"{told.rows} rows read of {case.rows} written"

    def clean(self) -> None:
        if self.con is None:
            return
        try:
            for table in (*(f"scratch.{name}" for name in SCRATCH), "rejects", "aggregates"):
                self.con.execute(f"delete from {table}")
        except duckdb.Error:
            self.close()


def wrong_line(case: Case, line: str) -> Fault | None:
    """What is wrong with the line that refuses a file: it names the file (or the map), is one line, not too long, and shows no id."""
    problem = None
    if not line.startswith((case.path.name, f"{case.path.name}.toml")):
        problem = "does not name the file"
    elif "\n" in line or len(line) > 700:
        problem = "is no single short line"
    elif SEEN.search(line):
        problem = "shows an id"
    elif not line.isprintable():
        problem = "holds what cannot be printed"
    return Fault(case, f"the line {problem}: {line[:400]!r}") if problem else None


@contextmanager
def in_this_process():
    """Read workbooks in this process instead of one of their own, whose start costs more than all else; what breaks it breaks only the file."""
    real = workbooks.subprocess.run

    def run(command: list[str], **_) -> SimpleNamespace:
        import json

        try:
            return SimpleNamespace(stdout=json.dumps(workbooks.convert(Path(command[-2]), Path(command[-1]))))
        except KeyboardInterrupt:
            raise
        except BaseException:  # a panic of the reader is no Exception
            return SimpleNamespace(stdout="")

    workbooks.subprocess.run = run
    try:
        yield
    finally:
        workbooks.subprocess.run = real
