"""The largest sources by device: observed conversion and what the model expects."""

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import device_key, empty, figure, hatch, heading, label_axis, matches, note, scale, tick_rate
from dashapp.figures.rows import FEWEST_SESSIONS, Rate, overall_rate, row_rate, share, whole
from dashapp.figures.scales import borders, class_of
from dashapp.theme import brief_rate, counted, exact, interval, number, rate

LABEL, LEFT = 20, 158


def by_source(rows: list[dict]) -> tuple[list, list, dict]:
    """Return the sources, most sessions first, the devices in their usual order, and the row of each pair."""
    cells, totals = {}, {}
    for row in rows or []:
        if whole(row.get("sessions")):
            source, device = row.get("source"), row.get("device")
            cells[source, device] = row
            totals[source] = totals.get(source, 0) + whole(row["sessions"])
    sources = sorted(totals, key=lambda s: (-totals[s], str(s)))
    seen = {device for _, device in cells}
    devices = [d for d in look.DEVICES if d in seen] + sorted((d for d in seen if d not in look.DEVICES), key=str)
    return sources, devices, cells


def source_device_heatmap(rows: list[dict], *, theme: str = "light", selected=None, changes: dict | None = None, **_) -> dict:
    """Draw the conversion rate of each source on each device; pairs with too few sessions to tell are hatched grey.

    `changes` are words on how the rate of a pair differs from an earlier period, for its hover text.

    The cells are bars of one length: a bar can be hatched and faded alone, and Dash passes on its filter value when it is clicked.
    """
    sources, devices, cells = by_source(rows)
    if not cells:
        return empty("No sessions in this selection.", theme, name="source_device_heatmap")
    c = look.colours(theme)
    rates = {pair: row_rate(row) for pair, row in cells.items()}
    overall = overall_rate(list(rates.values()))
    told = {pair for pair, r in rates.items() if not r.is_thin_for_colour(overall)}
    limits = borders(max((rates[pair].value for pair in told), default=0.0))
    steps = look.sequential(theme)
    fills = [steps[class_of(r.value, limits)] if pair in told else c["too-few"] for pair, r in rates.items()]
    veiled = _veiled(selected, cells)
    grid = {
        "type": "bar",
        "x": [devices.index(device) for _, device in rates],
        "base": [sources.index(source) - 0.47 for source, _ in rates],
        "y": [0.94] * len(rates),
        "width": 0.98,
        "customdata": [list(pair) for pair in rates],
        "text": [brief_rate(r.value) if pair in told else "" for pair, r in rates.items()],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "insidetextfont": {
            "color": [c["ink"] if pair in veiled else look.text_on(fill) for pair, fill in zip(rates, fills, strict=True)],
            "size": look.FONT_SIZE,
        },
        "hoverinfo": "text",
        "hovertext": [_cell_hover(*pair, r, pair in told, (changes or {}).get(pair)) for pair, r in rates.items()],
        "marker": {
            "color": fills,
            "pattern": hatch(theme) | {"shape": ["" if pair in told else "/" for pair in rates]},
            "opacity": [look.FADED if pair in veiled else 1 for pair in rates],
            "line": {"color": c["ink"], "width": [2 if veiled and pair not in veiled else 0 for pair in rates]},
        },
    }
    blank = len(rates) < len(sources) * len(devices)
    said = [*(["Hatched: too few sessions to tell."] if len(told) < len(rates) else []), *(["Blank: no sessions."] if blank else [])]
    return figure(
        "source_device_heatmap",
        [grid],
        theme,
        margin={"l": LEFT, "r": 4, "t": 28, "b": 28},
        xaxis=label_axis(theme, [labels.device(d) for d in devices], side="top", tickfont={"color": c["muted"], "size": 12}),
        yaxis=_source_axis(sources, theme),
        annotations=[heading(" ".join(said), theme, LEFT, 0, yanchor="top", yshift=-6)] if said else [],
    )


def _source_axis(sources, theme) -> dict:
    ink = {"color": look.colours(theme)["ink"], "size": look.FONT_SIZE}
    return label_axis(theme, [labels.short(source, LABEL) for source in sources], reverse=True, tickfont=ink)


def _cell_hover(source, device, r: Rate, is_told: bool, change: str | None) -> str:
    evidence = r.evidence if is_told else f"too few sessions to tell: {exact(r.k)} of {exact(r.n)}"
    return f"{labels.full(source)} on {labels.device(device).lower()}<br>{evidence}" + (f"<br>{labels.full(change)}" if change else "")


def _veiled(selected, cells) -> set:
    """The pairs that step back because others are selected."""
    rest = {pair for pair in cells if selected is not None and not matches(pair, selected)}
    return rest if len(rest) < len(cells) else set()


def source_probabilities(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw the average predicted probability of each source and device with its interval, as dots on one scale."""
    sources, devices, cells = by_source([row for row in rows or [] if share(row.get("avg_probability")) is not None])
    if not cells:
        return empty("No predictions for this selection. Train a model to see them.", theme, name="source_probabilities")
    c = look.colours(theme)
    told = {pair: row for pair, row in cells.items() if whole(row["sessions"]) >= FEWEST_SESSIONS}
    top = max([bounds(row)[1] for row in told.values()], default=0.01)
    veiled = _veiled(selected, told)
    step = 0.66 / max(len(devices), 1)
    data = []
    for place, device in enumerate(devices):
        pairs = [(s, device) for s in sources if (s, device) in told]
        offset = (place + 0.5) * step - 0.33
        for is_back in (True, False):
            group = [pair for pair in pairs if (pair in veiled) == is_back]
            if group:
                data.append(_dots(group, told, sources, offset, look.FADED if is_back else 1))
    drawn = {source for source, _ in told}
    return figure(
        "source_probabilities",
        data,
        theme,
        margin={"l": LEFT, "r": 24, "t": 28, "b": 48},
        xaxis=scale(theme, top, tick_rate, intervals=3, title="Average probability"),
        yaxis=_source_axis(sources, theme) | {"showgrid": True},
        annotations=[
            device_key([d for d in devices if isinstance(d, str)], theme, x=0, y=1, yshift=6, xshift=-LEFT - 2),
            *(
                note("too few sessions", theme, x=0, xshift=4, yref="y", y=i, yanchor="middle", bgcolor=c["surface"])
                for i, source in enumerate(sources)
                if source not in drawn
            ),
        ],
    )


def bounds(row: dict) -> tuple[float, float]:
    """Return the interval around an average probability; where the row has none, the value itself."""
    value, low, high = (share(row.get(name)) for name in ("avg_probability", "ci_low", "ci_high"))
    return min(value, value if low is None else low), max(value, value if high is None else high)


def _dots(pairs, told, sources, offset, opacity) -> dict:
    device = pairs[0][1]
    rows = [told[pair] for pair in pairs]
    values = [number(row["avg_probability"]) for row in rows]
    lows, highs = zip(*(bounds(row) for row in rows), strict=True)
    colour = look.device_colour(device)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": [sources.index(s) + offset for s, _ in pairs],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [h - v for h, v in zip(highs, values, strict=True)],
            "arrayminus": [v - low for low, v in zip(lows, values, strict=True)],
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        "marker": {"color": colour, "size": 8},
        "cliponaxis": False,
        "opacity": opacity,
        "customdata": [list(pair) for pair in pairs],
        "hoverinfo": "text",
        "hovertext": [
            f"{labels.full(s)} on {labels.device(d).lower()}<br><b>{rate(v)}</b> on average over {counted(row['sessions'], 'session')}"
            f"<br>95 % interval {interval(low, high)}"
            for (s, d), row, v, low, high in zip(pairs, rows, values, lows, highs, strict=True)
        ],
    }
