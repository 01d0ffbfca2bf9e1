"""The earlier period of a trend: a quiet line behind the current one."""

from datetime import timedelta

from dashapp import theme as look


def line(shown: list, shift: timedelta, theme: str) -> dict:
    """Return a dotted line of the periods' rates, which stand where their like in the current period do."""
    c = look.colours(theme)
    told = [None if p is not None and p.rate.is_thin else p for p in shown]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [p.start.isoformat() if p else None for p in told],
        "y": [p.rate.value if p else None for p in told],
        "hoverinfo": "text",
        "hovertext": [_hover(p, shift) if p else "" for p in told],
        "line": {"color": c["muted"], "width": 1.5, "dash": "dot"},
    }


def _hover(p, shift: timedelta) -> str:
    start = p.start - shift
    weekday, month, day, _, year = start.ctime().split()
    label = f"{weekday} {day} {month} {year}"
    return f"{'' if p.days == 1 else '7 days from '}{label}, the earlier period<br>{p.rate.evidence}"
