"""python -m models: train the conversion model, score sessions with it, rank leaks, judge the ranking."""

import argparse
import json
import sys
from collections.abc import Callable

from etl.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m models", description="Conversion model: train it, score sessions with it.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for command, run, text in (
        ("train", train, "train on all sessions, score each with a model that did not see it, publish"),
        ("score", score, "score the sessions that came after the last training, publish"),
    ):
        one = commands.add_parser(command, help=text, description=text[0].upper() + text[1:] + ".")
        one.set_defaults(run=run)
        one.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
        one.add_argument("--json", action="store_true", help="print the summary as JSON")
        if command == "train":
            one.add_argument("--seed", type=natural, default=0, help="equal data and seed give equal models (default: 0)")
            one.add_argument("--trials", type=positive, metavar="N", help="parameters to try (default: 20; 8 with few conversions)")
    add_leaks(commands)
    return whole


def add_leaks(commands: argparse._SubParsersAction) -> None:
    text = "rank the leaks: where sessions are lost, since when, at what price; publish"
    one = commands.add_parser("leaks", help=text, description=text[0].upper() + text[1:] + ".")
    one.set_defaults(run=leaks)
    one.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
    one.add_argument("--json", action="store_true", help="print the summary as JSON")
    text = "judge the leak ranking on worlds whose truth is known, or on one's own data with leaks planted"
    two = commands.add_parser("bench", help=text, description=text[0].upper() + text[1:] + ".")
    two.set_defaults(run=bench)
    two.add_argument("what", choices=["leaks"], help="what to judge")
    two.add_argument("--runs", type=positive, metavar="N", help="worlds of each kind without leaks; half as many with (default: 20)")
    two.add_argument("--seed", type=natural, default=0, help="first seed; equal seeds give the equal table (default: 0)")
    two.add_argument("--data", action="store_true", help="plant leaks into the database's own sessions, in memory, and see which are found")
    two.add_argument("--db", metavar="FILE", help="database for --data (default: LEAKS_DB, else data/leaks.duckdb)")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def natural(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError("must be between 0 and 4294967295")
    return number


# XGBoost and scikit-learn take a second to import, so each command imports what it needs.
def train(options: argparse.Namespace) -> int:
    from etl.publish import database_path
    from models import runs
    from models.progress import Progress

    with Progress() as say:
        summary = runs.train(database_path(options.db), seed=options.seed, trials=options.trials, say=say)
    print(json.dumps(summary) if options.json else described(summary))
    return 0


def score(options: argparse.Namespace) -> int:
    from etl.publish import database_path
    from models import runs
    from models.progress import Progress

    with Progress() as say:
        summary = runs.score(database_path(options.db), say=say)
    if options.json:
        print(json.dumps(summary))
    elif summary["sessions_scored"]:
        print(f"Scored {summary['sessions_scored']:,} sessions with run {summary['run_id']}.")
    else:
        print(f"Every session is scored by run {summary['run_id']}; nothing changed.")
    return 0


def leaks(options: argparse.Namespace) -> int:
    from etl.publish import database_path
    from models.leaks import report, runs
    from models.progress import Progress

    with Progress() as say:
        summary, outcome = runs.rank(database_path(options.db), say=say)
    print(json.dumps(summary) if options.json else report.described(outcome))
    return 0


def bench(options: argparse.Namespace) -> int:
    from models.progress import Progress

    runs = options.runs or 20
    with Progress() as say:
        told = own_data(options, runs, say) if options.data else invented(options, runs, say)
    print(told)
    return 0


def invented(options: argparse.Namespace, runs: int, say: Callable[[str], None]) -> str:
    from models.bench import run

    return run.printed(run.run(runs, options.seed, say=say), runs, options.seed)


def own_data(options: argparse.Namespace, runs: int, say: Callable[[str], None]) -> str:
    from etl.publish import database_path
    from models.bench import redteam
    from models.database import reading
    from models.leaks import database, ranking, report, settings

    chosen = settings.read()
    say("Counting sessions …")
    with reading(database_path(options.db)) as con:
        cells = ranking.prepare(database.read_cells(con, chosen)[0])
    blind = report.blind(ranking.rank(cells, q=chosen.false_share))
    return "\n".join([redteam.described(redteam.attempts(cells, runs, options.seed, chosen.false_share, say=say)), "", *blind])


def described(summary: dict) -> str:
    """The summary of a training run for people."""
    figures = summary["metrics"]
    lines = [
        f"Run {summary['run_id']} learnt from {figures['sessions']:,} sessions, {figures['conversions']:,} of them converting, "
        f"and scored {summary['sessions_scored']:,}.",
        f"On {figures['test_sessions']:,} held-out sessions ({figures['test_conversions']:,} converting):",
        f"  AUC                {ranged(figures, 'auc')}",
        f"  average precision  {ranged(figures, 'average_precision')}, where chance gives {figures['base_rate']:.4f}",
        f"  in the top 10 %    precision {figures['precision_at_10']:.3f} of at most {figures['precision_at_10_max']:.3f}, "
        f"recall {figures['recall_at_10']:.3f} of at most {figures['recall_at_10_max']:.3f}",
        f"  F1                 {figures['f1']:.3f} at the threshold {figures['threshold']:.4f}",
        *figures["notes"],
    ]
    return "\n".join(lines)


def ranged(figures: dict, name: str) -> str:
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    interval = "no interval" if low is None else f"{low:.3f} to {high:.3f}"
    return f"{figures[name]:.3f} ({interval})"


if __name__ == "__main__":
    sys.exit(main())
