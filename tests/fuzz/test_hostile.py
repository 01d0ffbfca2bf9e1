"""Exports made to take the machine down: nested without end, fields of tens of megabytes, thousands of columns. Memory stays bounded.

Each is given to the command in a process of its own, whose peak of memory is measured.
"""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.load import load
from tests.conftest import ROOT
from tests.etl import ga4_exports, test_ga360
from tests.etl.exports import HEADER, visits, write_flat
from tests.fuzz.lane import SALT
from tests.fuzz.whole import assert_nothing_beside, digest

MOST_MEMORY = 1_500 << 20
DEEP = 200_000
GIANT = 20 << 20

FLAT = ",".join(HEADER) + "\n"
LINE = "7123000000000000001,1499201738,1,20170704,desktop,{},google,4,31,,\n"
ANSWER = {
    "dimensionHeaders": [{"name": "country"}],
    "metricHeaders": [{"name": "sessions"}, {"name": "keyEvents"}],
    "rows": [{"dimensionValues": [{"value": "France"}], "metricValues": [{"value": "600"}, {"value": "18"}]}],
}


def nested(opening: str, closing: str) -> str:
    return opening * DEEP + "1" + closing * DEEP


def with_deep(value: dict, mark: str = '"DEEP"') -> str:
    """A record of JSON whose text "DEEP" is nested without end."""
    return json.dumps(value).replace(mark, nested("[", "]"))


HOSTILE = {
    "lists in lists": lambda: "[" * DEEP,
    "objects in objects": lambda: nested('{"visitId":', "}"),
    "a parameter of GA4 nested": lambda: with_deep(ga4_exports.event(params={"page_location": "DEEP"})),
    "an unknown field of GA4 nested": lambda: with_deep(ga4_exports.event() | {"more": "DEEP"}),
    "hits of GA 360 nested": lambda: with_deep(test_ga360.session(hits="DEEP")),
    "a late record nested": lambda: json.dumps(ga4_exports.event()) + "\n" + with_deep(ga4_exports.event(device="DEEP")),
    "an answer nested": lambda: with_deep(ANSWER | {"totals": "DEEP"}),
    "JSON nested in a cell": lambda: (
        "fullVisitorId,visitId,date,totals,device\n"
        + "".join(f'{n},9,20170704,"{{""hits"": {nested("[", "]")}}}","{{""a"": 1}}"\n' for n in range(3))
    ),
    "a Python repr nested in a cell": lambda: f'fullVisitorId,visitId,date,totals,device\n1,9,20170704,"{"{" * 5_000}\'","{{\'a\': 1}}"\n',
    "a giant cell": lambda: FLAT + LINE.format("Peru") * 3 + LINE.format("x" * GIANT),
    "a giant quoted cell": lambda: FLAT + LINE.format("Peru") * 3 + LINE.format('"' + "x\n" * (GIANT // 4) + '"'),
    "a quote never closed": lambda: FLAT + LINE.format("Peru") * 3 + LINE.format('"Peru') + LINE.format("Peru") * 200_000,
    "a giant header": lambda: FLAT.replace("country", "country" * (GIANT // 7)) + LINE.format("Peru"),
    "a million columns": lambda: FLAT.strip() + ",x" * 1_000_000 + "\n" + LINE.format("Peru"),
    "a line without end": lambda: "x" * GIANT,
    "a giant label of GA4": lambda: "\n".join(json.dumps(ga4_exports.event(geo={"country": "x" * size})) for size in (1, GIANT)),
    "a giant number": lambda: json.dumps(ga4_exports.event()).replace("1780000000000000", "9" * GIANT),
    "a hundred thousand parameters": lambda: json.dumps(ga4_exports.event(params={f"p{n}": n for n in range(100_000)})),
    "three hundred thousand fields": lambda: json.dumps(test_ga360.session() | {f"f{n}": n for n in range(300_000)}),
    "an answer with a giant label": lambda: json.dumps(ANSWER).replace("France", "x" * GIANT),
    "a report of one giant cell": lambda: "# a\n# 20240101-20240131\n\nCountry,Sessions,Key events\n" + f"{'x' * GIANT},5,1\nPeru,5,1\n",
    "zeros": lambda: "\x00" * GIANT,
    "blanks": lambda: "\n" * GIANT,
}


@pytest.fixture(scope="module")
def db(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "db" / "leaks.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKS_SALT", SALT)
        load([write_flat(folder / "good.csv", visits(5))], path)
    return path


def run(arguments: list[str]) -> tuple[int, str, int]:
    """Exit status of a command, what it says, and the most memory it had, in bytes."""
    environment = os.environ | {"LEAKS_SALT": SALT}
    child = subprocess.Popen(
        [sys.executable, "-m", "etl", *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with child.stderr:
        told = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, told, usage.ru_maxrss << 10


@pytest.mark.parametrize("packed", [False, True])
def test_hostile_exports_are_refused_or_loaded_in_bounded_memory(db, tmp_path, packed):
    """Each is inspected, which loads it into a database of its own; loaded together, the first would refuse all."""
    paths = []
    for number, (what, build) in enumerate(list(HOSTILE.items())[:: 5 if packed else 1]):
        content = build().encode()
        path = tmp_path / f"{number}.export"
        path.write_bytes(gzip.compress(content, 1) if packed else content)
        paths.append((what, path))
    before = digest(db)
    status, told, memory = run(["inspect", *(str(path) for _, path in paths)])
    assert "Traceback" not in told and status == 1, told[-2000:]
    for line in told.splitlines():
        assert len(line) < 700 and line[0].isdigit(), line[:300]
    assert memory < MOST_MEMORY, f"{memory >> 20} MB"
    for what, path in paths[:3]:
        status, told, memory = run(["load", str(path), "--db", str(db)])
        assert memory < MOST_MEMORY
        if status == 0:
            before = digest(db)
        else:
            assert (status, told.count("\n")) == (1, 1) and told.startswith(path.name), (what, told)
        assert digest(db) == before
        assert_nothing_beside(db)
