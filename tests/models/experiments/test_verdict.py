"""Verdicts on fixes, on simulated days whose truth is known."""

import numpy as np
import pytest

from models.experiments.verdict import LEAST_BINS, natural_spread, verdict


def days(rng, *, change=0.0, shortfall=0.5, before=42, after=42, spread=0.1, sessions=(400, 4_000), rate=0.2, season=0.3):
    """Segment and rest over the days, with a season they share and natural spread of their own."""
    total = before + after
    shared = np.log(rate / (1 - rate)) + season * np.sin(np.arange(total) / 9)
    own = rng.normal(0, spread, total) - shortfall + change * (np.arange(total) >= before)
    counts = []
    for size, logits in zip(sessions, (shared + own, shared), strict=True):
        n = rng.poisson(size, total)
        counts.append((n, rng.binomial(n, 1 / (1 + np.exp(-logits)))))
    return counts[0], counts[1], before


def states(runs, seed, *, z=np.inf, **world):
    rng = np.random.default_rng(seed)
    found = [verdict(*days(rng, **world), world.get("shortfall", 0.5), z=z) for _ in range(runs)]
    return found, [one.state for one in found]


def test_nothing_changed_is_called_fixed_in_at_most_one_of_twenty():
    found, said = states(400, 1)
    assert said.count("fixed") / 400 <= 0.05
    assert said.count("worse") / 400 <= 0.05
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.95


def test_a_season_that_moves_everyone_is_no_fix():
    rng = np.random.default_rng(2)
    said = []
    for _ in range(200):
        (n1, y1), (n2, y2), at = days(rng)
        lift = np.where(np.arange(len(n1)) >= at, 1.5, 1.0)
        said.append(verdict((n1, np.minimum(n1, y1 * lift)), (n2, np.minimum(n2, y2 * lift)), at, 0.5).state)
    assert said.count("fixed") / 200 <= 0.10


def test_a_whole_fix_is_seen_and_a_harm_too():
    assert states(100, 3, change=0.5)[1].count("fixed") >= 90
    assert states(100, 4, change=-0.5)[1].count("worse") >= 90


def test_a_fix_of_a_fifth_is_not_yet():
    said = states(100, 5, change=0.1)[1]
    assert said.count("not yet") >= 90


def test_the_interval_covers_the_true_change():
    found, _ = states(300, 6, change=0.4)
    assert np.mean([one.low <= 0.4 <= one.high for one in found]) >= 0.95


def test_part_of_the_return_of_a_leak_picked_for_its_luck_is_not_credited():
    world = days(np.random.default_rng(7), change=0.5)
    whole, modest = verdict(*world, 0.5), verdict(*world, 0.5, z=2.5)
    assert modest.change == pytest.approx(whole.change - 0.5 / 2.5**2)
    assert modest.low == pytest.approx(whole.low - 0.5 / 2.5**2)


@pytest.mark.parametrize("world", [{"before": 2}, {"after": 2}, {"sessions": (3, 30)}, {"before": 0, "after": 9}])
def test_too_little_is_too_early(world):
    one = verdict(*days(np.random.default_rng(8), **world), 0.5)
    assert one.state == "too early" and one.change is None


def test_small_segments_pool_their_days():
    one = verdict(*days(np.random.default_rng(9), sessions=(30, 300), before=70, after=70), 0.5)
    assert LEAST_BINS <= one.bins_after < 70


def test_natural_spread_is_recovered():
    rng = np.random.default_rng(10)
    variance = rng.uniform(0.01, 0.03, 4_000)
    assert natural_spread(rng.normal(0, np.sqrt(variance + 0.04)), variance) == pytest.approx(0.04, rel=0.1)
    assert natural_spread(rng.normal(0, 0.01, 50), np.full(50, 1.0)) == 0
