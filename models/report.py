"""The report of a training run, as it is stored in `model_runs.metrics` and read by the app.

Headline figures come from the held-out fifth of the visitors alone. Calibration, lift and the block `cross_fitted` come from all
sessions, each scored by a model that did not see its visitor; there are five times as many conversions in them.
"""

import math
from dataclasses import dataclass

import numpy as np

from models.calibration import calibration_curve, expected_calibration_error, recalibration
from models.evaluation import at_top_tenth, auc_and_precision, bootstrap_by_visitor, f1_at, lift_by_decile

FEW_CONVERSIONS = 100
REPLICATES = 400
REPLICATES_OF_MANY = 200
MANY_SESSIONS = 100_000

IN_WORDS = {
    "visit_number": "visit numbers",
    "hour": "times of day",
    "duration_seconds": "durations",
    "pageviews": "pageviews",
}


@dataclass(frozen=True)
class Judged:
    """Probabilities beside outcomes.

    Attributes
    ----------
    probabilities, converted
        Of each session, by a model that did not see its visitor.
    visitors
        Code of each session's visitor.
    held_out
        Whether the session belongs to the held-out fifth.
    """

    probabilities: np.ndarray
    converted: np.ndarray
    visitors: np.ndarray
    held_out: np.ndarray


def report(judged: Judged, *, threshold: float, gains: dict[str, float], absent: list[str], seed: int) -> dict:
    """Everything measured, ready for JSON: numbers that cannot be told are None."""
    p, converted = judged.probabilities, judged.converted
    part = judged.held_out
    held_out = figures(p[part], converted[part], judged.visitors[part], threshold, seed)
    everything = figures(p, converted, judged.visitors, threshold, seed)
    curve = calibration_curve(p, converted, bins=20 if converted.sum() >= 2 * FEW_CONVERSIONS else 10)
    slope, intercept = recalibration(p, converted)
    total_gain = sum(gains.values()) or 1.0
    metrics = held_out | {
        "threshold": threshold,
        "sessions": len(p),
        "conversions": int(converted.sum()),
        "test_sessions": int(part.sum()),
        "test_conversions": int(converted[part].sum()),
        "calibration": curve,
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "ece": expected_calibration_error(curve),
        "expected_conversions": float(p.sum(dtype=np.float64)),
        "lift": lift_by_decile(p, converted),
        "importance": [
            {"feature": name, "gain": gain / total_gain} for name, gain in sorted(gains.items(), key=lambda item: (-item[1], item[0]))
        ],
        "cross_fitted": everything,
    }
    return _plain(metrics | {"notes": notes(metrics, absent)})


def figures(p: np.ndarray, converted: np.ndarray, visitors: np.ndarray, threshold: float, seed: int) -> dict[str, float]:
    """Ranking and probability figures of some sessions, with 95 % bootstrap intervals by visitor for the first two."""
    auc, average_precision = auc_and_precision(p, converted)
    replicates = REPLICATES if len(p) <= MANY_SESSIONS else REPLICATES_OF_MANY
    auc_range, precision_range = bootstrap_by_visitor(p, converted, visitors, seed=seed, replicates=replicates)
    return {
        "auc": auc,
        "auc_low": auc_range[0],
        "auc_high": auc_range[1],
        "average_precision": average_precision,
        "average_precision_low": precision_range[0],
        "average_precision_high": precision_range[1],
        "base_rate": float(np.mean(converted)),
        "brier": float(np.mean(np.square(p.astype(np.float64) - converted))),
        "f1": f1_at(p, converted, threshold),
        **at_top_tenth(p, converted),
    }


def notes(metrics: dict, absent: list[str]) -> list[str]:
    """What a reader of the figures has to know, a sentence or two each."""
    sentences = [
        "Retrospective: learnt from whole sessions as exported. Pageviews and duration are counted through the purchase, so they are "
        "partly effects of buying: rank finished sessions with these probabilities, do not read them as causes or as a forecast.",
        f"The headline figures come from {metrics['test_sessions']:,} sessions ({metrics['test_conversions']:,} converting) of visitors "
        "held out from training, search, calibration and threshold. Calibration and lift come from all sessions, each scored by a "
        "model that did not see its visitor.",
    ]
    if metrics["precision_at_10_max"] < 1:
        sentences.append(
            f"With a conversion rate of {metrics['base_rate']:.2%}, precision in the top 10 % cannot exceed "
            f"{metrics['precision_at_10_max']:.1%}, however good the model."
        )
    if metrics["conversions"] < FEW_CONVERSIONS:
        sentences.append(
            f"Few conversions: only {metrics['conversions']:,} sessions converted. The search was kept small and every figure is rough; "
            "read the intervals, not the points."
        )
    elif metrics["test_conversions"] < FEW_CONVERSIONS:
        sentences.append(f"Only {metrics['test_conversions']:,} of the held-out sessions converted: read the intervals, not the points.")
    missing = [IN_WORDS[name] for name in absent if name in IN_WORDS]
    if missing:
        sentences.append(f"The loaded exports hold no {' and no '.join(missing)}; the model does without.")
    return sentences


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
