"""Plans of tests: sizes as the field's reference package gives them, weeks and values that behave."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import power_proportions_2indep, samplesize_proportions_2indep_onetail

from models.experiments import plan as planning

RATES = [(0.01, 0.012), (0.01, 0.02), (0.04, 0.045), (0.2, 0.23), (0.5, 0.52), (0.001, 0.0015), (0.3, 0.2)]


@pytest.mark.parametrize("first, second", RATES)
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_sessions_per_arm_agree_with_statsmodels_to_one_percent(first, second, power):
    reference = samplesize_proportions_2indep_onetail(
        abs(second - first), min(first, second), power, ratio=1, alpha=0.05, value=0, alternative="two-sided"
    )
    assert planning.sessions_per_arm(first, second, power=power) == pytest.approx(reference, rel=0.01)


@pytest.mark.parametrize("first, second", RATES)
def test_power_agrees_with_statsmodels(first, second):
    ours = planning.power_of(first, second, 5_000)
    reference = power_proportions_2indep(second - first, first, 5_000, return_results=False)
    assert ours == pytest.approx(reference, abs=0.01)


rates = st.floats(0.001, 0.9)


@given(rates, rates)
def test_the_size_gives_the_power_asked_for_and_one_less_does_not(first, second):
    if abs(first - second) < 1e-3:
        return
    per_arm = planning.sessions_per_arm(first, second)
    assert planning.power_of(first, second, per_arm) >= 0.8 - 1e-9
    assert planning.power_of(first, second, per_arm - 1) < 0.8


@given(st.floats(0.001, 0.3), st.floats(1.05, 3), st.floats(10, 1e6))
def test_a_plan_is_whole_weeks_and_daily_looks_cost_more_sessions(present, times, traffic):
    aimed = present * times
    made = planning.plan(present, aimed, traffic)
    assert made.weeks >= planning.SHORTEST_WEEKS
    assert made.weeks * traffic >= 2 * made.sessions_per_arm
    assert made.sessions_per_arm_sequential > made.sessions_per_arm
    assert made.weeks_sequential >= made.weeks
    if made.smallest_rate is not None and made.weeks > planning.SHORTEST_WEEKS:
        assert made.is_feasible == (made.smallest_rate <= aimed + 1e-6) or abs(made.smallest_rate - aimed) < 0.01 * aimed


@pytest.mark.parametrize("arguments", [(0.0, 0.1, 100), (0.1, 1.0, 100), (0.1, 0.1, 100), (0.1, 0.2, 0)])
def test_what_cannot_be_planned_is_said(arguments):
    with pytest.raises(ValueError):
        planning.plan(*arguments)


def test_value_of_testing_is_bounded_by_the_whole_gain_and_falls_with_doubt_about_the_test():
    sure = planning.value_of_testing(1_000, 1e-6, 0.1, 0.2, 1e6, 2)
    assert sure == pytest.approx(1_000 * (12 - 2 * 12 / 52.1775), rel=1e-6)
    small = planning.value_of_testing(1_000, 1e-6, 0.1, 0.2, 50, 2)
    assert 0 < small < sure
    assert planning.value_of_testing(0, 10, 0.1, 0.2, 100, 2) == 0
    assert planning.value_of_testing(1_000, 300, 0.1, 0.2, 1e6, 60) == 0
    assert math.isfinite(planning.value_of_testing(1_000, 5_000, 0.5, 0.9, 1_000, 4))
