"""From registered fixes to verdicts and from findings to plans, on simulated sessions whose truth is known."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy.special import logit

from etl.errors import InputError
from models.__main__ import main
from models.bench import redteam, worlds
from models.database import reading
from models.experiments import days, fixes, plan, plans, verdicts
from models.leaks import database, runs
from tests.models.leaks.sites import build, insert, sessions_of

WEEKS, BEGAN, FIXED = 20, 8, 14
FIXED_ON = worlds.FIRST_DAY + timedelta(days=7 * FIXED)


def rows(db, query):
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(query).fetchall()


def site(after):
    """Sessions of a site where Germans engage 0.6 times as often from week 8 on, and `after` times as often from week 14 on."""
    world = worlds.world(3, "none", sessions=70_000, weeks=WEEKS)
    cells = world.cells
    germans = cells.codes[:, 2] == cells.dimensions[2].labels.index("DE")
    leaky = redteam.planted(cells, germans, 0, BEGAN, 0.6, np.random.default_rng(1))
    then = redteam.planted(cells, germans, 0, FIXED, after, np.random.default_rng(2))
    late = cells.bin >= FIXED
    return sessions_of(replace(world, cells=replace(cells, reached=np.where(late, then.reached, leaky.reached))))


def renamed(table):
    """The sessions with ids that those of the first weeks do not have."""
    names = pa.array([f"f{number:023x}" for number in range(table.num_rows)])
    return table.set_column(table.schema.get_field_index("session_id"), "session_id", names)


@pytest.fixture(scope="module")
def ranked(tmp_path_factory, empty_database):
    """A database ranked before the fix, with the leak it found, and the sessions still to come."""
    table = site(1.0)
    early = np.array([day < FIXED_ON for day in table.column("session_date").to_pylist()])
    db = build(tmp_path_factory.mktemp("fixes") / "leaks.duckdb", table.filter(early), empty_database)
    summary, outcome = runs.rank(db)
    (leak,) = [one for one in summary["leaks"] if one["segment"] == {"country": "DE"}]
    return db, leak["leak_id"], outcome


@pytest.mark.parametrize(("after", "state"), [(1.0, "fixed"), (0.6, "not yet"), (0.3, "worse")])
def test_a_registered_fix_gets_the_verdict_that_is_true(ranked, tmp_path, monkeypatch, after, state):
    monkeypatch.setenv("LEAKS_FIXES", str(tmp_path / "none.csv"))
    first, leak, _ = ranked
    db = tmp_path / "leaks.duckdb"
    shutil.copy(first, db)
    assert main(["fixed", leak, "--on", FIXED_ON.isoformat(), "--note", "O'Brien mended it", "--db", str(db)]) == 0
    table = site(after)
    late = np.array([day >= FIXED_ON for day in table.column("session_date").to_pylist()])
    with duckdb.connect(str(db)) as con:
        insert(con, renamed(table.filter(late)))
    run_id = runs.rank(db)[0]["run_id"]
    ((said, note, segment, change, low, high, before, now, n_before, n_after, told),) = rows(
        db,
        f"""
        select state, note, segment, change, change_low, change_high, rate_before, rate_after, sessions_before, sessions_after, words
        from fix_verdicts where run_id = '{run_id}'
        """,
    )
    assert said == state and note == "O'Brien mended it" and json.loads(segment) == {"country": "DE"}
    assert low < change < high and told.lower().startswith(state)
    assert change == pytest.approx(logit(now) - logit(before), abs=0.25)
    where = f"country = 'DE' and session_date >= date '{worlds.FIRST_DAY + timedelta(days=7 * BEGAN)}'"
    for rate, n, part in ((before, n_before, "<"), (now, n_after, ">=")):
        ((sessions, passes),) = rows(
            db, f"select count(*), count(*) filter (where stage >= 1) from sessions where {where} and session_date {part} date '{FIXED_ON}'"
        )
        assert abs(n - sessions) <= 0.2 * sessions and abs(rate - passes / sessions) < 0.02


def test_a_fix_of_today_is_too_early_and_one_before_the_leak_cannot_be_judged(ranked, tmp_path, monkeypatch):
    first, leak, _ = ranked
    db = tmp_path / "leaks.duckdb"
    shutil.copy(first, db)
    file = tmp_path / "fixes.csv"
    file.write_text(f"# ours\nleak_id,fixed_on,note\n{leak},{FIXED_ON},\n{leak},2026-01-06,\nnobody,2026-03-01,a guess\n")
    monkeypatch.setenv("LEAKS_FIXES", str(file))
    runs.rank(db)
    found = dict(rows(db, "select leak_id || fixed_on, state || ': ' || words from fix_verdicts"))
    assert found[f"{leak}{FIXED_ON}"].startswith("too early: Too early to say: 0 of the 4")
    assert "has no days before it" in found[f"{leak}2026-01-06"]
    assert found["nobody2026-03-01"].startswith("cannot say: No ranking has found")
    assert len(rows(db, "select * from fixes")) == 3
    file.write_text("leak_id,fixed_on,note\n")
    runs.rank(db)
    assert rows(db, "select * from fixes") == []


def test_the_same_data_and_fixes_are_not_ranked_again(ranked, tmp_path, monkeypatch):
    monkeypatch.setenv("LEAKS_FIXES", str(tmp_path / "none.csv"))
    db = tmp_path / "leaks.duckdb"
    shutil.copy(ranked[0], db)
    assert runs.rank(db)[0]["run_id"] is None


def test_days_are_counted_as_single_queries_count_them(ranked):
    db, _, outcome = ranked
    segments = [(("country", "DE"),), (("device", "mobile"), ("source", "google")), (("browser", "none such"),)] + [
        (("source", f"made up {number}"),) for number in range(70)
    ]
    segments.append((("device", "tablet"),))
    first, last = date(2026, 2, 1), date(2026, 2, 20)
    with reading(db) as con:
        funnel = database.read_funnel(con)
        counted = days.read(con, segments, funnel, first, last)
        for place in (0, 1, 2, 72, 73):
            n, y = counted.counts(counted.member[place], 0, 1, date(2026, 2, 5))
            expected = con.execute(
                f"""
                select count(session_id), count(session_id) filter (where stage >= 1)
                from range(date '2026-02-05', date '2026-02-21', interval 1 day) as every (day)
                left join sessions on session_date = every.day and {days.condition(segments[place])}
                group by every.day
                order by every.day
                """
            ).fetchall()
            assert list(zip(n, y, strict=True)) == expected


def test_unknown_leaks_and_dates_are_told_in_one_line(ranked, tmp_path, capsys):
    db = tmp_path / "leaks.duckdb"
    shutil.copy(ranked[0], db)
    assert main(["fixed", "nobody", "--on", "2026-03-01", "--db", str(db)]) == 1
    assert main(["fixed", ranked[1], "--on", "yesterday", "--db", str(db)]) == 1
    assert main(["fixed", ranked[1], "--on", "2026-03-01", "--undo", "--db", str(db)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert (
        len(said) == 3 and "no ranking has found" in said[0] and "'yesterday' is no date" in said[1] and "taken out of the file" in said[2]
    )
    assert main(["fixed", ranked[1], "--on", "2026-03-01", "--db", str(db)]) == 0
    assert rows(db, "select leak_id, origin from fixes") == [(ranked[1], "command")]
    assert main(["fixed", ranked[1], "--on", "2026-03-01", "--undo", "--db", str(db)]) == 0
    assert rows(db, "select * from fixes") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("leak,fixed_on\na,2026-01-01", "has no column leak_id"),
        ("leak_id,fixed_on,note\n# a comment\na,1 May,", "line 3: '1 May' is no date"),
        ("leak_id,fixed_on,note\n,2026-01-01,", "line 2: needs a leak_id"),
        ("leak_id,fixed_on,note\na,2026-01-01,one, two", "line 2: has more cells than columns"),
        (f"leak_id,fixed_on,note\na,2026-01-01,{'x' * 501}", "more than 500 characters"),
    ],
)
def test_what_is_wrong_with_the_file_is_one_line(tmp_path, text, line):
    file = tmp_path / "fixes.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=line):
        fixes.read_file(file)


def test_the_committed_file_holds_no_fix_and_can_be_read():
    assert fixes.read_file(fixes.FILE) == []


def test_plans_are_those_of_the_formula_and_of_the_traffic(ranked):
    db, leak, _ = ranked
    found = rows(
        db,
        f"""
        select share, present_rate, aimed_rate, sessions_per_week, sessions_per_arm, weeks, monthly_value, expected_value, is_feasible
        from experiment_plans where leak_id = '{leak}' order by share desc
        """,
    )
    assert [row[0] for row in found] == [1.0, 0.5]
    ((observed, expected, revenue),) = rows(
        db, f"select observed_rate, expected_rate, revenue_per_month from open_leaks where leak_id = '{leak}'"
    )
    last = FIXED_ON - timedelta(days=28)
    ((traffic,),) = rows(db, f"select count(*) / 4 from sessions where country = 'DE' and session_date >= date '{last}'")
    for share, present, aimed, per_week, per_arm, weeks, monthly, value, feasible in found:
        assert (present, aimed) == (observed, pytest.approx(observed + share * (expected - observed)))
        assert per_week == traffic and monthly == pytest.approx(share * revenue)
        assert per_arm == plan.sessions_per_arm(present, aimed) and weeks == max(2, -(-2 * per_arm // per_week))
        assert feasible and 0 < value < 12.2 * monthly


def test_gaps_are_planned_as_upper_bounds_and_unpriced_leaks_not_at_all(ranked):
    outcome = ranked[2]
    (leak,) = [one for one in outcome.leaks if one.segment == (("country", "DE"),)]
    gap = replace(leak, kind="gap", cause="structural difference", started_on=None)
    broken = replace(leak, leak_id="broken", cause="tracking break", conversions=None, revenue=None)
    made = plans.plans(replace(outcome, leaks=[broken], gaps=[gap]))
    assert len(made) == 2 and all(one["is_upper_bound"] and "upper bound" in one["words"] for one in made)


def test_where_no_test_can_be_planned_it_says_why(ranked):
    outcome = ranked[2]
    leak = outcome.leaks[0]
    nobody = plans.planned(outcome.cells, replace(leak, observed_passes=0.0), 1.0)
    assert nobody["weeks"] is None and not nobody["is_feasible"] and "look for a fault" in nobody["words"]
    nothing = plans.planned(outcome.cells, replace(leak, expected_passes=leak.observed_passes), 1.0)
    assert "nothing is left to win back" in nothing["words"]
    small = plans.planned(outcome.cells, replace(leak, expected_passes=leak.observed_passes * 1.001), 1.0)
    assert not small["is_feasible"] and "too long to be worth starting" in small["words"]


def test_effects_without_a_size_cannot_be_judged():
    one = verdicts.Known("drop", "Browsed → Engaged", (("device", "mobile"),), date(2026, 1, 5), 0.0, 0.1)
    fix = fixes.Fix("a", date(2026, 2, 1))
    assert "kept no size" in verdicts.hindrance(one, fix, database.STAGES, date(2026, 3, 1))
    assert "no longer part of the funnel" in verdicts.hindrance(
        replace(one, step="Cart → Checkout"), fix, database.STAGES, date(2026, 3, 1)
    )
    assert verdicts.hindrance(replace(one, effect=-0.5), fix, database.STAGES, date(2026, 3, 1)) == ""
