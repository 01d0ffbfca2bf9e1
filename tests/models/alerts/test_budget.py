"""The budget of alarms, on simulated quarters of nightly runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from models.alerts import budget

QUARTER_DAYS = 91


def alarms_of(p_values):
    """Which runs of a quarter raise an alarm."""
    raised = []
    for p in p_values:
        raised.append(bool(p <= budget.level(raised)))
    return np.array(raised)


def test_shares_are_positive_fall_and_sum_to_less_than_one():
    shares = [budget.spending(j) for j in range(1, 200_000)]
    assert min(shares) > 0 and sum(shares) < 1
    assert shares[2:] == sorted(shares[2:], reverse=True)
    assert budget.spending(0) == 0


@given(st.lists(st.booleans(), max_size=90))
def test_what_is_spent_never_exceeds_what_was_earned(alarms):
    spent = sum(budget.level(alarms[:run]) for run in range(len(alarms) + 1))
    earned = budget.WEALTH + max(sum(alarms) * budget.ALPHA - budget.WEALTH, 0)
    assert 0 < spent <= earned + 1e-12


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 59))
def test_a_further_alarm_never_lowers_a_level(alarms, place):
    more = list(alarms)
    more[place % len(more)] = True
    assert budget.level(more) >= budget.level(alarms)


def quarter(rng, leaks, *, shared=0.0):
    """p-values of the runs of a quarter and which are true: a leak shows from a night on; `shared` is the correlation from night to night."""
    noise = np.empty(QUARTER_DAYS)
    noise[0] = rng.normal()
    for night in range(1, len(noise)):
        noise[night] = shared * noise[night - 1] + np.sqrt(1 - shared**2) * rng.normal()
    true = np.zeros(len(noise), dtype=bool)
    true[rng.choice(len(noise), leaks, replace=False)] = True
    return norm.sf(noise + 5 * true), true


@pytest.mark.parametrize("shared", [0.0, 0.9])
@pytest.mark.parametrize("leaks", [0, 4])
def test_false_alarms_are_at_most_one_in_ten_also_when_nights_share_their_data(leaks, shared):
    rng = np.random.default_rng(5)
    shares, found = [], []
    for _ in range(600):
        p_values, true = quarter(rng, leaks, shared=shared)
        raised = alarms_of(p_values)
        shares.append((raised & ~true).sum() / max(raised.sum(), 1))
        found.append((raised & true).sum() / max(leaks, 1))
    assert np.mean(shares) <= budget.ALPHA
    assert leaks == 0 or np.mean(found) > 0.8


def test_a_fixed_line_at_one_in_twenty_cries_wolf():
    rng = np.random.default_rng(5)
    assert np.mean([bool((quarter(rng, 0)[0] <= 0.05).any()) for _ in range(200)]) > 0.9
