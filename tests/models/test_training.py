"""Whether the model learns what is there, and only that."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from etl.errors import InputError
from models import audit, boosting, folds, training
from models.designs import RETROSPECTIVE
from models.evaluation import auc_and_precision
from tests.models.conftest import QUICK
from tests.models.worlds import examples, replaced, world

METRICS = {
    "auc", "auc_low", "auc_high", "average_precision", "average_precision_low", "average_precision_high", "base_rate", "brier", "f1",
    "precision_at_10", "precision_at_10_max", "recall_at_10", "recall_at_10_max", "threshold", "sessions", "conversions", "test_sessions",
    "test_conversions", "calibration", "calibration_slope", "calibration_intercept", "ece", "lift", "importance", "notes",
}  # fmt: skip


def test_ranks_nearly_as_well_as_the_truth(known_world, trained):
    table, p = known_world
    converted = examples(table).converted
    auc, precision = auc_and_precision(p, converted)
    found = trained.metrics["cross_fitted"]
    assert auc - 0.02 < found["auc"] < auc + 0.005
    assert 0.9 * precision < found["average_precision"] < 1.02 * precision
    assert found["auc_low"] < found["auc"] < found["auc_high"]


def test_probabilities_are_calibrated(known_world, trained):
    _, p = known_world
    metrics = trained.metrics
    assert 0.9 < metrics["calibration_slope"] < 1.1
    assert abs(metrics["calibration_intercept"]) < 0.2
    assert metrics["ece"] < 0.015
    assert metrics["expected_conversions"] == pytest.approx(metrics["conversions"], rel=0.03)
    assert np.abs(trained.probabilities - p).mean() < 0.03
    assert sum(bin["ci_low"] <= bin["p_mean"] <= bin["ci_high"] for bin in metrics["calibration"]) >= 0.8 * len(metrics["calibration"])


def test_metrics_are_complete_and_plain(trained):
    metrics = trained.metrics
    assert set(metrics) >= METRICS
    json.loads(json.dumps(metrics, allow_nan=False))
    assert metrics["sessions"] == 12_000 == sum(row["sessions"] for row in metrics["lift"])
    assert metrics["conversions"] == sum(row["conversions"] for row in metrics["lift"])
    assert sum(row["gain"] for row in metrics["importance"]) == pytest.approx(1)
    assert {row["feature"] for row in metrics["importance"]} == set(RETROSPECTIVE.features)
    assert metrics["importance"][0]["feature"] == "pageviews"
    assert "partly effects of buying" in metrics["notes"][0]


def test_held_out_fifth_is_balanced(trained):
    metrics = trained.metrics
    assert metrics["test_sessions"] == pytest.approx(metrics["sessions"] / 5, rel=0.1)
    assert metrics["test_conversions"] == pytest.approx(metrics["conversions"] / 5, rel=0.1)


def test_probabilities_of_training_come_from_models_that_did_not_see_the_visitor(known_world, trained):
    """The stored fold models alone, without the data, give the same probabilities to the last digit."""
    data = examples(known_world[0])
    outer = folds.outer_fold(folds.hash_visitors(data.visitors.levels, trained.model.salt)[data.visitors.codes])
    for fold, scorer in enumerate(trained.model.folds):
        rows = np.flatnonzero(outer == fold)
        assert (scorer.probabilities(data.sessions.take(rows)) == trained.probabilities[rows]).all()


def test_nothing_that_judges_the_held_out_fifth_has_seen_its_outcomes(monkeypatch):
    """With all its outcomes turned round, the parameters, the trees, the calibration and the threshold stay the same."""
    monkeypatch.setattr(folds, "balanced_salt", lambda *_: "fixed")
    data = examples(world(2500, seed=4)[0])
    hashes = folds.hash_visitors(data.visitors.levels, "fixed")[data.visitors.codes]
    outer = folds.outer_fold(hashes)
    assert not set(data.visitors.codes[outer == 0].tolist()) & set(data.visitors.codes[outer != 0].tolist())
    told = training.train(data, **QUICK)
    lied = training.train(replace(data, converted=data.converted ^ (outer == 0)), **QUICK)
    assert (lied.params, lied.threshold) == (told.params, told.threshold)
    assert (lied.probabilities[outer == 0] == told.probabilities[outer == 0]).all()
    assert lied.metrics["auc"] == pytest.approx(1 - told.metrics["auc"])
    assert (lied.probabilities[outer == 1] != told.probabilities[outer == 1]).any(), "the other folds learn from it"


def test_shuffled_outcomes_teach_nothing():
    """One interval of 95 % may miss; of five, two hardly do."""
    table, _ = world(6000, seed=5)
    holding = 0
    for seed in range(5):
        drawn = np.random.default_rng(seed).random(6000) < 0.1
        metrics = training.train(examples(replaced(table, is_converted=drawn)), **QUICK).metrics
        holding += metrics["auc_low"] <= 0.5 <= metrics["auc_high"]
        assert metrics["cross_fitted"]["auc"] == pytest.approx(0.5, abs=0.05)
        assert metrics["cross_fitted"]["precision_at_10"] < 0.15
    assert holding >= 4


def test_visitors_are_not_recognised():
    """Each visitor always or never converts and leaves a fingerprint: a split by session learns people by heart."""
    draw = np.random.default_rng(0)
    table, _ = world(4000, seed=6)
    who = draw.integers(0, 400, 4000)
    buys, mark = draw.random(400) < 0.2, draw.permutation(400)
    told = replaced(
        table, visitor=[f"visitor {number}" for number in who], is_converted=buys[who], visit_number=mark[who].astype(np.float32)
    )
    data = examples(told)
    metrics = training.train(data, trials=1, max_rounds=40).metrics
    assert abs(metrics["cross_fitted"]["auc"] - 0.5) < 0.12

    by_session = boosting.split(data.sessions, data.converted, draw.integers(0, 5, 4000), np.arange(4000))
    _, margins = boosting.cross_validate(by_session, {"max_depth": 6, "learning_rate": 0.2}, 0, max_rounds=60)
    rows = np.concatenate([part.rows for part in by_session])
    assert auc_and_precision(np.concatenate(margins), data.converted[rows])[0] > 0.75, "the plant has to be learnable"


def test_regions_do_not_leak_outcomes():
    """Outcomes are random in each of many small countries; a region learnt on all sessions would rank them well."""
    draw = np.random.default_rng(1)
    table, _ = world(8000, seed=7)
    where = draw.integers(0, 400, 8000)
    converted = draw.random(8000) < 0.15
    told = replaced(table, country=[f"country {number}" for number in where], is_converted=converted)
    metrics = training.train(examples(told), **QUICK).metrics
    assert metrics["auc_low"] <= 0.5 <= metrics["auc_high"]
    assert abs(metrics["cross_fitted"]["auc"] - 0.5) < 0.04

    rate_with_own_outcome = (np.bincount(where, weights=converted) / np.bincount(where))[where]
    assert auc_and_precision(rate_with_own_outcome, converted)[0] > 0.6, "the plant has to be learnable"


def test_same_data_and_seed_give_the_same_run():
    data = examples(world(1500, seed=8)[0])
    first, second, other = (training.train(data, seed=seed, **QUICK) for seed in (3, 3, 4))
    assert first.model.to_bytes() == second.model.to_bytes()
    assert (first.probabilities == second.probabilities).all()
    assert (first.metrics, first.params, first.threshold) == (second.metrics, second.params, second.threshold)
    assert first.model.to_bytes() != other.model.to_bytes()


def test_processors_do_not_change_the_run(monkeypatch):
    data = examples(world(3000, seed=9)[0])
    artefacts = set()
    for workers in (1, 2, 5):
        monkeypatch.setattr(boosting, "WORKERS", workers)
        artefacts.add(training.train(data, trials=1, max_rounds=20).model.to_bytes())
    assert len(artefacts) == 1


def test_few_conversions_are_said_aloud():
    table, _ = world(3000, seed=10, base=-7.5)
    trained = training.train(examples(table), max_rounds=20)
    assert trained.metrics["conversions"] < 100
    assert any("Few conversions" in note for note in trained.metrics["notes"])
    assert trained.params["search"]["trials"] == boosting.OF_FEW.trials
    assert trained.params["trees"]["max_depth"] <= 3


def test_absent_columns_are_named_and_done_without():
    table, _ = world(1500, seed=11)
    told = replaced(table, visit_number=None, hour=None, duration_seconds=None)
    metrics = training.train(examples(told), **QUICK).metrics
    assert metrics["auc"] > 0.6
    assert any("no durations and no visit numbers and no times of day" in note for note in metrics["notes"])


def test_search_uses_a_sample_and_fits_use_everything():
    data = examples(world(3000, seed=12)[0])
    trained = training.train(data, search_sessions=1000, **QUICK)
    assert trained.params["search"]["sessions"] == pytest.approx(1000, rel=0.15)
    assert trained.metrics["sessions"] == 3000


def spoilt(table: pa.Table, how: str) -> pa.Table:
    n = len(table)
    match how:
        case "ten sessions":
            return table.slice(0, 10)
        case "no sessions":
            return table.slice(0, 0)
        case "no conversions":
            return replaced(table, is_converted=False)
        case "only conversions":
            return replaced(table, is_converted=True)
        case "one visitor bought":
            return replaced(table, is_converted=np.array(table.column("visitor").to_pylist()) == table.column("visitor")[0].as_py())
        case "one device":
            return replaced(table, device="mobile")
        case "nothing but dates":
            equal = dict.fromkeys(("pageviews", "duration_seconds", "visit_number"))
            return replaced(table, source="(unknown)", country="(unknown)", channel="(unknown)", device=["a", "b"] * (n // 2), **equal)
    raise ValueError(how)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("ten sessions", "too few sessions to train a model: 10, at least 100 are needed"),
        ("no sessions", "too few sessions to train a model: 0,"),
        ("no conversions", "none of the 1,000 sessions converted"),
        ("only conversions", "all of the 1,000 sessions converted"),
        ("one visitor bought", "only 1 visitor converted, at least 10 are needed"),
        ("one device", "every session has the device 'mobile'"),
        ("nothing but dates", "no feature tells one session from another"),
    ],
)
def test_what_cannot_teach_is_refused_in_one_line(how, said):
    with pytest.raises(InputError) as caught:
        training.train(examples(spoilt(world(1000)[0], how)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_class_in_a_fold_is_refused():
    outer, inner = np.arange(200) % 5, np.arange(200) // 5 % 5
    converted = np.zeros(200, dtype=bool)
    converted[outer == 1] = True
    with pytest.raises(InputError, match="one fold would hold a single outcome"):
        training.check_folds(converted, outer, inner)
    training.check_folds(np.arange(200) % 3 == 0, outer, inner)


def test_the_audit_catches_a_planted_echo_of_the_outcome(trained, known_world):
    data = examples(known_world[0])
    draw = np.random.default_rng(0)
    echo = data.converted + draw.normal(0, 0.1, len(data))
    rows = audit.report(data, draw.integers(0, 5, len(data)), [], more={"echo": echo})
    assert [row["feature"] for row in rows if row["suspected"]] == ["echo"]


def test_baselines_stand_in_the_same_table(trained):
    table = {(row["split"], row["model"]): row for row in trained.metrics["comparison"]}
    models = {"this model", "earlier dashboard", "logistic regression", "base rate"}
    assert set(table) == {(split, model) for split in ("visitor", "time", "plain") for model in models}
    for split in ("visitor", "time", "plain"):
        rows = [table[split, model] for model in models]
        assert len({(row["sessions"], row["conversions"]) for row in rows}) == 1
        assert table[split, "base rate"]["auc"] == 0.5
        assert table[split, "this model"]["auc"] > 0.7
    for row in table.values():
        for name in ("auc", "average_precision", "log_loss", "ece", "lift_at_10"):
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            assert (low is None and high is None and name == "ece") or low <= high
        for percent in (1, 5, 10, 20):
            assert row[f"precision_at_{percent}_high"] <= row[f"precision_at_{percent}_max"]


def test_ablation_takes_its_toll(trained):
    found = {row["name"]: row["average_precision"] for row in trained.metrics["ablation"]}
    assert found["with everything"] > found["without pageviews"] > found["without both"] - 0.02


def test_what_is_searched_suits_the_data():
    assert boosting.effort(10_000, 99) is boosting.OF_FEW
    assert boosting.effort(10_000, 100) is boosting.effort(500_000, 9_000) is boosting.USUAL
    assert boosting.effort(500_001, 9_000) is boosting.OF_MANY
    assert boosting.OF_MANY.max_rounds < boosting.USUAL.max_rounds
