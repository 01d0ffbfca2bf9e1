"""How good the model is: is it right about probabilities, and does it find the converting sessions."""

from dashapp import theme as look
from dashapp.figures.base import axis, empty, error_bars, figure, note, scale, tick_rate
from dashapp.figures.rows import Rate, rate_of
from dashapp.theme import exact, number, rate


def calibration_bins(rows: list[dict]) -> list[tuple[float, Rate]]:
    """Return (mean predicted probability, observed rate) of each bin, from low to high.

    Rows hold `predicted`, `sessions` and either `conversions` or `observed`.
    """
    found = []
    for row in rows or []:
        predicted, n = number(row.get("predicted")), number(row.get("sessions"))
        k, observed = number(row.get("conversions")), number(row.get("observed"))
        if predicted is None or not n or (k is None and observed is None):
            continue
        found.append((predicted, rate_of(k if k is not None else round(observed * n), n)))
    return sorted(found, key=lambda pair: pair[0])


def calibration_curve(rows: list[dict], *, theme: str = "light", **_) -> dict:
    """Draw observed against predicted conversion in bins of equal size, with intervals; on the diagonal the model is right."""
    shown = calibration_bins(rows)
    if not shown:
        return empty("No model has been evaluated yet.", theme, name="calibration_curve")
    c = look.colours(theme)
    top = max(max(p, r.high) for p, r in shown)
    value_axis = scale(theme, top, tick_rate, title="Observed conversion")
    end = value_axis["range"][1]
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, end],
        "y": [0, end],
        "line": {"color": c["neutral"], "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [p for p, _ in shown],
        "y": [r.value for _, r in shown],
        "error_y": error_bars([r for _, r in shown], theme, colour=c["accent"]),
        "marker": {"color": c["accent"], "size": 8},
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": [f"predicted {rate(p)}<br>observed {r.evidence}" for p, r in shown],
    }
    return figure(
        "calibration_curve",
        [diagonal, dots],
        theme,
        margin={"l": 72, "r": 16, "t": 12, "b": 48},
        xaxis=scale(theme, end, tick_rate, title="Predicted conversion", showgrid=False),
        yaxis=value_axis,
        annotations=[note("exactly right", theme, xref="x", yref="y", x=end * 0.82, y=end * 0.82, xanchor="right", yanchor="bottom")],
    )


def deciles(rows: list[dict]) -> list[tuple[int, Rate]]:
    """Return (decile, rate) with the most probable tenth first, numbered from 1."""
    found = []
    for row in rows or []:
        decile, n, k = (number(row.get(name)) for name in ("decile", "sessions", "conversions"))
        if decile is not None and n and k is not None:
            found.append((int(decile), rate_of(k, n)))
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
        "error_y": error_bars(lifts, theme),
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
            title="Tenths of the sessions, the most probable first",
        ),
        yaxis=scale(theme, max(x.high for x in lifts), _times),
        shapes=[line],
        annotations=[
            note("Conversion against the average, with 95 % interval", theme, x=0, y=1, yshift=6, xshift=-48),
            note("average", theme, x=1, xanchor="right", yref="y", y=1, yshift=2),
        ],
    )


def _tenth(decile: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{decile}{ends.get(decile, 'th')} tenth"


def _times(value: float) -> str:
    return f"{value:.3g}\u00a0×"
