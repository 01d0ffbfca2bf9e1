"""Both models in one database: what is appended, rescored, compared and retold."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from etl import schema
from etl.errors import InputError
from etl.publish import publishing
from models import database, folds, runs
from models.__main__ import main
from models.designs import EARLY
from tests.models.conftest import QUICK
from tests.models.worlds import build, insert, replaced, world


def insert_events(con: duckdb.DuckDBPyConnection) -> None:
    """Views of pages twenty seconds apart; those who convert end with a checkout and a purchase."""
    con.execute(
        """
        insert into events by name
        with steps as (
            select session_id, started_at, is_converted, least(pageviews, 15) as views,
                unnest(range(1, least(pageviews, 15) + 1 + 2 * cast(is_converted as integer))) as event_index
            from sessions
            where session_id not in (select session_id from events)
        )
        select
            session_id,
            cast(event_index as integer) as event_index,
            started_at + to_seconds(20 * event_index) as occurred_at,
            case event_index - views
                when 1 then 'begin_checkout'
                when 2 then 'purchase'
                else if(event_index % 3 = 0, 'view_item', 'page_view')
            end as event_name,
            '/' || event_index as page
        from steps
        """
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory, empty_database) -> Path:
    """A database of 1,500 sessions with events and a run of each kind; copy it before writing."""
    path = build(tmp_path_factory.mktemp("both") / "leaks.duckdb", world(1500, seed=40)[0], empty_database)
    with duckdb.connect(str(path)) as con:
        insert_events(con)
    runs.train(path, **QUICK)
    return path


@pytest.fixture
def db(both, tmp_path) -> Path:
    return Path(shutil.copy(both, tmp_path / "leaks.duckdb"))


def rows(db: Path, query: str, *parameters: object) -> list[tuple]:
    with database.reading(db) as con:
        return con.execute(query, list(parameters)).fetchall()


def test_each_kind_has_its_run_and_the_retrospective_one_ranks(both):
    found = {kind: (run_id, json.loads(metrics)) for kind, run_id, metrics in rows(both, "select kind, run_id, metrics from current_runs")}
    assert set(found) == {"early", "retrospective"}
    assert rows(both, "select run_id, kind from current_run") == [(found["retrospective"][0], "retrospective")]
    assert dict(rows(both, "select run_id, count(*) from predictions group by run_id")) == {run_id: 1500 for run_id, _ in found.values()}
    assert rows(both, "select sum(sessions) from probability_histogram") == [(1500,)]
    early = found["early"][1]
    assert early["sessions"] == 1500 and [row["cut"] for row in early["by_cut"]] == [1, 3, 5, 10]
    assert early["by_cut"][0]["sessions"] == 1500
    assert early["auc"] < found["retrospective"][1]["auc"], "it knows less"
    assert not any(row["suspected"] for row in early["audit"])
    suspected = {row["feature"] for row in found["retrospective"][1]["audit"] if row["suspected"]}
    assert "duration_seconds" in suspected


def test_the_early_model_scores_a_stored_session_as_it_was_scored(both):
    """From the session and its events as a request would send them, up to its last moment, by the model of its fold."""
    with database.reading(both) as con:
        run = database.read_run(con, "early")
        read = database.read_examples(con, EARLY)
        last = [
            number
            for number in range(len(read.examples))
            if number + 1 == len(read.examples) or read.examples.of_session[number + 1] != read.examples.of_session[number]
        ]
        stored = dict(con.execute("select session_id, p_conversion from predictions where run_id = ?", [run.run_id]).fetchall())
    ids = read.ids.column("session_id").to_pylist()
    visitors = read.examples.visitors
    outer = folds.outer_fold(folds.hash_visitors(visitors.levels, run.model.salt))[visitors.codes]
    for row in last[:50]:
        sessions = read.examples.sessions.take([row])
        p = run.model.folds[outer[row]].probabilities(sessions)[0]
        assert p == stored[ids[read.examples.of_session[row]]]


def test_a_session_that_a_later_load_updates_is_scored_anew(db):
    ((session, before),) = rows(db, "select session_id, p_conversion from top_candidates order by rank desc limit 1")
    with publishing(db) as con:
        con.execute("update sessions set load_id = 2, pageviews = 1, duration_seconds = 0 where session_id = ?", [session])
        schema.rebuild_cubes(con)
    assert rows(db, "select sum(sessions) from probability_histogram") == [(1499,)], (
        "the old version's probability is not shown for the new"
    )
    summary = runs.score(db)
    assert (summary["sessions_scored"], summary["early"]["sessions_scored"]) == (1, 1)
    kept = rows(
        db,
        "select p_conversion, predictions.load_id from predictions inner join current_run using (run_id) where session_id = ? order by 2",
        session,
    )
    assert [load for _, load in kept] == [1, 2] and kept[0][0] == before > kept[1][0]
    assert rows(db, "select sum(sessions) from probability_histogram") == [(1500,)]
    assert runs.score(db)["sessions_scored"] == 0


def test_later_loads_are_compared_once_with_what_was_learnt(db):
    later = replaced(world(300, seed=41)[0], session_id=[f"later{number:019x}" for number in range(300)], country=["Chile"] * 300)
    with publishing(db) as con:
        insert(con, later)
        con.execute("update sessions set load_id = 2 where session_id like 'later%'")
        insert_events(con)
        schema.rebuild_cubes(con)
    assert runs.score(db)["loads_compared"] == 1
    found = rows(db, "select kind, feature, psi, by_chance from drift inner join current_runs using (run_id) where load_id = 2")
    moved = {(kind, feature) for kind, feature, psi, chance in found if psi > 0.25 and psi > chance}
    assert {("retrospective", "country"), ("early", "country")} <= moved
    assert ("retrospective", "device") not in moved and ("retrospective", "pageviews") not in moved
    assert runs.score(db)["loads_compared"] == 0
    assert rows(db, "select count(*), count(distinct (run_id, feature)) from drift") == [(len(found), len(found))]


def test_candidates_have_reasons_in_words(both):
    found = rows(both, "select reasons from top_candidates")
    assert found and all(reasons and "odds" in reasons for (reasons,) in found)
    assert any("page" in reasons for (reasons,) in found)
    assert rows(both, "select max(place) <= 3, count(distinct run_id) from candidate_reasons") == [(True, 1)]
    assert rows(both, "select count(*) from candidate_reasons inner join sessions using (session_id) where is_converted") == [(0,)]


def test_a_run_is_retold(db, capsys):
    for kind, run_id, card in rows(db, "select kind, run_id, card from current_runs"):
        assert main(["explain", run_id, "--db", str(db)]) == 0
        said, complaints = capsys.readouterr()
        assert complaints == "" and said.startswith(card)
        assert f"# Model card: {kind} conversion model" in said
        assert "the same model to the last digit" in said and "--seed 0 --trials 2" in said
    with publishing(db) as con:
        con.execute("update sessions set pageviews = pageviews + 1 where session_id = (select min(session_id) from sessions)")
        schema.rebuild_cubes(con)
    assert "the sessions in the database changed" in runs.explain(db, run_id)
    assert main(["explain", "nothing", "--db", str(db)]) == 1
    assert f"there is no run nothing; the latest are {rows(db, 'select max(run_id) from model_runs')[0][0]}" in capsys.readouterr().err


def test_the_same_data_give_the_same_runs(db):
    query = "select kind, params, metrics, data_hash, artefact from model_runs where run_id in (select run_id from current_runs) order by 1"
    before = rows(db, query)
    runs.train(db, **QUICK)
    assert rows(db, query) == before
    assert rows(db, "select count(*) from model_runs") == [(4,)]


def test_sessions_without_anything_before_the_checkout_are_left_out_for_good(db):
    with publishing(db) as con:
        con.execute("update events set event_name = 'begin_checkout' where session_id = (select min(session_id) from sessions)")
    with database.reading(db) as con:
        assert database.read_examples(con, EARLY).examples.count == 1499


def test_events_that_teach_nothing_leave_the_retrospective_model(db):
    with publishing(db) as con:
        con.execute("delete from events where session_id not in (select session_id from sessions order by session_id limit 20)")
    summary = runs.train(db, **QUICK)
    assert summary["kind"] == "retrospective"
    assert "too few sessions to train a model: 20" in summary["early"]["said"]


def test_a_broken_artefact_does_not_hinder_a_new_training(db):
    with publishing(db) as con:
        con.execute("update model_runs set artefact = 'old'::blob")
    with pytest.raises(InputError, match="train again"):
        runs.score(db)
    with database.reading(db) as con:
        assert runs.drifted(con) == []
