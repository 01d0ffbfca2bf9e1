"""The largest sources by device: observed conversion and what the model expects."""

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import device_key, empty, figure, hatch, label_axis, matches, note, scale, tick_rate
from dashapp.figures.rows import FEWEST_SESSIONS, Rate, overall_rate, row_rate, share, whole
from dashapp.figures.scales import CLASSES, borders, class_of, colorscale
from dashapp.theme import brief_rate, exact, interval, number, rate

LABEL, LEFT = 17, 126


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


def source_device_heatmap(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw the conversion rate of each source on each device; pairs with too few sessions to tell are hatched grey."""
    sources, devices, cells = by_source(rows)
    if not cells:
        return empty("No sessions in this selection.", theme, name="source_device_heatmap")
    c = look.colours(theme)
    rates = {pair: row_rate(row) for pair, row in cells.items()}
    overall = overall_rate(list(rates.values()))
    told = {pair: r for pair, r in rates.items() if not r.is_thin_for_colour(overall)}
    limits = borders(max((r.value for r in told.values()), default=0.0))
    grid = {
        "type": "heatmap",
        "x": list(range(len(devices))),
        "y": list(range(len(sources))),
        "z": [[class_of(told[s, d].value, limits) + 0.5 if (s, d) in told else None for d in devices] for s in sources],
        "customdata": [[[s, d] for d in devices] for s in sources],
        "hoverinfo": "text",
        "hovertext": [[_cell_hover(s, d, told[s, d]) if (s, d) in told else "" for d in devices] for s in sources],
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        "zmin": 0,
        "zmax": CLASSES,
        "colorscale": colorscale(theme),
        "showscale": False,
    }
    thin = [pair for pair in cells if pair not in told]
    data = [grid]
    if thin:
        data.append(_thin_cells(thin, rates, sources, devices, theme))
    veiled = _veiled(selected, cells)
    notes = [_cell_text(pair, r, sources, devices, limits, theme, pair in veiled) for pair, r in told.items()]
    if len(told) < len(sources) * len(devices):
        said = "Hatched: too few sessions to tell. Blank: no sessions." if thin else "Blank: no sessions."
        notes.append(note(said, theme, x=0, y=0, xshift=-LEFT - 2, yanchor="top", yshift=-6, font={"color": c["muted"], "size": 12}))
    return figure(
        "source_device_heatmap",
        data,
        theme,
        margin={"l": LEFT, "r": 4, "t": 28, "b": 28},
        xaxis=label_axis(theme, [labels.device(d) for d in devices], side="top"),
        yaxis=label_axis(theme, [labels.short(s, LABEL) for s in sources], reverse=True, tickfont={"color": c["ink"], "size": 13}),
        annotations=notes,
        shapes=_selection(veiled, cells, sources, devices, theme),
    )


def _cell_hover(source, device, r: Rate) -> str:
    return f"{labels.full(source)} on {labels.device(device).lower()}<br>{r.evidence}"


def _thin_cells(thin, rates, sources, devices, theme) -> dict:
    return {
        "type": "bar",
        "x": [devices.index(d) for _, d in thin],
        "base": [sources.index(s) - 0.46 for s, _ in thin],
        "y": [0.92] * len(thin),
        "width": 0.98,
        "marker": {"color": look.colours(theme)["too-few"], "pattern": hatch(theme), "line": {"width": 0}},
        "customdata": [[s, d] for s, d in thin],
        "hoverinfo": "text",
        "hovertext": [
            f"{labels.full(s)} on {labels.device(d).lower()}<br>too few sessions to tell: {exact(rates[s, d].k)} of {exact(rates[s, d].n)}"
            for s, d in thin
        ],
    }


def _cell_text(pair, r, sources, devices, limits, theme, is_veiled) -> dict:
    source, device = pair
    ink = look.text_on(look.sequential(theme)[class_of(r.value, limits)])
    return {
        "text": brief_rate(r.value),
        "x": devices.index(device),
        "y": sources.index(source),
        "showarrow": False,
        "font": {"color": look.colours(theme)["muted"] if is_veiled else ink, "size": look.FONT_SIZE},
    }


def _veiled(selected, cells) -> set:
    """The pairs that step back because others are selected."""
    rest = {pair for pair in cells if selected is not None and not matches(pair, selected)}
    return rest if len(rest) < len(cells) else set()


def _selection(veiled, cells, sources, devices, theme) -> list[dict]:
    """The chosen cells outlined, and a veil over the others: cells of a heatmap have no opacity of their own."""
    c = look.colours(theme)
    shapes = []
    for source, device in cells if veiled else ():
        x, y = devices.index(device), sources.index(source)
        box = {"type": "rect", "x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5, "y1": y + 0.5, "layer": "above"}
        if (source, device) in veiled:
            shapes.append(box | {"fillcolor": c["surface"], "opacity": 0.75, "line": {"width": 0}})
        else:
            shapes.append(box | {"line": {"color": c["ink"], "width": 2}})
    return shapes


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
    stripes = [
        {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": i - 0.5, "y1": i + 0.5, "fillcolor": c["land"], "line": {"width": 0}}
        | {"layer": "below", "opacity": 0.55}
        for i in range(0, len(sources), 2)
    ]
    return figure(
        "source_probabilities",
        data,
        theme,
        margin={"l": LEFT, "r": 24, "t": 28, "b": 48},
        xaxis=scale(theme, top, tick_rate, intervals=3, title="Average probability"),
        yaxis=label_axis(theme, [labels.short(s, LABEL) for s in sources], reverse=True, tickfont={"color": c["ink"], "size": 13}),
        shapes=stripes,
        annotations=[
            device_key([d for d in devices if isinstance(d, str)], theme, x=0, y=1, yshift=6, xshift=-LEFT - 2),
            *(
                note("too few sessions", theme, x=0, xshift=4, yref="y", y=i, yanchor="middle")
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
            f"{labels.full(s)} on {labels.device(d).lower()}<br><b>{rate(v)}</b> on average over {exact(row['sessions'])} sessions"
            f"<br>95 % interval {interval(low, high)}"
            for (s, d), row, v, low, high in zip(pairs, rows, values, lows, highs, strict=True)
        ],
    }
