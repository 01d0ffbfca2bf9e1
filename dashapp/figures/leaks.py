"""One leak over time, and the map of what a ranking could not have seen."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import itemgetter

from dashapp import theme as look
from dashapp.figures import labels
from dashapp.figures.base import axis, empty, figure, hatch, heading, label_axis, scale, tick_rate
from dashapp.figures.events import marks, within
from dashapp.figures.rows import FEWEST_SESSIONS, Rate, day, rate_of, share, whole
from dashapp.theme import NBSP, brief_rate, count, exact, interval, number, rate

MOST_POINTS = 60
FEWEST_POINTS = 4
STEP_WIDTH = 133


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some intervals of time of a leak's segment together: how many passed the step, and the rate expected without the leak."""

    first: date
    days: int
    rate: Rate
    expected: float | None

    @property
    def middle(self) -> str:
        """Where it stands on the axis."""
        return (datetime.combine(self.first, time()) + timedelta(days=self.days) / 2).isoformat(timespec="minutes")


def stretches(rows: list[dict] | None, start: date | None = None, bin_days: int = 1) -> list[Stretch]:
    """The intervals in order, so many taken together that most have enough sessions for a rate; none holds the start within it."""
    dated = [(when, row) for row in rows or [] if (when := day(row.get("bin_start"))) and whole(row.get("entrants"))]
    known = sorted(dated, key=itemgetter(0))
    if not known:
        return []
    size = _size([whole(row["entrants"]) for _, row in known])
    turn = next((place for place, (when, _) in enumerate(known) if start and when >= start), 0)
    before = [known[max(end - size, 0) : end] for end in range(turn, 0, -size)][::-1]
    after = [known[begin : begin + size] for begin in range(turn, len(known), size)]
    return [_stretch(group, bin_days) for group in before + after]


def _size(entrants: list[int]) -> int:
    size = -(-len(entrants) // MOST_POINTS)
    while len(entrants) // (size + 1) >= FEWEST_POINTS and sum(entrants) / len(entrants) * size < FEWEST_SESSIONS:
        size += 1
    return size


def _stretch(group: list[tuple[date, dict]], bin_days: int) -> Stretch:
    n = sum(whole(row["entrants"]) for _, row in group)
    told = [(whole(row["entrants"]), share(row.get("expected_rate"))) for _, row in group]
    known = [(entrants, value) for entrants, value in told if value is not None]
    total = sum(entrants for entrants, _ in known)
    expected = sum(entrants * value for entrants, value in known) / total if total else None
    days = (group[-1][0] - group[0][0]).days + bin_days
    return Stretch(group[0][0], days, rate_of(sum(whole(row.get("passes")) for _, row in group), n), expected)


def leak_trend(
    rows: list[dict], *, theme: str = "light", selected=None, start=None, since=None, until=None, bin_days: int = 1, events=None, **_
) -> dict:
    """Draw how a leak's segment passed the step, with its interval, beside what was expected; where it has a start, that and its 90 % range."""
    start = day(start) if start else None
    shown = [one for one in stretches(rows, start, bin_days) if not one.rate.is_thin]
    if len(shown) < 2:
        return empty("Too few sessions to draw over time.", theme, name="leak_trend")
    c = look.colours(theme)
    before = [one for one in shown if start and one.first < start]
    since_start = [one for one in shown if not start or one.first >= start]
    first, last = shown[0].first, shown[-1].first + timedelta(days=shown[-1].days)
    top = max([one.rate.high for one in shown] + [one.expected for one in shown if one.expected is not None])
    lines, signs = marks(within(events, first, last), theme)
    data = [_band(part, c) for part in (before, since_start) if len(part) > 1]
    data.append(_expected(shown, c))
    data += [_observed(before, c["muted"])] if before else []
    data += [_observed(since_start, c["leak"])] if since_start else []
    ends = [datetime.combine(when, time()).isoformat() for when in (first, last)]
    return figure(
        "leak_trend",
        data,
        theme,
        margin={"l": 48, "r": 16, "t": 30, "b": 24},
        xaxis=axis(theme, type="date", range=ends, **_ticks(first, last)),
        yaxis=scale(theme, top, tick_rate, intervals=2),
        shapes=[*_began(start, since, until, bin_days, c), *lines],
        annotations=[
            heading(
                f'<span style="color:{c["leak"]}">━</span> observed, with 95 % interval   <span style="color:{c["ink"]}">┅</span> expected',
                theme,
                48,
                yshift=12,
            ),
            *signs,
        ],
    )


def _band(part: list[Stretch], c: dict) -> dict:
    xs = [one.middle for one in part]
    return {
        "type": "scatter",
        "mode": "none",
        "x": [*xs, *reversed(xs)],
        "y": [*(one.rate.high for one in part), *(one.rate.low for one in reversed(part))],
        "fill": "toself",
        "fillcolor": c["hairline"],
        "hoverinfo": "skip",
    }


def _expected(shown: list[Stretch], c: dict) -> dict:
    known = [one for one in shown if one.expected is not None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [one.middle for one in known],
        "y": [one.expected for one in known],
        "hoverinfo": "skip",
        "line": {"color": c["ink"], "width": 1.5, "dash": "dot"},
    }


def _observed(part: list[Stretch], colour: str) -> dict:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [one.middle for one in part],
        "y": [one.rate.value for one in part],
        "hoverinfo": "text",
        "hovertext": [_hover(one) for one in part],
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour, "size": 5},
        "cliponaxis": False,
    }


def _hover(one: Stretch) -> str:
    last = one.first + timedelta(days=one.days - 1)
    when = f"{one.first.day} {one.first:%b %Y}" + ("" if one.days == 1 else f" – {last.day} {last:%b %Y}")
    lines = [when, f"<b>{rate(one.rate.value)}</b> ({exact(one.rate.k)} of {exact(one.rate.n)} sessions)"]
    lines.append(f"95 % interval {interval(one.rate.low, one.rate.high)}")
    return "<br>".join([*lines, f"expected {rate(one.expected)}"] if one.expected is not None else lines)


def _began(start, since, until, bin_days: int, c: dict) -> list[dict]:
    """A line at the start, over the range of the starts that the data support."""
    if not start:
        return []
    since, until = day(since) or start, day(until) or start
    whole_height = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    out = []
    if until > since or bin_days > 1:
        ends = {"x0": since.isoformat(), "x1": (until + timedelta(days=bin_days)).isoformat()}
        out.append({"type": "rect", **whole_height, **ends, "fillcolor": c["leak"], "opacity": 0.12, "line": {"width": 0}})
    line = {"color": c["leak"], "width": 1.5}
    return [*out, {"type": "line", **whole_height, "x0": start.isoformat(), "x1": start.isoformat(), "line": line}]


def _ticks(first: date, last: date) -> dict:
    step = max((last - first).days // 3, 1)
    dates = [first + timedelta(days=place) for place in range(0, (last - first).days - step // 2, step)]
    texts = [f"{when.day} {when:%b}" + (f" {when.year}" if place == 0 else "") for place, when in enumerate(dates)]
    return {"tickmode": "array", "tickvals": [when.isoformat() for when in dates], "ticktext": texts, "ticklabelposition": "outside right"}


def blind_spot_map(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw the smallest loss that is seen four times in five, by step and by how many passes are expected of a segment."""
    known = [row for row in rows or [] if row.get("step") is not None and number(row.get("expected_passes"))]
    if not known:
        return empty("The latest ranking could not tell what it would have missed.", theme, name="blind_spot_map")
    c = look.colours(theme)
    steps = list(dict.fromkeys(row["step"] for row in known))
    sizes = sorted({number(row["expected_passes"]) for row in known})
    losses = [share(row.get("smallest_loss")) for row in known]
    colours = look.sequential(theme)
    fills = [c["too-few"] if loss is None else colours[min(int(loss * len(colours)), len(colours) - 1)] for loss in losses]
    grid = {
        "type": "bar",
        "x": [sizes.index(number(row["expected_passes"])) for row in known],
        "base": [steps.index(row["step"]) - 0.47 for row in known],
        "y": [0.94] * len(known),
        "width": 0.98,
        "text": ["" if loss is None else brief_rate(loss).split(NBSP)[0] for loss in losses],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "insidetextfont": {"color": [look.text_on(fill) for fill in fills], "size": look.FONT_SIZE},
        "hoverinfo": "text",
        "hovertext": [_spot_hover(row, loss) for row, loss in zip(known, losses, strict=True)],
        "marker": {"color": fills, "pattern": hatch(theme) | {"shape": ["/" if loss is None else "" for loss in losses]}},
    }
    missing = ["Hatched: not even a total loss."] if None in losses else []
    blank = ["Blank: the step has not so many passes."] if len(known) < len(steps) * len(sizes) else []
    ink = {"color": c["ink"], "size": look.FONT_SIZE}
    said = missing + blank
    return figure(
        "blind_spot_map",
        [grid],
        theme,
        margin={"l": STEP_WIDTH, "r": 4, "t": 48, "b": 28},
        xaxis=label_axis(theme, [_brief(size) for size in sizes], side="top"),
        yaxis=label_axis(theme, [_in_two_lines(step) for step in steps], reverse=True, tickfont=ink),
        annotations=[
            heading("Loss in %, by passes expected of a segment", theme, STEP_WIDTH, yshift=24),
            *([heading(" ".join(said), theme, STEP_WIDTH, 0, yanchor="top", yshift=-6)] if said else []),
        ],
    )


def _in_two_lines(step: str) -> str:
    """The step, a line for each of its stages."""
    return " →<br>".join(labels.short(stage, 16) for stage in step.split(" → ", 1))


def _brief(size: float) -> str:
    """A number of passes for a column as narrow as on a phone: 500, 1 k."""
    return f"{size / 1000:g}{NBSP}k" if size >= 1000 else count(size)


def _spot_hover(row: dict, loss: float | None) -> str:
    lost = "not even a total loss" if loss is None else f"a loss of {brief_rate(loss)} or more"
    return f"{labels.full(row['step'])}<br>{exact(row['expected_passes'])} passes expected<br>seen four times in five: {lost}"
