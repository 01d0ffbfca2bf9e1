"""Conversion by the length of a session."""

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import empty, error_bars, faded, figure, hatch, label_axis, note, scale, tick_rate
from dashapp.figures.rows import row_rate
from dashapp.theme import count, number, rate


def buckets(rows: list[dict]) -> list[dict]:
    """Return the buckets from short to long."""
    return sorted((row for row in rows or [] if row.get("bucket") is not None), key=lambda row: number(row.get("bucket_order")) or 0)


def duration_conversion(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw the conversion rate of each duration bucket with its interval, above how many sessions it has."""
    shown = buckets(rows)
    rates = [row_rate(row) for row in shown]
    if not any(r.n for r in rates):
        return empty("No sessions in this selection.", theme, name="duration_conversion")
    c = look.colours(theme)
    names = [row["bucket"] for row in shown]
    places = list(range(len(shown)))
    opacity = faded(names, selected)
    hover = {
        "customdata": names,
        "hoverinfo": "text",
        "hovertext": [f"Sessions of {labels.full(name)}<br>{r.evidence}" for name, r in zip(names, rates, strict=True)],
    }
    told = [r if not r.is_thin else None for r in rates]
    top = max([r.high for r in told if r], default=None)
    bars = {
        "type": "bar",
        "x": [i for i in places if told[i]],
        "y": [r.value for r in told if r],
        "width": 0.62,
        "error_y": error_bars([r for r in told if r], theme),
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
                "marker": {"pattern": hatch(theme), "color": c["too-few"]},
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
            "outsidetextfont": {"color": c["muted"], "size": 12},
            **hover,
        }
    )
    values = [
        note(rate(r.value), theme, xref="x", yref="y", x=i, y=r.high, xanchor="center", yshift=3, font={"color": c["ink"], "size": 12})
        for i, r in enumerate(told)
        if r
    ]
    return figure(
        "duration_conversion",
        data,
        theme,
        margin={"l": 48, "r": 8, "t": 28, "b": 32},
        barmode="overlay",
        xaxis=label_axis(theme, [labels.short(n, 12) for n in names], anchor="y2"),
        yaxis=scale(theme, top, tick_rate, headroom=1.1, domain=[0.38, 1]),
        yaxis2=scale(theme, max(r.n for r in rates), count, intervals=1, domain=[0, 0.17], showticklabels=False, showgrid=False),
        annotations=[
            *values,
            note("Conversion rate, with 95 % interval", theme, x=0, y=1, yshift=8, xshift=-40),
            note("Sessions", theme, x=0, y=0.17, yshift=18, xshift=-40),
        ],
    )
