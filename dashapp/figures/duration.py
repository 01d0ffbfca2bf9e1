"""Conversion by the length of a session."""

import re

from dashapp import theme as look
from dashapp.figures.base import empty, error_bars, faded, figure, hatch, heading, label_axis, scale, tick_rate
from dashapp.figures.labels import clean, escape, full, short
from dashapp.figures.rows import row_rate
from dashapp.theme import NBSP, brief_rate, bucket, count, number


def buckets(rows: list[dict]) -> list[dict]:
    """Return the buckets from short to long."""
    return sorted((row for row in rows or [] if row.get("bucket") is not None), key=lambda row: number(row.get("bucket_order")) or 0)


def duration_conversion(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw the conversion rate of each duration bucket with its interval, above how many sessions it has."""
    shown = buckets(rows)
    rates = [row_rate(row) for row in shown]
    if not any(r.n for r in rates):
        return empty("No session in this selection has a measured duration.", theme, name="duration_conversion")
    c = look.colours(theme)
    names = [row["bucket"] for row in shown]
    places = list(range(len(shown)))
    opacity = faded(names, selected)
    hover = {
        "customdata": names,
        "hoverinfo": "text",
        "hovertext": [f"Sessions of {full(bucket(name))}<br>{r.evidence}" for name, r in zip(names, rates, strict=True)],
    }
    told = [r if not r.is_thin else None for r in rates]
    top = max([r.high for r in told if r], default=None)
    bars = {
        "type": "bar",
        "x": [i for i in places if told[i]],
        "y": [r.value for r in told if r],
        "width": 0.62,
        "error_y": error_bars([r for r in told if r], theme, colour=c["ink"]),
        "marker": {"color": c["accent"], "opacity": opacity if opacity == 1 else [o for o, r in zip(opacity, told, strict=True) if r]},
        **{key: [v for v, r in zip(value, told, strict=True) if r] if isinstance(value, list) else value for key, value in hover.items()},
    }
    data = [bars]
    thin = [i for i in places if told[i] is None and rates[i].n]
    if thin:
        data.append(
            {
                "type": "bar",
                "x": thin,
                "y": [(top or 1) * 0.06] * len(thin),
                "width": 0.62,
                "marker": {
                    "pattern": hatch(theme),
                    "color": c["too-few"],
                    "opacity": opacity if opacity == 1 else [opacity[i] for i in thin],
                },
                "customdata": [names[i] for i in thin],
                "hoverinfo": "text",
                "hovertext": [hover["hovertext"][i] for i in thin],
            }
        )
    data.append(
        {
            "type": "bar",
            "x": places,
            "y": [r.n for r in rates],
            "yaxis": "y2",
            "width": 0.62,
            "marker": {"color": c["neutral"], "opacity": opacity},
            "text": [count(r.n) for r in rates],
            "textposition": "outside",
            "textangle": 0,
            "cliponaxis": False,
            "constraintext": "none",
            "outsidetextfont": {"color": c["muted"], "size": 12},
            **hover,
        }
    )
    data.append(
        {
            "type": "scatter",
            "mode": "text",
            "x": [i for i in places if told[i]],
            "y": [r.high + (top or 0) * 0.02 for r in told if r],
            "text": [brief_rate(r.value) for r in told if r],
            "textposition": "top center",
            "textfont": {"color": c["ink"], "size": 12},
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
    )
    return figure(
        "duration_conversion",
        data,
        theme,
        margin={"l": 44, "r": 4, "t": 28, "b": 48},
        barmode="overlay",
        xaxis=label_axis(theme, [_two_lines(n) for n in names], anchor="y2", tickfont={"color": c["muted"], "size": 12}),
        yaxis=scale(theme, top, tick_rate, headroom=1.1, domain=[0.38, 1]),
        yaxis2=scale(theme, max(r.n for r in rates), count, intervals=1, domain=[0, 0.17], showticklabels=False, showgrid=False),
        annotations=[
            heading("Conversion rate, with 95 % interval", theme, 44, yshift=8),
            heading("Sessions", theme, 44, 0.17, yshift=18),
        ],
    )


def _two_lines(name) -> str:
    """The label of a bucket on two lines, so that seven of them fit a phone: 10–20 over min, 10 s– over 1 min."""
    text = clean(name)
    if re.fullmatch(r"[<>]?[0-9]+(?:–[0-9]+)?[sm]", text):
        return escape(bucket(text)).replace(NBSP, "<br>")
    if re.fullmatch(r"[0-9]+[sm]–[0-9]+[sm]", text):
        return bucket(text).replace("–", "–<br>")
    return short(text, 12)
