"""The funnel: nested stages by device, and what is at stake between them."""

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import axis, empty, faded, figure, label_axis, note
from dashapp.figures.rows import Rate, rate_of
from dashapp.theme import MINUS, NBSP, count, counted, exact, interval, money, number, rate, rough_money

STAGES = ["Browsed", "Engaged", "Deep engagement", "Converted"]


def stages(rows: list[dict]) -> dict[str, list[dict]]:
    """Return the rows of each device in the order of its stages; devices in their usual order, those without sessions left out."""
    found: dict[str, list[dict]] = {}
    for row in rows or []:
        if row.get("device") is not None and number(row.get("stage")) is not None:
            found.setdefault(str(row["device"]), []).append(row)
    order = [name for name in look.DEVICES if name in found] + sorted(set(found) - set(look.DEVICES))
    ordered = {name: sorted(found[name], key=lambda row: number(row["stage"])) for name in order}
    return {name: entries for name, entries in ordered.items() if (number(entries[0].get("sessions")) or 0) >= 1}


def funnel_by_device(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw for each stage the share of entered sessions that reached it, devices side by side, with what dropped before the next."""
    devices = stages(rows)
    if not devices:
        return empty("No sessions in this selection.", theme, name="funnel_by_device")
    c = look.colours(theme)
    names = [labels.short(name, 18).replace(" ", "<br>", 1) for name in _stage_names(devices)]
    step = 0.84 / len(devices)
    data, heads = [], []
    fades = faded(list(devices), selected)
    for place, (device, entries) in enumerate(devices.items()):
        opacity = fades if fades == 1 else fades[place]
        first = (place + 0.5) * step - 0.42
        data.append(_bars(device, entries, first, step, theme, opacity))
        heads.append(_entered(device, entries, first, theme, opacity))
    return figure(
        "funnel_by_device",
        data,
        theme,
        margin={"l": 96, "r": 28, "t": 4, "b": 44},
        barmode="overlay",
        xaxis=axis(
            theme,
            range=[0, 1.0],
            tickmode="array",
            tickvals=[0, 0.25, 0.5, 0.75, 1],
            ticktext=[f"{v}{NBSP}%" for v in (0, 25, 50, 75, 100)],
            showgrid=True,
            title=f"of entered sessions, {MINUS} lost before",
        ),
        yaxis=label_axis(theme, names, reverse=True, tickfont={"color": c["ink"], "size": look.FONT_SIZE}),
        annotations=heads,
    )


def _stage_names(devices) -> list[str]:
    longest = max(devices.values(), key=len)
    return [stage_name(row, i) for i, row in enumerate(longest)]


def stage_name(row: dict, place: int) -> str:
    """Return the name of a stage as a label begins: Deep engagement."""
    name = labels.clean(row.get("stage_name") or STAGES[min(place, len(STAGES) - 1)])
    return name[:1].upper() + name[1:]


def _bars(device, entries, first, step, theme, opacity: float) -> dict:
    c = look.colours(theme)
    reached = [rate_of(row.get("sessions"), entries[0].get("sessions")) for row in entries]
    keys = [device] * len(reached)
    return {
        "type": "bar",
        "orientation": "h",
        "x": [r.value or 0 for r in reached],
        "y": [i + first for i in range(len(reached))],
        "width": step * 0.86,
        "customdata": keys,
        "text": _texts(reached, c),
        "textposition": ["inside" if r.value > 0.6 else "outside" for r in reached],
        "insidetextanchor": "end",
        "insidetextfont": {"color": _ink_on(device, theme, opacity), "size": look.FONT_SIZE},
        "outsidetextfont": {"color": c["ink"], "size": look.FONT_SIZE},
        "textangle": 0,
        "cliponaxis": False,
        "constraintext": "none",
        "hoverinfo": "text",
        "hovertext": _hovers(device, entries, reached),
        "marker": {"color": look.device_colour(device), "opacity": opacity},
    }


def _entered(device, entries, y, theme, opacity: float) -> dict:
    """The name of the device and its sessions, written on the first bar: the colour key of the chart."""
    return {
        "text": f"<b>{labels.device(device)}</b>{NBSP * 2}{counted(entries[0].get('sessions'), 'session')}",
        "x": 0,
        "y": y,
        "xanchor": "left",
        "xshift": 4,
        "showarrow": False,
        "font": {"color": _ink_on(device, theme, opacity), "size": look.FONT_SIZE},
    }


def _ink_on(device, theme, opacity: float) -> str:
    return look.text_on(look.device_colour(device)) if opacity == 1 else look.colours(theme)["ink"]


def _texts(reached: list[Rate], c) -> list[str]:
    """Nothing on the first bar, then the share that is left and, muted unless it stands on a bar, how many were lost before."""
    texts = [""]
    for before, r in zip(reached, reached[1:], strict=False):
        lost = f"{MINUS}{count(before.k - r.k)}" if before.k > r.k else ""
        if r.value <= 0.6:
            lost = f'<span style="color:{c["muted"]}">{lost}</span>'
        texts.append(f"{NBSP}{rate(r.value)}{NBSP * 2}{lost}{NBSP}")
    return texts


def _hovers(device, entries, reached: list[Rate]) -> list[str]:
    hovers = []
    for i, (row, r) in enumerate(zip(entries, reached, strict=True)):
        name = labels.full(stage_name(row, i))
        lines = [f"<b>{labels.device(device)}, {name.lower()}</b>", f"{exact(r.k)} of {exact(r.n)} entered sessions: {rate(r.value)}"]
        if i + 1 < len(reached):
            passed = rate_of(reached[i + 1].k, r.k)
            lines.append(f"{exact(r.k - passed.k)} went no further, {rate(passed.value)} passed on")
            if passed.value is not None:
                lines.append(f"95 % interval of passing {interval(passed.low, passed.high)}")
        hovers.append("<br>".join(lines))
    return hovers


def revenue_at_stake(rows: list[dict], *, theme: str = "light", selected=None, currency: str = "$", **_) -> dict:
    """Draw what could be won back at each step; the ceiling, which nobody can reach, is only written beside it.

    Until leaks are ranked nothing is known of what could be won back: the bars are then the sessions that dropped.
    """
    steps = [row for row in rows or [] if number(row.get("dropped")) is not None]
    if not any(number(row["dropped"]) for row in steps):
        return empty("Nothing was lost between the stages in this selection.", theme, name="revenue_at_stake")
    c = look.colours(theme)
    names = [str(row.get("step")) for row in steps]
    worth = [number(row.get("recoverable_revenue")) for row in steps]
    is_priced = any(value is not None for value in worth)
    lengths = [max(value or 0, 0) for value in (worth if is_priced else (number(row["dropped"]) for row in steps))]
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": lengths,
        "y": list(range(len(steps))),
        "width": 0.34,
        "customdata": names,
        "hoverinfo": "text",
        "hovertext": [_stake_hover(row, currency) for row in steps],
        "marker": {"color": c["accent"] if is_priced else c["neutral"], "opacity": faded(names, selected)},
    }
    ink = {"color": c["ink"], "size": look.FONT_SIZE}
    heads = [note(_step_head(row, currency, c), theme, yref="y", x=0, y=i, yshift=12, xshift=-4, font=ink) for i, row in enumerate(steps)]
    values = [
        note(_stake_text(row, is_priced, currency), theme, xref="x", x=length, yref="y", y=i, yanchor="middle", xshift=4, font=ink)
        for i, (row, length) in enumerate(zip(steps, lengths, strict=True))
    ]
    return figure(
        "revenue_at_stake",
        [bar],
        theme,
        margin={"l": 2, "r": 8, "t": 12, "b": 4},
        xaxis=axis(theme, range=[0, (max(lengths) or 1) * 2.7], showticklabels=False),
        yaxis=label_axis(theme, [""] * len(steps), reverse=True, showticklabels=False),
        annotations=heads + values,
    )


def _step_name(step: str) -> str:
    name = labels.short(step, 44)
    return name[:1].upper() + name[1:]


def _step_head(row, currency, c) -> str:
    """The step, and beside it what it would be worth if nobody left."""
    name, ceiling = _step_name(str(row.get("step"))), number(row.get("ceiling_revenue"))
    if ceiling is None:
        return name
    return f'{name}{NBSP * 2}<span style="color:{c["muted"]}">ceiling {rough_money(ceiling, currency)}</span>'


def _stake_text(row, is_priced, currency) -> str:
    value = number(row.get("recoverable_revenue"))
    if not is_priced:
        return f"<b>{count(row['dropped'])}</b> dropped"
    if value is None:
        return "not estimated"
    return f"<b>{rough_money(value, currency)}</b>{_bounds(row, currency)}" if value > 0 else "no leak found"


def _bounds(row, currency) -> str:
    """The interval of what could be won back."""
    low, high = number(row.get("recoverable_low")), number(row.get("recoverable_high"))
    return "" if low is None or high is None or not high else f" ({rough_money(low, currency)}–{rough_money(high, currency)})"


def _stake_cost(row, currency) -> str:
    value = number(row.get("recoverable_revenue"))
    if value is None:
        return "what could be won back is not estimated here"
    # None found is not none there: nought would claim to know the cost.
    cost = f"{rough_money(value, currency)}{_bounds(row, currency)}" if value > 0 else "none was found"
    return f"cost of the leaks found, as estimated: {cost}"


def _stake_hover(row, currency) -> str:
    lines = [
        f"<b>{_step_name(str(row.get('step')))}</b>",
        f"{counted(row.get('dropped'), 'session')} dropped",
        f"{money(row.get('avg_revenue_per_conversion'), currency)} per converting session",
        _stake_cost(row, currency),
        f"ceiling nobody can reach: {money(row.get('ceiling_revenue'), currency)}",
    ]
    return "<br>".join(lines)
