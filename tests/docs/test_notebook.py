"""The notebook tells a true story of whatever is loaded."""

import re
import shutil
from pathlib import Path

import duckdb
import nbformat

from etl import schema
from tests.conftest import insert_sessions
from tests.docs.reading import STORY

HOSTILE = "<img src=x onerror=alert(1)>`[click](javascript:alert(1))"


def made(path: Path, sessions: list[dict]) -> Path:
    """A database file of given sessions."""
    with duckdb.connect(str(path)) as con:
        schema.apply(con)
        insert_sessions(con, sessions)
    return path


def test_it_is_committed_without_outputs():
    notebook = nbformat.read(STORY, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


def test_it_reads_views_and_the_table_of_loads(empty_database):
    text = STORY.read_text(encoding="utf-8")
    with duckdb.connect(str(empty_database), read_only=True) as con:
        views = {name for (name,) in con.execute("select view_name from duckdb_views() where not internal").fetchall()}
    read = set(re.findall(r'rows\(\\"from (\w+)', text))
    assert len(read) >= 10
    assert read - views == {"loads"}


def test_real_sample_without_a_model(tell, sample_db):
    sentences, figures = tell(sample_db)
    told = "\n".join(sentences)
    for fact in (
        "10,000 rows were read from 1 file (flat-csv)",
        "without any session: 2017-07-03",
        "0.94 % of 10,000 sessions converted (95 % interval 0.77 % to 1.15 %)",
        "`United States` is above with 2.22 % (92 of 4,136)",
        "No model is trained yet",
        "a stage is a guess from page views",
    ):
        assert fact in told
    assert "calendar.google.com" not in told, "two sessions are no finding"
    assert len(figures) == 8
    assert not figures[6]["data"], "there is no calibration to draw"


def test_an_empty_database_has_no_story(tell, empty_database, tmp_path):
    sentences, _ = tell(shutil.copy(empty_database, tmp_path / "empty.duckdb"))
    assert "Nothing is loaded yet" in sentences[0]


def test_a_fall_is_seen_and_luck_is_not(tell, tmp_path):
    def sessions(late: int) -> list[dict]:
        return [
            {"session_date": f"2026-03-{1 + day:02d}", "stage": 3 if place < (6 if day < 15 else late) else 0}
            for day in range(30)
            for place in range(20)
        ]

    fell, _ = tell(made(tmp_path / "fell.duckdb", sessions(late=2)))
    same, _ = tell(made(tmp_path / "same.duckdb", sessions(late=6)))
    assert any("It fell from 30.00 % (90 of 300)" in sentence for sentence in fell)
    assert any("no more than chance would do" in sentence for sentence in same)


def test_labels_of_strangers_do_not_act(tell, tmp_path):
    rows = [{"source": HOSTILE, "stage": 3 if place % 2 else 0} for place in range(200)] + [{"source": "google"}] * 800
    sentences, figures = tell(made(tmp_path / "hostile.duckdb", rows))
    named = [sentence for sentence in sentences if "onerror" in sentence]
    assert named
    assert all("onerror" not in re.sub(r"`[^`]*`", "", sentence) for sentence in named)
    assert not [figure for figure in figures if "<img" in str(figure["data"])]
