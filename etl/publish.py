"""Writing the database so that readers never see half of it.

A writer works on a copy beside the live file and puts it in place with one rename. Readers keep the
file they opened; a crash at any instant leaves the live file as it was.
"""

import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl import schema
from etl.errors import InputError, storage_problem

DEFAULT_DATABASE = schema.DATA / "leaks.duckdb"
FICLONE = 0x40049409
"""The request of ioctl_ficlone(2), which the module fcntl does not name."""


def database_path(given: str | os.PathLike | None = None) -> Path:
    """The database file: the one given, else LEAKS_DB, else data/leaks.duckdb."""
    return Path(given or os.environ.get("LEAKS_DB") or DEFAULT_DATABASE)


@contextlib.contextmanager
def publishing(db: Path, *, wait_seconds: float = 600) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-write connection to a copy of the database, published when the block ends well.

    The copy has the schema up to date. At the end the checks of sql/checks run, and the copy takes the
    place of the live file in one rename; where the block raises, or a check fails, the live file stays.

    Parameters
    ----------
    db : the live file; it need not exist.
    wait_seconds : how long to wait for another writer.

    Raises
    ------
    InputError : another writer holds the lock for longer, or the file is no database of ours.
    """
    db = Path(db)
    try:
        db.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{db.parent}: cannot be created ({error.strerror}); choose another place with --db.") from None
    with writer_lock(db, wait_seconds), one_line_for_the_disk(db):
        copy = db.with_name(f"{db.name}.building")
        clear(copy)
        clear(compacted(copy))
        try:
            if db.exists():
                copy_live(db, copy)
            con = open_copy(copy, db)
            try:
                yield con
                schema.settle_conversions(con)
                run_checks(con)
                schema.set_setting(con, "published_at", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
                con.execute("checkpoint")
            finally:
                con.close()
            compact(copy)
            with open(copy, "rb") as file:
                os.fsync(file.fileno())
            os.replace(copy, db)
        finally:
            clear(copy)
        sync_folder(db.parent)


@contextlib.contextmanager
def one_line_for_the_disk(db: Path) -> Iterator[None]:
    """Turn what a full or failing disk answers into one line."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        problem = storage_problem(error)
        if problem is None:
            raise
        raise InputError(
            f"{db}: the new version cannot be written ({problem}); nothing has changed. Loading needs room for two more copies of the "
            "database and one of the exports: make room, or name a database on another disk with --db."
        ) from None


def copy_live(db: Path, copy: Path) -> None:
    """Copy the live file; where it cannot be read, or there is no room for it, that is the user's to mend."""
    try:
        if not share_blocks(db, copy):
            shutil.copyfile(db, copy)
    except OSError as error:
        raise InputError(f"{db}: cannot be copied beside itself ({error.strerror}); check its permissions and the space left.") from None


def share_blocks(db: Path, copy: Path) -> bool:
    """Let the copy share the blocks of the file until either is written to, where the file system can (btrfs, XFS); whether it did."""
    with open(db, "rb") as source, open(copy, "wb") as target:
        try:
            fcntl.ioctl(target, FICLONE, source.fileno())
        except OSError:
            return False
    return True


def open_copy(copy: Path, db: Path) -> duckdb.DuckDBPyConnection:
    """Open the copy read-write with the schema up to date; a file that is no database is the user's to mend."""
    try:
        con = duckdb.connect(str(copy), config={"preserve_insertion_order": "false"})
    except duckdb.Error as error:
        raise InputError(
            f"{db}: not a database this version can open ({str(error).splitlines()[0]}); move it away or name another with --db."
        ) from None
    try:
        con.execute("set memory_limit = '3GB'; set enable_progress_bar = false")
        schema.apply(con)
    except BaseException:
        con.close()
        raise
    return con


@contextlib.contextmanager
def writer_lock(db: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock file beside the database, waiting for another writer and saying for whom."""
    path = db.with_name(f"{db.name}.lock")
    try:
        lock = open(path, "a+")  # noqa: SIM115 - stays open as long as the lock is held
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another database with --db.") from None
    with lock:
        deadline = time.monotonic() + wait_seconds
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "another process"
                if time.monotonic() > deadline:
                    raise InputError(f"{db}: {holder} is writing to it; try again when it has ended.") from None
                if not told:
                    print(f"Waiting: {holder} is writing to {db}.", file=sys.stderr)
                    told = True
                time.sleep(0.1)
        lock.seek(0)
        lock.truncate()
        lock.write(f"process {os.getpid()} (since {datetime.now(UTC):%H:%M:%S} UTC)")
        lock.flush()
        try:
            yield
        finally:
            lock.seek(0)
            lock.truncate()


def run_checks(con: duckdb.DuckDBPyConnection) -> None:
    """Run every query of sql/checks; each returns the rows that break its rule.

    Raises
    ------
    RuntimeError : a check returned rows. That is a fault of this program, never of an input.
    """
    for file in schema.files("checks"):
        broken = con.execute(file.read_text()).fetchmany(3)
        if broken:
            raise RuntimeError(f"check {file.stem} failed; nothing was published. First rows: {broken}")


def compact(file: Path) -> None:
    """Rewrite the file where more than 30 % of it is free space left by replaced tables."""
    con = duckdb.connect(str(file))
    total, free = con.execute("select total_blocks, free_blocks from pragma_database_size()").fetchone()
    con.close()
    if total < 64 or free < 0.3 * total:
        return
    small = compacted(file)
    clear(small)
    try:
        with duckdb.connect() as con:
            con.execute("set memory_limit = '3GB'; set preserve_insertion_order = true")
            con.execute(f"attach {quoted(file)} as full_of_holes (read_only)")
            con.execute(f"attach {quoted(small)} as compacted")
            con.execute("copy from database full_of_holes to compacted")
        os.replace(small, file)
    finally:
        clear(small)


def compacted(file: Path) -> Path:
    """Where a file is rewritten."""
    return file.with_name(f"{file.name}.compact")


def quoted(path: Path) -> str:
    """The path as an SQL string literal, for statements that take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


def clear(file: Path) -> None:
    """Remove a database file, its write-ahead log, and what a killed process spilt beside it."""
    shutil.rmtree(file.with_name(f"{file.name}.tmp"), ignore_errors=True)
    for path in (file, file.with_name(f"{file.name}.wal")):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut; where the disk does not confirm it, say so: what was published is in place."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        print(f"Warning: published, but a power cut may undo it: {folder} cannot be synced ({error.strerror}).", file=sys.stderr)
