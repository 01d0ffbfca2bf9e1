"""Databases to start from: to make the schema takes longer than most of what is tested on it."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import duckdb

from etl import schema


@functools.cache
def empty() -> Path:
    """A database with its whole schema and no rows, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="leaks-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "empty.duckdb"
    with duckdb.connect(str(path)) as con:
        schema.apply(con)
    return path


def copy_to(path: Path) -> Path:
    """A copy of the empty database."""
    return Path(shutil.copyfile(empty(), path))
