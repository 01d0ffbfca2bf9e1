"""Intervals for the rates that charts and sentences show.

Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of eleven methods.
Statistics in Medicine 17, 873-890 (method 10, the hybrid score interval without continuity correction).
Benjamini, Y. & Yekutieli, D. (2005). False discovery rate-adjusted multiple confidence intervals for selected parameters. JASA 100, 71-81.
"""

from functools import lru_cache
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@lru_cache(maxsize=256)
def z_value(confidence: float = CONFIDENCE) -> float:
    """Return the standard normal quantile of a two-sided interval: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(k: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Return the Wilson score interval of the rate k / n, within [0, 1] and around it; None without observations."""
    if n <= 0:
        return None
    k, n = float(k), float(n)
    z = z_value(confidence)
    rate = k / n
    centre = rate + z * z / (2 * n)
    half = z * sqrt(max(rate * (1 - rate), 0) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (centre - half) / scale, (centre + half) / scale
    if 0 < low < rate < high < 1:
        return low, high
    return min(max(low, 0.0), rate), max(min(high, 1.0), rate)


def newcombe(k1: float, n1: float, k2: float, n2: float, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Return Newcombe's hybrid score interval of k1 / n1 - k2 / n2; None where either has no observations."""
    first, second = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    if first is None or second is None:
        return None
    p1, p2 = k1 / n1, k2 / n2
    low = p1 - p2 - sqrt((p1 - first[0]) ** 2 + (second[1] - p2) ** 2)
    high = p1 - p2 + sqrt((first[1] - p1) ** 2 + (p2 - second[0]) ** 2)
    return max(low, -1.0), min(high, 1.0)


def for_selected(selected: int, candidates: int, confidence: float = CONFIDENCE) -> float:
    """Return the confidence at which to interval `selected` of many candidates, so that the stated one still holds.

    Benjamini and Yekutieli's false coverage rate: alpha shrinks to alpha * selected / candidates. With one selected it is Bonferroni's.
    """
    return 1 - (1 - confidence) * min(selected, candidates) / max(candidates, 1)


def dispersion(groups: list[list[tuple[int, int]]]) -> float:
    """Return how much more the rates (k, n) within each group vary than chance alone would have them, as a factor of variance.

    Pearson's statistic over its degrees of freedom (McCullagh and Nelder 1989, section 4.5); never below 1.
    """
    squares, freedom = 0.0, 0
    for rates in groups:
        k, n = sum(k for k, _ in rates), sum(n for _, n in rates)
        if 0 < k < n and len(rates) > 1:
            p = k / n
            squares += sum((ki - ni * p) ** 2 / (ni * p * (1 - p)) for ki, ni in rates if ni)
            freedom += len(rates) - 1
    return max(squares / freedom, 1.0) if freedom else 1.0
