"""Cubes brought up to date after a load equal cubes built anew, row for row."""

import shutil
from datetime import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import cubes, levels, schema
from etl.load import load
from etl.publish import publishing, run_checks
from tests.etl.exports import visits, write_flat

SOURCES = 306
FIRST = 620
"""About two sessions a source: with every load some rise among the 300 largest and some fall."""

DRAWN = """
    select
        printf('%024d', number) as session_id,
        null as visitor_id,
        1 + h1 % 3 as visit_number,
        null as started_at,
        date '2026-01-25' + cast(day as integer) as session_date,
        ['desktop', 'mobile', 'tablet'][1 + h1 % 3] as device,
        ['Canada', 'Israel'][1 + (h1 // 7) % 2] as country,
        case when h2 % 4 = 0 then 'google' else 'site-' || (h2 // 4) % {sources} end as source,
        'referral' as medium,
        ['Referral', 'Unassigned'][1 + (h1 // 11) % 2] as channel,
        case when h3 % 5 > 0 then h3 % 40 end as pageviews,
        case when h3 % 3 > 0 then h3 % 2000 end as duration_seconds,
        h3 % 2 = 0 as is_bounce,
        (h2 // 9) % 4 as stage,
        stage >= 1 as is_engaged,
        stage = 3 as is_converted,
        case when is_converted then 1 + h1 % 2 else 0 end as transactions,
        case when is_converted then (h3 % 100000) / 1000 else 0 end as revenue,
        {load} as load_id
    from (
        select number, day, cast(hash(number, {load}, 'a') // 4 as bigint) as h1, cast(hash(number, {load}, 'b') // 4 as bigint) as h2, cast(hash(number, {load}, 'c') // 4 as bigint) as h3
        from ({numbers})
    )
"""


def insert(con: duckdb.DuckDBPyConnection, numbers: str, load: int, sources: int = SOURCES) -> None:
    """Insert sessions with drawn values; `numbers` is a query for their numbers and days."""
    con.execute(f"create or replace temp table drawn as {DRAWN.format(numbers=numbers, load=load, sources=sources)}")
    for column in levels.TYPES:
        levels.extend(con, column, "drawn")
    con.execute("insert into sessions by name from drawn")


def predict(con: duckdb.DuckDBPyConnection, run: str, share: int, scored_at: datetime = datetime(2026, 3, 1)) -> None:
    """Predict for that share (in per cent) of the sessions that the run has not scored."""
    con.execute(
        f"""
        insert into predictions by name
        select
            session_id,
            '{run}' as run_id,
            ? as scored_at,
            cast((hash(session_id) % 1000003) / 1000003 as float) as p_conversion,
            p_conversion > 0.9 as is_top_decile,
            p_conversion > 0.8 as is_above_threshold,
            load_id
        from sessions
        where hash(session_id, 'scored') % 100 < {share}
            and session_id not in (select session_id from predictions where run_id = '{run}')
        """,
        [scored_at],
    )


def train(con: duckdb.DuckDBPyConnection, run: str = "first") -> None:
    con.execute(
        f"insert into model_runs values ('{run}', '2026-03-01', 'x', 'x', 'retrospective', '{{}}', '{{\"cutoff\": 0.9}}', 0.8, ''::blob, null)"
    )


def held(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """All rows of all cubes, by table, in the order of their values."""
    tables = con.execute(
        "select table_name from duckdb_tables() where schema_name = 'cubes' and database_name = current_database() order by all"
    ).fetchall()
    return {table: con.execute(f"select columns(*)::varchar from cubes.{table} order by all").fetchall() for (table,) in tables}


def assert_as_built_anew(con: duckdb.DuckDBPyConnection) -> None:
    """Compare the cubes with cubes built from the sessions, which then take their place."""
    brought_up_to_date = held(con)
    schema.rebuild_cubes(con)
    built = held(con)
    assert {"days", "rare_days", "months", "totals", "kept_sources", "probability_days", "candidates"} <= set(built)
    for table, rows in built.items():
        assert brought_up_to_date[table] == rows, table


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """A database of 45 days whose sources are nearly all of a size, a part of it scored."""
    path = tmp_path_factory.mktemp("year") / "year.duckdb"
    with duckdb.connect(str(path)) as con:
        schema.apply(con)
        insert(con, f"select range as number, hash(range) % 45 as day from range({FIRST * 3})", load=1)
        train(con)
        predict(con, "first", share=70)
        schema.rebuild_cubes(con)
    return path


@pytest.fixture
def con(year):
    """The same, in memory, to be changed."""
    return opened(year)


def opened(year) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"preserve_insertion_order": "false"})
    schema.apply(con)
    con.execute(f"attach '{year}' as year (read_only)")
    con.execute("create or replace temp table drawn as from year.sessions")
    for column in levels.TYPES:
        levels.extend(con, column, "drawn")
    for table in ("sessions", "model_runs", "predictions"):
        con.execute(f"insert into {table} by name from year.{table}")
    con.execute("detach year")
    schema.rebuild_cubes(con)
    return con


STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "new": st.integers(0, 40),
            "day": st.integers(0, 60),
            "late": st.integers(0, 12),
            "updated": st.integers(0, 30),
            "bots": st.integers(0, 12),
            "scored": st.sampled_from([0, 0, 50, 100]),
            "vanishes": st.sampled_from([None, None, None, 5]),
        }
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 10**6))
def test_any_sequence_of_loads_gives_the_cubes_of_their_rows(year, steps, seed):
    with opened(year) as con:
        for settled, step in enumerate(steps, start=1):
            load = settled + 1
            chosen = f"hash(session_id, {seed}, {load})"
            con.execute(f"create or replace temp table touched as from sessions order by {chosen} limit {step['updated'] + step['bots']}")
            cubes.take_out(con, "select rowid from sessions where session_id in (select session_id from touched)")
            if step["vanishes"] is not None:
                cubes.take_out(con, f"select rowid from sessions where session_date = date '2026-01-25' + {step['vanishes']}")
            insert(
                con,
                f"""
                select {10**6 * load} + range as number, {step["day"]} as day from range({step["new"]})
                union all
                select {10**6 * load} + 1000 + range, hash(range, {seed}) % 45 from range({step["late"]})
                union all
                (
                    select cast(session_id as bigint), date_diff('day', date '2026-01-25', session_date) + {seed} % 2
                    from touched
                    order by {chosen}
                    limit {step["updated"]}
                )
                """,
                load,
                SOURCES + 2 * settled,
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(cubes.schema, "rebuild_cubes", None)
                cubes.refresh(con, settled)
            if step["scored"]:
                scored_at = datetime(2026, 3, 1 + load)
                predict(con, "first", step["scored"], scored_at)
                cubes.refresh_scored(con, scored_at)
            assert_as_built_anew(con)
            run_checks(con)


def test_sources_that_rise_and_fall_change_places(con):
    moved = "select cast(source as varchar) from moved where {} order by all"
    kept = {name for (name,) in con.execute("select source from cubes.kept_sources where is_kept").fetchall()}
    smallest, rare = (
        con.execute(f"select source from cubes.kept_sources order by is_kept = {test}, sessions, source desc limit 1").fetchone()[0]
        for test in ("false", "true")
    )
    assert smallest in kept and rare not in kept
    con.execute("create temp table template as from sessions limit 9")
    con.execute(
        "insert into sessions select * replace ('rising' || row_number() over () as session_id, ?::source_name as source, 2 as load_id) from template",
        [rare],
    )
    cubes.refresh(con, 1)
    assert con.execute(moved.format("is_kept")).fetchall() == [(rare,)]
    assert con.execute(moved.format("not is_kept")).fetchall() == [(smallest,)]
    for table, named in (("days", True), ("rare_days", False), ("months", True), ("totals", True), ("probability_totals", True)):
        found = {
            name
            for (name,) in con.execute(f"select distinct source from cubes.{table} where source in (?, ?)", [rare, smallest]).fetchall()
        }
        assert found == {rare if named else smallest}, table
    assert_as_built_anew(con)


def replace(con: duckdb.DuckDBPyConnection, where: str, load: int = 2) -> None:
    """Take sessions out and insert them again, each with another number of page views."""
    con.execute(
        f"create or replace temp table again as select * replace (coalesce(pageviews, 0) + 1 as pageviews, {load} as load_id) from sessions where {where}"
    )
    cubes.take_out(con, f"select rowid from sessions where {where}")
    con.execute("insert into sessions from again")


def test_only_cells_that_changed_are_written(con):
    """A wrong cell stays wrong, as the rows behind it are not read again, and the check finds it."""
    con.execute("update cubes.days set bounces = bounces + 7 where rowid = (select max(rowid) from cubes.days)")
    replace(con, "session_date < date '2026-01-28'")
    cubes.refresh(con, 1)
    in_cubes, in_rows = (
        con.execute(f"select sum(bounces), sum(pageviews) from {name}").fetchone() for name in ("cubes.days", "session_measures")
    )
    assert in_cubes == (in_rows[0] + 7, in_rows[1])
    with pytest.raises(RuntimeError, match="cubes_match_rows"):
        run_checks(con)


@pytest.mark.parametrize(
    "behind_its_back", ["delete from sessions where session_id like '%7'", "update sessions set load_id = 2 where session_id like '%7'"]
)
def test_changes_by_other_means_are_noticed(con, behind_its_back):
    replace(con, "session_id like '%4'")
    con.execute(behind_its_back)
    cubes.refresh(con, 1)
    assert con.execute("select getvariable('settled_load')").fetchone() == (None,)
    assert_as_built_anew(con)


def test_scattered_corrections_do_not_leave_the_days_in_disorder(con, monkeypatch):
    """Out of order, a range of dates could skip nothing; the rows are the same either way."""
    put_in_order = []
    monkeypatch.setattr(
        cubes, "put_in_order", lambda con, cube, keys, own=cubes.put_in_order: (put_in_order.append(cube), own(con, cube, keys))
    )

    def sorted_share() -> float:
        return con.execute(
            "select avg(cast(session_date >= before as integer)) "
            "from (select session_date, lag(session_date) over (order by rowid) as before from cubes.days)"
        ).fetchone()[0]

    replace(con, "session_id like '%4'")
    cubes.refresh(con, 1)
    disorder = sorted_share()
    monkeypatch.setattr(cubes, "ROW_GROUP", 50)
    replace(con, "session_id like '%5'", load=3)
    cubes.refresh(con, 2)
    assert disorder < sorted_share() == 1
    assert put_in_order == ["cubes.days", "cubes.probability_days"] * 2
    assert_as_built_anew(con)


def test_several_parts_of_one_load_may_bring_and_take_the_same(con):
    """A session that came with one part and left with the next was never in the cubes, even where its source is new."""
    numbers = "select 5000000 + range as number, 20 as day from range(30)"
    insert(con, numbers, load=2, sources=10**6)
    replace(con, "session_id like '%44'", load=2)
    cubes.take_out(con, "select rowid from sessions where load_id = 2 and session_id > printf('%024d', 5000010)")
    insert(con, numbers.replace("5000000", "6000000"), load=3, sources=10**7)
    replace(con, "load_id = 3", load=3)
    cubes.refresh(con, 1)
    assert con.execute("select count(*) from arrived where session_id > printf('%024d', 4999999)").fetchone() == (11 + 30,)
    assert_as_built_anew(con)


def test_a_large_change_builds_anew(con, monkeypatch):
    built = []
    monkeypatch.setattr(cubes.schema, "rebuild_cubes", lambda con, rebuild=schema.rebuild_cubes: built.append(rebuild(con)))
    replace(con, "session_id like '%4'")
    cubes.refresh(con, 1)
    assert not built
    replace(con, "session_id < printf('%024d', 600)", load=3)
    cubes.refresh(con, 2)
    assert built
    assert_as_built_anew(con)


def test_a_session_of_a_later_load_is_looked_at(con):
    cubes.refresh(con, 1)
    con.execute("create temp table template as from sessions limit 1")
    con.execute("insert into sessions select * replace (2 as load_id) from template")
    cubes.refresh(con, 1)
    with pytest.raises(RuntimeError, match="unique_sessions"):
        run_checks(con)


def test_loads_keep_the_cubes_right(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAKS_SALT", "a salt for tests only")
    db = tmp_path / "leaks.duckdb"
    days = [f"201707{day:02}" for day in range(1, 13)]
    exports = [
        [row for number, day in enumerate(days) for row in visits(4, first=10 * number, date=day)],
        visits(5, first=500, date="20170713", source="new.example"),
        [*visits(2, first=10, date=days[1], country="Israel"), *visits(3, first=900, date=days[4])],
        visits(1, first=20, date=days[2], pageviews=900, timeOnSite=2),
        visits(1, first=20, date=days[2], pageviews=3, source="another.example"),
    ]
    for number, rows in enumerate(exports):
        load([write_flat(tmp_path / f"{number}.csv", rows)], db)
        with duckdb.connect(str(db), read_only=True) as stored:
            brought_up_to_date = held(stored)
        with publishing(db) as con:
            schema.rebuild_cubes(con)
            assert held(con) == brought_up_to_date
    with duckdb.connect(str(db), read_only=True) as stored:
        assert stored.execute("select count(*) from bots").fetchone() == (0,)
        assert stored.execute("select sum(sessions) from cubes.days").fetchone() == (4 * 12 + 5 + 3,)


def test_a_cube_not_known_here_is_built_anew(con, monkeypatch, tmp_path):
    assert cubes.other_tables(cubes.SESSIONS) == {"source_totals"}
    assert cubes.other_tables(cubes.PREDICTIONS) == {"probability_source_totals"}
    shutil.copytree(schema.SQL, tmp_path / "sql")
    monkeypatch.setattr(schema, "SQL", tmp_path / "sql")
    text = (
        "create or replace table cubes.weeks as select week(session_date) as week, sum(sessions) as sessions from cubes.days group by all;"
    )
    (tmp_path / "sql" / "cubes" / "weeks.sql").write_text(text)
    monkeypatch.setitem(schema.ORDER, "cubes", [*schema.ORDER["cubes"], "weeks"])
    replace(con, "session_id like '%4'")
    cubes.refresh(con, 1)
    assert con.execute("select sum(sessions) from cubes.weeks").fetchone() == con.execute("select count(*) from sessions").fetchone()
