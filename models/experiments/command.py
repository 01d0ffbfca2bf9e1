"""python -m models fixed."""

import argparse
import json


def add(commands: argparse._SubParsersAction) -> None:
    text = "register that a leak was mended on a day; each ranking then says whether it worked"
    one = commands.add_parser("fixed", help=text, description=text[0].upper() + text[1:] + ".")
    one.set_defaults(run=run)
    one.add_argument("leak_id", metavar="LEAK_ID", help="the leak; see the table leaks")
    one.add_argument("--on", metavar="DATE", required=True, help="first day with the fix, as 2026-05-13")
    one.add_argument("--note", metavar="TEXT", default="", help="what was done")
    one.add_argument("--undo", action="store_true", help="take the fix of that day back")
    one.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
    one.add_argument("--json", action="store_true", help="print the fix as JSON")


def run(options: argparse.Namespace) -> int:
    from etl.publish import database_path
    from models.experiments import fixes
    from models.progress import Progress

    with Progress() as say:
        fix = fixes.register(database_path(options.db), options.leak_id, options.on, options.note, undo=options.undo, say=say)
    if options.json:
        print(
            json.dumps({"leak_id": fix.leak_id, "fixed_on": fix.fixed_on.isoformat(), "note": fix.note, "is_registered": not options.undo})
        )
    elif options.undo:
        print(f"The fix of {fix.leak_id} on {fix.fixed_on} is no longer registered.")
    else:
        print(f"Registered: {fix.leak_id} was mended on {fix.fixed_on}. The next ranking judges it: python -m models leaks")
    return 0
