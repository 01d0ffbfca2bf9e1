"""The command `python -m etl pull bigquery`."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from datetime import UTC, date, datetime
from pathlib import Path

from etl.errors import InputError
from etl.schema import DATA

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
MOST_BYTES = "100GB"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("service", choices=["bigquery"], help="where the export lands")
    parser.add_argument("--project", required=True, metavar="ID", help="project that holds the export")
    parser.add_argument("--dataset", required=True, metavar="NAME", help="its dataset, such as analytics_123456789")
    parser.add_argument("--since", required=True, type=day, metavar="DATE", help="first day, YYYY-MM-DD")
    parser.add_argument("--until", type=day, metavar="DATE", help="last day (default: today)")
    parser.add_argument("--out", metavar="FOLDER", help="where the Parquet files are kept (default: data/raw/PROJECT.DATASET)")
    parser.add_argument("--billing-project", metavar="ID", help="project that pays for the queries (default: the one of the export)")
    parser.add_argument("--intraday", action="store_true", help="also days that are not over yet")
    parser.add_argument(
        "--max-bytes", type=byte_count, default=MOST_BYTES, metavar="N", help=f"refuse to read more in all (default: {MOST_BYTES})"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be read, and stop")
    parser.add_argument("--load", action="store_true", help="load the folder afterwards")
    parser.add_argument("--db", metavar="FILE", help="database to load into (default: LEAKS_DB, else data/leaks.duckdb)")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def day(text: str) -> date:
    """A day as ISO 8601 writes it."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2024-03-01")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day of the calendar") from None


def byte_count(text: str) -> int:
    """A number of bytes: 5000000, 500MB, 20GB."""
    match = re.fullmatch(r"(\d{1,15})\s*([KMGT]?)I?B?", text.strip().upper())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes such as 20GB")
    return int(match[1]) * UNITS[match[2]]


def run(arguments: argparse.Namespace) -> int:
    """Pull, say what came, and load it where that is asked for."""
    from etl.progress import Progress
    from etl.pull.bigquery import pull, size

    until = arguments.until or datetime.now(UTC).date()
    if until < arguments.since:
        raise InputError(f"--until {until} lies before --since {arguments.since}: swap them")
    folder = Path(arguments.out) if arguments.out else DATA / "raw" / f"{arguments.project.replace(':', '.')}.{arguments.dataset}"
    progress = Progress()
    try:
        pulled = pull(
            arguments.project,
            arguments.dataset,
            arguments.since,
            until,
            folder,
            billing_project=arguments.billing_project,
            intraday=arguments.intraday,
            max_bytes=arguments.max_bytes,
            dry_run=arguments.dry_run,
            report=progress,
        )
    finally:
        progress.close()
    if not arguments.json:
        verb = "would be pulled" if pulled.is_dry else "pulled"
        print(
            f"{_days(len(pulled.rows))} {verb} ({sum(pulled.rows.values()):,} rows, {size(pulled.bytes)} read), {len(pulled.kept):,} kept."
        )
        if pulled.empty:
            print(f"{_days(len(pulled.empty))} without rows: {', '.join(pulled.empty[:5])}{', ...' if len(pulled.empty) > 5 else ''}")
    if arguments.load and not pulled.is_dry:
        return _load(arguments, folder, pulled.summary())
    if arguments.json:
        print(json.dumps(pulled.summary()))
    elif not pulled.is_dry:
        print(f"Load them with: python -m etl load {shlex.quote(str(folder))}")
    return 0


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _load(arguments: argparse.Namespace, folder: Path, summary: dict) -> int:
    from etl.__main__ import print_summary
    from etl.load import load
    from etl.progress import Progress
    from etl.publish import database_path

    db = database_path(arguments.db)
    if not any(folder.glob("*.parquet")):
        raise InputError(f"{folder}: holds no day to load")
    progress = Progress()
    try:
        result = load([folder], db, report=progress)
    finally:
        progress.close()
    if arguments.json:
        print(json.dumps(summary | {"load": result | {"database": str(db)}}))
        return 0
    print_summary(result["files"])
    print(f"Published {db} in {result['seconds']:.1f} s." if result["files"] else "All of it was loaded already.")
    return 0
