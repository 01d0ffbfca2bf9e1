"""Style and import rules, as tests, so that the closing line of a test run speaks for them too. `make lint` asks them alone."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.project.conftest import ROOT

RUFF = [sys.executable, "-m", "ruff"]
LINT_IMPORTS = [sys.executable, str(Path(sysconfig.get_path("scripts")) / "lint-imports")]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([*RUFF, "check", "--quiet", "--output-format=concise", "."], id="ruff check"),
        pytest.param([*RUFF, "format", "--check", "--quiet", "--output-format=concise", "."], id="ruff format"),
        pytest.param([*LINT_IMPORTS, "--no-logo"], id="import rules"),
    ],
)
def test_style(command):
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert checked.returncode == 0, "\n" + (checked.stdout + checked.stderr)[-4000:]
