"""The small trend inside a tile."""

from dashapp import theme as look
from dashapp.figures.base import figure
from dashapp.figures.trend import periods
from dashapp.theme import number


def sparkline(rows: list[dict], *, theme: str = "light", value: str = "sessions", **_) -> dict:
    """Draw one column of the daily rates as a bare line: sessions, conversions, conversion_rate or revenue."""
    c = look.colours(theme)
    points = [(p.start.isoformat(), _value(p, value)) for p in periods(rows)]
    points = [(x, y) for x, y in points if number(y) is not None]
    hidden = {"visible": False, "fixedrange": True}
    margin = {"l": 2, "r": 6, "t": 4, "b": 4}
    if len(points) < 2:
        return figure("sparkline", [], theme, margin=margin, xaxis=hidden, yaxis=dict(hidden), hovermode=False)
    xs, ys = (list(column) for column in zip(*points, strict=True))
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": xs,
        "y": ys,
        "line": {"color": c["accent"], "width": 1.5},
        "marker": {"color": c["accent"], "size": [0] * (len(xs) - 1) + [5]},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    top = max(ys) or 1
    return figure(
        "sparkline",
        [line],
        theme,
        margin=margin,
        xaxis=hidden | {"type": "date", "range": [xs[0], xs[-1]]},
        yaxis=hidden | {"range": [0, top * 1.05]},
        hovermode=False,
    )


def _value(p, name: str) -> float | None:
    if name == "conversion_rate":
        return None if p.rate.is_thin else p.rate.value
    return {"sessions": p.rate.n, "conversions": p.rate.k, "revenue": p.revenue}.get(name)
