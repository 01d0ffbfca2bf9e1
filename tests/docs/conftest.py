"""A checkout as a newcomer has it, in which the pages' examples run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.reading import README, ROOT, STORY, commands
from tests.etl.exports import visits, write_flat

NOT_RUN = {
    "git clone … silent-leak-detector && cd silent-leak-detector": "the checkout is what is being tested",
    "make run": "serves until it is stopped: see tests/project/test_make.py",
    "duckdb -readonly data/leaks.duckdb": "a shell that waits for questions, and not among our requirements",
}
"""Commands of the README that are not run here, and why."""


class Checkout:
    """A copy of the repository without its history, with the tests' Python for its environment."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("bin", "dashapp", "etl", "models", "sql"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "data").mkdir()
        # Not what was loaded or generated beside them.
        for file in [*(ROOT / "data").glob("*.csv"), *(ROOT / "data").glob("*.toml")]:
            shutil.copy(file, folder / "data")
        for name in ("Makefile", "pyproject.toml", "requirements.txt"):
            shutil.copy(ROOT / name, folder)
        python = folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        # Says that the environment is as the requirements want it.
        (folder / ".venv" / ".runtime").touch()
        self.database = folder / "data" / "leaks.duckdb"

    def run(self, command: str, *, python: bool = False) -> subprocess.CompletedProcess:
        """Run a line in a shell, or a text in Python, in the folder and with no setting but the defaults."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEAKS_", "PYTHON", "MAKE"))}
        arguments = [sys.executable, "-c", command] if python else ["sh", "-c", command]
        return subprocess.run(arguments, cwd=self.folder, env=kept, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)

    def reading(self) -> duckdb.DuckDBPyConnection:
        """The database, read-only."""
        return duckdb.connect(str(self.database), read_only=True)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, dict[str, subprocess.CompletedProcess]]:
    """A checkout in which the README's commands were run in their order, and what came of each."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    return checkout, {command: checkout.run(command) for command in commands(README) if command not in NOT_RUN}


@pytest.fixture(scope="session")
def checkout(results) -> Checkout:
    """The checkout after the README's commands, with one more export in which some rows are bad."""
    folder, outcomes = results
    failed = [f"{command}: {outcome.stderr}" for command, outcome in outcomes.items() if outcome.returncode]
    if failed:
        pytest.fail("\n".join(failed))
    rows = visits(60, date="20261030") + visits(2, first=60, date="yesterday") + visits(1, first=62, date="20261030", pageviews="many")
    exports = folder.folder / "exports"
    write_flat(exports / "damaged.csv", rows)
    # Counted among the demo's own: real exports would take the demo's place.
    truth = json.loads((exports / "truth.json").read_text())
    (exports / "truth.json").write_text(json.dumps(truth | {"files": [*truth["files"], "damaged.csv"]}))
    outcome = folder.run(".venv/bin/python -m etl load exports/damaged.csv")
    assert outcome.returncode == 0, outcome.stderr
    return folder


@pytest.fixture(scope="session")
def con(checkout) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database that the README's commands made, read-only."""
    with checkout.reading() as con:
        yield con


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[list[str], list[dict]]]:
    """A function that runs the notebook on a database and gives its sentences and its figures."""

    def run(db: Path) -> tuple[list[str], list[dict]]:
        monkeypatch.setenv("LEAKS_DB", str(db))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        notebook = nbformat.read(STORY, as_version=4)
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(STORY.parent)}}).execute()
        shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
        sentences = [data["text/markdown"] for data in shown if "text/markdown" in data]
        figures = [data["application/vnd.plotly.v1+json"] for data in shown if "application/vnd.plotly.v1+json" in data]
        assert len(sentences) + len(figures) == len(shown), "a cell showed something else"
        return sentences, figures

    return run
