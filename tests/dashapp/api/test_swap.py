"""A new run is published while requests come: each is answered, by one whole run or the other."""

import json
import shutil
import threading
import time

import duckdb
import pytest

from dashapp.api import scoring, shapes
from dashapp.api.problems import Problem
from dashapp.db import Database
from etl.publish import publishing
from tests.dashapp.api.conftest import ENTRIES, ask
from tests.dashapp.serving import serving

BODY = {"sessions": [{"pageviews": 12, "duration_seconds": 300, "country": "United States"}] * 20}


def publish_run(database, run_id: str, threshold: float, kind: str = "retrospective", artefact: bytes | None = None) -> None:
    """Publish a later run: a copy of the latest of its kind with another name, threshold, and perhaps artefact."""
    with publishing(database) as con:
        con.execute(
            "insert into model_runs by name select * replace ($run_id as run_id, $threshold as threshold, "
            "trained_at + interval 1 day as trained_at, coalesce($artefact, artefact) as artefact) "
            "from model_runs where kind = $kind order by trained_at desc limit 1",
            {"run_id": run_id, "threshold": threshold, "kind": kind, "artefact": artefact},
        )


def test_no_request_fails_while_a_run_is_swapped(database):
    with serving(database, LEAKS_API_TOKENS=ENTRIES, LEAKS_API_RATE="100000") as server:
        first = ask(server, BODY)
        assert first.status == 200, first.text
        before = first.told["run_id"]
        stop, answers, failures = threading.Event(), [], []

        def keep_asking():
            try:
                while not stop.is_set():
                    answers.append(ask(server, BODY))
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=keep_asking) for _ in range(3)]
        for thread in threads:
            thread.start()
        for name in ("second", "third"):
            publish_run(database, name, 0.123)
            # Until both workers have surely answered by the new run.
            deadline, since = time.monotonic() + 60, len(answers)
            while time.monotonic() < deadline and sum(answer.told.get("run_id") == name for answer in answers[since:]) < 12:
                time.sleep(0.05)
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert {answer.status for answer in answers} == {200}
    seen = [answer.told["run_id"] for answer in answers]
    assert set(seen) == {before, "second", "third"}
    for answer in answers:
        (run,) = answer.told["runs"]
        assert (run["threshold"] == 0.123) == (run["run_id"] != before)
        assert all(result["run_id"] == run["run_id"] for result in answer.told["results"])
        assert all(result["is_above_threshold"] == (result["p_conversion"] >= run["threshold"]) for result in answer.told["results"])


def test_only_new_runs_are_read_anew(database):
    models = scoring.Models(Database(database))
    before = models.current()
    assert models.current() is before
    publish_run(database, "second", 0.5)
    after = models.current()
    assert after.runs["retrospective"].run_id == "second"
    assert after.runs["early"] is before.runs["early"]


def test_while_one_thread_reads_the_new_model_others_go_on_with_the_old(database, monkeypatch):
    models = scoring.Models(Database(database))
    before = models.current()
    publish_run(database, "second", 0.5)
    reading, go_on, load = threading.Event(), threading.Event(), scoring.load

    def slow(read, known):
        reading.set()
        assert go_on.wait(30)
        return load(read, known)

    monkeypatch.setattr(scoring, "load", slow)
    found = []
    thread = threading.Thread(target=lambda: found.append(models.current()))
    thread.start()
    assert reading.wait(30)
    assert models.current() is before
    go_on.set()
    thread.join()
    assert found[0].runs["retrospective"].run_id == "second" == models.current().runs["retrospective"].run_id


def test_a_damaged_run_stops_its_kind_alone_and_says_why(database):
    models = scoring.Models(Database(database))
    sessions = shapes.sessions(json.dumps({"sessions": [{"events": [{"event_name": "page_view", "page": "/"}]}, {}]}).encode())
    assert scoring.score(models.current(), sessions)["run_id"] is None
    publish_run(database, "damaged", 0.5, artefact=b"PK\x03\x04 not an archive")
    assert scoring.score(models.current(), sessions[:1])["runs"][0]["kind"] == "early"
    with pytest.raises(Problem, match="run damaged cannot be used: the stored model is damaged") as problem:
        scoring.score(models.current(), sessions)
    assert problem.value.status == 503


def test_a_file_that_vanishes_leaves_the_model_in_use(database, tmp_path):
    models = scoring.Models(Database(database))
    before = models.current()
    away = shutil.move(database, tmp_path / "away.duckdb")
    assert models.current().runs == before.runs
    shutil.move(away, database)
    with duckdb.connect(str(database), read_only=True):
        pass
    assert set(models.current().runs) == {"early", "retrospective"}
