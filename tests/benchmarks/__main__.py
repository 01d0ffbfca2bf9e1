"""python -m tests.benchmarks: the benchmarks of loading and filtering, with their table."""

import argparse
from pathlib import Path

from tests.benchmarks import filtering, loading, material

FOLDER = Path(__file__).resolve().parents[2] / "build" / "benchmarks"
LOAD_RATIO, LOAD_GB = 3, 4
SQL_MS, DATED_SQL_MS, POST_MORE_MS = 15, 30, 5


def main() -> None:
    """Run them and print each figure beside its baseline or limit."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000_000, help="sessions in the export (default: %(default)s)")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = material.flat_export(FOLDER, arguments.sessions)
    database = FOLDER / "bench.duckdb"

    print(f"Loading a flat CSV of {arguments.sessions:,} sessions ({source.stat().st_size / 1e9:.2f} GB)")
    floor = loading.floor(source, FOLDER)
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

    print(f"\nA filter change on the overview, six charts at {arguments.sessions:,} sessions, in ms")
    filtering.predict(database)
    answered = {name: times for name, *times in filtering.post(database)}
    row("", "SQL p50", "SQL p95", "limit", "POST p50", "POST p95", "limit")
    for name, p50, p95 in filtering.sql(database):
        limit = DATED_SQL_MS if "days" in name else SQL_MS
        row(name, number(p50), number(p95), str(limit), *map(number, answered[name]), number(p95 + POST_MORE_MS))
    row("the earlier way: pandas, each change", number(1e3 * filtering.earlier(source)))


def row(name: str, *cells: str) -> None:
    print(f"  {name:42}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def number(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
