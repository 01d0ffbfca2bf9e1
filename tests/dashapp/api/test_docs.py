"""What docs/api.md shows works, and says what the program does."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dashapp.api import deliveries, problems, routes, scoring, shapes
from dashapp.settings import DEFAULT_API_RATE
from tests.dashapp.api.conftest import TOKEN

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"(?:(?<=\n\n)(?: {4}[^\n]*\n|\n(?= {4}))+)", PAGE)]


def block(start: str) -> str:
    """The indented block that starts so."""
    (found,) = [text for text in BLOCKS if text.startswith(start)]
    return found


def run(command: list[str], server) -> str:
    ran = subprocess.run(command, env={**os.environ, "API_URL": server.url, "API_TOKEN": TOKEN}, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_curl(server):
    if not shutil.which("curl"):
        pytest.skip("skipped: no curl")
    answer = json.loads(run(["sh", "-c", block("curl")], server))
    shapes.ANSWER.validate_python(answer, strict=True)
    assert answer["runs"][0]["kind"] == "retrospective" and answer["results"][0]["reasons"]


def test_python(server):
    assert 0 < float(run([sys.executable, "-c", block("import json")], server)) < 1


def test_answers_shown_are_of_the_shape_given():
    shown = [json.loads(text) for text in BLOCKS if text.startswith("{")]
    answer, problem, delivery = shown
    shapes.ANSWER.validate_python(answer, strict=True)
    shapes.PROBLEM.validate_python(problem, strict=True)
    assert problem["title"] == problems.TITLES[422]
    sent = []
    queue = deliveries.Deliveries([deliveries.Rule(0.8, "team", None)], deliver=lambda target, payload, wait: sent.append(payload))
    queue.tell(answer | {"results": [answer["results"][0] | {"p_conversion": 0.9}]}, "shop")
    queue.stop()
    assert sent[0].keys() == delivery.keys() and sent[0]["sessions"][0].keys() == delivery["sessions"][0].keys()


def test_limits_are_those_of_the_program():
    prose = " ".join(PAGE.split())
    assert f"One to {shapes.MOST_SESSIONS:,} sessions, at most {routes.LONGEST_BODY // 1_000_000} MB" in prose
    assert f"at most {scoring.MOST_EXPLAINED} sessions" in prose
    assert f"may ask {DEFAULT_API_RATE:.0f} times a second" in prose
    assert f"keeps at most {deliveries.LONGEST_QUEUE} that wait" in prose
    table = set(re.findall(r"\b(\d{3})\b", " ".join(re.findall(r"^\| (\d{3}(?:, \d{3})*) \|", PAGE, re.MULTILINE))))
    assert table == {str(status) for status in problems.TITLES} - {"500"}
