"""Intervals that hold at every look, however often one looks.

Robbins (1970), "Statistical methods related to the law of the iterated logarithm"; Howard, Ramdas, McAuliffe & Sekhon (2021),
"Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49, 1055-1080 (the normal mixture, their
proposition 5), used here with an estimated variance, which makes it asymptotic (Waudby-Smith et al. 2024): hence the least counts of
the callers.
"""

from __future__ import annotations

import math

import numpy as np


def radius(variance: float | np.ndarray, scale: float, alpha: float = 0.05) -> float | np.ndarray:
    """Half the width of the interval around an estimate with this variance, valid at all looks together.

    Parameters
    ----------
    variance : of the estimate at each look.
    scale : standard deviation of the mixture: the size of effect at which the interval is to be narrowest. Any value is valid.
    """
    variance = np.asarray(variance, dtype=np.float64)
    prior = scale * scale
    squared = variance * (variance + prior) / prior * (np.log((variance + prior) / variance) + 2 * math.log(1 / alpha))
    result = np.sqrt(squared)
    return float(result) if result.ndim == 0 else result


def difference(
    k1: np.ndarray, n1: np.ndarray, k2: np.ndarray, n2: np.ndarray, scale: float, alpha: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Confidence sequence of the rate of the first arm minus that of the second, from running totals at each look.

    Looks before both arms have LEAST_COUNT passes and non-passes give (-1, 1): there the normal approximation does not hold.

    Returns
    -------
    low, high : arrays with a value a look, each look's interval cut by those before it.
    """
    k1, n1, k2, n2 = (np.asarray(values, dtype=np.float64) for values in (k1, n1, k2, n2))
    enough = np.minimum.reduce([k1, n1 - k1, k2, n2 - k2]) >= LEAST_COUNT
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = k1 / n1, k2 / n2
        variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    half = np.where(enough, radius(np.where(enough, variance, 1.0), scale, alpha), np.inf)
    middle = np.where(enough, p1 - p2, 0.0)
    return np.maximum.accumulate(np.maximum(middle - half, -1.0)), np.minimum.accumulate(np.minimum(middle + half, 1.0))


LEAST_COUNT = 10
