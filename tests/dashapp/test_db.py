"""The reader follows the file: replaced under load, no answer fails, mixes versions, or comes from a version long gone."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from dashapp import db
from dashapp.db import Database, DatabaseUnavailable


def write(path: Path, version: int, rows: int = 1_000) -> None:
    """A database whose every row names its version, put in place with one rename."""
    copy = path.with_suffix(f".{version}.building")
    with duckdb.connect(str(copy)) as con:
        con.execute(f"create table marks as select {version} as version from range({rows})")
        con.execute(f"create table again as select {version} as version")
    os.replace(copy, path)


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def test_reads_rows(tmp_path):
    write(tmp_path / "a.duckdb", 7)
    database = Database(tmp_path / "a.duckdb")
    assert database.rows("select version, $word as word from again", {"word": "it's"}) == [{"version": 7, "word": "it's"}]


def test_new_file_is_noticed(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    database = Database(path)
    assert database.rows("from again") == [{"version": 1}]
    write(path, 2)
    assert database.rows("from again") == [{"version": 2}]


def test_a_reading_keeps_its_version(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    database = Database(path)
    with database.reading() as read:
        write(path, 2)
        assert database.rows("from again") == [{"version": 2}]
        assert read.rows("from again") == [{"version": 1}]
        assert len(read.rows("from marks")) == 1_000


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_old_versions_are_let_go(tmp_path):
    path = tmp_path / "a.duckdb"
    database = Database(path)
    for version in range(5):
        write(path, version)
        database.rows("from again")
    gone = [target for fd in Path("/proc/self/fd").iterdir() if str(path) in (target := _target(fd)) and "(deleted)" in target]
    assert gone == []


def test_replaced_under_load(tmp_path):
    """Threads read two tables in one reading while the file is replaced again and again."""
    path = tmp_path / "a.duckdb"
    write(path, 0)
    database = Database(path)
    seen, failures, done = [[] for _ in range(6)], [], threading.Event()

    def hammer(mine: list[int]) -> None:
        try:
            while not done.is_set():
                with database.reading() as read:
                    marks = read.rows("select min(version) as low, max(version) as high, count(*) as n from marks")[0]
                    again = read.rows("from again")[0]["version"]
                assert marks == {"low": again, "high": again, "n": 1_000}
                mine.append(again)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for version in range(1, 41):
        write(path, version)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    for mine in seen:
        assert mine, "a thread read nothing"
        assert mine == sorted(mine), "an answer came from an older version than the one before"
    assert database.rows("from again") == [{"version": 40}]


def test_missing_then_there(tmp_path):
    path = tmp_path / "a.duckdb"
    database = Database(path)
    with pytest.raises(DatabaseUnavailable, match="no database"):
        database.rows("select 1")
    write(path, 3)
    assert database.rows("from again") == [{"version": 3}]


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "a.duckdb"
    path.write_text("<html>not a database</html>" * 500)
    with pytest.raises(DatabaseUnavailable) as refusal:
        Database(path).rows("select 1")
    assert str(tmp_path) not in str(refusal.value)


def test_a_broken_successor_leaves_the_old_one_serving(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    database = Database(path)
    database.rows("from again")
    broken = tmp_path / "broken"
    broken.write_text("nonsense" * 2_000)
    os.replace(broken, path)
    assert database.rows("from again") == [{"version": 1}]
    write(path, 2)
    assert database.rows("from again") == [{"version": 2}]


def test_deleted_file_goes_on_being_served(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    database = Database(path)
    database.rows("from again")
    path.unlink()
    assert database.rows("from again") == [{"version": 1}]


def test_locked_by_a_writer(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    report = tmp_path / "ready"
    code = f"import duckdb, pathlib, sys; con = duckdb.connect({str(path)!r}); pathlib.Path({str(report)!r}).touch(); sys.stdin.read()"
    writer = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        while not report.exists():
            assert writer.poll() is None
        with pytest.raises(DatabaseUnavailable, match="locked"):
            Database(path).rows("select 1")
    finally:
        writer.communicate()


def test_too_old(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    with pytest.raises(DatabaseUnavailable, match="lacks kpis"):
        Database(path, required=frozenset({"kpis"})).rows("select 1")


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/other.duckdb'",
        "copy (select 1) to '/tmp/leaks-written.csv'",
        "create table leaks.more as select 1",
        "install httpfs",
        "set enable_external_access = true",
        "select * from glob('/*')",
    ],
)
def test_reader_is_hardened(tmp_path, statement):
    write(tmp_path / "a.duckdb", 1)
    with pytest.raises(duckdb.Error):
        Database(tmp_path / "a.duckdb").rows(statement)


def test_a_quote_in_the_path(tmp_path):
    path = tmp_path / "it's here.duckdb"
    write(path, 5)
    assert Database(path).rows("from again") == [{"version": 5}]


def test_opened_after_a_fork(tmp_path):
    path = tmp_path / "a.duckdb"
    write(path, 1)
    database = Database(path)
    database.rows("from again")
    database._process = -1  # as a forked worker finds it
    write(path, 2)
    assert database.rows("from again") == [{"version": 2}]


STATEMENTS = [
    ("select version, count(*) as n from marks group by version", {}),
    *((f"select version, {number} as number, $word as word from again", {"word": f"it's {number}"}) for number in range(9)),
    ("select range as n from range(3000)", {}),
    ("select list_sum($values) as total", {"values": [1, 2, 3]}),
]


def test_reading_together_gives_the_rows_of_one_after_another(tmp_path):
    write(tmp_path / "a.duckdb", 7)
    database = Database(tmp_path / "a.duckdb")
    with database.reading() as read:
        expected = [read.rows(*statement) for statement in STATEMENTS]
    with database.reading() as read:
        read.together(STATEMENTS)
        read._cursor.close()  # nothing is left to read
        assert [read.kept(*statement) for statement in STATEMENTS] == expected


def test_reading_together_uses_two_cursors(tmp_path):
    """Two statements of which neither ends before the other has begun: one cursor alone would wait for ever."""
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    both = threading.Barrier(2, timeout=20)

    with database.reading() as read:
        read._read_all = lambda waiting, cursor, then=read._read_all: (both.wait(), then(waiting, cursor))
        read.together(STATEMENTS)
        assert read.kept(*STATEMENTS[0]) == [{"version": 1, "n": 1_000}]


@pytest.mark.parametrize("place", [0, 1, 5, 9])
def test_an_error_beside_others_surfaces(tmp_path, place):
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    statements = [(f"select {number} as n from again", {}) for number in range(9)]
    statements.insert(place, ("from nowhere", {}))
    with pytest.raises(duckdb.CatalogException, match="nowhere"), database.reading() as read:
        read.together(statements)
    assert database._current.readers == 0
    with database.reading() as read:
        read.together(statements[:place] + statements[place + 1 :])
        assert read.kept("select 8 as n from again") == [{"n": 8}]


def test_an_error_of_either_thread_surfaces(tmp_path):
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    with database.reading() as read:
        mine, then = threading.get_ident(), read._read_all
        both = threading.Barrier(2, timeout=20)
        for fails in (lambda: threading.get_ident() == mine, lambda: threading.get_ident() != mine):

            def read_all(waiting, cursor, fails=fails):
                both.wait()
                if fails():
                    raise ZeroDivisionError
                then(waiting, cursor)

            read._read_all = read_all
            with pytest.raises(ZeroDivisionError):
                read.together(STATEMENTS)


def test_reading_together_keeps_its_version(tmp_path):
    """The file is replaced again and again between the statements of a reading: all see the one it began with."""
    path = tmp_path / "a.duckdb"
    write(path, 0)
    database = Database(path)
    done = threading.Event()
    failures = []

    def replace() -> None:
        try:
            version = 0
            while not done.is_set():
                version += 1
                write(path, version)
                database.rows("from again")  # so that the old version is let go as soon as nobody reads it
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=replace)
    writer.start()
    seen = []
    try:
        while len(set(seen)) < 5 and not failures:
            with database.reading() as read:
                began = read.rows("from again")[0]["version"]
                read.together(STATEMENTS)
                versions = {row["version"] for statement in STATEMENTS[:-2] for row in read.kept(*statement)}
            assert versions == {began}
            seen.append(began)
    finally:
        done.set()
        writer.join()
    assert failures == []
    assert seen == sorted(seen)


def test_what_a_version_forgets_its_reading_remembers(tmp_path, monkeypatch):
    monkeypatch.setattr("dashapp.db.MOST_ANSWERS", 0)
    write(tmp_path / "a.duckdb", 1)
    with Database(tmp_path / "a.duckdb").reading() as read:
        read.together(STATEMENTS)
        read._cursor.close()
        assert read.kept(*STATEMENTS[1]) == [{"version": 1, "number": 0, "word": "it's 0"}]


def test_helpers_end_with_their_version(tmp_path):
    path = tmp_path / "a.duckdb"
    database = Database(path)
    before = threading.active_count()
    for version in range(5):
        write(path, version)
        with database.reading() as read:
            read.together(STATEMENTS)
        helpers = database._current.helpers
    database.close()
    for helper in helpers._threads:
        helper.join(10)
    assert threading.active_count() <= before


def test_cursors_are_used_again(tmp_path):
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    for number in range(5):
        with database.reading() as read:
            read.together([(f"select {number} + {other} as n", {}) for other in range(4)])
            assert read.kept(f"select {number} + 3 as n", {}) == [{"n": number + 3}]
    assert len(database._current._cursors) <= 2


def test_rows_left_unread_block_nobody(tmp_path):
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    with database.reading() as read:
        chunks = read.chunks("select range as n from range(1000000)", size=10)
        next(chunks)
        next(chunks)
        assert read.rows("select 1 as n") == [{"n": 1}]
    chunks.close()
    assert database.rows("select 2 as n") == [{"n": 2}]


def test_optimizers_that_are_switched_off_are_known(tmp_path):
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    known = {name for (name,) in duckdb.sql("select name from duckdb_optimizers()").fetchall()}
    assert set(db.UNUSED_OPTIMIZERS.split(",")) < known
    (chosen,) = database.rows("select current_setting('disabled_optimizers') as names")
    assert set(chosen["names"].split(",")) == set(db.UNUSED_OPTIMIZERS.split(","))
