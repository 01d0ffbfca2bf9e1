"""Changes of the whole site. They have no control, so they are told as such and never called a leak."""

import numpy as np

from models.leaks.cause import mix_and_rate
from models.leaks.cells import Cells

LEAST_BINS = 8
LEAST_Z = 4.0


def changes(cells: Cells) -> list[dict]:
    """For each step the largest lasting change of its pass rate over the whole site, where it stands out of the bins' own scatter."""
    bins = len(cells.calendar)
    if not cells.calendar.is_dated or bins < LEAST_BINS:
        return []
    out = []
    everyone = np.ones(len(cells.codes), bool)
    for number, name in enumerate(cells.steps):
        n = np.bincount(cells.bin, cells.reached[number], minlength=bins)
        y = np.bincount(cells.bin, cells.reached[number + 1], minlength=bins)
        if np.count_nonzero(y >= 5) < LEAST_BINS:
            continue
        logit = np.log((y + 0.5) / (n - y + 0.5))
        variance = 1 / (y + 0.5) + 1 / (n - y + 0.5)
        scatter = max((1.4826 * float(np.median(np.abs(np.diff(logit)))) ** 1) ** 2 / 2 - float(np.median(variance)), 0.0)
        weight = 1 / (variance + scatter)
        best = None
        for start in range(2, bins - 1):
            before, after = slice(0, start), slice(start, bins)
            effect = np.average(logit[after], weights=weight[after]) - np.average(logit[before], weights=weight[before])
            z = effect / np.sqrt(1 / weight[before].sum() + 1 / weight[after].sum())
            if best is None or abs(z) > abs(best[0]):
                best = (z, start, effect)
        if best is None or abs(best[0]) < LEAST_Z:
            continue
        split = mix_and_rate(cells, number, everyone, best[1])
        if split is None:
            continue
        late = slice(best[1], bins)
        # An interval of odds, brought to the scale of the rates' logarithms.
        wide = 1.96 * abs(best[2] / best[0]) * (1 - float(y[late].sum() / n[late].sum()))
        out.append(
            {
                "kind": "site-wide change",
                "step": name,
                "on": cells.calendar.start_of(best[1]).isoformat(),
                "rate_before": round(float(y[: best[1]].sum() / n[: best[1]].sum()), 5),
                "rate_after": round(float(y[best[1] :].sum() / n[best[1] :].sum()), 5),
                "log_change": round(split[0], 4),
                "log_low": round(split[0] - wide, 4),
                "log_high": round(split[0] + wide, 4),
                "log_mix": round(split[1], 4),
                "log_rate": round(split[2], 4),
                "z": round(float(best[0]), 2),
            }
        )
    return out
