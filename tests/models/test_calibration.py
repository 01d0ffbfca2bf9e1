import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models.calibration import Platt, calibration_curve, expected_calibration_error, fit_logistic, logit, recalibration, sigmoid
from models.intervals import wilson


@pytest.fixture
def drawn():
    draw = np.random.default_rng(0)
    p = sigmoid(draw.normal(-3, 1.5, 40_000))
    return p, draw.random(len(p)) < p


def test_logistic_regression_agrees_with_scikit_learn(drawn):
    p, converted = drawn
    x = 0.5 * logit(p) + 1
    slope, intercept = fit_logistic(x, converted.astype(float))
    known = LogisticRegression(C=np.inf, tol=1e-10).fit(x[:, None], converted)
    assert slope == pytest.approx(known.coef_[0, 0], rel=1e-5)
    assert intercept == pytest.approx(known.intercept_[0], rel=1e-5)


def test_platt_undoes_a_distortion(drawn):
    p, converted = drawn
    platt = Platt.fit(0.5 * logit(p) + 1, converted)
    assert platt.slope == pytest.approx(2, abs=0.08)
    assert platt.intercept == pytest.approx(-2, abs=0.1)
    slope, intercept = recalibration(platt(0.5 * logit(p) + 1), converted)
    assert slope == pytest.approx(1, abs=0.01)
    assert intercept == pytest.approx(0, abs=0.03)


def test_scores_that_mislead_are_ignored():
    scores, converted = np.array([3.0, 2, 1, 0, -1, -2]), np.array([False, False, False, False, True, True])
    assert Platt.fit(scores, converted)(scores).tolist() == pytest.approx([1 / 3] * 6, abs=0.05)


def test_perfect_scores_stay_finite():
    converted = np.repeat([False, True], 500)
    platt = Platt.fit(np.where(converted, 5.0, -5.0), converted)
    assert platt(np.array([-5.0, 5.0])).tolist() == pytest.approx([1 / 502, 501 / 502], rel=1e-3)


def test_equal_scores_give_the_rate():
    slope, intercept = fit_logistic(np.ones(100), np.repeat([0.0, 1.0], [75, 25]))
    assert (slope, sigmoid(intercept)) == (0, pytest.approx(0.25))


@given(st.floats(allow_nan=False))
def test_sigmoid_is_a_probability(x):
    assert 0 <= sigmoid(np.array(x)) <= 1


def test_curve_counts_every_session_once(drawn):
    p, converted = drawn
    curve = calibration_curve(p, converted, bins=10)
    assert [point["sessions"] for point in curve] == [4000] * 10
    assert sum(point["conversions"] for point in curve) == converted.sum()
    assert np.average([point["p_mean"] for point in curve]) == pytest.approx(p.mean())
    assert sum(point["ci_low"] <= point["p_mean"] <= point["ci_high"] for point in curve) >= 8
    assert expected_calibration_error(curve) < 0.004


def test_calibration_error_is_seen(drawn):
    p, converted = drawn
    assert expected_calibration_error(calibration_curve(np.minimum(1, p + 0.05), converted, bins=10)) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(95, 4136, 0.0188, 0.0280), (1, 60, 0.0029, 0.0886), (1, 308, 0.0006, 0.0182), (7, 3437, 0.0010, 0.0042)]
)
def test_wilson(k, n, low, high):
    assert np.round(wilson(k, n), 4).tolist() == [low, high]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_wilson_stays_in_range(a, b):
    low, high = wilson(min(a, b), max(a, b))
    if max(a, b) == 0:
        assert np.isnan(low) and np.isnan(high)
    else:
        assert 0 <= low <= min(a, b) / max(a, b) <= high <= 1
