"""The natural spread of segments around what their parts predict, estimated so that a few leaks do not inflate it."""

import numpy as np
from scipy.optimize import brentq

CLIP = 2.25
MEAN_CLIPPED = 0.7785
"""Mean of min(z², 2.25) where z is standard normal."""


def spread(effects: np.ndarray, variances: np.ndarray, *, centre: float | None = None, freedom: float = 1.0) -> float:
    """Variance t ≥ 0 of true effects around their median, where each is known with a variance of its own.

    Solves mean(min(r², 2.25)) = 0.7785 with r = (effect − m) / √(variance + t); 0 where the mean is smaller already at t = 0.

    Parameters
    ----------
    centre : the middle, where it is known; else the median after one step of Huber's.
    freedom : share of the degrees of freedom that the effects have left, as (n − 1)/n where a mean was taken from each n.
    """
    if len(effects) < 2:
        return 0.0
    goal = MEAN_CLIPPED * freedom
    if centre is None:
        middle = float(np.median(effects))
        scale = np.sqrt(variances + np.median((effects - middle) ** 2) / 0.455)
        bounded = np.clip((effects - middle) / scale, -1.5, 1.5)
        centre = middle + float(np.sum(bounded / scale) / np.sum(1 / scale**2))
    squares = (effects - centre) ** 2

    def excess(t: float) -> float:
        return float(np.mean(np.minimum(squares / (variances + t), CLIP))) - goal

    if excess(0.0) <= 0:
        return 0.0
    high = max(float(np.median(squares)) * 4, 1e-6)
    while excess(high) > 0:
        high *= 8
    return float(brentq(excess, 0.0, high, xtol=1e-9, rtol=1e-4))
