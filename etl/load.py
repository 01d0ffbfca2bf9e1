"""Loading a batch of exports: all of it, or one line that says why not."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl import cubes, landing, merge, privacy, schema
from etl.errors import InputError
from etl.landing import OUTCOMES, FileLoad
from etl.publish import publishing, quoted
from etl.recognise import Source, recognise
from etl.reports import storing

MANY_REJECTS = 0.05
BESIDE_DEMO = {"truth.json", "true_probabilities.parquet"}


def load(
    paths: Iterable[str | Path],
    db: Path,
    *,
    expected_format: str | None = None,
    again: bool = False,
    settings: dict[str, str] | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> dict:
    """Load the exports at some paths (files or folders) into the database and publish it.

    Parameters
    ----------
    paths : files, or folders whose files are taken in the order of their names.
    db : the database file.
    expected_format : refuse a file recognised as another format.
    again : load files once more that are loaded already, as after a change of the stage rules.
    settings : facts to store about the database; see the table settings.
    report : called with a few words on what is being done.

    Returns
    -------
    dict with `files` (a summary each), `already_loaded` (names), `warnings` (sentences) and `seconds`.

    Raises
    ------
    InputError : a file cannot be used; then nothing has changed.
    """
    started = time.monotonic()
    files = expand(paths)
    report(f"Looking at {len(files)} file{'s' * (len(files) != 1)}")
    hashes = {file: file_hash(file) for file in files}
    known = set() if again else known_hashes(db)
    fresh = {}
    for file, sha256 in hashes.items():
        if sha256 not in known and sha256 not in fresh:
            fresh[sha256] = file
    result = {"files": [], "already_loaded": sorted({file.name for file in files} - {file.name for file in fresh.values()}), "warnings": []}
    if fresh:
        batch = [FileLoad(recognise_as(file, expected_format), sha256) for sha256, file in fresh.items()]
        salt = privacy.salt(db.parent)
        with publishing(db) as con:
            removed = keep_demo_apart(con, db, list(fresh.values()))
            result["warnings"] += removed
            for name, value in (settings or {}).items():
                schema.set_setting(con, name, value)
            number(con, batch)
            reported = [item for item in batch if storing.is_report(item)]
            for item in reported:
                report(f"Reading {item.source.name}")
                storing.store(con, item)
                write_load(con, item)
            sessions = [item for item in batch if not storing.is_report(item)]
            if sessions:
                load_batch(con, sessions, db.with_name(f"{db.name}.scratch"), salt, report)
            elif removed:
                schema.rebuild_cubes(con)
            report("Checking and publishing")
        result["files"] = [item.summary() for item in batch]
        result["warnings"] += [
            f"{item.source.name}: {item.rejected:,} of {item.rows_read:,} rows were not loaded; the table rejects says why."
            for item in batch
            if item.rejected > MANY_REJECTS * item.rows_read
        ]
    return result | {"seconds": round(time.monotonic() - started, 2)}


def keep_demo_apart(con: duckdb.DuckDBPyConnection, db: Path, files: list[Path]) -> list[str]:
    """See to it that generated sessions never stand beside real ones: real exports take the place of the demo's.

    Returns what there is to say about it.
    """
    demo = [file for file in files if is_demo(file)]
    held = con.execute("select value from settings where name = 'is_demo'").fetchone()
    (loads,) = con.execute("select count(*) from loads").fetchone()
    if demo and (len(demo) < len(files) or loads and held is None):
        raise InputError(f"{demo[0].name}: is a generated demo export; load it into a database of its own with --db, apart from real ones.")
    if demo:
        schema.set_setting(con, "is_demo", "true")
    elif held:
        for table in (
            "sessions",
            "bots",
            "events",
            "predictions",
            "model_runs",
            "candidate_reasons",
            "drift",
            "loads",
            "rejects",
            "settings",
            "aggregates",
        ):
            con.execute(f"delete from {table} where true")
        schema.set_setting(con, "schema_version", schema.SCHEMA_VERSION)
        return ["The generated demo data were removed: the database now holds what you loaded."]
    return []


def is_demo(file: Path) -> bool:
    """Whether the demo wrote a file: its truth.json, beside it, lists it."""
    try:
        truth = json.loads((file.parent / "truth.json").read_text(encoding="utf-8"))
        return file.name in truth["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def recognise_as(file: Path, expected_format: str | None) -> Source:
    """Recognise a file, and refuse it where it is not of the format asked for."""
    source = recognise(file)
    if expected_format and source.format != expected_format:
        raise InputError(f"{source.name}: is {source.format}, not {expected_format}; leave out --format or name the right one.")
    return source


def expand(paths: Iterable[str | Path]) -> list[Path]:
    """The files meant by some paths: files themselves, and the files inside folders, in the order of their names."""
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
            if not inside:
                raise InputError(f"{path}: an empty folder; name a folder or files with exports.")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise InputError(f"{path}: no such file; check the path.")
    files = [file for file in files if file.name not in BESIDE_DEMO or not (file.parent / "truth.json").exists()]
    if not files:
        raise InputError("No export among the files given; name the exports to load.")
    return files


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions.") from None


def known_hashes(db: Path) -> set[str]:
    """Hashes of the files already loaded; none where there is no database yet or it is not readable (publishing says why)."""
    try:
        if not db.exists():
            return set()
        with duckdb.connect() as con:
            con.execute(f"attach {quoted(db)} as leaks (read_only)")
            return {sha256 for (sha256,) in con.execute("select sha256 from leaks.loads").fetchall()}
    except (duckdb.Error, OSError):
        return set()


def load_batch(con: duckdb.DuckDBPyConnection, batch: list[FileLoad], scratch: Path, salt: str, report: Callable[[str], None]) -> None:
    """Land, merge and account for a batch of recognised files on a connection that will be published.

    What holds raw ids stands in the folder `scratch`, which is removed: also the one that a killed load left behind.
    """
    clear_scratch(scratch)
    scratch.mkdir(mode=0o700)
    try:
        con.execute(f"attach {quoted(scratch / 'scratch.duckdb')} as scratch")
        privacy.set_salt(con, salt)
        con.execute("pragma force_compression = 'uncompressed'")
        merge.create_landing(con)
        done = 0
        for group in landing.groups(batch):
            report(f"Reading {group[0].source.name} ({done + 1} of {len(batch)})")
            landing.land(con, group)
            done += len(group)
        con.execute("pragma force_compression = 'auto'")
        con.execute("create table scratch.files (load_id integer, stage_basis varchar)")
        con.executemany("insert into scratch.files values (?, ?)", [[item.load_id, item.landing.stage_basis] for item in batch])
        report("Cleaning and sorting")
        merge.merge(con)
        merge.merge_events(con)
        account(con, batch)
        report("Building cubes")
        try:
            cubes.refresh(con, min(item.load_id for item in batch) - 1)
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            raise InputError("The amounts are too large to be added up; check the column of revenue and its unit.") from None
        con.execute("reset variable leaks_salt")
        con.execute("detach scratch")
    finally:
        clear_scratch(scratch)


def number(con: duckdb.DuckDBPyConnection, batch: list[FileLoad]) -> None:
    """Give each file the number of its load."""
    (last,) = con.execute("select coalesce(max(load_id), 0) from loads").fetchone()
    for place, item in enumerate(batch, start=1):
        item.load_id = last + place


def clear_scratch(folder: Path) -> None:
    """Remove the scratch folder of a load, and say so where that fails: it holds raw ids."""
    if folder.exists():
        shutil.rmtree(folder)


def account(con: duckdb.DuckDBPyConnection, batch: list[FileLoad]) -> None:
    """Write a row of loads for each file."""
    outcomes: dict[int, dict[str, int]] = {}
    for load_id, outcome, rows in con.execute("select load_id, outcome, sum(rows) from scratch.counts group by all").fetchall():
        outcomes.setdefault(load_id, {})[outcome] = int(rows)
    for item in batch:
        item.outcomes = outcomes.get(item.load_id, {})
        write_load(con, item)


def write_load(con: duckdb.DuckDBPyConnection, item: FileLoad) -> None:
    """Write a file's row of loads."""
    values = {
        "load_id": item.load_id,
        "file": privacy.scrub(item.source.name),
        "format": item.source.format,
        "sha256": item.sha256,
        "loaded_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "rows_read": item.rows_read,
        **{name: item.outcomes.get(name, 0) for name in OUTCOMES},
        "rejected": item.rejected,
        "stage_basis": item.landing.stage_basis,
        "first_date": item.first_date,
        "last_date": item.last_date,
        "notes": item.notes,
    }
    con.execute(f"insert into loads ({', '.join(values)}) values ({', '.join('?' * len(values))})", list(values.values()))
