"""The funnel: nested stages by device, what is lost between them, and who gets halfway."""

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import axis, empty, faded, figure, label_axis, note
from dashapp.figures.rows import Rate, rate_of
from dashapp.theme import MINUS, NBSP, count, decimal, duration, exact, money, number, rate

STAGES = ["Browsed", "Engaged", "Deep engagement", "Converted"]


def stages(rows: list[dict]) -> dict[str, list[dict]]:
    """Return the rows of each device in the order of its stages; devices in their usual order, those without sessions left out."""
    found: dict[str, list[dict]] = {}
    for row in rows or []:
        if row.get("device") is not None and number(row.get("stage")) is not None:
            found.setdefault(str(row["device"]), []).append(row)
    order = [name for name in look.DEVICES if name in found] + sorted(set(found) - set(look.DEVICES))
    ordered = {name: sorted(found[name], key=lambda row: number(row["stage"])) for name in order}
    return {name: entries for name, entries in ordered.items() if number(entries[0].get("sessions"))}


def funnel_by_device(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw for each stage the share of entered sessions that reached it, devices side by side, with what dropped before the next."""
    devices = stages(rows)
    if not devices:
        return empty("No sessions in this selection.", theme, name="funnel_by_device")
    c = look.colours(theme)
    names = _stage_names(devices)
    step = 0.84 / len(devices)
    data = []
    for place, (device, entries) in enumerate(devices.items()):
        data.append(_bars(device, entries, place, step, theme, selected, c))
    return figure(
        "funnel_by_device",
        data,
        theme,
        margin={"l": 116, "r": 12, "t": 4, "b": 40},
        barmode="overlay",
        xaxis=axis(
            theme,
            range=[0, 1.0],
            tickmode="array",
            tickvals=[0, 0.25, 0.5, 0.75, 1],
            ticktext=[f"{v}{NBSP}%" for v in (0, 25, 50, 75, 100)],
            showgrid=True,
            title="Share of sessions that entered",
        ),
        yaxis=label_axis(theme, [labels.short(n, 16) for n in names], reverse=True, tickfont={"color": c["ink"], "size": look.FONT_SIZE}),
    )


def _stage_names(devices) -> list[str]:
    longest = max(devices.values(), key=len)
    return [str(row.get("stage_name") or STAGES[min(i, len(STAGES) - 1)]) for i, row in enumerate(longest)]


def _bars(device, entries, place, step, theme, selected, c) -> dict:
    entered = number(entries[0].get("sessions")) or 0
    reached = [rate_of(row.get("sessions"), entered) for row in entries]
    colour = look.device_colour(device)
    return {
        "type": "bar",
        "orientation": "h",
        "x": [r.value or 0 for r in reached],
        "y": [i + (place + 0.5) * step - 0.42 for i in range(len(reached))],
        "width": step * 0.86,
        "customdata": [device] * len(reached),
        "text": _texts(device, entries, reached, c),
        "textposition": ["inside" if r.value and r.value > 0.6 else "outside" for r in reached],
        "insidetextanchor": "start",
        "insidetextfont": {"color": look.text_on(colour), "size": look.FONT_SIZE},
        "outsidetextfont": {"color": c["ink"], "size": look.FONT_SIZE},
        "textangle": 0,
        "cliponaxis": False,
        "constraintext": "none",
        "hoverinfo": "text",
        "hovertext": _hovers(device, entries, reached),
        "marker": {"color": colour, "opacity": faded([device] * len(reached), selected)},
    }


def _texts(device, entries, reached, c) -> list[str]:
    texts = [f"<b>{labels.device(device)}</b>  {exact(reached[0].n)} sessions"]
    for before, r in zip(reached, reached[1:], strict=False):
        lost = f'<span style="color:{c["muted"]}">{MINUS}{count(before.k - r.k)}</span>'
        texts.append(f"{rate(r.value)}  {lost}")
    return texts


def _hovers(device, entries, reached: list[Rate]) -> list[str]:
    hovers = []
    for i, (row, r) in enumerate(zip(entries, reached, strict=True)):
        name = labels.full(row.get("stage_name") or STAGES[min(i, len(STAGES) - 1)])
        lines = [f"<b>{labels.device(device)}, {name.lower()}</b>", f"{exact(r.k)} of {exact(r.n)} entered sessions: {rate(r.value)}"]
        if i + 1 < len(reached):
            passed = rate_of(reached[i + 1].k, r.k)
            lines.append(f"{exact(r.k - passed.k)} went no further, {rate(passed.value)} passed on")
            if passed.value is not None:
                lines.append(f"95 % interval of passing {look.interval(passed.low, passed.high)}")
        hovers.append("<br>".join(lines))
    return hovers


def revenue_at_stake(rows: list[dict], *, theme: str = "light", selected=None, currency: str = "$", **_) -> dict:
    """Draw the recoverable revenue of each step; the ceiling, which nobody can reach, is only written beside it."""
    steps = [row for row in rows or [] if number(row.get("dropped")) is not None]
    if not any(number(row.get("dropped")) for row in steps):
        return empty("Nothing was lost between the stages in this selection.", theme, name="revenue_at_stake")
    c = look.colours(theme)
    names = [str(row.get("step")) for row in steps]
    worth = [number(row.get("recoverable_revenue")) for row in steps]
    top = max([w for w in worth if w] or [1.0])
    texts = []
    for row, value in zip(steps, worth, strict=True):
        amount = "not estimated" if value is None else f"<b>{money(value, currency)}</b>"
        ceiling = f"ceiling {money(row.get('ceiling_revenue'), currency)}"
        texts.append(f'{amount}  <span style="color:{c["muted"]}">{ceiling}</span>')
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": [value or 0 for value in worth],
        "y": list(range(len(steps))),
        "width": 0.34,
        "customdata": names,
        "hoverinfo": "text",
        "hovertext": [_stake_hover(row, currency) for row in steps],
        "marker": {"color": c["accent"], "opacity": faded(names, selected)},
    }
    ink = {"color": c["ink"], "size": look.FONT_SIZE}
    heads = [note(labels.short(n, 44), theme, yref="y", x=0, y=i, yshift=12, font=ink) for i, n in enumerate(names)]
    values = [
        note(text, theme, xref="x", yref="y", x=value or 0, y=i, yanchor="middle", xshift=6, font=ink)
        for i, (text, value) in enumerate(zip(texts, worth, strict=True))
    ]
    return figure(
        "revenue_at_stake",
        [bar],
        theme,
        margin={"l": 4, "r": 12, "t": 16, "b": 8},
        xaxis=axis(theme, range=[0, top * 2.4], showticklabels=False),
        yaxis=label_axis(theme, [""] * len(steps), reverse=True, showticklabels=False),
        annotations=heads + values,
    )


def _stake_hover(row, currency) -> str:
    lines = [
        f"<b>{labels.full(row.get('step'))}</b>",
        f"{exact(row.get('dropped'))} sessions dropped",
        f"{money(row.get('avg_revenue_per_conversion'), currency)} per converting session",
        f"recoverable: {money(row.get('recoverable_revenue'), currency)}",
        f"ceiling nobody can reach: {money(row.get('ceiling_revenue'), currency)}",
    ]
    return "<br>".join(lines)


def midfunnel_comparison(rows: list[dict], *, theme: str = "light", selected=None, currency: str = "$", **_) -> dict:
    """Draw each metric for converting sessions against engaged ones that did not convert, every pair on its own scale."""
    pairs = [
        (str(row.get("metric")), number(row.get("converted")), number(row.get("engaged_not_converted")))
        for row in rows or []
        if number(row.get("converted")) is not None or number(row.get("engaged_not_converted")) is not None
    ]
    if not pairs:
        return empty("No engaged sessions in this selection.", theme, name="midfunnel_comparison")
    c = look.colours(theme)
    data, notes = [], []
    for offset, column, colour in ((-0.14, 1, c["accent"]), (0.16, 2, c["neutral"])):
        who = "Converted" if column == 1 else "Engaged, not converted"
        lengths, texts, hovers = [], [], []
        for pair in pairs:
            value, most = pair[column], max(abs(v) for v in pair[1:] if v is not None)
            lengths.append(abs(value) / most if value and most else 0)
            texts.append(in_unit(pair[0], value, currency))
            hovers.append(f"<b>{who}</b><br>{labels.full(metric_name(pair[0]))}: {texts[-1]}")
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": lengths,
                "y": [i + offset for i in range(len(pairs))],
                "width": 0.26,
                "customdata": [pair[0] for pair in pairs],
                "text": texts,
                "textposition": "outside",
                "textangle": 0,
                "cliponaxis": False,
                "outsidetextfont": {"color": c["ink"], "size": look.FONT_SIZE},
                "hoverinfo": "text",
                "hovertext": hovers,
                "marker": {"color": colour},
            }
        )
    for i, pair in enumerate(pairs):
        text = labels.short(metric_name(pair[0]), 44)
        notes.append(note(text, theme, yref="y", x=0, y=i - 0.3, font={"color": c["ink"], "size": look.FONT_SIZE}))
    key = f'<span style="color:{c["accent"]}">■</span> Converted   <span style="color:{c["neutral"]}">■</span> Engaged, not converted'
    notes.append(note(key, theme, x=0, y=1, yshift=6, font={"color": c["ink"], "size": look.FONT_SIZE}))
    return figure(
        "midfunnel_comparison",
        data,
        theme,
        margin={"l": 4, "r": 12, "t": 28, "b": 4},
        barmode="overlay",
        xaxis=axis(theme, range=[0, 1.3], showticklabels=False),
        yaxis=label_axis(theme, [""] * len(pairs), reverse=True, showticklabels=False) | {"range": [len(pairs) - 0.6, -0.6]},
        annotations=notes,
    )


def metric_name(metric: str) -> str:
    """Return a metric's column name in words: avg_pageviews becomes Average pageviews."""
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
    if name in ("sessions", "conversions", "transactions"):
        return exact(value)
    return decimal(value)
