"""python -m models alert."""

import argparse
import json


def add(commands: argparse._SubParsersAction) -> None:
    text = "tell of new or grown leaks, under a budget of false alarms; publish what was judged"
    one = commands.add_parser("alert", help=text, description=text[0].upper() + text[1:] + ".")
    one.set_defaults(run=run)
    one.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
    one.add_argument("--json", action="store_true", help="print the report as JSON")
    one.add_argument("--webhook", metavar="NAME", help="send alarms to the target of this name in data/webhooks.toml, each once")
    one.add_argument("--dry-run", action="store_true", help="judge and print; publish and send nothing")


def run(options: argparse.Namespace) -> int:
    from etl.publish import database_path
    from models.alerts import report, runs, targets
    from models.progress import Progress

    webhook = (options.webhook, targets.read(options.webhook)) if options.webhook else None
    with Progress() as say:
        told = runs.alert(database_path(options.db), webhook=webhook, dry_run=options.dry_run, say=say)
    print(json.dumps(told, ensure_ascii=False) if options.json else report.described(told))
    return 0
