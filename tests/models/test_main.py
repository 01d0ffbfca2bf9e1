"""The command line, as a user meets it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.__main__ import main
from models.progress import Progress

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "models", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_help_is_light_and_tells_only_what_is_there():
    script = "import sys; from models.__main__ import parser; print(parser().format_help()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "train" in done.stdout and "score" in done.stdout
    assert "explain" in done.stdout and "bench" in done.stdout
    assert not {"xgboost", "sklearn", "duckdb", "numpy"} & set(done.stdout.split())


def test_train_and_score_in_a_pipe(trained_database, tmp_path):
    db = shutil.copy(trained_database, tmp_path / "leaks.duckdb")
    trained = run("train", "--db", str(db), "--trials", "1", "--json")
    assert (trained.returncode, trained.stderr) == (0, "")
    summary = json.loads(trained.stdout)
    assert summary["sessions_scored"] == summary["metrics"]["sessions"] == 3000
    scored = run("score", "--db", str(db))
    assert (scored.returncode, scored.stderr) == (0, "")
    assert scored.stdout == f"Every session is scored by run {summary['run_id']}; nothing changed.\n"


def test_the_summary_names_the_best_possible(trained_database, tmp_path, capsys):
    db = shutil.copy(trained_database, tmp_path / "leaks.duckdb")
    assert main(["train", "--db", str(db), "--trials", "1"]) == 0
    said, complaints = capsys.readouterr()
    assert complaints == ""
    assert "of at most" in said and "learnt from 3,000 sessions" in said


def test_unusable_input_is_one_line_and_status_1(tmp_path):
    done = run("train", "--db", str(tmp_path / "none.duckdb"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{tmp_path}/none.duckdb: there is no database; load exports first: python -m etl load FILE\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bench"],
        ["bench", "nothing"],
        ["explain"],
        ["train", "--trials", "0"],
        ["train", "--seed", "x"],
        ["train", "--seed", "-1"],
        ["score", "--seed", "1"],
    ],
)
def test_wrong_usage_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


class Stream:
    def __init__(self, terminal: bool):
        self.terminal, self.written = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None:
        pass


def test_progress_speaks_on_a_terminal_alone():
    for terminal in (True, False):
        with Progress(Stream(terminal)) as say:
            say("Working …")
        assert ("Working" in say.stream.written) is terminal
    with Progress(Stream(True)) as say:
        say("Working …")
    assert say.stream.written.endswith("\x1b[K")
