"""Ranking leaks, against counting the same sessions by the same columns in bare DuckDB, and its time by cells."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb

from etl import schema
from tests.benchmarks.loading import ROOT, clear, measured
from tests.benchmarks.table import number, row

SESSIONS = 10_000_000
DAYS = 364
LEVELS = {"device": 3, "country": 60, "source": 200, "medium": 8, "browser": 12, "operating_system": 8, "landing_page": 300}
COUNT = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("set enable_progress_bar = false; set memory_limit = '3GB'")
con.execute("select device, country, source, medium, browser, operating_system, landing_page, (session_date - date '2026-01-01') // 7 as week, "
            "count(*), count(*) filter (where stage >= 1), count(*) filter (where stage >= 2), sum(revenue) from sessions group by all").fetchnumpy()
"""


def database(folder: Path, sessions: int) -> Path:
    """A database of so many invented sessions, made once. Labels are skewed: of L levels, the level l takes a share of about 1/l."""
    path = folder / f"leaks_{sessions}.duckdb"
    if path.exists():
        return path
    draft = path.with_suffix(".draft")
    clear(draft)

    def draw(name: str, salt: int) -> str:
        return f"'{name} ' || cast(floor(pow({LEVELS[name]}, (hash(range * 31 + {salt}) % 1000003) / 1000003.0)) as integer)"

    device = "(['desktop', 'mobile', 'tablet'])[1 + cast(floor(pow(3, (hash(range * 31 + 1) % 1000003) / 1000003.0)) as integer) % 3]"
    with duckdb.connect(str(draft), config={"preserve_insertion_order": "false"}) as con:
        con.execute("set memory_limit = '3GB'")
        schema.apply(con)
        for name in ("country", "source"):
            labels = ", ".join(f"'{name} {level}'" for level in range(1, LEVELS[name] + 1))
            con.execute(f"create type {name}_drawn as enum ({labels})")
            con.execute(f"alter table sessions alter {name} type {name}_drawn")
        con.execute(
            f"""
            insert into sessions by name
            select
                cast(range as varchar) as session_id,
                1 + cast(hash(range * 31 + 9) % 3 as integer) as visit_number,
                date '2026-01-01' + cast(hash(range * 31 + 2) % {DAYS} as integer) as session_date,
                {device} as device,
                {draw("country", 3)} as country,
                {draw("source", 4)} as source,
                {draw("medium", 5)} as medium,
                'Referral' as channel,
                {draw("browser", 6)} as browser,
                {draw("operating_system", 7)} as operating_system,
                '/' || {draw("landing_page", 8)} as landing_page,
                stage >= 1 as is_engaged,
                cast(stage as tinyint) as stage,
                stage = 3 as is_converted,
                cast(stage = 3 as integer) as transactions,
                case when stage = 3 then 50 else 0 end as revenue,
                1 as load_id
            from (
                select
                    range,
                    case when draw < 0.02 then 3 when draw < 0.15 then 2 when draw < 0.45 then 1 else 0 end as stage
                from (select range, (hash(range * 31) % 1000003) / 1000003.0 as draw from range({sessions}))
            )
            """
        )
        con.execute("checkpoint")
    draft.rename(path)
    return path


def ranked(path: Path) -> tuple[float, float, float]:
    """Seconds of counting and of ranking, and cells, inside one process."""
    script = (
        "import json, sys, time; from pathlib import Path; from models.database import reading; "
        "from models.leaks import database, ranking, settings\n"
        "a = time.process_time()\n"
        "with reading(Path(sys.argv[1])) as con: cells = database.read_cells(con, settings.read())[0]\n"
        "b = time.process_time(); small = ranking.prepare(cells); ranking.rank(small)\n"
        "print(json.dumps([b - a, time.process_time() - b, len(small)]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(path)], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    return tuple(json.loads(told.stdout))


def report(folder: Path, scale: float) -> None:
    """Print the section."""
    whole = int(SESSIONS * scale)
    path = database(folder, whole)
    print(f"Leaks: {whole:,} sessions in {len(LEVELS) + 1} dimensions over {DAYS} days")
    row("", "s", "CPU s", "peak GB")
    floor = measured([sys.executable, "-c", COUNT, str(path)])
    row("counted by the same columns, bare DuckDB", number(floor.seconds), number(floor.cpu_seconds), f"{floor.peak_gb:.2f}")
    script = (
        "import sys; from pathlib import Path; from models.database import reading; from models.leaks import database, ranking, settings\n"
    )
    script += (
        "with reading(Path(sys.argv[1])) as con: cells = database.read_cells(con, settings.read())[0]\nranking.rank(ranking.prepare(cells))"
    )
    ours = measured([sys.executable, "-c", script, str(path)], PYTHONPATH=str(ROOT))
    row("counted and ranked", number(ours.seconds), number(ours.cpu_seconds), f"{ours.peak_gb:.2f}")
    row("  as a multiple of the counting", number(ours.seconds / floor.seconds), number(ours.cpu_seconds / floor.cpu_seconds), "")
    row("by size", "cells", "CPU s", "per 100 k")
    for part in (whole // 16, whole // 4, whole):
        _, spent, cells = ranked(database(folder, part))
        row(f"  ranking {part:,} sessions", f"{cells:,.0f}", number(spent), number(spent * 100_000 / max(cells, 1)))
