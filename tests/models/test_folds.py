import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import folds


def test_folds_of_stored_models_are_told_again():
    """A change of the hash would score visitors by models that learnt from them."""
    hashes = folds.hash_visitors(["a", "4f5e6d7c8b9a0123456789ab", "ü"], "0.7")
    assert hashes.tolist() == [17484571561995533023, 2651954335275611202, 9471028365564446843]


@given(st.lists(st.text(min_size=1), min_size=1), st.text(max_size=8))
def test_a_visitor_has_one_fold(visitors, salt):
    twice = folds.outer_fold(folds.hash_visitors([*visitors, *visitors], salt))
    assert (twice[: len(visitors)] == twice[len(visitors) :]).all()
    assert set(twice.tolist()) <= set(range(folds.FOLDS))


def test_folds_are_even_and_independent():
    hashes = folds.hash_visitors(map(str, range(50_000)), "3")
    outer, inner, kept = folds.outer_fold(hashes), folds.inner_fold(hashes), folds.sampled(hashes, 0.3)
    pairs = np.bincount(outer * folds.FOLDS + inner, minlength=25)
    assert np.abs(pairs - 2000).max() < 5 * np.sqrt(2000)
    assert abs(kept.mean() - 0.3) < 0.01
    assert all(abs(kept[outer == fold].mean() - 0.3) < 0.02 for fold in range(folds.FOLDS))
    assert folds.sampled(hashes, 1.0).all()


def test_conversions_are_spread_over_the_folds():
    converters = [f"visitor {number}" for number in range(40)]
    conversions = np.ones(40)

    def worst(salt):
        counts = np.bincount(folds.outer_fold(folds.hash_visitors(converters, salt)), weights=conversions, minlength=folds.FOLDS)
        return np.abs(counts - 8).max()

    chosen = [worst(folds.balanced_salt(converters, conversions, seed)) for seed in range(20)]
    assert max(chosen) <= 3
    assert np.mean(chosen) < np.mean([worst(str(seed)) for seed in range(20)]) / 2
    assert folds.balanced_salt(converters, conversions, 1) == folds.balanced_salt(converters, conversions, 1)
