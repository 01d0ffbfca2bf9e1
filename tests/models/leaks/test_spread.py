"""The spread of natural departures, and the tails that p-values are read from."""

import numpy as np
import pytest
from scipy import stats

from models.leaks import drop, interaction
from models.leaks.spread import MEAN_CLIPPED, spread


def departures(natural: float, count: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    variances = draw.uniform(0.001, 0.05, count)
    return draw.normal(0.3, np.sqrt(variances + natural**2)), variances


def test_the_constant_is_what_it_says():
    z = np.random.default_rng(0).normal(size=2_000_000)
    assert np.mean(np.minimum(z**2, 2.25)) == pytest.approx(MEAN_CLIPPED, abs=0.002)


@pytest.mark.parametrize("natural", [0.05, 0.15, 0.4])
def test_spread_is_recovered(natural):
    assert np.sqrt(spread(*departures(natural))) == pytest.approx(natural, rel=0.12)


def test_chance_alone_has_next_to_no_spread():
    assert np.sqrt(spread(*departures(0.0))) < 0.03


def test_a_few_leaks_do_not_inflate_it():
    effects, variances = departures(0.1, 400)
    with_leaks = effects.copy()
    with_leaks[:12] -= 1.5
    # Three in a hundred far out: the deviation of all doubles, the estimate moves by a sixth.
    assert np.sqrt(spread(with_leaks, variances)) < 1.2 * np.sqrt(spread(effects, variances))
    assert np.std(with_leaks) > 1.5 * np.std(effects)


def test_lower_tail_is_that_of_a_pearson_iii():
    z = np.linspace(-4, 3, 50)
    for skew in (-0.4, 0.0, 0.2, 0.45):
        assert interaction.lower_tail(z, np.full(50, skew)) == pytest.approx(stats.pearson3(skew).cdf(z), rel=1e-6, abs=1e-12)


def test_skew_is_capped():
    assert interaction.lower_tail(np.array([-2.5]), np.array([3.0])) == interaction.lower_tail(np.array([-2.5]), np.array([0.45]))


def test_the_best_of_many_starts_is_not_surer_than_chance():
    draw = np.random.default_rng(5)
    bins, runs = 26, 4000
    score = draw.normal(0, np.sqrt(20), (runs, bins))
    p = drop.scan(score, np.full((runs, bins), 20.0), np.full((runs, bins), 20.0), 0.0).p
    assert np.mean(p <= 0.01) < 0.015
    assert np.mean(p <= 0.05) < 0.065
    assert np.mean(p <= 0.05) > 0.01
