"""Sessions that converted beside those that engaged and did not."""

from dataclasses import dataclass

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import axis, empty, figure, label_axis, note
from dashapp.figures.rows import Rate, rate_of
from dashapp.theme import NBSP, counted, decimal, duration, exact, interval, money, number, rate

NAMES = {
    "avg_pageviews": "Pages seen, on average",
    "avg_duration_seconds": "Time on site, on average",
    "avg_visit_number": "Which visit it was, on average",
    "share_returned": "Had been here before",
    "share_mobile": "On a mobile phone",
}
SIZES = ("sessions", "conversions", "transactions")


@dataclass(frozen=True, slots=True)
class Pair:
    """A metric for converting sessions and for engaged ones that did not convert; shares come as rates with their sessions."""

    metric: str
    converted: float | None
    engaged: float | None
    converted_rate: Rate | None = None
    engaged_rate: Rate | None = None


def pairs(rows: list[dict]) -> tuple[list[Pair], int | None, int | None]:
    """Return the metrics to compare, and how many sessions stand on either side where the rows tell."""
    found = {str(row.get("metric")): (number(row.get("converted")), number(row.get("engaged_not_converted"))) for row in rows or []}
    sizes = [None if n is None else int(n) for n in found.get("sessions", (None, None))]
    out = []
    for metric, values in found.items():
        if metric in SIZES or values == (None, None):
            continue
        rates = [None, None]
        if metric.startswith("share_"):
            rates = [rate_of(round(v * n), n) if v is not None and n else None for v, n in zip(values, sizes, strict=True)]
        out.append(Pair(metric, *values, *rates))
    return out, *sizes


def midfunnel_comparison(rows: list[dict], *, theme: str = "light", selected=None, currency: str = "$", **_) -> dict:
    """Draw each metric for converting sessions against engaged ones that did not convert, every pair on its own scale."""
    shown, converted, engaged = pairs(rows)
    if not shown:
        return empty("No engaged sessions in this selection.", theme, name="midfunnel_comparison")
    c = look.colours(theme)
    sides = [("Converted", c["accent"], -0.12, converted), ("Engaged, left", c["neutral"], 0.16, engaged)]
    data = [_side(shown, place, sides[place], theme, currency) for place in (0, 1)]
    ink = {"color": c["ink"], "size": look.FONT_SIZE}
    words = [labels.short(metric_name(pair.metric), 44) for pair in shown]
    names = [note(text, theme, yref="y", x=0, y=i - 0.27, xshift=-4, font=ink) for i, text in enumerate(words)]
    key = (NBSP * 3).join(
        f'<span style="color:{colour}">■</span>{NBSP}{who}' + (f" ({exact(n)})" if n is not None else "") for who, colour, _, n in sides
    )
    return figure(
        "midfunnel_comparison",
        data,
        theme,
        margin={"l": 2, "r": 12, "t": 30, "b": 4},
        barmode="overlay",
        xaxis=axis(theme, range=[0, 1.42], showticklabels=False),
        yaxis=label_axis(theme, [""] * len(shown), reverse=True, showticklabels=False) | {"range": [len(shown) - 0.65, -0.6]},
        annotations=[*names, note(key, theme, x=0, y=1, yshift=6, xshift=-4, font=ink)],
    )


def _side(shown: list[Pair], place: int, side, theme, currency) -> dict:
    who, colour, offset, _ = side
    lengths, texts, hovers = [], [], []
    for pair in shown:
        both = (pair.converted, pair.engaged)
        value, most = both[place], max(abs(v) for v in both if v is not None)
        share = (pair.converted_rate, pair.engaged_rate)[place]
        lengths.append(abs(value) / most if value and most else 0)
        texts.append(in_unit(pair.metric, value, currency))
        lines = [f"<b>{who}</b>", f"{labels.full(metric_name(pair.metric))}: {texts[-1]}"]
        if share and share.value is not None:
            lines.append(f"{exact(share.k)} of {counted(share.n, 'session')}, 95 % interval {interval(share.low, share.high)}")
        hovers.append("<br>".join(lines))
    return {
        "type": "bar",
        "orientation": "h",
        "x": lengths,
        "y": [i + offset for i in range(len(shown))],
        "width": 0.24,
        "customdata": [pair.metric for pair in shown],
        "text": [f"{NBSP}{text}" for text in texts],
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "constraintext": "none",
        "outsidetextfont": {"color": look.colours(theme)["ink"], "size": look.FONT_SIZE},
        "hoverinfo": "text",
        "hovertext": hovers,
        "marker": {"color": colour},
    }


def metric_name(metric: str) -> str:
    """Return what a metric's column means in words."""
    if metric in NAMES:
        return NAMES[metric]
    words = labels.clean(metric).replace("_", " ").replace("avg ", "average ").removesuffix(" seconds")
    return words[:1].upper() + words[1:]


def in_unit(metric: str, value, currency: str = "$") -> str:
    """Format a metric's value in the unit its name tells: seconds, shares, money, else a plain number."""
    name = metric.lower()
    if "second" in name or "duration" in name:
        return duration(value)
    if "revenue" in name:
        return money(value, currency)
    if "rate" in name or "share" in name:
        return rate(value)
    return decimal(value)
