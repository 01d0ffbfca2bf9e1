"""A report beside the sessions it was written from: each planted cause is found with its number, and none is invented."""

import json
import shutil

import duckdb
import pytest

from etl.__main__ import main
from etl.compare import compare
from etl.demo.writing import write_demo
from etl.errors import InputError
from etl.load import load
from tests.etl.reporting import write_report

SOME_DIMENSIONS = [(), ("date",), ("source",), ("device",), ("country",), ("device", "country"), ("date", "device"), ("channel",)]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKS_SALT", "a salt for tests only")
        write_demo(folder / "demo", format="ga360", sessions=3_000, days=14, seed=3)
        load([folder / "demo"], folder / "leaks.duckdb", settings={"time_zone": "America/New_York"})
    return folder / "leaks.duckdb"


def only(path, db):
    (found,) = compare(path, db)
    return found


def named(found):
    return {cause.name: cause for cause in found.causes}


def one(db, query):
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(query).fetchone()


def without(db, tmp_path, condition, table="sessions"):
    """A copy of the database that lacks some rows."""
    copy = tmp_path / "smaller.duckdb"
    shutil.copyfile(db, copy)
    with duckdb.connect(str(copy)) as con:
        con.execute(f"delete from {table} where {condition}")
    return copy


@pytest.mark.parametrize("dimensions", SOME_DIMENSIONS, ids=lambda names: "-".join(names) or "none")
@pytest.mark.parametrize("totals", [False, True])
def test_an_equal_report_needs_no_cause(db, tmp_path, dimensions, totals):
    write_report(tmp_path / "report.csv", db, dimensions, totals=totals)
    found = only(tmp_path / "report.csv", db)
    assert (found.causes, found.unexplained) == ([], {"sessions": 0, "conversions": 0})
    sessions, conversions, transactions = one(db, "select sessions, conversions, transactions from kpis")
    assert found.theirs["sessions"] == found.ours["sessions"] == sessions
    assert found.theirs["conversions"] == found.ours["conversions"] == conversions
    assert found.theirs["transactions"] == found.ours["transactions"] == transactions
    assert round(found.theirs["revenue"], 2) == round(found.ours["revenue"], 2)
    assert all(theirs == ours for _, theirs, ours in found.rows)


def test_days_that_are_not_loaded(db, tmp_path):
    write_report(tmp_path / "report.csv", db, ("date", "device"))
    (day,) = one(db, "select min(session_date) + 3 from sessions")
    smaller = without(db, tmp_path, f"session_date between date '{day}' and date '{day}' + 1")
    (lost,) = one(db, f"select count(*) from sessions where session_date between date '{day}' and date '{day}' + 1")
    found = only(tmp_path / "report.csv", smaller)
    assert set(named(found)) == {"dates"}
    assert (named(found)["dates"].sessions, found.unexplained) == (lost, {"sessions": 0, "conversions": 0})
    assert not named(found)["dates"].is_estimate


def test_days_that_are_not_loaded_are_estimated_where_the_report_has_no_days(db, tmp_path):
    write_report(tmp_path / "report.csv", db, ("device",))
    (day,) = one(db, "select min(session_date) + 3 from sessions")
    smaller = without(db, tmp_path, f"session_date = date '{day}'")
    found = only(tmp_path / "report.csv", smaller)
    assert named(found)["dates"].is_estimate
    assert abs(found.unexplained["sessions"]) < 0.5 * found.theirs["sessions"] / 14
    assert set(named(found)) <= {"dates"}


@pytest.mark.parametrize("hours", [0, 2, -8])
def test_days_of_another_time_zone(db, tmp_path, hours):
    write_report(tmp_path / "report.csv", db, ("date",), shift_hours=hours)
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"time zone"}
    assert ("UTC" if not hours else f"UTC{hours:+d}") + ":" in named(found)["time zone"].text
    assert found.unexplained == {"sessions": 0, "conversions": 0}
    assert named(found)["time zone"].moved > 0


def test_a_time_zone_that_the_answer_states(db, tmp_path):
    day = "cast(timezone('Europe/Berlin', timezone('UTC', started_at)) as date)"
    with duckdb.connect(str(db), read_only=True) as con:
        rows = con.execute(f"select strftime({day}, '%Y%m%d'), count(*) from sessions group by all").fetchall()
    answer = {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}],
        "rows": [{"dimensionValues": [{"value": label}], "metricValues": [{"value": str(n)}]} for label, n in rows],
        "rowCount": len(rows),
        "metadata": {"timeZone": "Europe/Berlin"},
    }
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    found = only(tmp_path / "answer.json", db)
    assert "Europe/Berlin" in named(found)["time zone"].text
    assert found.unexplained["sessions"] == 0


def test_small_sources_folded_into_other(db, tmp_path):
    planted = write_report(tmp_path / "report.csv", db, ("source",), fold_below=40)
    assert planted["folded"] > 0
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"(other)"}
    assert (named(found)["(other)"].moved, named(found)["(other)"].sessions) == (planted["folded"], 0)
    assert found.unexplained == {"sessions": 0, "conversions": 0}


@pytest.mark.parametrize("totals", [False, True])
def test_rows_withheld(db, tmp_path, totals):
    planted = write_report(tmp_path / "report.csv", db, ("country",), withhold_below=20, totals=totals)
    assert planted["withheld"] > 0
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"thresholding"}
    cause = named(found)["thresholding"]
    assert (cause.sessions, cause.moved) == ((0, planted["withheld"]) if totals else (-planted["withheld"], 0))
    assert found.unexplained == {"sessions": 0, "conversions": 0}


def test_folded_and_withheld_together(db, tmp_path):
    planted = write_report(tmp_path / "report.csv", db, ("source",), fold_below=20, withhold_below=60)
    assert planted["folded"] and planted["withheld"]
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"(other)", "thresholding"}
    assert named(found)["(other)"].moved == planted["folded"]
    assert named(found)["thresholding"].sessions == -planted["withheld"]
    assert found.unexplained == {"sessions": 0, "conversions": 0}


def test_bots_that_the_report_counts(db, tmp_path):
    (bots,) = one(db, "select count(*) from bots")
    assert bots > 5
    write_report(tmp_path / "report.csv", db, ("date", "source"), with_bots=True)
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"bots"}
    assert named(found)["bots"].sessions == bots and found.unexplained == {"sessions": 0, "conversions": 0}


@pytest.mark.parametrize("planted", [{"fold_below": 12}, {"withhold_below": 12, "totals": True}])
def test_bots_on_rows_that_the_report_does_not_list(db, tmp_path, planted):
    (bots,) = one(db, "select count(*) from bots")
    write_report(tmp_path / "report.csv", db, ("device", "source"), with_bots=True, **planted)
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"bots", "(other)" if "fold_below" in planted else "thresholding"}
    assert named(found)["bots"].sessions == bots and found.unexplained == {"sessions": 0, "conversions": 0}


def test_another_list_of_key_events(db, tmp_path):
    planted = write_report(tmp_path / "report.csv", db, ("device",), conversions="stage >= 2")
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) == {"key events"}
    assert named(found)["key events"].conversions == planted["conversions"] - found.ours["conversions"] > 0
    assert "Purchases agree" in named(found)["key events"].text
    assert found.unexplained == {"sessions": 0, "conversions": 0}


def test_rows_without_consent_explain_sessions_that_the_report_models(db, tmp_path):
    copy = tmp_path / "consent.duckdb"
    shutil.copyfile(db, copy)
    with duckdb.connect(str(copy)) as con:
        con.execute("update loads set without_consent = sessions_new / 10, rows_read = rows_read + sessions_new / 10")
        (rows,) = con.execute("select sum(without_consent) from loads").fetchone()
    write_report(tmp_path / "report.csv", db, ("device",), inflate=1.1, conversions="false")
    found = only(tmp_path / "report.csv", copy)
    assert "consent" in named(found)
    assert named(found)["consent"].is_estimate and abs(named(found)["consent"].sessions - rows) < 0.1 * rows
    write_report(tmp_path / "equal.csv", db, ("device",))
    assert only(tmp_path / "equal.csv", copy).causes == []


def test_what_nothing_explains_stays_unexplained(db, tmp_path):
    write_report(tmp_path / "report.csv", db, ("device",), where="device <> 'mobile' or hash(session_id) % 3 > 0")
    found = only(tmp_path / "report.csv", db)
    assert set(named(found)) <= {"key events"}
    assert found.unexplained["sessions"] == found.theirs["sessions"] - found.ours["sessions"] < -100


def test_a_sample_is_named_and_takes_no_number(db, tmp_path):
    answer = {
        "dimensionHeaders": [{"name": "deviceCategory"}],
        "metricHeaders": [{"name": "sessions"}],
        "rows": [{"dimensionValues": [{"value": "desktop"}], "metricValues": [{"value": "2000"}]}],
        "metadata": {"samplingMetadatas": [{"samplesReadCount": "500000", "samplingSpaceSize": "2000000"}]},
    }
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    found = only(tmp_path / "answer.json", db)
    assert named(found)["sampling"].sessions == 0 and "25.0 %" in named(found)["sampling"].text


def test_the_command_prints_a_table_and_json(db, tmp_path, capsys):
    write_report(tmp_path / "report.csv", db, ("source",), fold_below=40)
    assert main(["compare", str(tmp_path / "report.csv"), "--db", str(db)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("By source, ")
    assert len({len(line) for line in printed[1:5]}) == 1
    assert printed[-1] == "Nothing is left unexplained."
    assert max(map(len, printed)) < 240 and len(printed) < 25
    assert main(["compare", str(tmp_path / "report.csv"), "--db", str(db), "--json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    assert [item["cause"] for item in table["explanations"]] == ["(other)"]
    assert table["report"]["sessions"] == table["ours"]["sessions"]


def test_what_cannot_be_compared_is_one_line(db, tmp_path, capsys):
    (tmp_path / "users.csv").write_text("# Free form\n# 20240101-20240131\n\nCity,Active users\nParis,4\n")
    with pytest.raises(InputError, match=r"^users\.csv: has no table of sessions by day, country"):
        compare(tmp_path / "users.csv", db)
    write_report(tmp_path / "report.csv", db, ("device",))
    with pytest.raises(InputError, match="no such database"):
        compare(tmp_path / "report.csv", tmp_path / "absent.duckdb")
    (tmp_path / "text.duckdb").write_text("no database")
    assert main(["compare", str(tmp_path / "report.csv"), "--db", str(tmp_path / "text.duckdb")]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_real_answer_beside_the_real_sample(real_data, sample_db):
    first, second = compare(real_data / "ga4_run_report.json", sample_db)
    assert (first.theirs["sessions"], second.theirs["sessions"]) == (31, 22)
    assert first.ours["sessions"] == 0  # the sample is of 2017
