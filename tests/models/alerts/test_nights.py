"""The benchmark of alerts: its worlds, and a small gate."""

import numpy as np
import pytest

from models.bench import alerts


@pytest.fixture
def short(monkeypatch):
    """Fewer nights, and a leak that is large."""
    monkeypatch.setattr(alerts, "NIGHTS", 36)
    monkeypatch.setattr(alerts, "LEAK_NIGHT", 14)
    monkeypatch.setattr(alerts, "POWER", (9.0, 16.0))


def test_a_planted_leak_is_told_and_nothing_else(short):
    tally = alerts.Tally()
    alerts.add(tally, 1, "none", leaky=True)
    assert tally.planted == 1 and tally.false == 0
    assert len(tally.delays) == 1 and 1 <= tally.delays[0] <= 22


def test_a_quiet_site_is_left_in_peace(short):
    tally = alerts.Tally()
    alerts.add(tally, 2, "mild", leaky=False)
    assert tally.worlds == 1 and tally.told == 0


def test_nights_only_ever_see_what_has_happened():
    cells = alerts.site(1, "mild")
    assert cells.calendar.days == 1 and len(cells.calendar) == alerts.HISTORY + alerts.NIGHTS
    some = alerts.until(cells, 40)
    assert some.bin.max() == 39 and len(some.calendar) == 40
    assert np.array_equal(some.reached.sum(axis=1), cells.reached[:, cells.bin < 40].sum(axis=1))
    assert np.array_equal(alerts.until(cells, len(cells.calendar)).reached, cells.reached)


def test_a_leak_takes_passes_from_its_first_day_on_and_from_its_segment_alone():
    cells = alerts.site(1, "mild")
    made, leak = alerts.plant(cells, 1)
    touched = leak.inside[cells.combination] & (cells.bin >= leak.start)
    assert np.array_equal(made.reached[:, ~touched], cells.reached[:, ~touched])
    before, after = (one.reached[leak.step + 1][touched].sum() for one in (cells, made))
    assert after == pytest.approx(alerts.STRENGTH * before, rel=0.3)


def test_a_finding_is_true_where_it_shares_half_of_its_sessions():
    cells = alerts.site(1, "mild")
    _, leak = alerts.plant(cells, 1)
    assert alerts.overlaps(cells, leak, leak.step, leak.inside)
    assert not alerts.overlaps(cells, leak, leak.step + 1, leak.inside)
    assert not alerts.overlaps(cells, leak, leak.step, ~leak.inside)
    assert not alerts.overlaps(cells, leak, leak.step, np.ones(len(leak.inside), bool))


def test_the_table_tells_shares_with_their_bounds():
    quiet = alerts.Tally(worlds=10, with_false=1, flagged=4)
    leaky = alerts.Tally(worlds=10, told=8, false=1, planted=10, delays=[3, 5, 9], found=[2, 4])
    text = alerts.printed({"mild": (quiet, leaky)}, 10, 0)
    assert (
        "| (0.07, 0.05) | 0.40 [0.12, 0.74] of 10 | 0.10 [0.00, 0.45] of 10 | 0.12 [0.00, 0.53] of 8 | 0.30 [0.07, 0.65] of 10 | 5 (8) | 3 |"
        in text
    )
