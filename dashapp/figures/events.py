"""Marks on trends: what the team wrote down of its site."""

from datetime import date

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.rows import day

MOST_MARKS = 30


def within(events: list[dict] | None, first: date, last: date) -> list[tuple[date, str, str]]:
    """Events between two days in order, as (day, label, kind) with labels as they stand in the database."""
    dated = [(when, row.get("label"), row.get("kind")) for row in events or [] if (when := day(row.get("occurred_on")))]
    return sorted((one for one in dated if first <= one[0] <= last), key=lambda one: one[0])[:MOST_MARKS]


def marks(shown: list[tuple[date, str, str]], theme: str, bottom: float = 0.0) -> tuple[list[dict], list[dict]]:
    """Return a dotted line for each event and a mark above it that tells what it is: shapes, annotations."""
    c = look.colours(theme)
    lines, signs = [], []
    for when, label, kind in shown:
        at = when.isoformat()
        line = {"color": c["muted"], "width": 1, "dash": "dot"}
        lines.append(
            {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": bottom, "y1": 1, "layer": "below", "line": line}
        )
        said = f"{when.day} {when:%b %Y}<br><b>{labels.full(label, 80)}</b><br>{labels.short(kind)}"
        signs.append(
            {
                "text": "▾",
                "hovertext": said,
                "x": at,
                "y": 1,
                "xref": "x",
                "yref": "paper",
                "yanchor": "bottom",
                "yshift": -4,
                "showarrow": False,
                "captureevents": True,
                "font": {"color": c["muted"], "size": look.FONT_SIZE},
                "hoverlabel": {"bgcolor": c["surface"], "bordercolor": c["muted"], "font": {"color": c["ink"], "size": look.FONT_SIZE}},
            }
        )
    return lines, signs
