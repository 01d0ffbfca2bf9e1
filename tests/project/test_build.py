"""Building a database: whole or not at all, for a newcomer (bin/build) and at the end of a platform's build (bin/post_compile)."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

BUILT = ["loaded", "train", "score", "leaks"]


def left_behind(scratch) -> list[str]:
    """Everything under data/ but a finished database, finished demo exports and raw exports."""
    data = scratch.folder / "data"
    return [file.name for file in data.iterdir() if file.name not in ("leaks.duckdb", "demo", "raw")] if data.exists() else []


def test_builds_from_demo_exports_when_none_are_named(scratch):
    assert scratch.run("bin/build", "data/leaks.duckdb").returncode == 0
    assert [line.split()[:3] for line in scratch.asked() if line.startswith("-m")] == [
        ["-m", "etl", "demo"],
        ["-m", "etl", "load"],
        ["-m", "models", "train"],
        ["-m", "models", "score"],
        ["-m", "models", "leaks"],
    ]
    assert (scratch.folder / "data/leaks.duckdb").read_text().split() == BUILT
    assert (scratch.folder / "data/demo").is_dir()
    assert not left_behind(scratch)


def test_only_the_demo_is_trained_briefly(scratch):
    scratch.run("bin/build", "data/demo.duckdb")
    scratch.run("bin/build", "data/real.duckdb", "real.csv")
    assert [line.partition(".duckdb")[2] for line in scratch.asked() if "models train" in line] == [" --trials 4", ""]


def test_keeps_demo_exports_for_the_next_database(scratch):
    scratch.run("bin/build", "data/leaks.duckdb")
    scratch.run("bin/build", "data/other.duckdb")
    assert sum("etl demo" in line for line in scratch.asked()) == 1


@pytest.mark.parametrize("step", ["-m etl demo", "-m etl load", "-m models score", "-m models leaks"])
def test_a_failed_step_leaves_nothing(scratch, step):
    result = scratch.run("bin/build", "data/leaks.duckdb", FAILS=step)
    assert result.returncode != 0
    assert not (scratch.folder / "data/leaks.duckdb").exists()
    assert not left_behind(scratch)


def test_a_build_that_is_interrupted_leaves_nothing(scratch):
    slow = '#!/bin/sh\ncase "$*" in *"models train"*) echo started > "$NOTES"; exec sleep 30 ;; esac\nexec "$(dirname "$0")/python" "$@"\n'
    interpreter = scratch.add_command("slow-python", slow)
    process = subprocess.Popen(
        ["bin/build", "data/leaks.duckdb"],
        cwd=scratch.folder,
        env={"PATH": "/usr/bin:/bin", "NOTES": str(scratch.notes), "FAILS": "nothing", "PYTHON": str(interpreter)},
        start_new_session=True,
    )
    try:
        while scratch.asked() != ["started"]:
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=20) != 0
    finally:
        process.kill()
    assert not (scratch.folder / "data/leaks.duckdb").exists()
    assert not left_behind(scratch)


def test_too_little_to_learn_from_still_gives_a_database(scratch):
    result = scratch.run("bin/build", "data/leaks.duckdb", "few.csv", FAILS="-m models train")
    assert result.returncode == 0
    assert "Going on without a new model" in result.stderr
    assert (scratch.folder / "data/leaks.duckdb").read_text().split() == ["loaded", "leaks"]


def test_a_model_that_breaks_down_stops_the_build(scratch):
    result = scratch.run("bin/build", "data/leaks.duckdb", "few.csv", FAILS="-m models train", FAILS_WITH="137")
    assert result.returncode == 137
    assert not (scratch.folder / "data/leaks.duckdb").exists()


@pytest.fixture
def platform(scratch):
    """Runs bin/post_compile as a buildpack does: its Python on PATH, no environment of ours, no git folder."""
    shutil.rmtree(scratch.folder / ".venv")

    def build(**environment: str) -> subprocess.CompletedProcess:
        return scratch.run("bin/post_compile", **{"STACK": "heroku-24", **environment})

    return build


def test_a_deployment_loads_the_exports_it_brings(scratch, platform):
    scratch.add_file("data/raw/2017.parquet")
    scratch.add_file("data/raw/with space.csv")
    result = platform(LEAKS_SALT="kept elsewhere")
    assert result.returncode == 0
    assert result.stderr == ""
    assert re.match(r"-m etl load data/raw/2017.parquet data/raw/with space.csv --db ", scratch.asked()[0])
    assert "salt=kept elsewhere" in scratch.asked()
    assert (scratch.folder / "data/leaks.duckdb").read_text().split() == BUILT


def test_a_deployment_without_exports_shows_demo_data(scratch, platform):
    result = platform()
    assert result.returncode == 0
    assert "generated demo exports" in result.stdout
    assert (scratch.folder / "data/leaks.duckdb").exists()


def test_a_deployment_leaves_no_raw_export_and_no_salt(scratch, platform):
    scratch.add_file("data/raw/2017.parquet")
    result = platform()
    assert "LEAKS_SALT is not set" in result.stdout
    (salt,) = [line.partition("=")[2] for line in scratch.asked() if line.startswith("salt=")]
    assert re.fullmatch("[0-9a-f]{64}", salt)
    assert [file.name for file in (scratch.folder / "data").iterdir()] == ["leaks.duckdb"]
    assert salt not in result.stdout + result.stderr


@pytest.mark.parametrize("checkout", [True, False])
def test_the_exports_of_a_checkout_are_its_owners(scratch, platform, checkout):
    raw = scratch.add_file("data/raw/2017.parquet")
    if checkout:
        scratch.add_file(".git", "gitdir: elsewhere")
    platform(STACK="heroku-24" if checkout else "")
    assert raw.exists()


def test_a_deployment_that_cannot_build_fails(scratch, platform):
    scratch.add_file("data/raw/broken.csv")
    result = platform(FAILS="-m etl load")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith("No database could be built: the lines above say why. Nothing is deployed.")
    assert not (scratch.folder / "data/leaks.duckdb").exists()
    assert (scratch.folder / "data/raw/broken.csv").exists()


def test_a_database_that_came_with_the_source_is_kept(scratch, platform):
    brought = scratch.add_file("data/leaks.duckdb", "brought")
    assert platform().returncode == 0
    assert brought.read_text() == "brought"
    assert not scratch.asked()


def test_nothing_is_built_for_a_database_outside_the_slug(scratch, platform):
    result = platform(LEAKS_DB="/mnt/leaks.duckdb")
    assert result.returncode == 0
    assert "outside the slug" in result.stdout
    assert not scratch.asked()
