"""What every figure shares: the layout, axes with plain ticks, fading around a selection, notes and the empty state.

Figures are plain dicts: serialising a `go.Figure` costs ten times as much (docs: SPEED). They have fixed heights, margins and ranges
and no animation, so that a page does not move while one filters.
"""

import math

from dashapp import theme as look
from dashapp.figures.labels import full

HEIGHTS = {
    "daily_trend": 300,
    "country_map": 380,
    "funnel_by_device": 400,
    "revenue_at_stake": 220,
    "midfunnel_comparison": 320,
    "duration_conversion": 340,
    "source_device_heatmap": 440,
    "source_probabilities": 440,
    "probability_histogram": 300,
    "calibration_curve": 340,
    "lift_by_decile": 300,
    "sparkline": 36,
    "leak_trend": 200,
    "blind_spot_map": 300,
}


def config() -> dict:
    """Return the configuration of every graph: the local map, no upload to a cloud, a quiet tool bar."""
    return {
        "topojsonURL": "/assets/topojson/",
        "showSendToCloud": False,
        "displaylogo": False,
        "displayModeBar": False,
        "scrollZoom": False,
        "doubleClick": False,
        "showTips": False,
        "responsive": True,
    }


def figure(name: str, data: list[dict], theme: str, **layout) -> dict:
    """Return a figure with the layout all of them share; nested keys of `layout` replace those of the same name."""
    c = look.colours(theme)
    common = {
        "height": HEIGHTS[name],
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": look.FONT, "size": look.FONT_SIZE, "color": c["ink"]},
        "margin": {"l": 48, "r": 16, "t": 12, "b": 40, "pad": 0},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "align": "left",
            "bgcolor": c["surface"],
            "bordercolor": c["muted"],
            "namelength": -1,
            "font": {"family": look.FONT, "size": look.FONT_SIZE, "color": c["ink"]},
        },
    }
    return {"data": data, "layout": common | layout}


def axis(theme: str, **options) -> dict:
    """Return a quiet axis: no line, no zero line, no zoom, ticks in muted text."""
    c = look.colours(theme)
    title = options.pop("title", None)
    quiet = {
        "fixedrange": True,
        "automargin": False,
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "gridcolor": c["hairline"],
        "tickangle": 0,
        "ticklabelstandoff": 4,
        "tickfont": {"color": c["muted"], "size": look.FONT_SIZE},
    }
    if title:
        quiet["title"] = {"text": title, "font": {"color": c["muted"], "size": look.FONT_SIZE}, "standoff": 8}
    return quiet | options


def label_axis(theme: str, labels: list[str], *, reverse: bool = False, **options) -> dict:
    """Return an axis whose marks stand at 0, 1, 2… and are labelled with escaped texts."""
    ends = [-0.5, max(len(labels), 1) - 0.5]
    return axis(
        theme,
        type="linear",
        range=ends[::-1] if reverse else ends,
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=labels,
        **options,
    )


def scale(
    theme: str, top: float | None, formatter, *, intervals: int = 4, headroom: float = 1.0, of_counts: bool = False, **options
) -> dict:
    """Return a value axis from zero with round ticks up to what holds `top`; those of counts are whole numbers."""
    values = ticks(top, intervals)
    end = max(values[-1], (top or 0) * headroom)
    if of_counts:
        values = [value for value in values if value == int(value)]
    return axis(
        theme,
        type="linear",
        range=[0, end],
        tickmode="array",
        tickvals=values,
        ticktext=[formatter(v) for v in values],
        **({"showgrid": True} | options),
    )


def ticks(top: float | None, intervals: int = 4) -> list[float]:
    """Return 0 and round steps up to at least `top`."""
    if not top or top <= 0:
        return [0, 1]
    rough = top / intervals
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m for m in (1, 2, 2.5, 5, 10) if m * size >= rough * 0.999999) * size
    return [float(f"{i * step:.6g}") for i in range(math.ceil(top / step - 1e-9) + 1)]


def tick_rate(value: float) -> str:
    """Format a share for a tick, with no more digits than a round number needs: 2.5 %."""
    return f"{value * 100:.6g}{look.NBSP}%"


def faded(keys: list, selected) -> list[float] | float:
    """Return the opacity of marks: full for the selected one, faded for the rest, full for all where none is selected."""
    if selected is None or not any(matches(key, selected) for key in keys):
        return 1
    return [1 if matches(key, selected) else look.FADED for key in keys]


def matches(key, selected) -> bool:
    """Whether a mark is the selected one. A pair may be selected by a part: (source, None) is the whole row."""
    if isinstance(key, (tuple, list)) and isinstance(selected, (tuple, list)):
        return len(key) == len(selected) and all(want is None or have == want for have, want in zip(key, selected, strict=True))
    if isinstance(key, (tuple, list)):
        return selected in key
    if isinstance(selected, (tuple, list)):
        return key in selected
    return key == selected


def hatch(theme: str) -> dict:
    """Return the pattern of groups that are too small for a rate, over a bar of the colour for them."""
    return {"shape": "/", "fgcolor": look.colours(theme)["too-few-hatch"], "size": 6, "solidity": 0.2, "fillmode": "overlay"}


def error_bars(rates: list, theme: str, *, horizontal: bool = False, colour: str | None = None) -> dict:
    """Return asymmetric error bars from the intervals of rates."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [r.high - r.value if r.value is not None else 0 for r in rates],
        "arrayminus": [r.value - r.low if r.value is not None else 0 for r in rates],
        "color": colour or look.colours(theme)["muted"],
        "thickness": 1.5,
        "width": 0 if horizontal else 3,
    }


def note(text: str, theme: str, **options) -> dict:
    """Return a text placed on the paper, muted."""
    c = look.colours(theme)
    return {
        "text": text,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
        "font": {"color": c["muted"], "size": look.FONT_SIZE},
    } | options


def heading(text: str, theme: str, left: int, y: float = 1.0, **options) -> dict:
    """Return what a panel shows, above it and flush with the card: `left` is the left margin of the figure."""
    return note(text, theme, **({"x": 0, "xshift": -left - 2, "y": y, "yshift": 6} | options))


def device_key(devices: list[str], theme: str, **options) -> dict:
    """Return the one-line key of device colours, its words in ink and only the dots in colour."""
    known = [name for name in look.DEVICES if name in devices]
    parts = [f'<span style="color:{look.device_colour(name)}">●</span>{look.NBSP}{name.capitalize()}' for name in known]
    return note((look.NBSP * 3).join(parts), theme, font={"color": look.colours(theme)["ink"], "size": look.FONT_SIZE}, **options)


def empty(message: str, theme: str = "light", *, name: str = "daily_trend") -> dict:
    """Return the designed empty state: a quiet sentence where the chart would stand."""
    c = look.colours(theme)
    words = full(message).split()
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > 44:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    hidden = {"visible": False, "fixedrange": True, "range": [0, 1]}
    text = note("<br>".join(lines), theme, x=0.5, y=0.5, xanchor="center", yanchor="middle", align="center")
    ring = {"color": c["neutral"], "size": 22}
    mark = note("○", theme, x=0.5, y=0.5, xanchor="center", yanchor="bottom", yshift=14 * len(lines), font=ring)
    annotations = [text] if HEIGHTS.get(name, 300) < 120 else [mark, text]
    return figure(name if name in HEIGHTS else "daily_trend", [], theme, xaxis=hidden, yaxis=dict(hidden), annotations=annotations)
