"""What the benchmarks work on: a flat export of any size, made of the demo's traffic."""

from pathlib import Path

import duckdb

from etl.demo.writing import write_demo

DEMO_SESSIONS = 500_000
DAYS = 365


def flat_export(folder: Path, sessions: int) -> Path:
    """A flat CSV of so many sessions, made once: demo sessions drawn with replacement, each with ids of its own."""
    path = folder / f"flat_{sessions}.csv"
    if path.exists():
        return path
    demo = folder / "demo"
    if not (demo / "truth.json").exists():
        write_demo(demo, format="flat", sessions=DEMO_SESSIONS, days=DAYS)
    draft = path.with_suffix(".draft")
    with duckdb.connect() as con:
        con.execute(
            f"""
            create table demo as
            select row_number() over () - 1 as place, *
            from read_csv('{demo / "sessions.csv"}', all_varchar = true)
            """
        )
        con.execute(
            f"""
            copy (
                select
                    lpad(cast(hash(number // 2) % 9000000000000000000 as varchar), 19, '0') as fullVisitorId,
                    1000000000 + number as visitId,
                    demo.* exclude (place, fullVisitorId, visitId)
                from (
                    select range as number, cast(hash(range) % (select count(*) from demo) as bigint) as place
                    from range({sessions})
                ) as drawn
                inner join demo on demo.place = drawn.place
            ) to '{draft}' (header)
            """
        )
    draft.rename(path)
    return path
