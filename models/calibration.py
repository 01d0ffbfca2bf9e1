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
