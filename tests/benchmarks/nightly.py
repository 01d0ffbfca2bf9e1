"""The nightly increment: one new day on a year of ten million sessions, against copying the file, a bare insert, and building all cubes.

Two nights are measured: one that brings nothing but its day, with sources nobody has seen before, and one that also brings the day before
once more, with some sessions changed, and corrections all over the year.
"""

import sys
from pathlib import Path

import duckdb

from tests.benchmarks import loading, material
from tests.benchmarks.table import number, row

SESSIONS = 10_000_000
LIMIT_SECONDS, LIMIT_GB = 10, 4
SMALL_SITES = 5_000
CORRECTIONS = 250

COPY = """
import os, shutil, sys
shutil.copyfile(sys.argv[1], sys.argv[2])
with open(sys.argv[2], "rb") as file:
    os.fsync(file.fileno())
"""

INSERT = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("set preserve_insertion_order = false; set memory_limit = '3GB'")
con.execute("create temp table day as from sessions where session_date = (select max(session_date) from sessions)")
con.execute("insert into sessions select * replace ('x' || session_id as session_id, session_date + 1 as session_date) from day")
con.execute("checkpoint")
"""

REBUILD = """
import sys, duckdb
from etl import schema
con = duckdb.connect(sys.argv[1], config={"preserve_insertion_order": "false"})
con.execute("set memory_limit = '3GB'")
schema.rebuild_cubes(con)
con.execute("checkpoint")
"""


def report(folder: Path, scale: float) -> None:
    """Print the table."""
    sessions = int(SESSIONS * scale)
    year, *nights = exports(folder, sessions)
    database, copy = folder / "year.duckdb", folder / "year_copy.duckdb"
    loading.load(year, database)

    print(f"One more day on a year of {sessions:,} sessions ({database.stat().st_size / 1e9:.2f} GB)")
    row("", "seconds", "CPU s", "peak GB")
    baseline = [
        ("baseline: copy the file and sync it", script(COPY, folder, database, copy)),
        ("baseline: insert a day, bare", script(INSERT, folder, copy)),
        ("baseline: build all cubes anew", script(REBUILD, folder, copy)),
    ]
    loading.clear(copy)
    for name, run in baseline:
        row(name, *map(number, run))
    whole = loading.Run(*(sum(values) for values in zip(*(run for _, run in baseline), strict=True)))
    row("baseline, together", number(whole.seconds), number(whole.cpu_seconds), "")
    for name, night in zip(("a new day", "new day, corrections"), nights, strict=True):
        run = add(night, database)
        row(f"python -m etl load: {name}", *map(number, run))
        row(
            f"ratio (at most {LIMIT_SECONDS} s; {LIMIT_GB} GB)",
            number(run.seconds / whole.seconds),
            number(run.cpu_seconds / whole.cpu_seconds),
            "",
        )
    loading.clear(database)


def script(text: str, folder: Path, *arguments: Path) -> loading.Run:
    """Run a few lines of Python by themselves."""
    file = folder / "baseline.py"
    file.write_text(text)
    return loading.measured([sys.executable, str(file), *map(str, arguments)], PYTHONPATH=str(loading.ROOT))


def add(source: Path, database: Path) -> loading.Run:
    """python -m etl load on what is there."""
    command = [sys.executable, "-m", "etl", "load", str(source), "--db", str(database), "--json"]
    return loading.measured(command, LEAKS_SALT="a salt for benchmarks", PYTHONPATH=str(loading.ROOT))


def exports(folder: Path, sessions: int) -> tuple[Path, Path, Path]:
    """A year with a long tail of small sites, and two nights after it, made once."""
    flat = material.flat_export(folder, sessions)
    paths = tuple(folder / f"{name}_{sessions}.csv" for name in ("nightly_year", "nightly_first", "nightly_second"))
    if all(path.exists() for path in paths):
        return paths
    year, first, second = paths
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        small = f"'site-' || cast(floor(exp(hash(visitId, 'rank') % 1000000 / 1e6 * ln({SMALL_SITES}))) as integer) || '.example'"
        write(
            con,
            f"select * replace (case when hash(visitId, 'small') % 25 = 0 then {small} else source end as source) from {csv(flat)}",
            year,
        )
        new = "case when hash(visitId, 'new') % 1000 = 0 then 'new-' || hash(visitId, 'which') % 30 || '.example' else source end"
        write(con, next_day(year, f"{new} as source"), first)
        changed = "case when hash(visitId, 'changed') % 50 = 0 then cast(cast(pageviews as integer) + 1 as varchar) else pageviews end"
        write(
            con,
            f"""
            {next_day(first, "source as source")}
            union all
            select * replace ({changed} as pageviews) from {csv(first)}
            union all
            (
                select * replace (cast(cast(pageviews as integer) + 1 as varchar) as pageviews)
                from {csv(year)}
                where hash(visitId, 'corrected') % {max(sessions // CORRECTIONS, 1)} = 0
            )
            """,
            second,
        )
    return paths


def next_day(of: Path, source: str) -> str:
    """Query for the last day of an export, moved by a day, as visits of their own."""
    return f"""
        select * replace (
            cast(cast(visitId as bigint) + 1000000000 as varchar) as visitId,
            cast(cast(visitStartTime as bigint) + 86400 as varchar) as visitStartTime,
            strftime(strptime(date, '%Y%m%d') + interval 1 day, '%Y%m%d') as date,
            {source}
        )
        from {csv(of)}
        where date = (select max(date) from {csv(of)})
    """


def csv(path: Path) -> str:
    return f"read_csv('{path}', all_varchar = true)"


def write(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the rows of a query to a file, whole or not at all."""
    draft = path.with_suffix(".draft")
    con.execute(f"copy ({query}) to '{draft}' (header)")
    draft.rename(path)
