"""make, as a newcomer meets it."""

import os
import re
import socket
from pathlib import Path

import pytest

from tests.project.conftest import ROOT

DOCUMENTED = {"run", "test", "load", "bench", "setup"}
# Leaves the environment's installation out: these tests are about what comes after it.
INSTALLED = ("RUNTIME=", "DEV=")


def test_make_alone_lists_every_target(scratch):
    result = scratch.run("make")
    assert result.returncode == 0
    listed = dict(re.fullmatch(r"  make ([a-z-]+) +(.+)", line).groups() for line in result.stdout.splitlines())
    assert listed.keys() >= DOCUMENTED
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1).split()
    assert set(phony) == listed.keys()
    assert not scratch.asked()


def test_load_without_files_says_how(scratch):
    result = scratch.run("make", "load", *INSTALLED)
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == 'Name the exports: make load FILES="exports/*.parquet"'
    assert not scratch.asked()


def test_load_takes_patterns_then_trains_and_scores(scratch):
    scratch.add_file("exports/a.csv")
    scratch.add_file("exports/b.csv")
    scratch.run("make", "load", "FILES=exports/*.csv", *INSTALLED)
    assert scratch.asked()[0] == "-m etl load exports/a.csv exports/b.csv"


@pytest.mark.parametrize("status", ["1", "2"])
def test_load_of_a_bad_file_goes_no_further(scratch, status):
    result = scratch.run("make", "load", "FILES=bad.csv", *INSTALLED, FAILS="-m etl load", FAILS_WITH=status)
    assert result.returncode != 0
    assert scratch.asked() == ["-m etl load bad.csv"]


def test_run_builds_once_and_serves(scratch):
    port = free_port()
    first = scratch.run("make", "run", f"PORT={port}", *INSTALLED)
    assert first.returncode == 0, first.stderr
    assert "No database at data/leaks.duckdb" in first.stderr
    assert (scratch.folder / "data/leaks.duckdb").read_text().split() == ["loaded", "train", "score", "leaks"]
    command = (ROOT / "Procfile").read_text().removeprefix("web: gunicorn").strip()
    # With PORT set, the app would take this for a platform that is open to strangers, and refuse.
    served = [f"-m gunicorn --bind 127.0.0.1:{port} {command}", "PORT="]
    assert scratch.asked()[-2:] == served
    scratch.notes.unlink()
    scratch.run("make", "run", f"PORT={port}", *INSTALLED)
    assert scratch.asked() == served


def test_run_serves_the_database_of_the_environment(scratch):
    theirs = scratch.add_file("elsewhere/theirs.duckdb", "theirs")
    scratch.run("make", "run", f"PORT={free_port()}", *INSTALLED, LEAKS_DB=str(theirs))
    assert [line.split()[1] for line in scratch.asked() if line.startswith("-m")] == ["gunicorn"]
    assert theirs.read_text() == "theirs"
    assert not (scratch.folder / "data").exists()


def test_run_says_when_the_port_is_taken_before_building_anything(scratch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = scratch.run("make", "run", f"PORT={port}", *INSTALLED)
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == f"Port {port} is taken: stop what uses it, or choose another with make run PORT={port + 1}."
    assert not scratch.asked()


@pytest.fixture
def installed(scratch):
    """A scratch folder where `make setup` has been run, with an installer that only takes notes."""
    scratch.add_file("bin/setup", '#!/bin/sh\necho "setup $*" >> "$NOTES"\n')
    for name in ("requirements.txt", "requirements-dev.txt"):
        scratch.add_file(name)
        age(scratch.folder / name, 10)
    scratch.run("make", "setup")
    assert scratch.asked() == ["setup requirements-dev.txt"]
    scratch.notes.unlink()
    return scratch


def test_a_second_setup_installs_nothing_and_run_needs_nothing_more(installed):
    installed.run("make", "setup")
    installed.run("make", "run", f"PORT={free_port()}")
    assert not [line for line in installed.asked() if line.startswith("setup")]


def test_changed_requirements_are_installed(installed):
    for stamp in (".venv/.runtime", ".venv/.dev"):
        age(installed.folder / stamp, 5)
    (installed.folder / "requirements.txt").touch()
    installed.run("make", "run", f"PORT={free_port()}")
    assert installed.asked()[0] == "setup requirements.txt"
    installed.notes.unlink()
    (installed.folder / "requirements-dev.txt").touch()
    installed.run("make", "setup")
    assert installed.asked() == ["setup requirements-dev.txt"]


def age(file: Path, seconds: float) -> None:
    """Make a file look older."""
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
