"""Cubes after a load: only the days whose sessions changed are added up again.

The queries are those of sql/cubes and sql/probability_cubes, run on the changed days alone, so that a cube brought up to date equals one
built anew, row for row. See docs/decisions/0005-incremental-cubes.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from etl import schema

MOST_CHANGED = 1 / 3
"""Share of the days beyond which building all cubes anew is less work."""


@dataclass(frozen=True)
class Family:
    """Cubes over the same measures: by day, by day for sources not kept by name, by month, and totals."""

    folder: str
    measures: str
    days: str
    rare_days: str
    months: str
    totals: str


SESSIONS = Family("cubes", "session_measures", "days", "rare_days", "months", "totals")
PREDICTIONS = Family(
    "probability_cubes", "prediction_measures", "probability_days", "probability_rare_days", "probability_months", "probability_totals"
)


def refresh(con: duckdb.DuckDBPyConnection, settled_load: int) -> None:
    """Bring all cubes up to date with sessions, and those of the predictions with them.

    Parameters
    ----------
    settled_load : the largest load_id that the cubes know. A session inserted since must have a larger one; sessions deleted since are found
        by the number their day lacks. The checks of sql/checks look closely at sessions of later loads alone.
    """
    con.execute("set variable settled_load = ?::integer", [settled_load or None])
    if not find_changed(con, settled_load):
        schema.rebuild_cubes(con)
        return
    con.execute("begin")
    try:
        moved = rank_sources(con)
        refresh_family(con, SESSIONS, moved)
        if scored(con, "where session_date in (select session_date from changed_days)"):
            refresh_predictions(con, moved)
        elif moved and scored(con):
            con.execute("delete from changed_days")
            refresh_family(con, PREDICTIONS, moved)
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def refresh_scored(con: duckdb.DuckDBPyConnection, session_ids: str) -> None:
    """Bring the cubes of the current run's predictions up to date with newly scored sessions.

    Parameters
    ----------
    session_ids : query for the ids of sessions whose predictions were added.
    """
    con.execute(
        f"create or replace temp table changed_days as select distinct session_date from sessions where session_id in ({session_ids})"
    )
    (changed,) = con.execute("select count(*) from changed_days").fetchone()
    (days,) = con.execute("select count(distinct session_date) from cubes.days").fetchone()
    if changed > MOST_CHANGED * days:
        schema.rebuild_probability_cubes(con)
        return
    con.execute("begin")
    try:
        refresh_predictions(con, moved=False)
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def find_changed(con: duckdb.DuckDBPyConnection, settled_load: int) -> bool:
    """Fill the temporary table changed_days; return whether they are few enough to be worth refreshing."""
    if not settled_load:
        return False
    con.execute(
        """
        create or replace temp table changed_days as
        with stored as (
            select session_date, count(*) as sessions, max(load_id) as last_load
            from sessions
            group by session_date
        ),
        held as (
            select session_date, sum(sessions) as sessions
            from cubes.days
            group by session_date
        )
        select session_date
        from stored
        full join held using (session_date)
        where last_load > $settled_load or stored.sessions is distinct from held.sessions
        """,
        {"settled_load": settled_load},
    )
    changed, days = con.execute(
        "select (select count(*) from changed_days), (select count(distinct session_date) from cubes.days)"
    ).fetchone()
    return changed <= MOST_CHANGED * days


def scored(con: duckdb.DuckDBPyConnection, where: str = "") -> bool:
    """Whether any day has predictions in the cubes."""
    return con.execute(f"select count(*) > 0 from (select 1 from cubes.probability_days {where} limit 1)").fetchone()[0]


def rank_sources(con: duckdb.DuckDBPyConnection) -> bool:
    """Build cubes.kept_sources anew; return whether sources rose among those kept by name or fell from them.

    They stand in the temporary table moved_sources. A source that is new or gone altogether did not move: its days changed.
    """
    con.execute("create or replace temp table ranked_before as from cubes.kept_sources")
    schema.run(con, "cubes", only={"kept_sources"})
    con.execute(
        """
        create or replace temp table moved_sources as
        select kept_sources.source, kept_sources.is_kept
        from cubes.kept_sources
        inner join ranked_before on ranked_before.source = kept_sources.source
        where kept_sources.is_kept <> ranked_before.is_kept
        """
    )
    return con.execute("select count(*) > 0 from moved_sources").fetchone()[0]


def refresh_family(con: duckdb.DuckDBPyConnection, family: Family, moved: bool) -> None:
    """Replace the changed days of a family of cubes, their months, and the totals."""
    con.execute(f"create or replace temp table changed_measures as from {family.measures} semi join changed_days using (session_date)")
    for cube in (family.days, family.rare_days):
        con.execute(f"delete from cubes.{cube} where session_date in (select session_date from changed_days)")
    if moved:
        move_sources(con, family)
    for cube in (family.days, family.rare_days):
        con.execute(f"insert into cubes.{cube} {query_of(con, family, cube).replace(family.measures, 'changed_measures')}")
    if moved:
        schema.run(con, family.folder, only={family.months, family.totals})
        return
    con.execute(
        """
        create or replace temp table days_of_months as
        select distinct cast(unnest(generate_series(date_trunc('month', session_date), last_day(session_date), interval 1 day)) as date) as session_date
        from changed_days
        """
    )
    con.execute(f"create or replace temp table changed_months as from cubes.{family.days} semi join days_of_months using (session_date)")
    con.execute(f"delete from cubes.{family.months} where month in (select session_date from days_of_months)")
    con.execute(
        f"insert into cubes.{family.months} {query_of(con, family, family.months).replace(f'cubes.{family.days}', 'changed_months')}"
    )
    schema.run(con, family.folder, only={family.totals})


def move_sources(con: duckdb.DuckDBPyConnection, family: Family) -> None:
    """Let sources that rose among those kept by name, or fell from them, change places between a cube by day and its rare days.

    The level of all other sources is added up anew, from the rare days, where a source came or went.
    """
    days, rare_days = f"cubes.{family.days}", f"cubes.{family.rare_days}"
    names = [name for name, *_ in con.execute(f"describe {days}").fetchall()]
    sums = names[names.index("sessions") :]
    key = [name for name in names[: names.index("sessions")] if name != "source"]
    risen, fallen = (f"source in (select source from moved_sources where {test})" for test in ("is_kept", "not is_kept"))
    con.execute(f"create or replace temp table rising as from {rare_days} where {risen}")
    con.execute(f"create or replace temp table falling as from {days} where {fallen}")
    con.execute(
        f"create or replace temp table touched as select distinct {', '.join(key)} from (from rising union all by name from falling)"
    )
    con.execute(f"delete from {rare_days} where {risen}")
    con.execute(f"delete from {days} where {fallen}")
    con.execute(f"insert into {rare_days} by name from falling order by source, session_date")
    same_cell = " and ".join(f"touched.{name} = cells.{name}" for name in key)
    con.execute(
        f"delete from {days} as cells using touched where cells.source = cast('(all other sources)' as source_name) and {same_cell}"
    )
    con.execute(
        f"""
        insert into {days} by name
        select * from (
            from rising
            union all by name
            select {", ".join(key)}, cast('(all other sources)' as source_name) as source, {", ".join(f"cast(sum({name}) as bigint) as {name}" for name in sums)}
            from {rare_days} as cells
            semi join touched on {same_cell}
            group by {", ".join(key)}
        )
        order by session_date, device, source
        """
    )


def refresh_predictions(con: duckdb.DuckDBPyConnection, moved: bool) -> None:
    """Replace the changed days of the cubes of predictions, and the candidates of those days."""
    refresh_family(con, PREDICTIONS, moved)
    con.execute("create or replace temp table changed_sessions as from sessions semi join changed_days using (session_date)")
    con.execute("delete from cubes.candidates where session_date in (select session_date from changed_days)")
    query = re.sub(r"\bsessions\b", "changed_sessions", query_of(con, PREDICTIONS, "candidates"))
    con.execute(f"insert into cubes.candidates {query}")


def query_of(con: duckdb.DuckDBPyConnection, family: Family, cube: str) -> str:
    """The query whose rows the table of a cube holds, as its file has it."""
    statement = con.extract_statements((schema.SQL / family.folder / f"{cube}.sql").read_text())[0].query
    return re.sub(r"^\s*create or replace table \S+ as\s", "", statement)
