"""Fixtures for every test: the real exports where they exist, and small databases made of given sessions."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl import levels, publish, schema
from tests import templates

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FIRST = (
    "fuzz/test_shapes.py",
    "etl/test_ga360_partition.py",
    "etl/test_flat_partition.py",
    "etl/test_ga4_partition.py",
    "models/leaks/test_database.py",
    "browser/test_filters.py",
    "browser/test_pages.py",
    "docs/test_examples.py",
    "fuzz/test_hostile.py",
    "etl/test_load.py",
    "dashapp/test_reports.py",
    "models/test_runs.py",
    "sql/test_periods.py",
    "models/test_training.py",
    "models/experiments/test_fixes.py",
    "etl/test_cubes.py",
    "etl/test_publish.py",
    "etl/test_faults.py",
)
"""Files that take longest, in the order they are begun: what takes long and begins last keeps one process waiting for the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    rank = {str(ROOT / "tests" / name): place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(str(item.path), len(rank)))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real exports, which are not part of the repository."""
    folder = Path(os.environ.get("LEAKS_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("skipped: no real data")
    return folder


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its whole schema and no rows."""
    return templates.copy_to(tmp_path_factory.mktemp("empty") / "empty.duckdb")


@pytest.fixture(scope="session", autouse=True)
def new_databases_are_copies() -> Iterator[None]:
    """Whatever publishes a new database in this process starts from a copy of an empty one; commands that tests start make their own."""

    def open_copy(copy: Path, db: Path) -> duckdb.DuckDBPyConnection:
        if not copy.exists():
            templates.copy_to(copy)
        return opened(copy, db)

    opened = publish.open_copy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "open_copy", open_copy)
        yield


DEFAULTS = {
    "visitor_id": None,
    "visit_number": 1,
    "started_at": None,
    "session_date": "2026-03-02",
    "device": "desktop",
    "country": "Canada",
    "iso3": None,
    "source": "google",
    "medium": "organic",
    "campaign": None,
    "channel": "Organic Search",
    "landing_page": None,
    "browser": None,
    "operating_system": None,
    "pageviews": 1,
    "duration_seconds": 0.0,
    "is_bounce": False,
    "stage": 0,
    "transactions": None,
    "revenue": 0,
    "load_id": 1,
}


def insert_sessions(con: duckdb.DuckDBPyConnection, sessions: list[dict]) -> None:
    """Insert sessions given by the columns that matter, and rebuild the cubes.

    Columns left out take a plain default; is_engaged and is_converted follow from the stage, and a
    converted session has one transaction unless it says otherwise.
    """
    rows = []
    for number, given in enumerate(sessions):
        row = {"session_id": f"{number:024x}"} | DEFAULTS | given
        row["is_engaged"] = row["stage"] >= 1
        row["is_converted"] = row["stage"] == 3
        if row["transactions"] is None:
            row["transactions"] = int(row["is_converted"])
        rows.append(row)
    if rows:
        names = list(rows[0])
        con.execute(
            "create or replace temp table given as select * exclude (device, country, source, channel), "
            "device::varchar as device, country::varchar as country, source::varchar as source, channel::varchar as channel "
            "from sessions limit 0"
        )
        con.executemany(
            f"insert into given ({', '.join(names)}) values ({', '.join('?' * len(names))})",
            [[row[name] for name in names] for row in rows],
        )
        for column in levels.TYPES:
            levels.extend(con, column, "given")
        con.execute("insert into sessions by name select * from given order by session_date, device, source, country; drop table given")
    schema.rebuild_cubes(con)


@pytest.fixture
def database(tmp_path: Path):
    """A function that makes a database of given sessions: `con = database([{...}, ...])`."""
    connections = []

    def make(sessions: list[dict]) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(str(templates.copy_to(tmp_path / f"database{len(connections)}.duckdb")))
        connections.append(con)
        insert_sessions(con, sessions)
        return con

    yield make
    for con in connections:
        con.close()


def records(con: duckdb.DuckDBPyConnection, query: str, parameters=None) -> list[dict]:
    """The rows of a query as dictionaries."""
    cursor = con.execute(query, parameters) if parameters is not None else con.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="session")
def load_real(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """A function that loads one of the real exports and gives the database file, loading each at most once."""
    from etl.load import load

    folder = tmp_path_factory.mktemp("real")
    loaded: dict[str, Path] = {}

    def database_of(name: str) -> Path:
        if name not in loaded:
            db = folder / f"{name}.duckdb"
            load([real_data / name], db)
            loaded[name] = db
        return loaded[name]

    return database_of


@pytest.fixture(scope="session")
def sample_db(load_real) -> Path:
    """The database of the real sample of 10,000 sessions."""
    return load_real("sessions_10k.csv")
