"""Reading ahead: a helper reads what a page shows last while the page draws what it shows first."""

import threading

import duckdb
import pytest

from dashapp import db
from dashapp.db import Database
from tests.dashapp.test_db import STATEMENTS, write

PATIENCE = 20
NUMBERS = [(f"select {number} as n from again limit 1", {}) for number in range(6)]


@pytest.fixture
def database(tmp_path):
    write(tmp_path / "a.duckdb", 1)
    database = Database(tmp_path / "a.duckdb")
    yield database
    database.close()


@pytest.fixture
def slow_helper(monkeypatch):
    """The helper waits before each statement for `go`; `mine` are the statements read by the test's own thread."""
    go, mine, own, rows = threading.Event(), [], threading.get_ident(), db._rows

    def read(cursor, sql, params):
        if threading.get_ident() == own:
            mine.append(sql)
            if len(mine) == len(NUMBERS) - 1:
                go.set()
        else:
            assert go.wait(PATIENCE)
        return rows(cursor, sql, params)

    monkeypatch.setattr(db, "_rows", read)
    return go, mine


def begun(read) -> None:
    """Wait until the helper is at a statement."""
    for _ in range(PATIENCE * 1_000):
        if read._begun:
            return
        threading.Event().wait(0.001)
    raise AssertionError("the helper never began")


def test_rows_are_those_of_one_statement_after_another(database):
    with database.reading() as read:
        expected = [read.rows(*statement) for statement in STATEMENTS]
    with database.reading() as read:
        read.ahead(STATEMENTS)
        assert [read.kept(*statement) for statement in STATEMENTS] == expected


def test_what_is_drawn_first_need_not_wait_for_the_last(database, slow_helper):
    go, mine = slow_helper
    with database.reading() as read:
        read.ahead(NUMBERS)
        begun(read)
        assert read.kept(*NUMBERS[0]) == [{"n": 0}]
        assert not go.is_set()
        go.set()
        assert read.kept(*NUMBERS[-1]) == [{"n": 5}]
    assert NUMBERS[-1][0] not in mine


def test_who_asks_for_what_the_helper_is_at_reads_the_others_meanwhile(database, slow_helper):
    _, mine = slow_helper
    with database.reading() as read:
        read.ahead(NUMBERS)
        begun(read)
        # The helper goes on only when all others were read here: to wait for it alone would be for ever.
        assert read.kept(*NUMBERS[-1]) == [{"n": 5}]
    assert mine == [sql for sql, _ in NUMBERS[:-1]]


def test_an_error_of_the_helper_is_raised_where_the_rows_are_asked_for(database):
    statements = [*NUMBERS, ("from nowhere", {})]
    with pytest.raises(duckdb.CatalogException, match="nowhere"), database.reading() as read:
        read.ahead(statements)
        assert [read.kept(*statement) for statement in NUMBERS] == [[{"n": number}] for number in range(6)]
        read.kept(*statements[-1])
    assert database._current.readers == 0
    with database.reading() as read:
        assert read.kept(*NUMBERS[1]) == [{"n": 1}]


def test_a_reading_that_ends_early_lets_its_helper_end(database, slow_helper):
    go, _ = slow_helper
    ended = []

    def leave() -> None:
        with database.reading() as read:
            read.ahead(NUMBERS)
            begun(read)
        ended.append(database._current.readers)

    leaving = threading.Thread(target=leave)
    leaving.start()
    leaving.join(0.2)
    assert leaving.is_alive() and ended == []  # the version stays open while the helper reads from it
    go.set()
    leaving.join(PATIENCE)
    assert ended == [0]


def test_cursors_are_used_again(database):
    for number in range(5):
        with database.reading() as read:
            read.ahead([(f"select {number} + {other} as n", {}) for other in range(4)])
            assert read.kept(f"select {number} + 3 as n", {}) == [{"n": number + 3}]
    assert len(database._current._cursors) <= 2


def test_rows_left_unread_block_nobody(database):
    with database.reading() as read:
        chunks = read.chunks("select range as n from range(1000000)", size=10)
        next(chunks)
        next(chunks)
        assert read.rows("select 1 as n") == [{"n": 1}]
    chunks.close()
    assert database.rows("select 2 as n") == [{"n": 2}]


def test_optimizers_that_are_switched_off_are_known(database):
    known = {name for (name,) in duckdb.sql("select name from duckdb_optimizers()").fetchall()}
    assert set(db.UNUSED_OPTIMIZERS.split(",")) < known
    (chosen,) = database.rows("select current_setting('disabled_optimizers') as names")
    assert set(chosen["names"].split(",")) == set(db.UNUSED_OPTIMIZERS.split(","))
