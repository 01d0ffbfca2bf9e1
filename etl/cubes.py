"""Cubes after a load: what came is added to their cells, what left is taken away.

Cubes are sums, so that the difference between two states of sessions is a cube as well: that of the sessions that arrived, less that of
the ones that departed. It is made with the measures of sql/cubes and sql/probability_cubes, and the cubes brought up to date with it equal
cubes built anew, row for row. See docs/decisions/0005-incremental-cubes.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import duckdb

from etl import levels, schema

MOST_CHANGED = 0.2
"""Share of the sessions beyond which building all cubes anew is less work."""

ROW_GROUP = 122_880
"""Rows that DuckDB stores together, with the least and the greatest value of each column: what lets a range of dates skip the others."""

DISORDER = 3
"""How many row groups, on average, may hold a day before a cube is put in order again."""

OTHERS = "cast('(all other sources)' as source_name)"


@dataclass(frozen=True)
class Family:
    """Cubes over the same measures: by day, by day for sources not kept by name, by month, and totals."""

    folder: str
    measures: str
    days: str
    rare_days: str
    months: str
    totals: str


SESSIONS = Family("cubes", "session_measures", "cubes.days", "cubes.rare_days", "cubes.months", "cubes.totals")
PREDICTIONS = Family(
    "probability_cubes",
    "prediction_measures",
    "cubes.probability_days",
    "cubes.probability_rare_days",
    "cubes.probability_months",
    "cubes.probability_totals",
)


def take_out(con: duckdb.DuckDBPyConnection, places: str) -> int:
    """Delete sessions and remember, in the temporary table taken_out, what they were; return how many.

    Parameters
    ----------
    places : query for the rowids of sessions.
    """
    # As text: the types of the labels may have grown when others depart.
    labels = ", ".join(f"cast({name} as varchar) as {name}" for name in levels.TYPES)
    con.execute(f"create temp table if not exists taken_out as select * replace ({labels}) from sessions limit 0")
    con.execute(f"create or replace temp table departing as {places}")
    con.execute("insert into taken_out from sessions where rowid in (from departing)")
    (count,) = con.execute("delete from sessions where rowid in (from departing)").fetchone()
    con.execute("drop table departing")
    return count


def refresh(con: duckdb.DuckDBPyConnection, settled_load: int) -> None:
    """Bring all cubes up to date with the sessions, and those of the predictions with them.

    Where sessions were changed by other means than `take_out` and insertion, or very many were, all cubes are built anew, and the checks
    of sql/checks look at every session.

    Parameters
    ----------
    settled_load : the largest load_id that the cubes know, 0 for none. Sessions inserted since have a larger one, and the checks look
        closely at these alone.
    """
    con.execute("set variable settled_load = ?::integer", [settled_load or None])
    take_out(con, "select rowid from sessions limit 0")
    con.execute("create or replace temp table departed as from sessions limit 0")
    con.execute("insert into departed from taken_out where load_id <= ?", [settled_load])
    if settled_load and is_little(con, f"from sessions where load_id > {int(settled_load)}") and all_known(con):
        schema.transaction(con, lambda: apply_changes(con))
    else:
        con.execute("set variable settled_load = null")
        schema.rebuild_cubes(con)
    con.execute("drop table departed; drop table taken_out")


def refresh_scored(con: duckdb.DuckDBPyConnection, scored_at: datetime) -> None:
    """Bring the cubes of predictions, and the candidates, up to date with the predictions made at a time.

    They must be new: the cubes may not know them yet. A new run rather takes `schema.rebuild_probability_cubes`. The checks of sql/checks
    take the sessions as they are for settled, as scoring changes none.
    """
    con.execute("set variable settled_load = coalesce(getvariable('settled_load'), (select max(load_id) from loads))")
    con.execute("create or replace temp table touched_predictions as from predictions where scored_at = ?", [scored_at])
    con.execute(
        "create or replace temp table places as select rowid as place from sessions where session_id in (select session_id from touched_predictions)"
    )
    con.execute("create or replace temp table departed as from sessions limit 0")
    if is_little(con, "from sessions where rowid in (from places)"):
        con.execute("create or replace temp table ranked_before as from cubes.kept_sources")
        schema.transaction(con, lambda: apply_predictions(con))
    else:
        schema.rebuild_probability_cubes(con)
    con.execute("drop table departed")


def is_little(con: duckdb.DuckDBPyConnection, arrived: str) -> bool:
    """Whether so few sessions arrived and departed that building anew is more work; then those that arrived stand in the table arrived."""
    changed, held = con.execute(
        f"select (select count(*) from ({arrived})) + (select count(*) from departed), (select sum(sessions) from cubes.totals)"
    ).fetchone()
    if changed > MOST_CHANGED * (held or 0):
        return False
    con.execute(f"create or replace temp table arrived as {arrived}")
    return True


def all_known(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether arrivals and departures explain how many sessions there are on each day."""
    unexplained = con.execute(
        """
        with explained as (
            select session_date, sum(sessions) as sessions from cubes.days group by session_date
            union all
            select session_date, count(*) from arrived group by session_date
            union all
            select session_date, -count(*) from departed group by session_date
            union all
            select session_date, -count(*) from sessions group by session_date
        )
        select session_date
        from explained
        group by session_date
        having sum(sessions) <> 0
        limit 1
        """
    ).fetchall()
    return not unexplained


def apply_changes(con: duckdb.DuckDBPyConnection) -> None:
    """Change all cubes by what arrived and departed."""
    con.execute("create or replace temp table ranked_before as from cubes.kept_sources")
    schema.run(con, "cubes", only={"kept_sources"})
    change(con, SESSIONS)
    if con.execute("select count(*) from current_run").fetchone() != (0,):
        con.execute(
            """
            create or replace temp table touched_predictions as
            from predictions
            where session_id in (select session_id from arrived union all select session_id from departed)
            """
        )
        apply_predictions(con)


def apply_predictions(con: duckdb.DuckDBPyConnection) -> None:
    """Change the cubes of predictions, and the candidates, by what arrived and departed; their predictions stand in touched_predictions."""
    change(con, PREDICTIONS)
    con.execute("delete from cubes.candidates where session_id in (select session_id from touched_predictions)")
    con.execute(f"insert into cubes.candidates {of_some(query_of('probability_cubes', 'candidates'), 'arrived')}")


def change(con: duckdb.DuckDBPyConnection, family: Family) -> None:
    """Change the cubes of a family by what arrived and departed, and by sources that rose among those kept by name or fell from them.

    Temporary tables hold the differences: `difference` by source, `named` with the sources that are not kept as one level, `rare` of these.
    Expects the ranks of the sources as the cubes have them in the temporary table ranked_before.
    """
    names = [name for name, *_ in con.execute(f"describe {family.days}").fetchall()]
    sums = names[names.index("sessions") :]
    keys = names[: names.index("sessions")]
    measures = query_of(family.folder, family.measures)
    negative = ", ".join(f"-{name} as {name}" for name in sums)
    con.execute(
        f"""
        create or replace temp table difference as
        {summed(keys, sums)}
        from (
            {of_some(measures, "arrived")}
            union all by name
            select * replace ({negative}) from ({of_some(measures, "departed")})
        )
        {grouped(keys, sums)}
        """
    )
    con.execute(
        """
        create or replace temp table moved as
        select kept_sources.source, kept_sources.is_kept
        from cubes.kept_sources
        inner join ranked_before on ranked_before.source = kept_sources.source
        where kept_sources.is_kept <> ranked_before.is_kept
        """
    )
    is_kept = "coalesce(kept_sources.is_kept, ranked_before.is_kept)"
    ranked = """
        left join cubes.kept_sources on kept_sources.source = cells.source
        left join ranked_before on ranked_before.source = cells.source
    """
    rising = f"from {family.rare_days} where source in (select source from moved where is_kept)"
    falling = f"from {family.days} where source in (select source from moved where not is_kept)"
    con.execute(
        f"""
        create or replace temp table named as
        {summed(keys, sums)}
        from (
            select cells.* replace (case when {is_kept} then cells.source else {OTHERS} end as source) from difference as cells {ranked}
            union all by name
            {rising}
            union all by name
            select * replace ({OTHERS} as source, {negative}) {rising}
            union all by name
            select * replace ({negative}) {falling}
            union all by name
            select * replace ({OTHERS} as source) {falling}
        )
        {grouped(keys, sums)}
        """
    )
    con.execute(
        f"""
        create or replace temp table rare as
        {summed(keys, sums)}
        from (
            select cells.* from difference as cells {ranked} where not {is_kept}
            union all by name
            select * replace ({negative}) {rising}
            union all by name
            {falling}
        )
        {grouped(keys, sums)}
        """
    )
    of_month = "select cast(date_trunc('month', session_date) as date) as month, * exclude (session_date) from named"
    add(con, family.rare_days, "from rare", keys, sums)
    add(con, family.days, "from named", keys, sums)
    add(con, family.months, of_month, ["month", *keys[1:]], sums)
    add(con, family.totals, "select * exclude (session_date) from named", keys[1:], sums)
    put_in_order(con, family.days, keys)
    schema.run(con, family.folder, only=other_tables(family))


def other_tables(family: Family) -> set[str]:
    """Tables of the folder that are built anew each time, as they are not known here."""
    known = {name.removeprefix("cubes.") for name in (family.days, family.rare_days, family.months, family.totals)}
    made = {file.stem: schema.queried(file) for file in schema.files(family.folder)}
    return {name for name, relation in made.items() if relation and relation.kind == "table"} - known - {"kept_sources", "candidates"}


def add(con: duckdb.DuckDBPyConnection, cube: str, difference: str, keys: list[str], sums: list[str]) -> None:
    """Add a difference to a cube; cells left without sessions go."""
    con.execute(f"create or replace temp table added as {summed(keys, sums)} from ({difference}) {grouped(keys, sums)}")
    # The day or month, which comes first, is unknown for sessions without a date.
    same = " and ".join(f"cells.{name} {'=' if place else 'is not distinct from'} added.{name}" for place, name in enumerate(keys))
    con.execute(f"create or replace temp table places as select cells.rowid as place from {cube} as cells semi join added on {same}")
    con.execute(
        f"""
        create or replace temp table cells as
        {summed(keys, sums)}
        from (from added union all by name from {cube} where rowid in (from places))
        group by {", ".join(keys)}
        having sum(sessions) <> 0
        """
    )
    con.execute(f"delete from {cube} where rowid in (from places)")
    con.execute(f"insert into {cube} by name from cells order by {', '.join(keys)}")


def put_in_order(con: duckdb.DuckDBPyConnection, cube: str, keys: list[str]) -> None:
    """Sort a cube by day again where changed cells, which go to its end, have spread the days over its row groups."""
    spread, days = con.execute(
        f"""
        select coalesce(sum(last_day - first_day + 1), 0), coalesce(max(last_day) - min(first_day) + 1, 0)
        from (
            select min(session_date) as first_day, max(session_date) as last_day
            from {cube}
            group by rowid // {ROW_GROUP}
        )
        """
    ).fetchone()
    if spread > DISORDER * days:
        con.execute(f"create or replace temp table in_order as from {cube}")
        con.execute(f"delete from {cube} where true")
        con.execute(f"insert into {cube} from in_order order by {', '.join(keys)}")
        con.execute("drop table in_order")


def summed(keys: list[str], sums: list[str]) -> str:
    """Select list of a cube."""
    return f"select {', '.join(keys)}, {', '.join(f'cast(sum({name}) as bigint) as {name}' for name in sums)}"


def grouped(keys: list[str], sums: list[str]) -> str:
    """Grouping of a difference, without the cells that do not change."""
    return f"group by {', '.join(keys)} having {' or '.join(f'sum({name}) <> 0' for name in sums)}"


def of_some(query: str, sessions: str) -> str:
    """A query over sessions, and over predictions, asked of other tables: those that arrived or departed, and what was told of them."""
    query = re.sub(r"\bfrom sessions\b", f"from {sessions} as sessions", query)
    return re.sub(r"\bjoin predictions\b", "join touched_predictions as predictions", query)


def query_of(folder: str, relation: str) -> str:
    """The query behind a view or table, as its file has it."""
    return schema.queried(schema.SQL / folder / f"{relation}.sql").query
