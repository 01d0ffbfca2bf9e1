"""From sessions in a database to rows in leaks, and back by each finding's own query."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from etl.errors import InputError
from models.bench import worlds
from models.database import reading
from models.leaks import cause, database, ranking, runs, settings
from tests.models.leaks.sites import build, sessions_of

LEAK_COLUMNS = [
    "leak_id",
    "run_id",
    "kind",
    "step",
    "segment",
    "segment_sql",
    "sessions",
    "observed_rate",
    "expected_rate",
    "lost_conversions",
    "lost_low",
    "lost_high",
    "revenue",
    "revenue_low",
    "revenue_high",
    "q_value",
    "started_on",
    "started_from",
    "started_until",
    "cause",
    "evidence",
]


def rows(db: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def site() -> pa.Table:
    """The sessions of a world with three leaks, one of them with a name that is no friend of SQL."""
    table = sessions_of(worlds.world(14, "none", 3, sessions=90_000, weeks=12))
    hostile = ["O'Brien'; drop table sessions; --" if value == "facebook" else value for value in table.column("source").to_pylist()]
    return table.set_column(table.schema.get_field_index("source"), "source", pa.array(hostile))


@pytest.fixture(scope="module")
def ranked(site, tmp_path_factory, empty_database):
    """A database ranked once, and what the ranking said."""
    db = build(tmp_path_factory.mktemp("site") / "leaks.duckdb", site, empty_database)
    return db, *runs.rank(db)


def test_every_session_is_counted(ranked):
    db, summary, outcome = ranked
    assert summary["sessions"] == rows(db, "select count(*) from sessions")[0][0]
    assert outcome.cells.reached.sum(axis=1).tolist() == [
        rows(db, f"select count(*) from sessions where stage >= {k}")[0][0] for k in range(4)
    ]
    assert outcome.cells.revenue.sum() == pytest.approx(float(rows(db, "select sum(revenue) from sessions")[0][0]))


def test_leaks_have_the_columns_they_should(ranked):
    db, summary, _ = ranked
    assert [name for (name,) in rows(db, "select column_name from (describe leaks)")] == LEAK_COLUMNS
    assert len(summary["leaks"]) >= 1
    assert rows(db, "select count(*) from leaks")[0][0] == len(summary["leaks"]) + len(summary["gaps"])


def test_each_finding_can_be_recomputed_by_its_query(ranked):
    db, _, _ = ranked
    found = rows(db, "select segment_sql, sessions, observed_rate, kind from leaks")
    assert found
    for query, sessions, rate, _ in found:
        entered, passed = rows(db, query)[0]
        assert entered == sessions
        assert passed / entered == pytest.approx(rate)


def test_every_segment_can_be_asked_for(ranked):
    """Not only those found: any level of any dimension, the hostile one too."""
    db, _, outcome = ranked
    cells = outcome.cells
    for d, dimension in enumerate(cells.dimensions):
        for code, label in enumerate(dimension.labels):
            if code == dimension.other:
                continue
            one = ranking.Finding(
                "x",
                "drop",
                "s",
                1,
                ((dimension.name, label),),
                0,
                0,
                0,
                None,
                None,
                0,
                1,
                cells.calendar.starts[3],
                None,
                None,
                "behaviour",
            )
            late = (cells.codes[cells.combination, d] == code) & (cells.bin >= 3)
            expected = (int(cells.reached[1][late].sum()), int(cells.reached[2][late].sum()))
            assert rows(db, database.segment_sql(one, database.STAGES, cells.calendar))[0] == expected, label


def test_ranking_again_changes_nothing(ranked):
    db, _, _ = ranked
    before = db.read_bytes()
    summary, _ = runs.rank(db)
    assert summary["run_id"] is None
    assert db.read_bytes() == before


def test_views_show_the_latest_run(ranked):
    db, summary, _ = ranked
    assert [row[0] for row in rows(db, "select leak_id from open_leaks where kind <> 'gap'")] == [
        one["leak_id"] for one in summary["leaks"]
    ]
    assert rows(db, "select count(*) from blind_spots")[0][0] == len(summary["blind_spots"]) > 0
    assert set(rows(db, "select status from leak_history")) == {("new",)}


def test_recoverable_revenue_is_the_sum_of_the_leaks(ranked):
    db, summary, _ = ranked
    by_step = rows(db, "select recoverable_low, recoverable_revenue, recoverable_high, ceiling_revenue from revenue_at_stake")
    assert sum(row[1] for row in by_step) == pytest.approx(sum(one["revenue"][0] for one in summary["leaks"] if one["revenue"]))
    assert all(0 <= low <= point <= high and point <= ceiling for low, point, high, ceiling in by_step)
    assert rows(db, "select distinct recoverable_revenue from revenue_at_stake(devices := ['mobile'])") == [(None,)]


def test_before_any_ranking_nothing_is_priced(site, tmp_path, empty_database):
    db = build(tmp_path / "leaks.duckdb", site.slice(0, 500), empty_database)
    assert rows(db, "select distinct recoverable_revenue from revenue_at_stake") == [(None,)]
    assert rows(db, "select count(*) from open_leaks") == [(0,)]


def test_history_tells_growing_gone_and_back(ranked, tmp_path):
    db = tmp_path / "copy.duckdb"
    db.write_bytes(ranked[0].read_bytes())
    with duckdb.connect(str(db)) as con:
        con.execute("delete from leaks; delete from leak_runs")
        for number, (loss, low, high) in enumerate([(10, 5, 15), (20, 12, 30), (8, 4, 13), (None,) * 3, (9, 5, 14)]):
            con.execute(
                "insert into leak_runs values (?, ?, 'v', 'h', '{}', 1, 1, 1, 1, date '2026-01-01', date '2026-01-30', 7, '{}', '[]', '[]', '[]')",
                [f"run {number}", f"2026-02-0{number + 1} 00:00:00"],
            )
            if loss is not None:
                con.execute(
                    "insert into leaks values ('a', ?, 'interaction', 's', '{}', 'q', 1, 0, 0, ?, ?, ?, 0, 0, 0, 0, null, null, null, 'behaviour', '{}')",
                    [f"run {number}", loss, low, high],
                )
    assert [row[0] for row in rows(db, "select status from leak_history order by ranked_at")] == [
        "new",
        "growing",
        "shrinking",
        "gone",
        "back",
    ]


def made(n: int, seed: int = 0, **columns) -> pa.Table:
    """Sessions with plain columns, some given."""
    draw = np.random.default_rng(seed)
    given = {
        "session_id": [f"{number:024x}" for number in range(n)],
        "session_date": pa.array((np.datetime64("2026-01-05") + draw.integers(0, 70, n)).astype("datetime64[D]")),
        "device": draw.choice(["desktop", "mobile"], n).tolist(),
        "browser": [None] * n,
        "country": draw.choice(["Canada", "France"], n).tolist(),
        "source": draw.choice(["google", "bing", "(direct)"], n).tolist(),
        "landing_page": [None] * n,
        "stage": draw.choice(4, n, p=[0.6, 0.2, 0.15, 0.05]),
    } | columns
    return pa.table(
        given
        | {
            "revenue": np.where(np.array(given["stage"]) == 3, 20.0, 0.0),
            "browser": pa.array(given["browser"], pa.string()),
            "landing_page": pa.array(given["landing_page"], pa.string()),
        }
    )


N = 10_000
ONE_DAY = pa.array(np.full(N, np.datetime64("2026-01-05")))
WEEK = pa.array(np.datetime64("2026-01-05") + np.arange(N) % 7)
BAD = {
    "one dimension": (dict(country=["Canada"] * N, source=["google"] * N), "Only one dimension"),
    "no dimension": (dict(device=["mobile"] * N, country=["Canada"] * N, source=["google"] * N), "No dimension"),
    "a single day": (dict(session_date=ONE_DAY), "no two whole weeks"),
    "one week": (dict(session_date=WEEK), None),
    "zero conversions": (dict(stage=np.arange(N) % 3), "No session converted"),
    "nobody engaged": (dict(stage=np.zeros(N, int)), "No session passed"),
    "everyone converted": (dict(stage=np.full(N, 3)), None),
    "one giant segment": (dict(device=["mobile"] * (N - 5) + ["desktop"] * 5), None),
    "10,000 landing pages": (dict(landing_page=[f"/p{number}" for number in range(N)]), None),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gives_a_result_or_a_sentence(name, tmp_path, empty_database):
    columns, said = BAD[name]
    db = build(tmp_path / "leaks.duckdb", made(N, **columns), empty_database)
    summary, outcome = runs.rank(db)
    assert summary["leaks"] == []
    if said:
        assert any(said in sentence for sentence in outcome.sentences), outcome.sentences
    assert rows(db, "select count(*) from leak_runs") == [(1,)]


def test_more_cells_than_wanted_raise_the_floor_and_lose_nobody(ranked):
    with reading(ranked[0]) as con:
        few, _, _ = database.read_cells(con, settings.read(), most=3000)
        many, _, _ = database.read_cells(con, settings.read())
    assert len(few) < 1.1 * 3000 < len(many)
    assert few.reached.sum(axis=1).tolist() == many.reached.sum(axis=1).tolist()
    assert {d.name for d in few.dimensions} == {d.name for d in many.dimensions}


def test_days_before_the_first_whole_week_are_left_out(tmp_path, empty_database):
    db = build(tmp_path / "leaks.duckdb", made(N, session_date=pa.array(np.datetime64("2026-01-05") + np.arange(N) % 17)), empty_database)
    with reading(db) as con:
        cells, _, _ = database.read_cells(con, settings.read())
    assert cells.calendar.starts[0].isoformat() == "2026-01-08" and len(cells.calendar) == 2
    assert cells.sessions == rows(db, "select count(*) from sessions where session_date >= date '2026-01-08'")[0][0]
    assert cells.notes == ("The first 3 days make no whole week and are left out.",)


@pytest.mark.parametrize("dated", [0, N // 7])
def test_sessions_without_dates_are_counted_all_the_same(tmp_path, empty_database, dated):
    """A table may tell no days at all, or those of a few sessions alone: less than two weeks of them make no bins."""
    days = pa.array([date(2026, 1, 5) if n < dated else None for n in range(N)], pa.date32())
    db = build(tmp_path / "leaks.duckdb", made(N, session_date=days), empty_database)
    with reading(db) as con:
        cells, _, _ = database.read_cells(con, settings.read())
    assert not cells.calendar.is_dated and cells.sessions == N
    assert cells.conversions == rows(db, "select count(*) from sessions where stage = 3")[0][0] > 0


def test_an_empty_database_says_so(tmp_path, empty_database):
    db = build(tmp_path / "leaks.duckdb", made(0), empty_database)
    _, outcome = runs.rank(db)
    assert "There are no sessions to rank." in outcome.sentences


def test_steps_follow_the_shop_where_events_tell(tmp_path, empty_database):
    table = made(N)
    db = build(tmp_path / "leaks.duckdb", table, empty_database)
    with duckdb.connect(str(db)) as con:
        for name, least, index in (("add_to_cart", 3, 1), ("begin_checkout", 3, 2)):
            con.execute(
                f"insert into events by name select session_id, {index} as event_index, '{name}' as event_name from sessions where stage >= {least}"
            )
        con.execute(
            "insert into events by name select session_id, 1 as event_index, 'add_to_cart' as event_name from sessions where stage = 2 and device = 'mobile'"
        )
    with reading(db) as con:
        cells, funnel, _ = database.read_cells(con, settings.read())
    assert funnel.names == ("Browsed", "Engaged", "Deep engagement", "Cart", "Checkout", "Converted")
    carts = rows(db, "select count(*) from sessions where stage = 3 or (stage = 2 and device = 'mobile')")[0][0]
    buyers = rows(db, "select count(*) from sessions where stage = 3")[0][0]
    assert cells.reached.sum(axis=1)[2:].tolist() == [
        rows(db, "select count(*) from sessions where stage >= 2")[0][0],
        carts,
        buyers,
        buyers,
    ]
    assert cells.skipped.sum() == 0


def test_the_command_prints_what_it_found(ranked):
    db, summary, _ = ranked
    told = subprocess.run([sys.executable, "-m", "models", "leaks", "--db", str(db), "--json"], capture_output=True, text=True, check=True)
    assert [one["leak_id"] for one in json.loads(told.stdout)["leaks"]] == [one["leak_id"] for one in summary["leaks"]]
    told = subprocess.run([sys.executable, "-m", "models", "leaks", "--db", str(db)], capture_output=True, text=True, check=True)
    assert "conversions" in told.stdout and told.stderr == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dimensions = 3", "must be a list"),
        ("dimensions = ['device', 'shoe size']", "shoe size"),
        ("dimensions = ['device', 'device']", "different names"),
        ("dimensions = ['device']\nfalse_share = 2", "at most 0.5"),
        ("dimensions = ['device']\nfalse_shares = 0.1", "false_shares"),
        ("dimensions = [", "not valid TOML"),
    ],
)
def test_settings_that_mean_nothing_are_refused(tmp_path, text, said):
    file = tmp_path / "leak_dimensions.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        settings.read(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,label\n2026-01-01,x\n", "no column kind"),
        ("date,label,kind\n1 May,x,release\n", "row 2: '1 May' is no date"),
        ("date,label,kind\n2026-01-01,,release\n", "row 2: needs a label"),
        ("date,label,kind\n2026-01-01,x,holiday\n", "needs a kind of"),
    ],
)
def test_events_that_mean_nothing_are_refused(tmp_path, text, said):
    file = tmp_path / "site_events.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        cause.read_events(file, runs.EVENT_KINDS)


def test_the_committed_calendars_can_be_read():
    events = runs.read_calendars()
    assert ("channel", "AI Assistant") in {level for event in events for level in event.levels}
    assert all(event.source.startswith("https://") for event in events if event.kind == "definition")
