"""The command `python -m etl demo`."""

import argparse
import json
from datetime import date

from etl.progress import Progress

from . import FORMATS, LAST_DAY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write demo exports of an invented shop, with leaks planted and their truth in truth.json."
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write into: empty, absent or of an earlier demo")
    parser.add_argument("--format", choices=list(FORMATS), default="ga360", help="shape of the export (default: %(default)s)")
    parser.add_argument("--sessions", type=whole, default=200_000, metavar="N", help="sessions in all (default: %(default)s)")
    parser.add_argument("--days", type=whole, default=180, metavar="D", help="length of the period (default: %(default)s)")
    parser.add_argument("--seed", type=whole, default=7, metavar="S", help="another seed, other traffic (default: %(default)s)")
    parser.add_argument("--end", type=date.fromisoformat, default=LAST_DAY, metavar="DATE", help="last day (default: %(default)s)")
    parser.add_argument("--no-leaks", action="store_true", help="plant nothing: the same shop in health")
    parser.add_argument("--json", action="store_true", help="print the summary for machines")


def whole(text: str) -> int:
    return int(text.replace("_", "").replace(",", ""))


def run(args: argparse.Namespace) -> int:
    """Write the exports and say what is in them."""
    from .leaks import LEAKS, RENAMED
    from .writing import write_demo

    progress = Progress()

    def show(done: int, of: int) -> None:
        progress(f"demo: day {done} of {of}")

    summary = write_demo(
        args.out,
        format=args.format,
        sessions=args.sessions,
        days=args.days,
        seed=args.seed,
        end=args.end,
        leaks=() if args.no_leaks else LEAKS,
        renamed=None if args.no_leaks else RENAMED,
        progress=show,
    )
    progress.close()
    if args.json:
        print(json.dumps(summary, ensure_ascii=False))
        return 0
    totals = summary["totals"]
    print(
        f"{args.out}: {totals['rows']:,} sessions in {summary['format']}, {summary['first_day']} to {summary['last_day']}, "
        f"{totals['bots']:,} of them bots, {totals['conversions']:,} converting, {summary['currency']} {totals['revenue']:,.2f}"
    )
    for leak in summary["leaks"]:
        segment = ", ".join(f"{column} {level}" for column, level in leak["segment"].items())
        since = f"since {leak['started_on']}" if leak["started_on"] else "all along"
        print(
            f"planted: {segment}: {leak['step'].replace('_', ' ')} x{leak['strength']} {since}, "
            f"{leak['lost_conversions']:,} conversions and {summary['currency']} {leak['lost_revenue']:,.2f} lost"
        )
    return 0
