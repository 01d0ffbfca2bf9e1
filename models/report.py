"""The report of a training run, as it is stored in `model_runs.metrics` and read by the app.

Headline figures come from the held-out fifth of the visitors alone. Calibration, lift and the block `cross_fitted` come from all
sessions, each scored by a model that did not see its visitor; there are five times as many conversions in them.
"""

import math
from dataclasses import dataclass

import numpy as np

from models.boosting import FEW_CONVERSIONS
from models.bootstrap import top_ratio
from models.calibration import calibration_curve, expected_calibration_error, recalibration, slope_interval
from models.comparison import figures
from models.evaluation import auc_and_precision, f1_at, lift_by_decile, top_count
from models.percent import percent

IN_WORDS = {
    "visit_number": "visit numbers",
    "hour": "times of day",
    "duration_seconds": "durations",
    "pageviews": "pageviews",
}
OPENING = {
    "retrospective": "Retrospective: learnt from whole sessions as exported. Pageviews and duration are counted through the purchase, so "
    "they are partly effects of buying: rank finished sessions with these probabilities, do not read them as causes or as a forecast.",
    "early": "Early: learnt from what was known at cuts inside the session, always before the first checkout or key event, so it can score a "
    "session that is still going on. It does not rank finished sessions; the retrospective model does.",
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
    cuts
        Events the session had at its cut; None for whole sessions.
    """

    probabilities: np.ndarray
    converted: np.ndarray
    visitors: np.ndarray
    held_out: np.ndarray
    cuts: np.ndarray | None = None


def report(
    judged: Judged, *, kind: str, threshold: float, gains: dict[str, float], absent: list[str], sizes: dict[str, int], seed: int
) -> dict:
    """Everything measured on the run's own probabilities, ready for JSON: numbers that cannot be told are None.

    Parameters
    ----------
    sizes
        sessions, conversions, test_sessions and test_conversions, each session counted once.
    """
    p, converted = judged.probabilities, judged.converted
    part = judged.held_out
    bins = 20 if sizes["conversions"] >= 2 * FEW_CONVERSIONS else 10
    held_out = figures(p[part], converted[part], judged.visitors[part], seed, curve_bins=bins)
    everything = figures(p, converted, judged.visitors, seed, curve_bins=bins)
    curve = calibration_curve(p, converted, bins)
    slope, intercept = recalibration(p, converted)
    slope_low, slope_high = slope_interval(p, converted, judged.visitors)
    total_gain = sum(gains.values()) or 1.0
    metrics = held_out | {
        "f1": f1_at(p[part], converted[part], threshold),
        "threshold": threshold,
        **sizes,
        "calibration": curve,
        "calibration_slope": slope,
        "calibration_slope_low": slope_low,
        "calibration_slope_high": slope_high,
        "calibration_intercept": intercept,
        "ece": expected_calibration_error(curve),
        "ece_low": everything["ece_low"],
        "ece_high": everything["ece_high"],
        "expected_conversions": float(p.sum(dtype=np.float64)),
        "top_tenth": top_tenth(judged, seed),
        "lift": lift_by_decile(p, converted),
        "importance": [
            {"feature": name, "gain": gain / total_gain} for name, gain in sorted(gains.items(), key=lambda item: (-item[1], item[0]))
        ],
        "cross_fitted": everything | {"f1": f1_at(p, converted, threshold)},
    }
    if judged.cuts is not None:
        metrics["by_cut"] = [by_cut(judged, cut) for cut in np.unique(judged.cuts).tolist()]
    return plain(metrics | {"notes": notes(kind, metrics, absent)})


def top_tenth(judged: Judged, seed: int) -> dict[str, float]:
    """Conversions expected and seen in the tenth with the highest probabilities, and the interval of their ratio."""
    p = judged.probabilities
    top = np.argsort(-p.astype(np.float64), kind="stable")[: top_count(len(p))]
    low, high = top_ratio(p, judged.converted, judged.visitors, top, seed=seed)
    expected, seen = float(p[top].sum(dtype=np.float64)), int(judged.converted[top].sum())
    return {"expected": expected, "conversions": seen, "ratio_low": low, "ratio_high": high}


def by_cut(judged: Judged, cut: int) -> dict:
    """How well sessions are ranked at one cut, all of them at the same moment of their lives."""
    at = judged.cuts == cut
    auc, average_precision = auc_and_precision(judged.probabilities[at], judged.converted[at])
    base = float(judged.converted[at].mean())
    return {
        "cut": cut,
        "sessions": int(at.sum()),
        "conversions": int(judged.converted[at].sum()),
        "base_rate": base,
        "auc": auc,
        "average_precision": average_precision,
    }


def notes(kind: str, metrics: dict, absent: list[str]) -> list[str]:
    """What a reader of the figures has to know, a sentence or two each."""
    sentences = [
        OPENING[kind],
        f"The headline figures come from {metrics['test_sessions']:,} sessions ({metrics['test_conversions']:,} converting) of visitors "
        "held out from training, search, calibration and threshold. Calibration and lift come from all sessions, each scored by a "
        "model that did not see its visitor.",
    ]
    if kind == "early":
        sentences.append(
            "A session counts at each of its cuts in these figures, and its visitor is resampled with all of them for the intervals."
        )
    if metrics["precision_at_10_max"] < 1:
        sentences.append(
            f"With a conversion rate of {percent(metrics['base_rate'], 2)}, precision in the top 10 % cannot exceed "
            f"{percent(metrics['precision_at_10_max'], 1)}, however good the model."
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


def plain(value: object) -> object:
    """The same for JSON: numbers that cannot be told are None, and numpy's are Python's."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
