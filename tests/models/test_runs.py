"""Runs on databases: what they read, append and leave alone."""

import json
import math
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest

from etl import schema
from etl.errors import InputError
from etl.publish import publishing
from models import database, folds, runs
from models.artefact import Model
from models.features import Sessions
from tests.models.conftest import QUICK
from tests.models.worlds import build, insert, replaced, world


@pytest.fixture
def db(trained_database, tmp_path) -> Path:
    """A database of 3,000 sessions with one run."""
    return Path(shutil.copy(trained_database, tmp_path / "leaks.duckdb"))


def rows(db: Path, query: str, *parameters: object) -> list[tuple]:
    with database.reading(db) as con:
        return con.execute(query, list(parameters)).fetchall()


def add(db: Path, table) -> None:
    with publishing(db) as con:
        insert(con, table)


def test_every_session_is_scored_once_and_the_top_tenth_is_exact(db):
    found = rows(db, "select session_id, p_conversion, is_top_decile, is_above_threshold from predictions")
    ((threshold, cutoff),) = rows(db, "select threshold, cutoff from current_run")
    assert sorted(row[0] for row in found) == [row[0] for row in rows(db, "select session_id from sessions order by 1")]
    ranked = sorted(found, key=lambda row: (-row[1], row[0]))
    assert [row[2] for row in ranked] == [True] * 300 + [False] * 2700
    assert cutoff == ranked[299][1]
    assert all((p >= threshold) == above for _, p, _, above in found)
    assert 0 < sum(row[3] for row in found) < len(found)


def test_the_app_sees_the_run(db):
    ((run_id, kind, metrics, cutoff),) = rows(db, "select run_id, kind, metrics, cutoff from current_run")
    assert kind == "retrospective"
    assert json.loads(metrics)["cutoff"] == cutoff
    assert rows(db, "select sum(sessions) from probability_histogram") == [(3000,)]
    assert rows(db, "select count(*) from predictions where is_top_decile") == [(300,)]
    shown = rows(db, "select count(*), min(p_conversion) >= any_value(cutoff), bool_or(is_converted) from top_candidates, current_run")
    ((left,),) = rows(
        db, "select count(*) from predictions inner join sessions using (session_id) where is_top_decile and not is_converted"
    )
    assert shown == [(left, True, False)] and 0 < left < 300
    assert rows(db, "select distinct run_id from predictions") == [(run_id,)]


def test_a_second_run_is_appended_and_the_first_stays(db):
    before = rows(db, "from predictions order by all"), rows(db, "from model_runs")
    ((first,),) = rows(db, "select run_id from model_runs")
    summary = runs.train(db, seed=1, **QUICK)
    assert rows(db, "select metrics from current_run") == [(json.dumps(summary["metrics"]),)]
    assert summary["run_id"] > first
    assert rows(db, "select run_id from current_run") == [(summary["run_id"],)]
    assert (
        rows(db, "from predictions where run_id = ? order by all", first),
        rows(db, "from model_runs where run_id = ?", first),
    ) == before
    assert rows(db, "select count(*) from predictions") == [(6000,)]


def test_a_run_can_be_repeated_to_the_last_digit(tmp_path, empty_database):
    table = world(1200, seed=30)[0]
    shuffled = table.take(np.random.default_rng(0).permutation(1200))
    summaries = [
        runs.train(build(tmp_path / f"{name}.duckdb", data, empty_database), **QUICK) for name, data in (("a", table), ("b", shuffled))
    ]
    one, two = ({key: value for key, value in summary.items() if key != "run_id"} for summary in summaries)
    assert one == two
    assert summaries[0]["run_id"][-8:] == summaries[1]["run_id"][-8:]
    query = "select session_id, p_conversion, is_top_decile from predictions order by 1"
    assert rows(tmp_path / "a.duckdb", query) == rows(tmp_path / "b.duckdb", query)
    assert rows(tmp_path / "a.duckdb", "select artefact from model_runs") == rows(tmp_path / "b.duckdb", "select artefact from model_runs")


CHANGES = {
    "pageviews": "coalesce(pageviews, 0) + 1",
    "source": "case when source = 'bing' then 'google' else 'bing' end",
    "is_converted": "not is_converted",
    "started_at": "null",
    "visitor_id": "visitor_id || 'x'",
}


def test_the_hash_of_the_data_sees_every_change(tmp_path, empty_database):
    db = build(tmp_path / "leaks.duckdb", world(200, seed=31)[0], empty_database)
    hashes = []
    with duckdb.connect(str(db)) as con:
        hashes.append(database.read_examples(con).data_hash)
        con.execute("create temp table copied as from sessions; delete from sessions; insert into sessions from copied order by random()")
        assert database.read_examples(con).data_hash == hashes[0]
        for column, value in CHANGES.items():
            con.execute(f"update sessions set {column} = {value} where session_id = (select max(session_id) from sessions)")
            hashes.append(database.read_examples(con).data_hash)
    assert len(set(hashes)) == len(CHANGES) + 1


def test_later_sessions_are_scored_by_models_that_did_not_see_their_visitors(db):
    later = world(400, seed=32)[0]
    visitors = [f"visitor-{number}" if number < 200 else f"stranger-{number}" for number in range(400)]
    countries = ["Atlantis" if number % 3 else "Japan" for number in range(400)]
    later = replaced(later, session_id=[f"later{number:019x}" for number in range(400)], visitor=visitors, country=countries)
    before = rows(db, "from predictions order by all")
    seen = {visitor for (visitor,) in rows(db, "select visitor_id from sessions")}
    add(db, later)
    summary = runs.score(db)
    assert summary["sessions_scored"] == 400
    assert rows(db, "from predictions where session_id not like 'later%' order by all") == before

    ((artefact, cutoff, threshold),) = rows(
        db, "select artefact, cutoff, model_runs.threshold from model_runs inner join current_run using (run_id)"
    )
    model = Model.from_bytes(artefact)
    sessions = Sessions.from_arrow(later)
    fold = folds.outer_fold(folds.hash_visitors(visitors, model.salt))
    expected = np.where(
        [visitor in seen for visitor in visitors],
        np.choose(fold, [scorer.probabilities(sessions) for scorer in model.folds]),
        model.final.probabilities(sessions),
    )
    found = rows(
        db, "select p_conversion, is_top_decile, is_above_threshold from predictions where session_id like 'later%' order by session_id"
    )
    assert [row[0] for row in found] == expected.tolist()
    assert [row[1:] for row in found] == [(p >= cutoff, p >= threshold) for p in expected.tolist()]
    assert 0 < sum(visitor in seen for visitor in visitors) < 400
    assert rows(db, "select sum(sessions) from probability_histogram") == [(3400,)]
    cubes = [
        f"select columns(*)::varchar from cubes.{name} order by all" for name in ("probability_days", "probability_totals", "candidates")
    ]
    with publishing(db) as con:
        brought_up_to_date = [con.execute(cube).fetchall() for cube in cubes]
        schema.rebuild_probability_cubes(con)
        assert [con.execute(cube).fetchall() for cube in cubes] == brought_up_to_date


def test_scoring_twice_changes_nothing(db):
    before = db.stat()
    assert runs.score(db)["sessions_scored"] == 0
    assert (db.stat().st_mtime_ns, db.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_sessions_that_arrive_while_training_are_scored_too(db, monkeypatch):
    train = runs.training.train

    def interrupted(*arguments, **options):
        trained = train(*arguments, **options)
        add(db, replaced(world(50, seed=33)[0], session_id=[f"late{number:020x}" for number in range(50)]))
        return trained

    monkeypatch.setattr(runs.training, "train", interrupted)
    assert runs.train(db, **QUICK)["sessions_scored"] == 3050


def test_a_sample_of_visitors_is_learnt_from_and_everyone_scored(db, monkeypatch):
    monkeypatch.setitem(database.MAX_EXAMPLES, "retrospective", 1500)
    summary = runs.train(db, **QUICK)
    assert summary["metrics"]["sessions"] == pytest.approx(1500, rel=0.1)
    assert summary["sessions_scored"] == 3000
    top = rows(db, "select count(*) from predictions where run_id = ? and is_top_decile", summary["run_id"])
    assert top == [(math.ceil(3000 / 10),)]


def test_sessions_without_a_visitor_stand_for_themselves(tmp_path, empty_database):
    table = replaced(world(1500, seed=34)[0], visitor=None)
    assert runs.train(build(tmp_path / "leaks.duckdb", table, empty_database), **QUICK)["sessions_scored"] == 1500


def test_hours_are_those_of_the_property(tmp_path, empty_database):
    table = replaced(world(200, seed=35)[0], hour=[float(number % 24) for number in range(200)])
    db = build(tmp_path / "leaks.duckdb", table, empty_database)
    hours = {}
    for zone in ("America/Los_Angeles", "Mars/Olympus'); drop table sessions; --", None):
        with duckdb.connect(str(db)) as con:
            con.execute("delete from settings where name = 'time_zone'")
            if zone:
                con.execute("insert into settings values ('time_zone', ?)", [zone])
        with database.reading(db) as con:
            read = database.read_examples(con)
        hours[zone] = dict(zip(read.ids.column("session_id").to_pylist(), read.examples.sessions.numbers["hour"].tolist(), strict=True))
    utc = dict(zip(table.column("session_id").to_pylist(), table.column("hour").to_pylist(), strict=True))
    assert hours[None] == utc
    assert hours["Mars/Olympus'); drop table sessions; --"] == utc
    assert hours["America/Los_Angeles"] == {session: (hour - 8) % 24 for session, hour in utc.items()}


def test_hostile_labels_are_only_labels(tmp_path, empty_database):
    table = world(1500, seed=36)[0]
    hostile = ["'; drop table sessions; --", "\x1f", "<a href='x'>", "\\", "{}", "\N{SNOWMAN}"]
    db = build(tmp_path / "leaks.duckdb", replaced(table, source=[hostile[number % 6] for number in range(1500)]), empty_database)
    assert runs.train(db, **QUICK)["sessions_scored"] == 1500
    ((artefact,),) = rows(db, "select artefact from model_runs")
    assert set(Model.from_bytes(artefact).final.encoder.levels["source"]) == set(hostile)


def test_a_failed_training_leaves_the_database_as_it_was(db):
    with publishing(db) as con:
        con.execute("update sessions set is_converted = false, stage = 0, transactions = 0, is_engaged = false")
        schema.rebuild_cubes(con)
    before = db.read_bytes()
    with pytest.raises(InputError, match="none of the 3,000 sessions converted"):
        runs.train(db)
    assert db.read_bytes() == before


def test_what_cannot_be_read_is_refused(tmp_path, empty_database):
    with pytest.raises(InputError, match="there is no database; load exports first"):
        runs.train(tmp_path / "none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()
    text = tmp_path / "text.duckdb"
    text.write_text("not a database")
    with pytest.raises(InputError, match="not a database of this program"):
        runs.train(text)
    with pytest.raises(InputError, match="too few sessions to train a model: 0"):
        runs.train(empty_database)
    with pytest.raises(InputError, match="there is no model yet; train one first"):
        runs.score(empty_database)


def test_a_database_of_another_version_asks_for_a_load(db):
    with duckdb.connect(str(db)) as con:
        con.execute("drop view current_run")
    with pytest.raises(InputError, match="published by another version of this program .*current_run.*; load an export once"):
        rows(db, "from current_run")


def test_a_fault_of_our_own_is_not_told_as_bad_input(db):
    with pytest.raises(duckdb.CatalogException):
        rows(db, "from no_such_relation")


def test_a_model_of_another_version_asks_to_be_trained_again(db):
    with publishing(db) as con:
        con.execute("update model_runs set artefact = 'old'::blob")
    with pytest.raises(InputError, match="train again"):
        runs.score(db)
