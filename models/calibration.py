"""Turning scores into probabilities, and telling how far probabilities can be believed."""

from dataclasses import dataclass

import numpy as np

from models.intervals import wilson


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow, in float64."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x, dtype=np.float64)))


def logit(p: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities; 0 and 1 are moved inside by 1e-9."""
    p = np.clip(np.asarray(p, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.log(p) - np.log1p(-p)


@dataclass(frozen=True)
class Platt:
    """p = sigmoid(slope * score + intercept).

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines"; Lin, Lin & Weng 2007 for the damped Newton steps.
    """

    slope: float
    intercept: float

    @classmethod
    def fit(cls, scores: np.ndarray, converted: np.ndarray) -> "Platt":
        """Fit on scores of a model that did not see these sessions.

        Targets are Platt's, drawn in from 0 and 1 by one imagined session of each class. Where scores rank
        sessions the wrong way round they say nothing, and every session gets the overall rate.
        """
        positives = float(converted.sum())
        negatives = len(converted) - positives
        targets = np.where(converted, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        slope, intercept = fit_logistic(scores, targets)
        if slope > 0:
            return cls(slope, intercept)
        return cls(0.0, float(logit(targets.mean())))

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities as float32, which is how they are stored and ranked."""
        return sigmoid(self.slope * np.asarray(scores, dtype=np.float64) + self.intercept).astype(np.float32)


@dataclass(frozen=True)
class Isotonic:
    """p rises with the score by straight lines in log-odds between knots; beyond the last it goes on at Platt's slope.

    Each knot is a block of the isotonic regression: the mean score and the rate of its sessions. Lines between the centres of blocks
    instead of steps leave scores that differ with probabilities that differ, so that ranking is not harmed.

    References
    ----------
    Zadrozny & Elkan 2002, "Transforming classifier scores into accurate multiclass probability estimates"; Oron & Flournoy 2017,
    "Centered isotonic regression".
    """

    scores: tuple[float, ...]
    log_odds: tuple[float, ...]
    slope: float

    @classmethod
    def fit(cls, scores: np.ndarray, converted: np.ndarray) -> "Platt | Isotonic":
        """Fit on scores of a model that did not see these sessions; Platt's sigmoid where fewer than three blocks come out."""
        from sklearn.isotonic import IsotonicRegression

        platt = Platt.fit(scores, converted)
        scores = np.asarray(scores, dtype=np.float64)
        order = np.argsort(scores, kind="stable")
        x, y = scores[order], np.asarray(converted, dtype=np.float64)[order]
        fitted = IsotonicRegression().fit(x, y).predict(x)
        starts = np.flatnonzero(np.diff(fitted, prepend=-1.0) > 1e-12)
        n = np.diff(starts, append=len(x))
        rates = (np.add.reduceat(y, starts) + 0.5) / (n + 1)
        centres = np.add.reduceat(x, starts) / n
        keep = np.flatnonzero(np.diff(np.maximum.accumulate(rates), prepend=0.0) > 0)
        if platt.slope <= 0 or len(keep) < 3:
            return platt
        return cls(tuple(centres[keep].tolist()), tuple(logit(rates[keep]).tolist()), platt.slope)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities as float32."""
        scores = np.asarray(scores, dtype=np.float64)
        below, above = np.minimum(scores - self.scores[0], 0), np.maximum(scores - self.scores[-1], 0)
        return sigmoid(np.interp(scores, self.scores, self.log_odds) + self.slope * (below + above)).astype(np.float32)


Calibration = Platt | Isotonic
ISOTONIC_FROM = 1000
"""Conversions from which a calibration has the freedom of isotonic regression; with fewer it would follow noise."""


def fit_calibration(scores: np.ndarray, converted: np.ndarray) -> Calibration:
    """Platt's sigmoid, or isotonic regression where conversions allow."""
    return (Isotonic if np.count_nonzero(converted) >= ISOTONIC_FROM else Platt).fit(scores, converted)


def described(calibration: Calibration) -> dict:
    """A calibration as JSON holds it; `restored` reads it."""
    if isinstance(calibration, Platt):
        return {"method": "platt", "slope": calibration.slope, "intercept": calibration.intercept}
    return {"method": "isotonic", "scores": calibration.scores, "log_odds": calibration.log_odds, "slope": calibration.slope}


def restored(told: dict) -> Calibration:
    """A calibration from its description."""
    if told["method"] == "platt":
        return Platt(told["slope"], told["intercept"])
    return Isotonic(tuple(told["scores"]), tuple(told["log_odds"]), told["slope"])


def fit_logistic(x: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of targets in [0, 1] on one variable."""
    x = np.asarray(x, dtype=np.float64)
    centre, scale = float(x.mean()), float(x.std())
    if scale == 0:
        return 0.0, float(logit(targets.mean()))
    z = (x - centre) / scale
    slope, intercept = 0.0, float(logit(targets.mean()))

    def loss(a: float, b: float) -> float:
        eta = a * z + b
        return float((np.logaddexp(0, eta) - targets * eta).sum())

    current = loss(slope, intercept)
    for _ in range(100):
        p = sigmoid(slope * z + intercept)
        residual, weight = p - targets, p * (1 - p) + 1e-12
        gradient = np.array([residual @ z, residual.sum()])
        if np.abs(gradient).max() < 1e-9 * len(z):
            break
        hessian = np.array([[weight @ (z * z), weight @ z], [weight @ z, weight.sum()]]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (candidate := loss(slope - size * step[0], intercept - size * step[1])) > current and size > 1e-10:
            size /= 2
        slope, intercept = slope - size * step[0], intercept - size * step[1]
        if current - candidate < 1e-12 * max(1.0, abs(current)):
            break
        current = candidate
    return float(slope / scale), float(intercept - slope * centre / scale)


def calibration_curve(p: np.ndarray, converted: np.ndarray, bins: int) -> list[dict]:
    """Predicted against observed rates in bins that hold equally many sessions.

    Returns
    -------
    list of dict
        From the lowest probabilities up: ``p_mean``, ``observed``, ``sessions``, ``conversions`` and the 95 % Wilson interval
        of the observed rate, ``ci_low`` and ``ci_high``.
    """
    order = np.argsort(p, kind="stable")
    curve = []
    for rows in np.array_split(order, min(bins, len(p))):
        n, k = len(rows), int(converted[rows].sum())
        low, high = wilson(k, n)
        p_mean = float(p[rows].mean(dtype=np.float64))
        point = {"p_mean": p_mean, "observed": k / n, "sessions": n, "conversions": k}
        curve.append(point | {"ci_low": float(low), "ci_high": float(high)})
    return curve


def expected_calibration_error(curve: list[dict]) -> float:
    """Mean distance of predicted from observed rates over the bins, weighted by sessions."""
    total = sum(point["sessions"] for point in curve)
    return sum(point["sessions"] * abs(point["p_mean"] - point["observed"]) for point in curve) / total


def recalibration(p: np.ndarray, converted: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of the outcome on the log-odds of p: 1 and 0 when calibrated."""
    return fit_logistic(logit(p), np.asarray(converted, dtype=np.float64))


def slope_interval(p: np.ndarray, converted: np.ndarray, visitors: np.ndarray) -> tuple[float, float]:
    """95 % interval of the calibration slope, by the sandwich estimator with visitors as clusters; NaN where it cannot be told.

    References
    ----------
    Liang & Zeger 1986, "Longitudinal data analysis using generalized linear models".
    """
    x = logit(p)
    slope, intercept = recalibration(p, converted)
    fitted = sigmoid(slope * x + intercept)
    weight, residual = fitted * (1 - fitted), converted - fitted
    information = np.array([[weight @ (x * x), weight @ x], [weight @ x, weight.sum()]])
    if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
        return np.nan, np.nan
    scores = np.column_stack([np.bincount(visitors, weights=residual * x), np.bincount(visitors, weights=residual)])
    bread = np.linalg.inv(information)
    half = 1.959963984540054 * float(np.sqrt((bread @ (scores.T @ scores) @ bread)[0, 0]))
    return slope - half, slope + half
