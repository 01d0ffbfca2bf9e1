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
    top = max((y for _, y in points), default=1) or 1
    data = []
    if len(points) > 1:
        line = {"color": c["accent"], "width": 1.5}
        end = {"color": c["accent"], "size": [0] * (len(points) - 1) + [5]}
        xs, ys = (list(column) for column in zip(*points, strict=True))
        data = [{"type": "scatter", "mode": "lines+markers", "x": xs, "y": ys, "line": line, "marker": end, "cliponaxis": False}]
        data[0]["hoverinfo"] = "skip"
    margin = {"l": 2, "r": 6, "t": 4, "b": 4}
    return figure("sparkline", data, theme, margin=margin, xaxis=dict(hidden), yaxis=hidden | {"range": [0, top * 1.05]}, hovermode=False)


def _value(p, name: str) -> float | None:
    if name == "conversion_rate":
        return None if p.rate.is_thin else p.rate.value
    return {"sessions": p.rate.n, "conversions": p.rate.k, "revenue": p.revenue}.get(name)
