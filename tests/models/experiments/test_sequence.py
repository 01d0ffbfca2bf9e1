"""Confidence sequences: valid at all looks together, on simulated tests without an effect."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.experiments import sequence


def arms(rng, rates, runs, looks, per_look):
    """Running passes and entrants of one arm: (runs, looks) each."""
    passes = rng.binomial(per_look, rates, (runs, looks)).cumsum(axis=1)
    return passes, np.broadcast_to(per_look * np.arange(1, looks + 1), passes.shape)


def test_a_test_of_two_equal_arms_is_stopped_in_at_most_one_of_twenty_although_looked_at_every_day():
    rng = np.random.default_rng(11)
    first, second = (arms(rng, 0.03, 2_000, 120, 200) for _ in range(2))
    stops = fixed = 0
    for (k1, n1), (k2, n2) in zip(zip(*first, strict=True), zip(*second, strict=True), strict=True):
        low, high = sequence.difference(k1, n1, k2, n2, scale=0.006)
        stops += bool(np.any((low > 0) | (high < 0)))
        p = (k1 + k2) / (n1 + n2)
        fixed += bool(np.any(np.abs(k1 / n1 - k2 / n2) > 1.96 * np.sqrt(p * (1 - p) * (1 / n1 + 1 / n2))))
    assert stops / 2_000 <= 0.05
    assert fixed / 2_000 > 0.15, "the usual test looked at daily must fail here, or this test has no teeth"


def test_an_effect_is_seen():
    rng = np.random.default_rng(12)
    (k1, n1), (k2, n2) = (arms(rng, rate, 200, 120, 200) for rate in (0.04, 0.03))
    seen = [sequence.difference(*run, scale=0.01)[0][-1] > 0 for run in zip(k1, n1, k2, n2, strict=True)]
    assert np.mean(seen) > 0.8


@given(st.floats(1e-9, 1e-2), st.floats(1e-4, 0.2), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_radius_exceeds_that_of_one_look_and_shrinks_with_data(variance, scale, alpha):
    from statistics import NormalDist

    assert sequence.radius(variance, scale, alpha) > NormalDist().inv_cdf(1 - alpha / 2) * variance**0.5
    assert sequence.radius(variance / 2, scale, alpha) < sequence.radius(variance, scale, alpha)
