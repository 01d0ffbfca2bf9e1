"""Every shape of export damaged in many ways: a file is loaded with every row accounted for, or refused in one line, and nothing else.

Each case is recognised, landed and counted on its own (`tests.fuzz.lane`). One in eight of those that can be read are then loaded together
and published, and some of those that cannot are refused by a whole load, which must leave the database byte for byte as it was
(`tests.fuzz.whole`).
LEAKS_FUZZ sets how many cases there are in all; a fault names the command that brings its case back.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.errors import InputError
from etl.load import load
from etl.mapping import read_map
from tests.etl.exports import visits, write_flat
from tests.fuzz.lane import SALT, Lane, Told, wrong_line
from tests.fuzz.shapes import SHAPES, make
from tests.fuzz.whole import assert_nothing_beside, assert_sound, copy_of, digest, load_cases

SEED = 1
CASES = int(os.environ.get("LEAKS_FUZZ") or 2_100)
CHEAP = ("ga4-report-csv", "ua-report-csv", "ga4-data-api", "ua-report-api", "maps")  # no statement has to be planned to read them
SHARES = {shape: 5 if shape in CHEAP else 1 for shape in SHAPES}
LATE, EARLY = 1, 2
LOADED = 8  # one in so many


@pytest.fixture(scope="module", autouse=True)
def salt() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKS_SALT", SALT)
        yield


@pytest.fixture(scope="module")
def lane(tmp_path_factory) -> Iterator[Lane]:
    lane = Lane(tmp_path_factory.mktemp("lane"), is_quick=True)
    yield lane
    lane.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory, salt) -> Path:
    """A database with a few sessions, so that there is something to change."""
    folder = tmp_path_factory.mktemp("template")
    db = folder / "db" / "leaks.duckdb"
    load([write_flat(folder / "good.csv", visits(5, pageviews=3))], db)
    return db


def number_of_cases(shape: str) -> int:
    return -(-CASES * SHARES[shape] // sum(SHARES.values()))


def test_enough_cases_are_run():
    assert CASES >= 2_000
    assert sum(map(number_of_cases, SHAPES)) >= CASES


@pytest.mark.parametrize("shape", SHAPES)
def test_damaged_exports_load_or_are_refused(shape, lane, template, tmp_path):
    told = [lane.run(make(shape, SEED, number, tmp_path)) for number in range(number_of_cases(shape))]
    faults = [each.fault for each in told if each.fault]
    assert not faults, f"{len(faults)} of {len(told)} cases\n" + "\n".join(map(str, faults[:10]))
    read = [each.case for each in told if each.line is None]
    refused = [each for each in told if each.line is not None]
    assert read and refused, "damage that everything or nothing survives tells nothing"
    db = copy_of(template, tmp_path / "db")
    if shape == "maps":
        for case in read[:: max(1, len(read) // 2)]:
            load_cases([case], db, [])
    else:
        load_cases(read[::LOADED], db, [])
    assert_sound(db)
    refuse_whole([*[each for each in refused if each.is_late][:LATE], *[each for each in refused if not each.is_late][:EARLY]], db)


def refuse_whole(refused: list[Told], db: Path) -> None:
    """What the lane refuses a whole load refuses in the same words, beside a file that is good, and changes nothing."""
    good = write_flat(db.parent.parent / "beside.csv", visits(3, first=50))
    before = digest(db)
    for told in refused:
        with pytest.raises(InputError) as raised:
            load(
                [good, told.case.path] if told.case.map is None else [told.case.path], db, mapping=told.case.map and read_map(told.case.map)
            )
        assert str(raised.value) == told.line and wrong_line(told.case, str(raised.value)) is None
        assert digest(db) == before, told.case
        assert_nothing_beside(db)
