"""What a model has to beat: the base rate, a logistic regression, and the earlier dashboard's pipeline.

Each is a function of examples to learn from and sessions to judge, and gives probabilities for the latter.
"""

import warnings

import numpy as np
import xgboost as xgb
from scipy import sparse

from models.designs import RETROSPECTIVE
from models.features import Encoder, Sessions

LOGISTIC_LEVELS = 40
EARLIER_SETTINGS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "learning_rate": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "seed": 42,
    "nthread": 1,
}
EARLIER_ROUNDS = 100
EARLIER_SENTINEL = 999


def base_rate(sessions: Sessions, converted: np.ndarray, judged: Sessions) -> np.ndarray:
    """The same probability for all: the share that converted among those learnt from."""
    return np.full(len(judged), converted.mean())


def logistic(sessions: Sessions, converted: np.ndarray, judged: Sessions) -> np.ndarray:
    """L2-penalised logistic regression on logarithms of the numbers, marks for unknown ones, and the most frequent levels."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    encoder = Encoder.fit(sessions, converted)
    learn, scale = _design_matrix(encoder, sessions)
    with warnings.catch_warnings():
        # Not quite converged is good enough for a baseline; it is judged like the others.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=1.0, max_iter=100, tol=1e-3).fit(learn, converted)
    return model.predict_proba(_design_matrix(encoder, judged, scale)[0])[:, 1]


def _design_matrix(encoder: Encoder, sessions: Sessions, scale: np.ndarray | None = None) -> tuple[sparse.csr_matrix, np.ndarray]:
    encoded = encoder.transform(sessions)
    design = encoder.design
    parts, numbers = [], []
    for place, name in enumerate(design.features):
        values = encoded[:, place].astype(np.float64)
        if name in design.categories:
            kept = min(len(encoder.levels[name]), LOGISTIC_LEVELS)
            rows = np.flatnonzero(values < kept)
            parts.append(sparse.csr_matrix((np.ones(len(rows)), (rows, values[rows].astype(int))), (len(values), kept + 1)))
        else:
            unknown = np.isnan(values)
            numbers += [np.log1p(np.where(unknown, 0, values)), unknown.astype(float)]
    dense = np.column_stack(numbers)
    scale = np.maximum(dense.std(axis=0), 0.01) if scale is None else scale
    return sparse.hstack([sparse.csr_matrix(dense / scale), *parts]).tocsr(), scale


def earlier_dashboard(sessions: Sessions, converted: np.ndarray, judged: Sessions) -> np.ndarray:
    """The earlier dashboard's pipeline: its features, sentinel included, and its settings.

    It numbered labels in any order and let trees split them as if they were quantities, gave a session without a duration 999 pages a
    minute, and marked the countries that convert better on the sessions learnt from themselves.
    """
    if sessions.design is not RETROSPECTIVE:
        raise ValueError("the earlier dashboard read finished sessions alone")
    regions = set(Encoder.fit(sessions, converted).regions)

    def matrix(of: Sessions) -> np.ndarray:
        told = of.measures()
        told["pageviews_per_minute"] = np.where(np.isnan(told["pageviews_per_minute"]), EARLIER_SENTINEL, told["pageviews_per_minute"])
        numbers = ("duration_seconds", "pageviews", "is_under_10_seconds", "duration_bucket", "pageviews_per_minute")
        country = of.categories["country"]
        better = np.array([level in regions for level in country.levels], dtype=bool)[country.codes]
        labels = [of.categories[name].codes for name in ("device", "source", "country", "device_source")]
        return np.column_stack([told[name] for name in numbers] + labels + [better])

    trees = xgb.train(EARLIER_SETTINGS, xgb.DMatrix(matrix(sessions), converted.astype(np.float32)), EARLIER_ROUNDS)
    return trees.predict(xgb.DMatrix(matrix(judged)))
