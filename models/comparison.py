"""The model beside its baselines, learnt and judged on the same sessions, under three ways to divide them.

- by visitor: nobody stands on both sides.
- by time: learnt from the earlier four fifths of the days' sessions, judged on the later ones, which is how it will be used.
- plain: four fifths of the sessions at random. Visitors stand on both sides; it is what most reports quote.

All models give raw probabilities here: the run's calibration has seen sessions that some of these divisions hold out.
"""

from collections.abc import Callable

import numpy as np

from models import baselines, boosting
from models.bootstrap import intervals
from models.calibration import calibration_curve, expected_calibration_error
from models.designs import RETROSPECTIVE
from models.evaluation import SHARES, at_top, auc_and_precision, brier, log_losses
from models.examples import Examples
from models.features import Encoder, Sessions

SAMPLE = 60_000
TEST_SHARE = 0.2
SPLITS = ("visitor", "time", "plain")


def figures(p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, seed: int, *, curve_bins: int = 20) -> dict[str, float]:
    """Every measure of probabilities, each with its 95 % interval by visitor as `<name>_low` and `<name>_high`.

    Intervals are cut at the highest value that arithmetic allows with these sessions. Resampling adds to the calibration error, a distance that
    is never below 0, so that the interval of a small one can lie wholly above it: then it is NaN.
    """
    auc, average_precision = auc_and_precision(p, converted)
    found = {
        "auc": auc,
        "average_precision": average_precision,
        "brier": brier(p, converted),
        "log_loss": float(log_losses(p, converted).mean()),
        "ece": expected_calibration_error(calibration_curve(p, converted, curve_bins)),
    }
    for percent in SHARES:
        found |= at_top(p, converted, percent)
    for name, (low, high) in intervals(p, converted, visitors, seed=seed, curve_bins=curve_bins).items():
        best = found.get(f"{name}_max", np.inf)
        found[f"{name}_low"], found[f"{name}_high"] = (min(end, best) if np.isfinite(end) else end for end in (low, high))
    if not found["ece_low"] <= found["ece"] <= found["ece_high"]:
        found["ece_low"] = found["ece_high"] = np.nan
    return found | {"base_rate": float(np.mean(converted))}


def compare(examples: Examples, held_out: np.ndarray, inner: np.ndarray, chosen: boosting.Trial, *, seed: int) -> list[dict]:
    """Figures of each model under each division that the sessions allow.

    Parameters
    ----------
    held_out
        Whether each row's visitor is held out.
    inner
        Inner fold of each row, for what is learnt about regions.
    chosen
        Parameters and rounds of the run.

    Returns
    -------
    list of dict
        ``split``, ``model``, ``sessions``, ``conversions``, ``learnt_from`` and the figures; a division that cannot be made has ``said``
        instead.
    """
    table = []
    for split, test in divisions(examples, held_out, seed).items():
        if test is None or not _both(examples.converted[test]) or not _both(examples.converted[~test]):
            table.append({"split": split, "said": "these sessions cannot be divided so: one part has no conversions or no sessions"})
            continue
        learn, judge = np.flatnonzero(~test), np.flatnonzero(test)
        sessions, converted, judged = examples.sessions.take(learn), examples.converted[learn], examples.sessions.take(judge)
        for name, model in models(examples, chosen, inner[learn], seed).items():
            p = np.asarray(model(sessions, converted, judged), dtype=np.float64)
            sizes = {"sessions": len(judge), "conversions": int(examples.converted[judge].sum()), "learnt_from": len(learn)}
            found = figures(p, examples.converted[judge], examples.visitors.codes[judge], seed)
            table.append({"split": split, "model": name, **sizes, **found})
    return table


Baseline = Callable[[Sessions, np.ndarray, Sessions], np.ndarray]


def models(examples: Examples, chosen: boosting.Trial, inner: np.ndarray, seed: int) -> dict[str, Baseline]:
    """The models compared, by name."""

    def this(sessions: Sessions, converted: np.ndarray, judged: Sessions) -> np.ndarray:
        return refitted(sessions, converted, judged, chosen=chosen, inner=inner, seed=seed)

    found: dict[str, Baseline] = {"this model": this}
    if examples.sessions.design is RETROSPECTIVE:
        found["earlier dashboard"] = baselines.earlier_dashboard
    return found | {"logistic regression": baselines.logistic, "base rate": baselines.base_rate}


def refitted(
    sessions: Sessions, converted: np.ndarray, judged: Sessions, *, chosen: boosting.Trial, inner: np.ndarray, seed: int
) -> np.ndarray:
    """Probabilities by trees fitted anew with the run's parameters, before calibration."""
    encoder, matrix = Encoder.fit_transform(sessions, converted, inner)
    trees = boosting.fit(sessions.design, matrix, converted, chosen.params, chosen.rounds, seed)
    return trees.inplace_predict(encoder.transform(judged))


def divisions(examples: Examples, held_out: np.ndarray, seed: int) -> dict[str, np.ndarray | None]:
    """Whether each row is judged, under each division; None where it cannot be made."""
    draw = np.random.default_rng(seed)
    sessions = int(examples.of_session.max()) + 1
    days = np.sort(examples.days)
    since = days[min(int(len(days) * (1 - TEST_SHARE)), len(days) - 1)]
    return {
        "visitor": held_out,
        "time": examples.days >= since if days[0] < since else None,
        "plain": (draw.random(sessions) < TEST_SHARE)[examples.of_session],
    }


def _both(converted: np.ndarray) -> bool:
    return bool(len(converted)) and 0 < int(converted.sum()) < len(converted)
