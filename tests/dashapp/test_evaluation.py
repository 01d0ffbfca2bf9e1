"""The tables of how a model was measured: figures with the digits they bear, intervals that hold them."""

import pytest

from dashapp.components.evaluation import figure, spread


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (0.0098, "0.0098"), (0.947, "0.947"), (1.015, "1.015"), (9.449, "9.4"), (None, "–")]
)
def test_figures(value, written):
    assert figure(value) == written


def test_an_interval_is_shown_where_there_is_one():
    assert spread({"ece": 0.0005, "ece_low": 0.0004, "ece_high": 0.0021}, "ece") == "0.0004–0.0021"
    assert spread({"auc": 0.9, "auc_low": None, "auc_high": None}, "auc") == ""
