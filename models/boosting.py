"""Boosted trees: fitting them, and searching for the parameters that suit the data."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from models.designs import Design
from models.features import Encoder, Sessions
from models.folds import FOLDS

# Name -> lowest, highest and smallest step; None: searched on a logarithmic scale.
SPACE = {
    "max_depth": (2, 6, 1),
    "learning_rate": (0.03, 0.2, None),
    "subsample": (0.6, 1.0, 0.1),
    "colsample_bytree": (0.4, 1.0, 0.1),
    "reg_lambda": (1.0, 30.0, None),
}
EVERY = 5
PATIENCE = 20
WORTHWHILE = 0.001

# Models are fitted side by side, one thread each: the order of additions, hence the last digit, is the same on every machine.
WORKERS = min(FOLDS, os.cpu_count() or 1)
FIXED = {
    "objective": "binary:logistic",
    "eval_metric": "logloss",
    "tree_method": "hist",
    "max_bin": 256,
    "nthread": 1,
    "seed_per_iteration": True,
}


@dataclass(frozen=True)
class Effort:
    """How parameters are searched for: among which, how many sets of them, and with how many trees at most."""

    space: dict
    trials: int
    max_rounds: int


USUAL = Effort(SPACE, 20, 240)
# Few conversions support few parameters, and small steps.
OF_FEW = Effort(SPACE | {"max_depth": (2, 3, 1), "learning_rate": (0.04, 0.1, None), "reg_lambda": (3.0, 20.0, None)}, 8, 300)
# Scoring takes as long as there are trees: where there is much to score, few and steep ones.
OF_MANY = Effort(SPACE | {"learning_rate": (0.06, 0.3, None)}, 20, 120)
FEW_CONVERSIONS = 100
MANY_SESSIONS = 500_000


def effort(sessions: int, conversions: int) -> Effort:
    """What suits so many sessions and conversions."""
    if conversions < FEW_CONVERSIONS:
        return OF_FEW
    return OF_MANY if sessions > MANY_SESSIONS else USUAL


@dataclass(frozen=True)
class Part:
    """One fold of a cross-validation: what is learnt from, and the rows that judge it."""

    train: xgb.QuantileDMatrix
    valid: xgb.QuantileDMatrix
    rows: np.ndarray


@dataclass(frozen=True)
class Trial:
    """Parameters with their log loss on the held-out folds, at the best number of rounds."""

    params: dict
    rounds: int
    log_loss: float


def split(sessions: Sessions, converted: np.ndarray, folds: np.ndarray, rows: np.ndarray) -> list[Part]:
    """Parts of a cross-validation over the given rows, each with encodings of its own training sessions."""
    parts = []
    for fold in np.unique(folds[rows]):
        learn, judge = rows[folds[rows] != fold], rows[folds[rows] == fold]
        encoder, matrix = Encoder.fit_transform(sessions.take(learn), converted[learn], folds[learn])
        train = quantile_matrix(sessions.design, matrix, converted[learn])
        valid = quantile_matrix(sessions.design, encoder.transform(sessions.take(judge)), converted[judge], ref=train)
        parts.append(Part(train, valid, judge))
    return parts


def quantile_matrix(
    design: Design, matrix: np.ndarray, converted: np.ndarray, ref: xgb.QuantileDMatrix | None = None
) -> xgb.QuantileDMatrix:
    return xgb.QuantileDMatrix(
        matrix,
        converted.astype(np.float32),
        feature_names=list(design.features),
        feature_types=design.feature_types,
        enable_categorical=True,
        nthread=1,
        max_bin=FIXED["max_bin"],
        ref=ref,
    )


def fit(design: Design, matrix: np.ndarray, converted: np.ndarray, params: dict, rounds: int, seed: int) -> xgb.Booster:
    """Trees fitted for a given number of rounds."""
    return xgb.train(FIXED | params | {"seed": seed}, quantile_matrix(design, matrix, converted), rounds)


def cross_validate(parts: Sequence[Part], params: dict, seed: int, *, max_rounds: int) -> tuple[Trial, list[np.ndarray]]:
    """Grow one model a part side by side, until `PATIENCE` more rounds no longer lower their common log loss by a `WORTHWHILE` share.

    The number of rounds is one for all parts: chosen for each alone, it would flatter the parts' own scores.

    Returns
    -------
    Trial
        With the best number of rounds and its log loss over all held-out rows.
    list of ndarray
        Log-odds of the rows of each part at that number of rounds, by the model that did not see them.
    """
    settings = FIXED | params | {"seed": seed}
    models = [xgb.Booster(settings, cache=[part.train, part.valid]) for part in parts]
    weights = [len(part.rows) for part in parts]

    def grow(model: xgb.Booster, part: Part) -> float:
        for _ in range(EVERY):
            model.update(part.train, model.num_boosted_rounds())
        return float(model.eval(part.valid).rsplit(":", 1)[1])

    best, rounds = np.inf, 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for grown in range(EVERY, max_rounds + EVERY, EVERY):
            loss = float(np.average(list(pool.map(grow, models, parts)), weights=weights))
            if loss < best * (1 - WORTHWHILE):
                best, rounds = loss, grown
            elif grown - rounds >= PATIENCE:
                break
    margins = [
        model.predict(part.valid, output_margin=True, iteration_range=(0, rounds)) for model, part in zip(models, parts, strict=True)
    ]
    return Trial(params, rounds, best), margins


def search(
    parts: Sequence[Part],
    *,
    space: dict,
    trials: int,
    seed: int,
    max_rounds: int,
    step: Callable[[int, int], None] = lambda done, of: None,
) -> Trial:
    """The best of some parameters by log loss on the held-out folds, each suggested by those tried before.

    References
    ----------
    Bergstra et al. 2011, "Algorithms for hyper-parameter optimization" (TPE), in Optuna's implementation: one trial after the
    other from a seeded sampler, so that the same data and seed suggest the same parameters.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(3, trials // 3)))
    tried = []
    for number in range(1, trials + 1):
        asked = study.ask()
        params = {name: suggested(asked, name, *bounds) for name, bounds in space.items()}
        tried.append(cross_validate(parts, params, seed, max_rounds=max_rounds)[0])
        study.tell(asked, tried[-1].log_loss)
        step(number, trials)
    return min(tried, key=lambda trial: trial.log_loss)


def suggested(asked: "optuna.Trial", name: str, low: float, high: float, step: float | None) -> float:  # noqa: F821 - imported on use
    """A value of a parameter; rounded where it is continuous, as more digits say nothing."""
    if isinstance(low, int):
        return asked.suggest_int(name, low, high)
    if step is None:
        return round(asked.suggest_float(name, low, high, log=True), 4)
    return round(asked.suggest_float(name, low, high, step=step), 4)
