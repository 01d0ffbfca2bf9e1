"""Intervals against published values, and the properties that charts rely on."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dashapp.statistics import for_selected, newcombe, wilson, z_value

counts = st.tuples(st.integers(0, 10**7), st.integers(1, 10**7)).map(lambda pair: (min(pair), max(pair)))


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_published_values(k, n, low, high):
    assert wilson(k, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


# Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10.
@pytest.mark.parametrize(
    ("k1", "n1", "k2", "n2", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_newcombe_agrees_with_published_values(k1, n1, k2, n2, low, high):
    assert newcombe(k1, n1, k2, n2) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_no_observations_have_no_interval():
    assert wilson(0, 0) is None
    assert newcombe(0, 0, 1, 2) is None
    assert newcombe(1, 2, 0, 0) is None


@given(counts, st.floats(0.5, 0.999999))
def test_wilson_stays_within_bounds_and_around_the_rate(pair, confidence):
    k, n = pair
    low, high = wilson(k, n, confidence)
    assert 0 <= low <= k / n <= high <= 1


@given(counts, counts)
def test_newcombe_contains_the_difference_and_turns_with_its_groups(one, other):
    low, high = newcombe(*one, *other)
    difference = one[0] / one[1] - other[0] / other[1]
    assert -1 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1
    turned = newcombe(*other, *one)
    assert turned == (pytest.approx(-high), pytest.approx(-low))


@given(counts)
def test_more_confidence_is_a_wider_interval(pair):
    narrow, wide = wilson(*pair, 0.8), wilson(*pair, 0.99)
    assert wide[0] <= narrow[0]
    assert narrow[1] <= wide[1]


@given(st.integers(1, 500), st.integers(1, 500))
def test_selection_costs_confidence(selected, candidates):
    assume(selected <= candidates)
    adjusted = for_selected(selected, candidates)
    assert 0.95 <= adjusted < 1
    assert adjusted == pytest.approx(1 - 0.05 * selected / candidates)


def test_z_value():
    assert z_value() == pytest.approx(1.959964, abs=1e-6)
    assert z_value(0.99) == pytest.approx(2.575829, abs=1e-6)
