"""The SQL files of the database, and how they are applied."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import duckdb

from etl import bots, undated

SQL = Path(__file__).resolve().parent.parent / "sql"
DATA = SQL.parent / "data"
SCHEMA_VERSION = "5"

ORDER = {
    "macros": ["newcombe_low", "newcombe_high", "default_channel_group"],
    "types": ["device_name", "country_name", "source_name", "channel_name"],
    "cubes": [
        "session_measures",
        "kept_sources",
        "days",
        "months",
        "totals",
        "rare_days",
        "source_totals",
        "cells",
        "day_cells",
        "undated_cells",
        "undated_day_cells",
        "source_cells",
        "compared_days",
        "period_cells",
    ],
    "probability_cubes": [
        "current_runs",
        "current_run",
        "prediction_measures",
        "probability_days",
        "probability_months",
        "probability_totals",
        "probability_rare_days",
        "probability_source_totals",
        "probability_cells",
        "undated_probability_cells",
        "source_probability_cells",
        "candidates",
    ],
    "metrics": ["period_comparison", "period_split", "period_effects"],
    "views": ["aggregate_reports", "aggregate_cells", "aggregate_rates", "data_lacks", "stage_bases", "data_warnings"],
}
"""Files that need others of their folder, in the order they need; files not named here come before them."""

QUERIED = re.compile(r"create or replace (?P<kind>table|view) (?P<name>\S+) as\s(?P<query>.+?);(?:\n|\Z)", re.DOTALL)
APPLIED = ("types", "tables", "macros", "cubes", "probability_cubes", "metrics", "views")
REFERENCE = ("countries", "benchmarks")
PROBABILITY_CELLS = ("probability_cells", "undated_probability_cells", "source_probability_cells")

INHERITED = [
    ("bots", "sessions"),
    ("bot_events", "events"),
    ("open_leaks", "leaks"),
    ("candidates", "sessions"),
    ("top_candidates", "candidates"),
]
"""Relations whose columns mean what those of another mean: the comment of a column is copied by its name."""


def files(folder: str) -> list[Path]:
    """The SQL files of a folder in the order they are run."""
    last = ORDER.get(folder, [])
    return sorted((SQL / folder).glob("*.sql"), key=lambda file: (last.index(file.stem) if file.stem in last else -1, file.stem))


class Queried(NamedTuple):
    """A table or view that a file of sql/ makes of a query, with the schema in its name where that is not main."""

    kind: str
    name: str
    query: str


def queried(file: Path) -> Queried | None:
    """The table or view that a file makes of a query; None where it makes something else, such as a macro."""
    found = QUERIED.match(file.read_text())
    return Queried(**found.groupdict()) if found else None


def run(con: duckdb.DuckDBPyConnection, folder: str, *, only: set[str] | None = None) -> None:
    """Run the SQL files of a folder, or those named in `only`."""
    for file in files(folder):
        if only is None or file.stem in only:
            con.execute(file.read_text())


def apply(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the database of a read-write connection up to date: types, tables, macros, cubes, metrics, views, comments.

    Does nothing where the same files were applied before. One transaction: hundreds of small statements would each wait for the disk.
    """
    if not is_applied(con):
        transaction(con, lambda: apply_files(con))
        set_setting(con, "schema_hash", schema_hash(con))


def is_applied(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether these very files were applied to the database last, and no relation of it was dropped or added since."""
    has_settings = con.execute("select count(*) from duckdb_tables() where database_name = current_database() and table_name = 'settings'")
    if has_settings.fetchone() == (0,):
        return False
    return con.execute("select value from settings where name = 'schema_hash'").fetchone() == (schema_hash(con),)


def schema_hash(con: duckdb.DuckDBPyConnection) -> str:
    """What decides how a database looks once the files are applied: they, the code that applies them, DuckDB; and the relations it has."""
    relations = con.execute(
        """
        select database_name, schema_name, name
        from (
            select database_name, schema_name, table_name as name from duckdb_tables()
            union all select database_name, schema_name, view_name from duckdb_views() where not internal
            union all select database_name, schema_name, function_name from duckdb_functions() where not internal
            union all select database_name, schema_name, type_name from duckdb_types() where not internal
        )
        where database_name = current_database()
        order by all
        """
    ).fetchall()
    code = [Path(module.__file__) for module in (bots, undated)]
    applied = sorted(file for folder in APPLIED for file in (SQL / folder).glob("*.sql"))
    digest = hashlib.sha256(repr((duckdb.__version__, [name for _, *name in relations])).encode())
    for file in (*applied, *(DATA / f"{table}.csv" for table in REFERENCE), *code, Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def apply_files(con: duckdb.DuckDBPyConnection) -> None:
    """Run the SQL files in their order; cubes are built where the schema is new, and kept where it is not."""
    con.execute("create schema if not exists cubes")
    known_types = {name for (name,) in con.execute("select type_name from duckdb_types() where not internal").fetchall()}
    run(con, "types", only=set(ORDER["types"]) - known_types)
    run(con, "tables")
    drop_event_labels(con)
    run(con, "macros")
    load_reference(con)
    version = con.execute("select value from settings where name = 'schema_version'").fetchone()
    if version == (SCHEMA_VERSION,):
        run(con, "cubes", only={"session_measures", *ORDER["cubes"][ORDER["cubes"].index("cells") :]})
        run(
            con,
            "probability_cubes",
            only={"current_runs", "current_run", "prediction_measures", *PROBABILITY_CELLS},
        )
    else:
        run(con, "cubes")
        run(con, "probability_cubes")
    run(con, "metrics")
    undated.create(con, files("metrics"))
    run(con, "views")
    inherit_comments(con)
    set_setting(con, "schema_version", SCHEMA_VERSION)


def drop_event_labels(con: duckdb.DuckDBPyConnection) -> None:
    """Keep of the labels that events once held which ones an event tells: the session has them."""
    labels = {"device": 1, "country": 2, "browser": 4, "operating_system": 8, "channel": 64, "source": 0, "medium": 0, "campaign": 0}
    for table in ("events", "bot_events"):
        columns = {name for (name,) in con.execute(f"select column_name from (describe {table})").fetchall()}
        if "source_basis" not in columns:
            continue
        bits = " + ".join(f"case when {name} is null then 0 else {bit} end" for name, bit in labels.items() if bit)
        con.execute(
            f"""
            update {table}
            set tells = {bits} + case source_basis when 'last click' then 16 when 'collected' then 32 else 0 end
            where device is not null or source_basis is not null
            """
        )
        for name in (*labels, "source_basis"):
            con.execute(f"alter table {table} drop column {name}")


def load_reference(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the reference tables from the CSV files in data/ and the rules for bots, replacing what they held."""
    con.execute("delete from bot_rules")
    con.executemany("insert into bot_rules values (?, ?)", [list(rule) for rule in bots.RULES])
    for table in REFERENCE:
        file = DATA / f"{table}.csv"
        columns = [name for (name,) in con.execute(f"select column_name from (describe {table})").fetchall()]
        con.execute(f"delete from {table}")
        con.execute(
            f"insert into {table} select {', '.join(columns)} from read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"')",
            [str(file)],
        )


def settle_conversions(con: duckdb.DuckDBPyConnection) -> None:
    """Let the metric relations tell conversions, or NULL where no file loaded tells any: settled once a publish, so that no query asks."""
    is_missing, is_settled = con.execute(
        "select is_missing, (told_conversions(1) is null) = is_missing from data_lacks where capability = 'conversions'"
    ).fetchone()
    if is_settled:
        return
    (comment,) = con.execute(
        "select comment from duckdb_functions() where function_name = 'told_conversions' and database_name = current_database()"
    ).fetchone()
    con.execute(f"create or replace macro told_conversions(k) as {'case when false then k end' if is_missing else 'k'}")
    con.execute("comment on macro told_conversions is '" + comment.replace("'", "''") + "'")


def rebuild_cubes(con: duckdb.DuckDBPyConnection) -> None:
    """Build the cubes anew from the sessions, and those of the predictions, which follow them."""
    transaction(con, lambda: build(con, "cubes"))
    transaction(con, lambda: build(con, "probability_cubes"))


def rebuild_probability_cubes(con: duckdb.DuckDBPyConnection) -> None:
    """Build the probability cubes and the list of candidates anew from the predictions of the current run."""
    transaction(con, lambda: build(con, "probability_cubes"))


def build(con: duckdb.DuckDBPyConnection, folder: str) -> None:
    """Fill the cubes of a folder anew. Those there are keep their columns and comments, which are most of the work for a small site."""
    known = {
        table
        for (table,) in con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    }
    is_new = False
    for file in files(folder):
        relation = queried(file)
        if relation is None or relation.kind != "table":
            continue
        if relation.name in known:
            con.execute(f"delete from {relation.name}")
            con.execute(f"insert into {relation.name} {relation.query}")
        else:
            con.execute(file.read_text())
            is_new = True
    if is_new:
        inherit_comments(con)


def transaction(con: duckdb.DuckDBPyConnection, work: Callable[[], None]) -> None:
    """Do some work in one transaction: all of it, or nothing."""
    con.execute("begin")
    try:
        work()
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def inherit_comments(con: duckdb.DuckDBPyConnection) -> None:
    """Give columns without a comment the one of the same column of the relation they inherit from."""
    columns = con.execute(
        "select table_name, column_name, schema_name, comment from duckdb_columns() where database_name = current_database()"
    ).fetchall()
    comments = {(table, column): comment for table, column, _, comment in columns if comment}
    for relation, origin in INHERITED:
        for table, column, schema, comment in columns:
            inherited = comments.get((origin, column))
            if table == relation and not comment and inherited:
                text = inherited.replace("'", "''")
                con.execute(f"comment on column {schema}.{table}.{column} is '{text}'")
                comments[table, column] = inherited


def set_setting(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Store a fact about the database; see the table settings."""
    con.execute("insert or replace into settings values (?, ?)", [name, value])
