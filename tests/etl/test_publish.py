"""Publishing: readers see the old file or the new one, whatever happens to the writer."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from etl import publish, schema
from etl.errors import InputError
from etl.publish import publishing
from tests.conftest import ROOT, insert_sessions


@pytest.fixture
def db(tmp_path) -> Path:
    path = tmp_path / "leaks.duckdb"
    with publishing(path) as con:
        insert_sessions(con, [{}, {"stage": 3, "revenue": 10}])
    return path


def sessions(db: Path) -> int:
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute("select sessions from kpis").fetchone()[0]


def test_publishes_what_the_block_wrote(db):
    with publishing(db) as con:
        con.execute("delete from sessions where is_converted")
        publish.schema.rebuild_cubes(con)
    assert sessions(db) == 1
    assert [path.name for path in db.parent.iterdir() if path.name != "leaks.duckdb.lock"] == ["leaks.duckdb"]


def test_the_schema_is_applied_once(db, monkeypatch):
    applied = []
    monkeypatch.setattr(schema, "apply_files", lambda con, apply=schema.apply_files: applied.append(apply(con)))
    with publishing(db) as con:
        assert not applied
        con.execute("drop view kpis")
    with publishing(db) as con:
        assert len(applied) == 1 and con.execute("select sessions from kpis").fetchone() == (2,)


def test_reference_data_of_ones_own_are_taken(db, tmp_path, monkeypatch):
    shutil.copytree(schema.DATA, tmp_path / "data", ignore=shutil.ignore_patterns("raw", "*.duckdb*"))
    monkeypatch.setattr(schema, "DATA", tmp_path / "data")
    own = tmp_path / "data" / "benchmarks.csv"
    own.write_text(own.read_text().splitlines()[0] + "\n")
    with publishing(db) as con:
        assert con.execute("select count(*) from benchmarks").fetchone() == (0,)


def test_a_failing_block_changes_nothing(db):
    before = db.read_bytes()
    with pytest.raises(ZeroDivisionError), publishing(db) as con:
        con.execute("delete from sessions")
        raise ZeroDivisionError
    assert db.read_bytes() == before
    assert not db.with_name("leaks.duckdb.building").exists()


COUNTED = "rows_read, sessions_new, sessions_updated, duplicates, folded, bots, without_consent, rejected"
LOAD = (
    f"insert into loads (load_id, file, format, sha256, loaded_at, stage_basis, aggregated, set_aside, notes, {COUNTED}) "
    "values (1, 'f', 'flat-csv', 'x', now()::timestamp, 'events', 0, 0, [], {})"
)

BREAKS = {
    "aggregates": "insert into aggregates by name select 1 as load_id, 1 as table_number, 1 as row_number, '' as grain, 5 as sessions",
    "conservation": LOAD.replace("{}", "5, 1, 1, 0, 0, 0, 0, 0"),
    "rejects_counted": LOAD.replace("{}", "2, 0, 0, 0, 0, 0, 0, 2"),
    "unique_sessions": "insert into sessions select * from sessions",
    "converted_stage": "update sessions set is_converted = true where stage = 0",
    "cubes_match_rows": "delete from sessions where stage = 0",
    "undocumented": "create table scratchpad (x integer)",
}


@pytest.mark.parametrize("check", BREAKS)
def test_each_check_stops_what_it_is_there_for(db, check):
    assert {path.stem for path in publish.schema.files("checks")} == set(BREAKS)
    before = db.read_bytes()
    with pytest.raises(RuntimeError, match=rf"check {check} failed"), publishing(db) as con:
        con.execute(BREAKS[check])
        if check == "unique_sessions":
            publish.schema.rebuild_cubes(con)
    assert db.read_bytes() == before


CRASH = """
import os, signal, sys
from pathlib import Path
from etl import publish
def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
setattr({place}, die)
with publish.publishing(Path(sys.argv[1])) as con:
    con.execute("delete from sessions")
    publish.schema.rebuild_cubes(con)
"""


@pytest.mark.parametrize("place", ["publish, 'run_checks'", "publish, 'compact'", "publish.os, 'fsync'", "publish.os, 'replace'"])
def test_a_crash_leaves_the_live_file_whole(db, place):
    crashed = subprocess.run([sys.executable, "-c", CRASH.format(place=place), str(db)], cwd=ROOT, capture_output=True)
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr.decode()
    assert sessions(db) == 2
    with publishing(db) as con:
        con.execute("delete from sessions where is_converted")
        publish.schema.rebuild_cubes(con)
    assert sessions(db) == 1


def hold(db: Path, ready, release) -> None:
    with publishing(db) as con:
        ready.set()
        release.wait(30)
        con.execute("delete from sessions where is_converted")
        publish.schema.rebuild_cubes(con)


def test_a_second_writer_waits_or_says_who_holds_the_lock(db):
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    first = context.Process(target=hold, args=(db, ready, release))
    first.start()
    try:
        assert ready.wait(30)
        with pytest.raises(InputError, match=rf"process {first.pid}.* is writing to it"), publishing(db, wait_seconds=0.3):
            pass
        release.set()
        with publishing(db) as con:
            assert con.execute("select count(*) from sessions").fetchone() == (1,)
    finally:
        release.set()
        first.join(30)
    assert first.exitcode == 0


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "leaks.duckdb"
    path.write_text("my diary")
    with pytest.raises(InputError, match="leaks.duckdb: not a database"), publishing(path):
        pass
    assert path.read_text() == "my diary"


def test_a_folder_in_the_place_of_the_database_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be copied beside itself"), publishing(tmp_path):
        pass


def test_what_a_killed_rewriting_left_is_removed(db):
    leftover = db.with_name(f"{db.name}.building.compact")
    leftover.write_bytes(b"left behind")
    with publishing(db):
        pass
    assert not leftover.exists()


def test_free_space_is_given_back(db):
    with publishing(db) as con:
        con.execute("create table filler as select md5(i::varchar) as text from range(2000000) as numbers(i)")
        con.execute("comment on table filler is 'x'; comment on column filler.text is 'x'")
    large = db.stat().st_size
    with publishing(db) as con:
        con.execute("drop table filler")
    assert db.stat().st_size < large / 2
    with duckdb.connect(str(db), read_only=True) as con:
        assert con.execute("select sessions, revenue from kpis").fetchone() == (2, 10.0)
        assert con.execute("select sum(sessions) from country_rates(devices := ['desktop'])").fetchone() == (2,)
        assert con.execute((publish.schema.SQL / "checks" / "undocumented.sql").read_text()).fetchall() == []


def test_readers_meet_only_whole_versions(db):
    stop = time.monotonic() + 2
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\nfrom etl import publish\n"
            "for number in range(4):\n"
            "    with publish.publishing(Path(sys.argv[1])) as con:\n"
            "        con.execute('update sessions set revenue = revenue + 1')\n"
            "        publish.schema.rebuild_cubes(con)\n",
            str(db),
        ],
        cwd=ROOT,
    )
    seen = set()
    is_over = False
    while not is_over:
        # Once more after the writer has ended, so that its last version is met too.
        is_over = writer.poll() is not None and time.monotonic() >= stop
        with duckdb.connect() as con:
            con.execute(f"attach '{db}' as leaks (read_only)")
            con.execute("use leaks")
            seen.add(
                con.execute("select revenue from kpis").fetchone() + con.execute("select sum(revenue)::double from sessions").fetchone()
            )
    assert writer.wait() == 0
    assert all(cubes == rows for cubes, rows in seen)
    assert max(seen)[0] == 18.0


def test_the_lock_file_is_left_empty(db):
    assert os.path.getsize(db.with_name("leaks.duckdb.lock")) == 0
