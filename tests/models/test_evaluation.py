import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from models.calibration import sigmoid
from models.evaluation import at_top_tenth, auc_and_precision, best_threshold, bootstrap_by_visitor, f1_at, lift_by_decile

RANKED = st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 3)), min_size=2, max_size=200)


def columns(rows):
    p, converted, weights = (np.array(values) for values in zip(*rows, strict=True))
    return p / 20, converted.astype(bool), weights.astype(float)


@given(RANKED)
def test_auc_and_precision_agree_with_scikit_learn(rows):
    p, converted, weights = columns(rows)
    auc, precision = auc_and_precision(p, converted, weights)
    if not (weights[converted].sum() and weights[~converted].sum()):
        assert math.isnan(auc) and math.isnan(precision)
        return
    kept = weights > 0
    assert auc == pytest.approx(roc_auc_score(converted[kept], p[kept], sample_weight=weights[kept]))
    assert precision == pytest.approx(average_precision_score(converted[kept], p[kept], sample_weight=weights[kept]))


@given(RANKED)
def test_top_tenth_never_beats_arithmetic(rows):
    p, converted, _ = columns(rows)
    found = at_top_tenth(p, converted)
    assert 0 <= found["precision_at_10"] <= found["precision_at_10_max"] <= 1
    assert found["precision_at_10_max"] <= min(1, converted.mean() / 0.1) + 1e-12
    if converted.any():
        assert 0 <= found["recall_at_10"] <= found["recall_at_10_max"] <= 1
        perfect = at_top_tenth(converted.astype(float), converted)
        assert perfect["precision_at_10"] == perfect["precision_at_10_max"]
        assert perfect["recall_at_10"] == perfect["recall_at_10_max"]


def test_the_earlier_dashboards_promise_is_impossible():
    """18 conversions of 2,000 sessions: precision in the top tenth is 9 % at most, not 50 %."""
    converted = np.arange(2000) < 18
    assert at_top_tenth(converted.astype(float), converted)["precision_at_10_max"] == 0.09


@given(RANKED)
def test_threshold_has_the_best_f1(rows):
    p, converted, _ = columns(rows)
    best = f1_at(p, converted, best_threshold(p, converted))
    assert best == pytest.approx(max(f1_at(p, converted, value) for value in p))
    assert f1_at(p, converted, 0.5) == pytest.approx(f1_score(converted, p >= 0.5, zero_division=0.0))


def test_lift_adds_up():
    draw = np.random.default_rng(0)
    p = sigmoid(draw.normal(-2, 1, 1003))
    converted = draw.random(1003) < p
    table = lift_by_decile(p, converted)
    assert [row["decile"] for row in table] == list(range(1, 11))
    assert sum(row["sessions"] for row in table) == 1003
    assert sum(row["conversions"] for row in table) == converted.sum()
    assert table[0]["lift"] > 2 > 0.5 > table[-1]["lift"]
    assert table[0]["conversions"] / table[0]["sessions"] == at_top_tenth(p, converted)["precision_at_10"]


def test_bootstrap_draws_visitors_not_sessions():
    """Ten copies of each session tell nothing new, so the interval must not shrink."""
    draw = np.random.default_rng(0)
    p = sigmoid(draw.normal(-1, 1, 300))
    converted = draw.random(300) < p
    once = bootstrap_by_visitor(p, converted, np.arange(300), seed=1, replicates=200)
    copies = np.tile(np.arange(300), 10)
    tenfold = bootstrap_by_visitor(p[copies], converted[copies], copies, seed=1, replicates=200)
    alone = bootstrap_by_visitor(p[copies], converted[copies], np.arange(3000), seed=1, replicates=200)
    for each, same, narrow in zip(once, tenfold, alone, strict=True):
        assert np.allclose(each, same)
        assert narrow[1] - narrow[0] < 0.5 * (each[1] - each[0])


def test_bootstrap_interval_holds_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(3)
    everyone = sigmoid(draw.normal(-1.5, 1, 200_000))
    truth, _ = auc_and_precision(everyone, draw.random(len(everyone)) < everyone)
    held = 0
    for seed in range(60):
        p = sigmoid(draw.normal(-1.5, 1, 500))
        (low, high), _ = bootstrap_by_visitor(p, draw.random(500) < p, np.arange(500), seed=seed, replicates=200)
        held += low <= truth <= high
    assert held >= 51
