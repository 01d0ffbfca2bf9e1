"""Wilson's interval for a rate, as the database's macros compute it."""

import numpy as np

Z95 = 1.959963984540054


def wilson(k: np.ndarray | int, n: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """95 % Wilson bounds of k out of n, within [0, 1]; NaN where n is 0.

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = k / n
        centre = rate + Z95**2 / (2 * n)
        half = Z95 * np.sqrt(rate * (1 - rate) / n + Z95**2 / (4 * n**2))
        scale = 1 + Z95**2 / n
        low, high = (centre - half) / scale, (centre + half) / scale
    # Rounding leaves the ends of the range a hair off.
    return np.where((k == 0) & (n > 0), 0.0, low), np.where((k == n) & (n > 0), 1.0, high)
