"""What a file is and what would come of loading it, without touching any database."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from etl.errors import InputError
from etl.folders import expand
from etl.load import load
from etl.mapping import ColumnMap


def inspect(
    paths: Iterable[str | Path],
    *,
    expected_format: str | None = None,
    mapping: ColumnMap | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> list[dict]:
    """Summaries of the files as `etl.load.load` gives them, each loaded alone into a database that is thrown away.

    A file that cannot be used has `file` and `problem` (the line that loading it would print) instead of counts; what a load would pass over
    has `file` and `passed_over` (why).
    """
    files, passed_over = expand(paths)
    results = []
    for file in files:
        report(f"Looking at {file.name}")
        with tempfile.TemporaryDirectory(prefix="leaks-inspect-") as folder:
            try:
                database = Path(folder) / "inspected.duckdb"
                loaded = load([file], database, expected_format=expected_format, mapping=mapping, report=report)
                results += loaded["files"]
            except InputError as error:
                results.append({"file": file.name, "problem": str(error)})
    return results + [one.summary() for one in passed_over]
