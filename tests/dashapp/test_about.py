"""The line of a starting server says what it shows."""

import subprocess
import sys

import duckdb
import pytest

from dashapp.about import about
from dashapp.db import Database
from tests.dashapp.building import build
from tests.dashapp.serving import ROOT, serving


def as_demo(path):
    with duckdb.connect(str(path)) as con:
        con.execute("insert into settings (name, value) values ('is_demo', 'true')")
    return path


def test_what_is_shown(tmp_path):
    path = build(tmp_path / "a.duckdb", sessions=1_200)
    assert about(Database(path)) == "1,200 sessions, 1–10 March 2024"
    assert about(Database(as_demo(path))) == "1,200 sessions, 1–10 March 2024, demo data"
    assert about(Database(build(tmp_path / "b.duckdb", sessions=0))) == "no sessions yet"
    assert "no database yet" in about(Database(tmp_path / "c.duckdb"))


@pytest.mark.parametrize("is_there", [True, False])
def test_gunicorn_says_it_once(tmp_path, is_there):
    path = tmp_path / "leaks.duckdb"
    if is_there:
        as_demo(build(path, sessions=300))
    said = tmp_path / "said.txt"
    with said.open("w") as output, serving(path, said=output) as server:
        pass
    lines = [line for line in said.read_text().splitlines() if line.startswith("Showing")]
    expected = "300 sessions, 1–10 March 2024, demo data" if is_there else "There is no database yet."
    assert len(lines) == 1
    assert lines[0].startswith(f"Showing {path} on {server.url}: {expected}")


def test_the_master_opens_no_database(tmp_path):
    """Importing the configuration of gunicorn, as its master does, loads no DuckDB that forks would share."""
    code = "import runpy, sys; runpy.run_path('gunicorn.conf.py'); sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
