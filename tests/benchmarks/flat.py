"""A flat CSV of ten million sessions: loading it, then filtering the overview."""

from pathlib import Path

import numpy as np

from tests.benchmarks import filtering, loading, material
from tests.benchmarks.table import number, row

SESSIONS = 10_000_000
LOAD_RATIO, LOAD_GB = 3, 4
SQL_MS, DATED_SQL_MS, POST_MORE_MS = 15, 30, 5


def report(folder: Path, scale: float) -> None:
    """Print both tables."""
    sessions = int(SESSIONS * scale)
    source = material.flat_export(folder, sessions)
    database = folder / "bench.duckdb"

    print(f"Loading a flat CSV of {sessions:,} sessions ({source.stat().st_size / 1e9:.2f} GB)")
    floor = loading.floor(source, folder)
    ours = loading.load(source, database)
    row("", "seconds", "CPU s", "peak GB")
    row("floor: parse and sort in bare DuckDB", *map(number, floor))
    row("python -m etl load", *map(number, ours))
    row(
        f"ratio (at most {LOAD_RATIO}; {LOAD_GB} GB)",
        number(ours.seconds / floor.seconds),
        number(ours.cpu_seconds / floor.cpu_seconds),
        "",
    )

    print(f"\nA filter change on the overview, six charts at {sessions:,} sessions, in ms")
    filtering.predict(database)
    row("", "bare p50", "SQL p50", "SQL p95", "limit", "in turn", "POST p50", "POST p95", "limit", "known p50")
    for name, times in filtering.changes(database):
        (p50, p95), (post50, post95) = (np.percentile(times[way], (50, 95)) for way in ("sql", "post"))
        (bare, in_turn, again) = (np.median(times[way]) for way in ("bare", "in turn", "again"))
        limit = DATED_SQL_MS if "days" in name else SQL_MS
        row(name, *map(number, (bare, p50, p95, limit, in_turn, post50, post95, p95 + POST_MORE_MS, again)))
    row("the earlier way: pandas, each change", number(1e3 * filtering.earlier(source)))
