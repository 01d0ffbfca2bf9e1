"""What the tests about the repository share: its tracked files, and a scratch checkout whose Python only takes notes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands in for Python: writes down what it is asked, makes the files that the real commands would make, fails where told to.
STAND_IN = f"""#!/bin/sh
case "$*" in -c*) exec {sys.executable} "$@" ;; esac
echo "$*" >> "$NOTES"
case "$*" in "$FAILS"*) echo "stand-in: told to fail" >&2; exit "${{FAILS_WITH:-1}}" ;; esac
take() {{ while [ "$1" != "$option" ]; do shift; done; echo "$2"; }}
case "$*" in
    "-m etl demo "*) option=--out; mkdir "$(take "$@")" ;;
    "-m etl load "*) option=--db; echo loaded > "$(take "$@")"; echo "salt=${{LEAKS_SALT:-}}" >> "$NOTES" ;;
    "-m gunicorn "*) echo "PORT=${{PORT:-}}" >> "$NOTES" ;;
    "-m models "*) option=--db; echo "$3" >> "$(take "$@")" ;;
esac
"""


class Scratch:
    """A folder with the repository's scripts and a stand-in for Python."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.notes = folder / "notes"
        shutil.copytree(ROOT / "bin", folder / "bin")
        shutil.copy(ROOT / "Makefile", folder)
        self.add_command("python", STAND_IN)
        interpreter = folder / ".venv" / "bin" / "python"
        interpreter.parent.mkdir(parents=True)
        interpreter.symlink_to(folder / "commands" / "python")

    def add_command(self, name: str, text: str) -> Path:
        """Put an executable on the scratch PATH."""
        path = self.folder / "commands" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def add_file(self, name: str, text: str = "") -> Path:
        """Write a file below the scratch folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *command: str, path: str | None = None, **environment: str) -> subprocess.CompletedProcess:
        """Run a command in the folder, with no environment but the one given."""
        base = {"PATH": path or f"{self.folder}/commands:/usr/local/bin:/usr/bin:/bin", "NOTES": str(self.notes), "FAILS": "nothing"}
        return subprocess.run(
            command, cwd=self.folder, env=base | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
        )

    def asked(self) -> list[str]:
        """What Python was asked to do, in order."""
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """A folder with the repository's scripts and a stand-in for Python."""
    return Scratch(tmp_path)


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file of the repository, none that is merely lying there."""
    if not (ROOT / ".git").exists():
        pytest.skip("skipped: no git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, env=_without_git_variables())
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def _without_git_variables() -> dict[str, str]:
    """The environment without what git sets for its hooks, which would point elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
