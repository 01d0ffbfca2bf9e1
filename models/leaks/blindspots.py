"""How large a leak the data could have shown, by step and by the size of its segment."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammaincc

POWER = 0.8
SIZES = (20, 50, 85, 200, 500, 1000, 5000)


@dataclass(frozen=True)
class BlindSpot:
    """Segments with so many expected passes of a step: the smallest share of them whose loss is found four times in five."""

    step: int
    expected: int
    share: float | None


def blind_spots(rates: list[float], spreads: list[float], passes: list[float], candidates: int, q: float) -> list[BlindSpot]:
    """The smallest loss seen with a chance of 80 %, from the distribution of counts with natural spread; None: not even a total one.

    A count's lower tail is asked for p ≤ q/m, as for the first of m candidates. Counts that pass with probability p scatter less than
    Poisson's by 1 − p, which is told by enlarging them; the natural variance τ² makes them negative binomial.
    """
    level = q / max(candidates, 1)
    out = []
    for step, (rate, natural, most) in enumerate(zip(rates, spreads, passes, strict=True)):
        for expected in SIZES:
            if expected <= most:
                out.append(BlindSpot(step, expected, smallest_share(expected / max(1 - rate, 0.05), natural * (1 - rate) ** 2, level)))
    return out


def smallest_share(expected: float, natural: float, level: float) -> float | None:
    """Share of `expected` passes whose loss brings the count below its critical value with a chance of 80 %."""

    def below(count: int, mean: float) -> float:
        """P(Y ≤ count)."""
        if natural < 1e-9:
            return float(gammaincc(count + 1, mean))
        size = 1 / natural
        return float(betainc(size, count + 1, size / (size + mean)))

    least, critical = -1, int(expected)
    while critical - least > 1:
        middle = (least + critical) // 2
        least, critical = (middle, critical) if below(middle, expected) <= level else (least, middle)
    critical = least
    if critical < 0:
        return None
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if below(critical, max(expected * (1 - middle), 1e-9)) >= POWER:
            high = middle
        else:
            low = middle
    return float(np.round(high, 3))
