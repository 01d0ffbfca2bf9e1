"""How good the model is: is it right about probabilities, and does it find the converting sessions."""

from math import sqrt

from dashapp import theme as look
from dashapp.figures.base import axis, empty, error_bars, figure, heading, note, scale, tick_rate
from dashapp.figures.rows import Rate, rate_of, row_rate, share
from dashapp.theme import exact, number, rate


def calibration_bins(rows: list[dict]) -> list[tuple[float, Rate]]:
    """Return (mean predicted probability, observed rate) of each bin, from low to high.

    Rows hold `p_mean`, `sessions` and `conversions`, as in the metrics of a model run.
    """
    found = []
    for row in rows or []:
        predicted, observed = share(row.get("p_mean")), rate_of(row.get("conversions"), row.get("sessions"))
        if predicted is not None and observed.n:
            found.append((predicted, observed))
    return sorted(found, key=lambda pair: pair[0])


def calibration_curve(rows: list[dict], *, theme: str = "light", **_) -> dict:
    """Draw observed against predicted conversion in bins of equal size, with intervals; on the diagonal the model is right.

    Both scales are square roots: most probabilities are small.
    """
    shown = calibration_bins(rows)
    if not shown:
        return empty("No model has been evaluated yet.", theme, name="calibration_curve")
    c = look.colours(theme)
    end = sqrt(min(max(max(p, r.high) for p, r in shown) * 1.05, 1.0))
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, end],
        "y": [0, end],
        "line": {"color": c["neutral"], "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }
    roots = [Rate(r.k, r.n, sqrt(r.value), sqrt(r.low), sqrt(r.high)) for _, r in shown]
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [sqrt(p) for p, _ in shown],
        "y": [r.value for r in roots],
        "error_y": error_bars(roots, theme, colour=c["accent"]),
        "marker": {"color": c["accent"], "size": 8},
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": [f"predicted {rate(p)}<br>observed {r.evidence}" for p, r in shown],
    }
    marks = _root_ticks(end)
    both = {"range": [0, end], "tickmode": "array", "tickvals": [sqrt(m) for m in marks], "ticktext": [tick_rate(m) for m in marks]}
    return figure(
        "calibration_curve",
        [diagonal, dots],
        theme,
        margin={"l": 52, "r": 24, "t": 30, "b": 48},
        xaxis=axis(theme, title="Predicted conversion", **both),
        yaxis=axis(theme, showgrid=True, **both),
        annotations=[
            heading("Observed conversion, with 95 % interval", theme, 52, yshift=8),
            note("exactly right", theme, xref="x", yref="y", x=end * 0.82, y=end * 0.82, xanchor="right", yanchor="bottom"),
        ],
    )


def _root_ticks(end: float) -> list[float]:
    """Round shares up to `end` squared that stand well apart on a square-root scale, which shows small rates and zero too."""
    marks = [0.0]
    for mark in (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0):
        if sqrt(mark) <= end and sqrt(mark) - sqrt(marks[-1]) >= end * 0.14:
            marks.append(mark)
    return marks


def deciles(rows: list[dict]) -> list[tuple[int, Rate]]:
    """Return (decile, rate) with the most probable tenth first, numbered from 1."""
    found = []
    for row in rows or []:
        decile, observed = number(row.get("decile")), row_rate(row)
        if decile is not None and observed.n:
            found.append((int(decile), observed))
    return sorted(found, key=lambda pair: pair[0])


def lift_by_decile(rows: list[dict], *, theme: str = "light", **_) -> dict:
    """Draw how often each tenth of the sessions converts compared with all of them, most probable tenth first."""
    shown = deciles(rows)
    total, converted = sum(r.n for _, r in shown), sum(r.k for _, r in shown)
    if not converted:
        message = "No model has been evaluated yet." if not total else "No session converted, so there is nothing to find."
        return empty(message, theme, name="lift_by_decile")
    c = look.colours(theme)
    base = converted / total
    lifts = [Rate(r.k, r.n, r.value / base, r.low / base, r.high / base) for _, r in shown]
    names = [_tenth(d) for d, _ in shown]
    bar = {
        "type": "bar",
        "x": [d for d, _ in shown],
        "y": [x.value for x in lifts],
        "width": 0.7,
        "error_y": error_bars(lifts, theme, colour=c["ink"]),
        "marker": {"color": [c["accent"] if x.low > 1 else c["neutral"] for x in lifts]},
        "hoverinfo": "text",
        "hovertext": [
            f"{name}: {_times(x.value)} the average<br>{exact(r.k)} of all {exact(converted)} conversions<br>{r.evidence}"
            for name, x, (_, r) in zip(names, lifts, shown, strict=True)
        ],
    }
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": {"color": c["ink"], "width": 1, "dash": "dash"}}
    tens = [d for d, _ in shown]
    return figure(
        "lift_by_decile",
        [bar],
        theme,
        margin={"l": 56, "r": 12, "t": 28, "b": 44},
        xaxis=axis(
            theme,
            range=[min(tens) - 0.5, max(tens) + 0.5],
            tickmode="array",
            tickvals=tens,
            ticktext=[f"{d}" for d in tens],
            title="Tenths, the most probable first",
        ),
        yaxis=scale(theme, max(x.high for x in lifts), _times),
        shapes=[line],
        annotations=[
            heading("Conversion against the average, with 95 % interval", theme, 56),
            note("average", theme, x=1, xanchor="right", yref="y", y=1, yshift=2),
        ],
    )


def _tenth(decile: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{decile}{ends.get(decile, 'th')} tenth"


def _times(value: float) -> str:
    return f"{value:.3g}\u00a0×"
