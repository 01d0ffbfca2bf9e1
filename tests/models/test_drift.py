import numpy as np
import pytest
from scipy.stats import chi2

from models import drift
from tests.models.worlds import examples, replaced, world


def sample(n: int, seed: int, **columns):
    return examples(replaced(world(n, seed=seed)[0], **columns)).sessions


def test_psi_by_hand():
    found = drift.stability(np.array([999.5, 999.5]), np.array([249.5, 749.5]))
    assert found["psi"] == pytest.approx((0.25 - 0.5) * np.log(0.5) + (0.75 - 0.5) * np.log(1.5))
    assert found["by_chance"] == pytest.approx((1 / 1999 + 1 / 999) * chi2.ppf(0.95, 1))


def test_the_same_world_is_within_chance_as_often_as_it_says():
    """Each feature exceeds its level by chance in one case of twenty."""
    draw = np.random.default_rng(0)
    told = drift.reference(sample(20_000, 1), draw.random(20_000))
    above = []
    for seed in range(2, 14):
        rows = drift.measure(told, sample(3_000, seed), draw.random(3_000))
        above += [row["psi"] > row["by_chance"] for row in rows]
    assert np.mean(above) < 0.11


def test_a_change_is_seen_in_its_feature_alone():
    p = np.linspace(0.01, 0.2, 6000)
    told = drift.reference(sample(6000, 1), p)
    later = sample(4000, 2, country=["Japan" if number % 2 else "Peru" for number in range(4000)])
    found = {row["feature"]: row for row in drift.measure(told, later, p[:4000])}
    assert found["country"]["psi"] > 0.25
    assert found["p_conversion"]["psi"] > 0.25, "the lower two thirds of the scores"
    assert found["pageviews"]["psi"] < 0.1 > found["device"]["psi"]


def test_unknown_values_have_a_bin_of_their_own():
    told = drift.reference(sample(3000, 1), np.zeros(3000))
    found = {row["feature"]: row for row in drift.measure(told, sample(3000, 1, visit_number=None), np.zeros(3000))}
    assert found["visit_number"]["psi"] > 1
    assert found["hour"]["psi"] == found["p_conversion"]["psi"] == 0
