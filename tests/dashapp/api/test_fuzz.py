"""The running server against its own OpenAPI document, by a schema-driven fuzzer."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.dashapp.api.conftest import TOKEN

ROOT = Path(__file__).resolve().parents[3]
FUZZER = [sys.executable, str(Path(sysconfig.get_path("scripts")) / "schemathesis")]


def test_the_server_keeps_to_its_document(server, tmp_path):
    """Every status and body is one the document knows, what fits it is accepted and what does not is refused."""
    found = subprocess.run(
        [
            *FUZZER,
            "run",
            f"{server.url}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {TOKEN}",
            "--seed=1",
            "--max-examples=40",
            "--phases=examples,coverage,fuzzing",
            "--checks=all",
            "--mode=all",
            "--workers=1",
            "--no-color",
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.dashapp.api.fuzz_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
    generated = re.search(r"(\d+) generated", found.stdout)
    assert generated and int(generated[1]) >= 50, found.stdout
