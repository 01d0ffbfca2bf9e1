"""Ten thousand real sessions: too few for any discovery, and the ranking must know it."""

import shutil

import pytest

from models.leaks import runs


@pytest.fixture(scope="module")
def outcome(sample_db, tmp_path_factory):
    db = tmp_path_factory.mktemp("leaks") / "sample.duckdb"
    shutil.copy(sample_db, db)
    return runs.rank(db)[1]


def test_nothing_is_discovered(outcome):
    assert outcome.leaks == []


def test_mobile_is_a_gap_of_a_few_thousand_dollars(outcome):
    (gap,) = outcome.gaps
    assert gap.segment == (("device", "mobile"),)
    assert gap.sessions == 3437 and gap.observed_passes == 7
    assert gap.conversions == pytest.approx((34.86, 25.58, 44.15), abs=0.02)
    assert gap.revenue == pytest.approx((3071, 2010, 4132), abs=1)
    assert gap.revenue[2] <= 6000


def test_it_says_how_large_a_leak_it_could_have_missed(outcome):
    last = {spot["expected_passes"]: spot["smallest_loss"] for spot in outcome.blind_spots if spot["step"].endswith("Converted")}
    assert last[20] is None or last[20] > 0.8
    assert all(0 < loss <= 1 for loss in last.values() if loss is not None)
