import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from models.bootstrap import intervals
from models.calibration import sigmoid
from models.comparison import figures
from models.evaluation import SHARES, at_top, auc_and_precision, best_threshold, f1_at, lift_by_decile

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


@given(RANKED, st.sampled_from(SHARES))
def test_the_top_never_beats_arithmetic(rows, percent):
    p, converted, _ = columns(rows)
    found, perfect = at_top(p, converted, percent), at_top(converted.astype(float), converted, percent)
    assert found[f"precision_at_{percent}_max"] <= min(1, converted.mean() / (percent / 100)) + 1e-12
    for name in ("precision", "recall", "lift") if converted.any() else ("precision",):
        value, best = found[f"{name}_at_{percent}"], found[f"{name}_at_{percent}_max"]
        assert 0 <= value <= best + 1e-12
        assert perfect[f"{name}_at_{percent}"] == pytest.approx(best)


def test_the_earlier_dashboards_promise_is_impossible():
    """18 conversions of 2,000 sessions: precision in the top tenth is 9 % at most, not 50 %."""
    converted = np.arange(2000) < 18
    assert at_top(converted.astype(float), converted, 10)["precision_at_10_max"] == 0.09


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
    assert table[0]["conversions"] / table[0]["sessions"] == at_top(p, converted, 10)["precision_at_10"]


MEASURES = {"auc", "average_precision", "brier", "log_loss", "ece"} | {
    f"{name}_at_{percent}" for name in ("precision", "recall", "lift") for percent in SHARES
}


def test_bootstrap_draws_visitors_not_sessions():
    """Ten copies of each session tell nothing new, so the interval must not shrink."""
    draw = np.random.default_rng(0)
    p = sigmoid(draw.normal(-1, 1, 300))
    converted = draw.random(300) < p
    once = intervals(p, converted, np.arange(300), seed=1, replicates=200)
    copies = np.repeat(np.arange(300), 10)
    tenfold = intervals(p[copies], converted[copies], copies, seed=1, replicates=200)
    alone = intervals(p[copies], converted[copies], np.arange(3000), seed=1, replicates=200)
    assert set(once) == MEASURES
    for name in ("auc", "average_precision", "brier", "log_loss", "precision_at_10"):
        assert np.allclose(once[name], tenfold[name], atol=0.02), name
        assert alone[name][1] - alone[name][0] < 0.5 * (once[name][1] - once[name][0]), name


def test_bootstrap_agrees_with_one_made_by_hand():
    """Every replicate drawn as sessions of their own and measured by the functions that measure the point."""
    draw = np.random.default_rng(2)
    visitors = draw.integers(0, 120, 400)
    p = np.round(sigmoid(draw.normal(-1, 1, 400)), 2)
    converted = draw.random(400) < p
    generator = np.random.default_rng(7)
    present, who = np.unique(visitors, return_inverse=True)
    values = {"auc": [], "average_precision": [], "brier": []}
    for _ in range(100):
        weights = np.bincount(generator.integers(0, len(present), len(present)), minlength=len(present))[who]
        drawn = np.repeat(np.arange(400), weights)
        auc, precision = auc_and_precision(p[drawn], converted[drawn])
        for name, value in (("auc", auc), ("average_precision", precision), ("brier", np.mean((p[drawn] - converted[drawn]) ** 2))):
            values[name].append(value)
    found = intervals(p, converted, visitors, seed=7, replicates=100)
    for name, each in values.items():
        assert found[name] == pytest.approx(tuple(np.percentile(each, [2.5, 97.5]))), name


def test_bins_of_many_ranks_change_nothing_that_matters():
    draw = np.random.default_rng(4)
    p = sigmoid(draw.normal(-3, 1.5, 40_000))
    converted = draw.random(len(p)) < p
    found = intervals(p, converted, np.arange(len(p)), seed=0, replicates=60)
    auc, precision = auc_and_precision(p, converted)
    middle = {name: sum(found[name]) / 2 for name in ("auc", "average_precision")}
    assert middle["auc"] == pytest.approx(auc, abs=0.004)
    assert middle["average_precision"] == pytest.approx(precision, abs=0.01)


def test_bootstrap_interval_holds_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(3)
    everyone = sigmoid(draw.normal(-1.5, 1, 200_000))
    truth, _ = auc_and_precision(everyone, draw.random(len(everyone)) < everyone)
    held = 0
    for seed in range(60):
        p = sigmoid(draw.normal(-1.5, 1, 500))
        low, high = intervals(p, draw.random(500) < p, np.arange(500), seed=seed, replicates=100)["auc"]
        held += low <= truth <= high
    assert held >= 51


def test_an_interval_that_does_not_hold_its_figure_is_none():
    """Of right probabilities over many sessions the calibration error is smaller than that of almost every replicate."""
    draw = np.random.default_rng(6)
    p = np.repeat(np.linspace(0.01, 0.2, 20), 1_000)
    converted = np.concatenate([np.arange(1_000) < round(1_000 * rate) for rate in np.linspace(0.01, 0.2, 20)])
    visitors = draw.permutation(len(p))
    found = figures(p, converted, visitors, seed=0)
    assert found["ece"] == pytest.approx(0, abs=1e-9)
    assert min(intervals(p, converted, visitors, seed=0)["ece"]) > found["ece"] and np.isnan([found["ece_low"], found["ece_high"]]).all()
    assert found["auc_low"] < found["auc"] < found["auc_high"]


def test_one_class_has_no_interval():
    found = intervals(np.linspace(0, 1, 50), np.zeros(50, dtype=bool), np.arange(50), seed=0, replicates=20)
    assert all(np.isnan(found["auc"]))


def test_equal_probabilities_promise_nothing_at_the_top():
    """With one tie over all sessions, the top tenth is expected to hold a tenth of the conversions."""
    converted = np.arange(1000) % 20 == 0
    found = intervals(np.full(1000, 0.05), converted, np.arange(1000), seed=0, replicates=100)
    assert found["lift_at_10"] == pytest.approx((1, 1))
    assert found["auc"] == (0.5, 0.5)
