"""Warnings about the files loaded stand on every page that shows their figures."""

import duckdb
import pytest

from dashapp.db import Database
from dashapp.filters import Filters
from dashapp.pages import PAGES
from tests.dashapp.building import build

WARNINGS = ["The file is cut off.", "Ids are rounded.", "The export is sampled."]
HOSTILE = "<img src=x onerror=alert(1)>.csv"


@pytest.fixture
def read(tmp_path):
    path = build(tmp_path / "leaks.duckdb", sessions=300)
    with duckdb.connect(str(path)) as con:
        con.execute("update loads set warnings = ?, file = ?", [WARNINGS, HOSTILE])
    with Database(path).reading() as read:
        yield read


def notes(read, path: str) -> list[str]:
    return [note.children for note in PAGES[path].answer(read, Filters(), [], "light")["page-notes"]["children"]]


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/data"])
def test_every_page_tells_the_first_warnings_and_how_many_more(read, path):
    told = notes(read, path)
    assert told[-3:] == [f"{HOSTILE}: {WARNINGS[1]}", f"{HOSTILE}: {WARNINGS[2]}", "1 more warning about the files loaded: see Data."]


def test_the_data_page_lists_them_all_once(read):
    assert notes(read, "/data") == []
    listed = str(PAGES["/data"].answer(read, Filters(), [], "light")["data-warnings"]["children"].to_plotly_json())
    assert all(warning in listed for warning in WARNINGS)
