"""Loading a batch of exports: all of it, or one line that says why not."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl import cubes, events, landing, merge, privacy, schema, sessionize, stages
from etl.errors import InputError
from etl.folders import beside_demo, expand
from etl.landing import OUTCOMES, FileLoad
from etl.mapping import ColumnMap
from etl.preparing import Export, Preparing
from etl.publish import publishing, quoted
from etl.recognise import Source
from etl.reports import storing

MANY_REJECTS = 0.05
MOST_AT_ONCE = 120 << 20  # bytes of Parquet, some three million GA4 events


def load(
    paths: Iterable[str | Path],
    db: Path,
    *,
    expected_format: str | None = None,
    again: bool = False,
    settings: dict[str, str] | None = None,
    mapping: ColumnMap | None = None,
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
    mapping : the column map to read every file by.
    report : called with a few words on what is being done.

    Returns
    -------
    dict with `files` (a summary each), `already_loaded` (names), `passed_over` (what stands in folders and is no export), `warnings`
    (sentences) and `seconds`.

    Raises
    ------
    InputError : a file cannot be used; then nothing has changed.
    """
    started = time.monotonic()
    files, passed_over = expand(paths)
    report(f"Looking at {len(files)} file{'s' * (len(files) != 1)}")
    known = set() if again else known_hashes(db)
    with Preparing(db.with_name(f"{db.name}.unpacked")) as preparing:
        exports = [export for export in preparing.exports(files) if not beside_demo(export.path)]
        fresh = {}
        for export in exports:
            if export.sha256 not in known:
                fresh.setdefault(export.sha256, export)
        names = {export.name for export in fresh.values()}
        result = {
            "files": [],
            "already_loaded": sorted({export.name for export in exports} - names),
            "passed_over": [one.summary() for one in passed_over if one.is_usual],
            "warnings": [f"{one.path}: {one.reason} and was passed over." for one in passed_over if not one.is_usual],
        }
        load_fresh(list(fresh.values()), preparing, db, expected_format, settings, mapping, report, result)
    return result | {"seconds": round(time.monotonic() - started, 2)}


def load_fresh(
    exports: list[Export],
    preparing: Preparing,
    db: Path,
    expected_format: str | None,
    settings: dict[str, str] | None,
    mapping: ColumnMap | None,
    report: Callable[[str], None],
    result: dict,
) -> None:
    """Load exports that are not loaded yet, and tell in `result` what came of each."""
    if exports:
        batch = [FileLoad(recognise_as(preparing, export, expected_format, mapping), export.sha256) for export in exports]
        salt = privacy.salt(db.parent)
        with publishing(db) as con:
            removed = keep_demo_apart(con, db, exports)
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
        result["warnings"] += [f"{item.source.name}: {warning}" for item in batch for warning in item.warnings]
        result["warnings"] += [
            f"{item.source.name}: {item.rejected:,} of {item.rows_read:,} rows were not loaded; the table rejects says why."
            for item in batch
            if item.rejected > MANY_REJECTS * item.rows_read
        ]


def keep_demo_apart(con: duckdb.DuckDBPyConnection, db: Path, exports: list[Export]) -> list[str]:
    """See to it that generated sessions never stand beside real ones: real exports take the place of the demo's.

    Returns what there is to say about it.
    """
    demo = [export for export in exports if is_demo(export.path)]
    held = con.execute("select value from settings where name = 'is_demo'").fetchone()
    (loads,) = con.execute("select count(*) from loads").fetchone()
    if demo and (len(demo) < len(exports) or loads and held is None):
        raise InputError(f"{demo[0].name}: is a generated demo export; load it into a database of its own with --db, apart from real ones.")
    if demo:
        schema.set_setting(con, "is_demo", "true")
    elif held:
        held_by_demo = (
            "sessions", "bots", "events", "bot_events", "refunds", "predictions", "model_runs", "candidate_reasons", "drift", "loads", "rejects", "settings",
            "aggregates",
        )  # fmt: skip
        for table in held_by_demo:
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


def recognise_as(preparing: Preparing, export: Export, expected_format: str | None, mapping: ColumnMap | None = None) -> Source:
    """Recognise an export, or take it as a table by a map; refuse it where it is not of the format asked for."""
    source = preparing.recognise(export, mapping)
    if expected_format and source.format != expected_format:
        raise InputError(f"{source.name}: is {source.format}, not {expected_format}; leave out --format or name the right one.")
    return source


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
    done = 0
    privacy.set_salt(con, salt)
    for part in parts(batch):
        clear_scratch(scratch)
        scratch.mkdir(mode=0o700)
        try:
            load_part(
                con, part, scratch, lambda text, done=done: report(f"{text} ({done + 1} of {len(batch)})" if "Reading" in text else text)
            )
        finally:
            clear_scratch(scratch)
        done += len(part)
    report("Building cubes")
    try:
        cubes.refresh(con, min(item.load_id for item in batch) - 1)
    except (duckdb.ConversionException, duckdb.OutOfRangeException):
        raise InputError("The amounts are too large to be added up; check the column of revenue and its unit.") from None
    con.execute("reset variable leaks_salt")


def parts(batch: list[FileLoad]) -> Iterator[list[FileLoad]]:
    """The files to work on at once: events of some days at a time, whatever the number of days; other files all together."""
    part = [item for item in batch if item.source.format != "ga4-bigquery"]
    if part:
        yield part
    part, size = [], 0
    for item in batch:
        if item.source.format != "ga4-bigquery":
            continue
        # JSON says at some length what Parquet says in a few bytes.
        own = item.source.path.stat().st_size / (10 if item.source.container != "parquet" and item.source.compression == "none" else 1)
        if part and size + own > MOST_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(item)
        size += own
    if part:
        yield part


def load_part(con: duckdb.DuckDBPyConnection, part: list[FileLoad], scratch: Path, report: Callable[[str], None]) -> None:
    """Land, merge and account for some of the files; the cubes are left to the caller."""
    # Events are wide only here, and come some days at a time: in memory, spilt where that is short.
    place = "':memory:'" if part[0].source.format == "ga4-bigquery" else quoted(scratch / "scratch.duckdb")
    con.execute(f"attach {place} as scratch")
    con.execute("pragma force_compression = 'uncompressed'")
    merge.create_landing(con)
    events.create(con)
    for group in landing.groups(part):
        report(f"Reading {group[0].source.name}")
        landing.land(con, group)
    con.execute("pragma force_compression = 'auto'")
    con.execute("create table scratch.files (load_id integer, stage_basis varchar)")
    con.executemany("insert into scratch.files values (?, ?)", [[item.load_id, item.landing.stage_basis] for item in part])
    report("Cleaning and sorting")
    notes = sessionize.sessionize(con)
    merge.merge(con)
    merge.merge_events(con)
    sessionize.store(con)
    for item in part:
        item.notes += notes.get(item.load_id, [])
    account(con, part)
    con.execute("detach scratch")


def number(con: duckdb.DuckDBPyConnection, batch: list[FileLoad]) -> None:
    """Give each file the number of its load."""
    (last,) = con.execute("select coalesce(max(load_id), 0) from loads").fetchone()
    for place, item in enumerate(batch, start=1):
        item.load_id = last + place


def clear_scratch(folder: Path) -> None:
    """Remove the scratch folder of a load, and say so where that fails: it holds raw ids."""
    if folder.exists():
        shutil.rmtree(folder)


def fan_out_warning(item: FileLoad) -> list[str]:
    """A warning where most rows of a table of sessions turned out to be further parts of the same ones."""
    folded = item.outcomes.get("folded", 0)
    if item.landing.rows_are != "sessions" or folded < item.rows_read / 2 or item.source.container == "parquet":
        return []
    return [
        f"{folded:,} of {item.rows_read:,} rows belong to a session that another row tells of: the rows are hits, products or parts of "
        "sessions, of which each counts once, with the largest of its figures."
    ]


def account(con: duckdb.DuckDBPyConnection, batch: list[FileLoad]) -> None:
    """Write a row of loads for each file."""
    outcomes: dict[int, dict[str, int]] = {}
    for load_id, outcome, rows in con.execute(
        "select load_id, outcome, sum(rows) from (from scratch.counts union all from scratch.ga4_counts) group by all"
    ).fetchall():
        outcomes.setdefault(load_id, {})[outcome] = int(rows)
    for item in batch:
        item.outcomes = outcomes.get(item.load_id, {})
        item.warnings += fan_out_warning(item)
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
        "lacks": item.lacks,
        "thresholds": stages.thresholds_words() if item.landing.stage_basis == "thresholds" else None,
        "warnings": item.warnings,
    }
    con.execute(f"insert into loads ({', '.join(values)}) values ({', '.join('?' * len(values))})", list(values.values()))
