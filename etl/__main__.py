"""python -m etl: inspect exports, load them, write demo exports."""

import argparse
import json
import re
import sys
import zoneinfo

from etl.errors import InputError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m etl", description="Google Analytics exports into one DuckDB file.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    inspect = commands.add_parser("inspect", help="say what files are, what would load and what would be rejected; change nothing")
    inspect.add_argument("paths", nargs="+", metavar="PATH", help="files or folders")
    inspect.add_argument("--suggest-map", action="store_true", help="write a first draft of a column map for a table of sessions")
    inspect.set_defaults(run=run_inspect)

    load = commands.add_parser("load", help="load exports into the database and publish it")
    load.add_argument("paths", nargs="+", metavar="PATH", help="files or folders; one load, all or nothing")
    load.set_defaults(run=run_load)

    load.add_argument("--db", metavar="FILE", help="database (default: LEAKS_DB, else data/leaks.duckdb)")
    load.add_argument(
        "--again", action="store_true", help="also load files that are loaded already, as after a change of data/stage_rules.toml"
    )
    load.add_argument("--currency", metavar="CODE", type=currency, help="currency of the exports, three letters (USD unless said)")
    load.add_argument("--time-zone", metavar="NAME", type=time_zone, help="time zone of the property, such as Europe/Berlin")
    for command in (inspect, load):
        command.add_argument("--format", metavar="NAME", help="insist on a format: a file recognised as another is refused")
        command.add_argument("--map", metavar="FILE.toml", help="column map: read the files as tables of sessions by it (docs/maps.md)")
        command.add_argument("--json", action="store_true", help="print the summary as JSON")

    from etl.demo import command as demo

    demo_parser = commands.add_parser("demo", help="write exports of an invented shop, with planted leaks and their truth.json")
    demo.add_arguments(demo_parser)
    demo_parser.set_defaults(run=demo.run)

    from etl.pull import command as pull

    pull_parser = commands.add_parser("pull", help="fetch a Google Analytics export from BigQuery, day by day")
    pull.add_arguments(pull_parser)
    pull_parser.set_defaults(run=pull.run)

    from etl import compare

    compare_parser = commands.add_parser("compare", help="put a report of the Analytics interface beside the sessions loaded")
    compare.add_arguments(compare_parser)
    compare_parser.set_defaults(run=compare.run)
    return top


def currency(text: str) -> str:
    """A currency code as ISO 4217 writes it."""
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no currency code of three letters")
    return text.upper()


def time_zone(text: str) -> str:
    """A time zone of the IANA database."""
    if text not in zoneinfo.available_timezones():
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone such as Europe/Berlin")
    return text


def run_load(arguments: argparse.Namespace) -> int:
    """Load, then say what came of each file."""
    from etl.folders import in_words
    from etl.load import load
    from etl.mapping import read_map
    from etl.progress import Progress
    from etl.publish import database_path

    mapping = read_map(arguments.map) if arguments.map else None
    db = database_path(arguments.db)
    progress = Progress()
    try:
        given = {"currency": arguments.currency, "time_zone": arguments.time_zone}
        settings = {name: value for name, value in given.items() if value}
        result = load(
            arguments.paths,
            db,
            expected_format=arguments.format,
            again=arguments.again,
            settings=settings,
            mapping=mapping,
            report=progress,
        )
    finally:
        progress.close()
    if arguments.json:
        print(json.dumps(result | {"database": str(db)}))
        return 0
    print_summary(result["files"])
    for name in result["already_loaded"]:
        print(f"{name}: already loaded, nothing to do")
    if result["passed_over"]:
        print(f"Passed over: {in_words(result['passed_over'])}.")
    for warning in result["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    if result["files"]:
        print(f"Published {db} in {result['seconds']:.1f} s.")
    return 0


def run_inspect(arguments: argparse.Namespace) -> int:
    """Load into a database that is thrown away, and say what would come of each file."""
    from etl.folders import in_words
    from etl.inspect import inspect
    from etl.mapping import read_map
    from etl.progress import Progress

    if arguments.suggest_map:
        from etl.mapping_draft import draft

        print(draft(arguments.paths), end="")
        return 0
    mapping = read_map(arguments.map) if arguments.map else None
    progress = Progress()
    try:
        results = inspect(arguments.paths, expected_format=arguments.format, mapping=mapping, report=progress)
    finally:
        progress.close()
    if arguments.json:
        print(json.dumps(results))
    else:
        print_summary([result for result in results if "format" in result])
        passed_over = [result for result in results if "passed_over" in result]
        if passed_over:
            print(f"Would be passed over: {in_words(passed_over)}.")
        for result in results:
            if "problem" in result:
                print(result["problem"], file=sys.stderr)
    return 1 if any("problem" in result for result in results) else 0


def print_summary(files: list[dict]) -> None:
    """A line of counts for each file, and its notes; many files are told in one sum with the notes they share."""
    if len(files) > 12:
        counted = {name: sum(file[name] for file in files) for name in files[0] if isinstance(files[0][name], int)}
        notes = sorted({note for file in files for note in file["notes"]})
        formats = ", ".join(sorted({file["format"] for file in files}))
        files = [{"file": f"{len(files)} files", "format": formats, **counted, "notes": notes}]
    for file in files:
        parts = [
            f"{file[name]:,} {name.replace('_', ' ')}"
            for name in file
            if isinstance(file[name], int) and (file[name] or name == "sessions_new")
        ]
        print(f"{file['file']} ({file['format']}): {', '.join(parts)}")
        for note in file["notes"]:
            print(f"  {note}")


def main(given: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 the input is unusable, 2 wrong usage."""
    arguments = parser().parse_args(given)
    try:
        return arguments.run(arguments)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; nothing has changed.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
