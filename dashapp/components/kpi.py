"""KPI tiles: label, value, interval or context, a small trend."""

from collections.abc import Sequence
from urllib.parse import quote

from dash import html

from dashapp.theme import colours

WIDTH, HEIGHT = 120, 28


def kpi_tile(identity: str, label: str) -> html.Div:
    """An empty tile; its value, note and trend are filled at `<id>-value`, `<id>-note`, `<id>-change`, `<id>-trend`."""
    return html.Div(
        [
            html.H2(label),
            html.P(id=f"{identity}-value", className="value"),
            html.P(id=f"{identity}-note", className="note"),
            html.P(id=f"{identity}-change", className="change"),
            html.Img(id=f"{identity}-trend", className="trend", alt=""),
        ],
        id=identity,
        className="kpi card",
    )


def trend(values: Sequence[float | None], theme: str) -> str:
    """A line of values as an image address; empty with fewer than three of them. Drawn here because a chart for each tile is slow."""
    known = [value for value in values if value is not None]
    if len(known) < 3:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1
    step = WIDTH / (len(values) - 1)
    points, path = [], []
    for index, value in enumerate(values):
        if value is None:
            points = []
            continue
        x, y = index * step, HEIGHT - 3 - (value - low) / span * (HEIGHT - 6)
        path.append(f"{'L' if points else 'M'}{x:.1f} {y:.1f}")
        points.append((x, y))
    colour = colours(theme)["accent"]
    dot = f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.2" fill="{colour}"/>' if points else ""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="-2 0 {WIDTH + 5} {HEIGHT}">'
        f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-linejoin="round"/>{dot}</svg>'
    )
    return f"data:image/svg+xml,{quote(svg)}"
