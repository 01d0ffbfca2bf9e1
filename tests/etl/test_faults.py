"""Loading where the machine fails: a full disk, a killed process, a folder that cannot be written. The live file stays as it was."""

import fcntl
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from etl import publish
from etl.errors import InputError
from etl.load import load
from etl.publish import publishing
from tests.conftest import ROOT
from tests.etl.exports import visits, write_flat

SALT = "a salt for tests only"
ENVIRONMENT = os.environ | {"LEAKS_SALT": SALT}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKS_SALT", SALT)
        load([write_flat(folder / "first.csv", visits(3000))], folder / "db" / "leaks.duckdb")
    return folder / "db"


@pytest.fixture
def db(loaded, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LEAKS_SALT", SALT)
    return Path(shutil.copytree(loaded, tmp_path / "db")) / "leaks.duckdb"


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Path:
    rows = [*visits(20_000, first=2900, date="20170705"), *visits(100, pageviews=8)]
    return write_flat(tmp_path_factory.mktemp("night") / "night.csv", rows)


def digest(db: Path) -> str:
    return hashlib.sha256(db.read_bytes()).hexdigest()


def beside(db: Path) -> set[str]:
    return {path.name for path in db.parent.iterdir()} - {db.name, f"{db.name}.lock"}


def etl_load(export: Path, db: Path, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "etl", "load", str(export), "--db", str(db)]
    return subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_full_disk_is_one_line(db, night, share):
    """No file may grow beyond a share of the live file: the copy of it fails, or what is written to the copy."""
    before, limit = digest(db), int(share * db.stat().st_size)
    process = etl_load(night, db, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert told.count("\n") == 1 and str(db) in told and os.strerror(27) in told, told
    assert digest(db) == before and beside(db) == set()


WORDS = "Could not write file: No space left on device"


@pytest.mark.parametrize(
    "failing",
    [
        lambda *_: (_ for _ in ()).throw(duckdb.IOException(WORDS)),
        lambda *_: (_ for _ in ()).throw(duckdb.TransactionException(f"Failed to commit: {WORDS}")),
        lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")),
    ],
)
@pytest.mark.parametrize("place", ["run_checks", "compact"])
def test_a_disk_that_fails_late_is_one_line(db, monkeypatch, place, failing):
    before = digest(db)
    monkeypatch.setattr(publish, place, failing)
    with pytest.raises(InputError, match="cannot be written .No space left on device.; nothing has changed"), publishing(db):
        pass
    assert beside(db) == set() and digest(db) == before


def test_what_is_published_already_is_not_called_unchanged(db, monkeypatch, capsys):
    before = db.stat().st_ino

    def refuse(descriptor, sync=os.fsync):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(5, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(publish.os, "fsync", refuse)
    with publishing(db):
        pass
    assert db.stat().st_ino != before
    assert "a power cut may undo it" in capsys.readouterr().err


def test_a_bug_is_not_taken_for_the_disk(db):
    with pytest.raises(duckdb.CatalogException), publishing(db) as con:
        con.execute("from no_such_table")
    with pytest.raises(FileNotFoundError), publishing(db):
        (db.parent / "missing").read_bytes()


def test_killed_at_any_instant(db, night):
    started = time.monotonic()
    elsewhere = db.with_name("other.duckdb")
    whole = etl_load(night, elsewhere)
    assert whole.communicate(timeout=120) and whole.returncode == 0
    took = time.monotonic() - started
    elsewhere.unlink()
    elsewhere.with_name("other.duckdb.lock").unlink()
    before, left = digest(db), set()
    for share in (0.3, 0.45, 0.6, 0.75, 0.9):
        process = etl_load(night, db)
        time.sleep(share * took)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            break
        left |= beside(db)
        if digest(db) != before:  # killed after its work was done
            with duckdb.connect(str(db), read_only=True) as con:
                assert con.execute("select count(*) from sessions").fetchone() == (22_900 + 100,)
            break
        with open(db.with_name(f"{db.name}.lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert left, "no load was killed at work"
    load([night], db)
    assert beside(db) <= {"salt"}
    with duckdb.connect(str(db), read_only=True) as con:
        assert con.execute("select count(*), sum(pageviews) from sessions").fetchone() == (22_900 + 100, 4 * 22_900 + 4 * 100 + 4 * 100)


def test_a_lock_that_cannot_be_written_is_one_line(db, night):
    before = digest(db)
    lock = db.with_name(f"{db.name}.lock")
    lock.unlink()
    lock.mkdir()
    process = etl_load(night, db)
    _, told = process.communicate(timeout=120)
    assert (process.returncode, told.count("\n")) == (1, 1) and "cannot be written" in told, told
    assert digest(db) == before


def test_a_lock_held_by_another_is_one_line(db, monkeypatch):
    with open(db.with_name(f"{db.name}.lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process is writing to it; try again"), publishing(db, wait_seconds=0.2):
            pass


def test_blocks_are_shared_where_the_file_system_can(db, monkeypatch):
    asked = []

    def clone(target, request, source):
        asked.append(request)
        os.write(target.fileno(), os.pread(source, os.fstat(source).st_size, 0))

    before = db.read_bytes()
    copy = db.with_name("copy")
    monkeypatch.setattr(publish.fcntl, "ioctl", clone)
    monkeypatch.setattr(publish.shutil, "copyfile", None)
    publish.copy_live(db, copy)
    assert (copy.read_bytes(), asked) == (before, [0x40049409])


def test_a_file_system_that_cannot_share_blocks_copies_them(db, monkeypatch):
    def refuse(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(publish.fcntl, "ioctl", refuse)
    copy = db.with_name("copy")
    publish.copy_live(db, copy)
    assert copy.read_bytes() == db.read_bytes()
