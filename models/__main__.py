"""python -m models: train the conversion models, score sessions with them, retell a run, rank leaks, judge both."""

import argparse
import json
import sys
from collections.abc import Callable

from etl.errors import InputError
from models.alerts import command as alerts
from models.experiments import command as experiments


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
        ("score", score, "score the sessions that came or changed after the last training, publish"),
        ("explain", explain, "retell a run: what it learnt from, how good it is, how to make it again"),
    ):
        one = commands.add_parser(command, help=text, description=text[0].upper() + text[1:] + ".")
        one.set_defaults(run=run)
        one.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
        if command == "explain":
            one.add_argument("run_id", metavar="RUN", help="identifier of the run; see model_runs")
        else:
            one.add_argument("--json", action="store_true", help="print the summary as JSON")
        if command == "train":
            one.add_argument("--seed", type=natural, default=0, help="equal data and seed give equal models (default: 0)")
            one.add_argument("--trials", type=positive, metavar="N", help="parameters to try (default: 20; 8 with few conversions)")
    add_leaks(commands)
    alerts.add(commands)
    experiments.add(commands)
    return whole


def add_leaks(commands: argparse._SubParsersAction) -> None:
    text = "rank the leaks: where sessions are lost, since when, at what price; publish"
    one = commands.add_parser("leaks", help=text, description=text[0].upper() + text[1:] + ".")
    one.set_defaults(run=leaks)
    one.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
    one.add_argument("--json", action="store_true", help="print the summary as JSON")
    text = "judge the leak ranking, or the conversion model, on data whose truth is known"
    two = commands.add_parser("bench", help=text, description=text[0].upper() + text[1:] + ".")
    two.set_defaults(run=bench)
    two.add_argument("what", choices=["leaks", "alerts", "model"], help="what to judge")
    two.add_argument(
        "--runs",
        type=positive,
        metavar="N",
        help="leaks: worlds of each kind without leaks, half as many with; alerts: of each kind (default: 20)",
    )
    two.add_argument("--seed", type=natural, default=0, help="first seed; equal seeds give the equal table (default: 0)")
    two.add_argument("--data", action="store_true", help="plant leaks into the database's own sessions, in memory, and see which are found")
    two.add_argument("--db", metavar="FILE", help="database for --data (default: LEAKS_DB, else data/leaks.duckdb)")
    two.add_argument("--sample", metavar="FILE", help="model: the real sample, sessions_10k.csv (left out: that part is skipped)")
    two.add_argument("--seeds", type=positive, default=20, metavar="N", help="model: seeds on the real sample (default: 20)")
    two.add_argument("--sessions", type=positive, default=200_000, metavar="N", help="model: demo sessions (default: 200,000)")
    two.add_argument("--json", action="store_true", help="model: print the figures as JSON")


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


def explain(options: argparse.Namespace) -> int:
    from etl.publish import database_path
    from models import runs

    print(runs.explain(database_path(options.db), options.run_id), end="")
    return 0


def bench_model(options: argparse.Namespace) -> int:
    from models.bench import model
    from models.progress import Progress

    with Progress() as say:
        found = model.measure(options.sample, seeds=options.seeds, sessions=options.sessions, say=say)
    print(json.dumps(found) if options.json else model.described(found))
    return 0


def bench_alerts(options: argparse.Namespace) -> int:
    from models.bench import alerts as nights
    from models.progress import Progress

    runs = options.runs or 20
    with Progress() as say:
        found = nights.run(runs, options.seed, say=say)
    print(nights.printed(found, runs, options.seed))
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

    if options.what == "model":
        return bench_model(options)
    if options.what == "alerts":
        return bench_alerts(options)
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
    """The summary of a training for people: the early model first where there is one."""
    early = summary["early"]
    if "said" in early:
        return f"{told(summary)}\nNo early model: {early['said']}."
    return f"{told(early)}\n\n{told(summary)}"


def told(summary: dict) -> str:
    """One run."""
    figures = summary["metrics"]
    lines = [
        f"{summary['kind'].capitalize()} run {summary['run_id']} learnt from {figures['sessions']:,} sessions, {figures['conversions']:,} of them converting, "
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
