"""Conversion by day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import itemgetter

from dashapp import theme as look
from dashapp.figures import earlier as earlier_period
from dashapp.figures.base import axis, empty, error_bars, faded, figure, heading, scale, tick_rate
from dashapp.figures.events import marks, within
from dashapp.figures.rows import Rate, day, rate_of, whole
from dashapp.theme import count, exact, money, number

DAYS_AT_MOST = 180
DOTS_AT_MOST = 31
DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week with its rate and revenue."""

    start: date
    days: int
    rate: Rate
    revenue: float | None

    @property
    def label(self) -> str:
        """The period in words: Tue 4 Jul 2017, or the week from it."""
        weekday, month, day, _, year = self.start.ctime().split()
        text = f"{weekday} {day} {month} {year}"
        return text if self.days == 1 else f"week from {text}"


def periods(rows: list[dict] | list[Period], length: int | None = None) -> list[Period]:
    """Return the days in order, or weeks from Monday where there are more than 180 days between the first and the last.

    With `length`, 1 or 7 days, whatever lies between.

    Periods themselves are returned as they are, so that a figure and its sentence can share them.
    """
    if rows and isinstance(rows[0], Period):
        return rows
    dated = [(when, row) for row in rows or [] if (when := day(row.get("session_date")))]
    if not dated:
        return []
    dated.sort(key=itemgetter(0))
    length = length or (7 if (dated[-1][0] - dated[0][0]).days > DAYS_AT_MOST else 1)
    sums: list[list] = []
    for when, row in dated:
        if not sums or (when - sums[-1][0]).days >= length:
            sums.append([when - timedelta(days=when.weekday()) if length == 7 else when, 0, 0, None])
        total = sums[-1]
        total[1] += whole(row.get("conversions"))
        total[2] += whole(row.get("sessions"))
        earned = number(row.get("revenue"))
        if earned is not None:
            total[3] = (total[3] or 0) + earned
    return [Period(start, length, rate_of(k, n), revenue) for start, k, n, revenue in sums]


def daily_trend(
    rows: list[dict],
    *,
    theme: str = "light",
    selected=None,
    currency: str = "$",
    earlier: list[dict] | None = None,
    shift: timedelta = timedelta(),
    events: list[dict] | None = None,
    **_,
) -> dict:
    """Draw the conversion rate of each day with its interval, above the number of sessions; days without data stay a gap.

    `earlier` are the days of an earlier period, moved by `shift` to where they are drawn behind those of this one. Events of the team
    are marked on their days.
    """
    shown = periods(rows)
    if not any(p.rate.n for p in shown):
        return empty("No sessions in this selection.", theme, name="daily_trend")
    c = look.colours(theme)
    solid = [p for p in shown if not p.rate.is_thin]
    thin = [p for p in shown if p.rate.is_thin and p.rate.n]
    dotted = len(shown) <= DOTS_AT_MOST
    keys = [p.start.isoformat() for p in shown]
    hovers = {p.start: _hover(p, currency) for p in shown}
    data = [_sessions(shown, keys, theme, selected, hovers)]
    if not dotted:
        data.append(_band(solid, c))
    data.append(_line(solid, theme, selected, hovers, dotted))
    if thin:
        data.append(_thin(thin, theme, hovers))
    top = max((p.rate.high for p in solid), default=None)
    if earlier:
        before = periods(earlier, shown[0].days)
        data.insert(1 if dotted else 2, earlier_period.line(_with_gaps(before), shift, theme))
        top = max([p.rate.value for p in before if not p.rate.is_thin] + [top or 0])
    half = timedelta(days=shown[0].days) * 0.6
    ends = [datetime.combine(shown[0].start, time()) - half, datetime.combine(shown[-1].start, time()) + half]
    per = "day" if shown[0].days == 1 else "week"
    lines, signs = marks(within(events, ends[0].date(), ends[1].date()), theme)
    return figure(
        "daily_trend",
        data,
        theme,
        margin={"l": 52, "r": 20, "t": 28, "b": 44},
        xaxis=axis(theme, type="date", range=[e.isoformat() for e in ends], anchor="y2", **_date_ticks(shown)),
        yaxis=scale(theme, top, tick_rate, intervals=3, domain=[0.4, 1]),
        yaxis2=scale(theme, max(p.rate.n for p in shown), count, intervals=1, domain=[0, 0.2]),
        annotations=[
            heading(f"Conversion rate per {per}, with 95 % interval", theme, 52),
            heading(f"Sessions per {per}", theme, 52, 0.2),
            *signs,
        ],
        shapes=lines,
    )


def _sessions(shown, keys, theme, selected, hovers) -> dict:
    c = look.colours(theme)
    bar = {
        "type": "bar",
        "x": keys,
        "y": [p.rate.n for p in shown],
        "yaxis": "y2",
        # Said in milliseconds: the bar of a day alone would be a hair, for it has no neighbour to be measured by.
        "width": [p.days * DAY * 0.75 for p in shown],
        "customdata": keys,
        "hoverinfo": "text",
        "hovertext": list(hovers.values()),
        "marker": {"color": c["neutral"], "opacity": faded(keys, selected)},
    }
    return bar


def _line(solid, theme, selected, hovers, dotted) -> dict:
    c = look.colours(theme)
    filled = _with_gaps(solid)
    keys = [p.start.isoformat() if p else None for p in filled]
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "cliponaxis": False,
        "x": [p.start.isoformat() if p else None for p in filled],
        "y": [p.rate.value if p else None for p in filled],
        "customdata": keys,
        "hoverinfo": "text",
        "hovertext": [hovers[p.start] if p else "" for p in filled],
        "line": {"color": c["accent"], "width": 1.5},
        "marker": {"color": c["accent"], "size": _sizes(keys, selected, 7 if dotted else 3)},
    }
    if dotted:
        rates = [p.rate if p else Rate(0, 0, None, None, None) for p in filled]
        trace["error_y"] = error_bars(rates, theme, colour=c["accent"])
    return trace


def _sizes(keys, selected, usual: int) -> list[int] | int:
    """The selected mark larger; to fade the others would leave the line without its days."""
    return [11 if key == selected else usual for key in keys] if selected in keys and selected is not None else usual


def _thin(thin, theme, hovers) -> dict:
    c = look.colours(theme)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [p.start.isoformat() for p in thin],
        "y": [0] * len(thin),
        "cliponaxis": False,
        "customdata": [p.start.isoformat() for p in thin],
        "hoverinfo": "text",
        "hovertext": [hovers[p.start] for p in thin],
        "marker": {"color": c["too-few-hatch"], "size": 7, "symbol": "circle-open"},
    }


def _band(solid, c) -> dict:
    """The interval as one closed outline for each run of days; a day alone between gaps has no outline to fill."""
    xs, ys = [], []
    run: list = []
    for p in [*_with_gaps(solid), None]:
        if p:
            run.append(p)
        elif run:
            dates = [q.start.isoformat() for q in run]
            xs += [*dates, *reversed(dates), None]
            ys += [*(q.rate.high for q in run), *(q.rate.low for q in reversed(run)), None]
            run = []
    return {
        "type": "scatter",
        "mode": "none",
        "x": xs[:-1],
        "y": ys[:-1],
        "fill": "toself",
        "fillcolor": c["accent-quiet"],
        "opacity": 0.6,
        "hoverinfo": "skip",
    }


def _with_gaps(solid: list) -> list:
    """The periods with None wherever the next one is missing, so that no line pretends to know it."""
    out: list = []
    for p in solid:
        if out and (p.start - out[-1].start).days > p.days:
            out.append(None)
        out.append(p)
    return out


def _hover(p, currency) -> str:
    lines = [f"{p.label}", p.rate.evidence]
    if p.revenue is not None:
        lines.append(f"{money(p.revenue, currency)} revenue")
    if p.rate.is_thin and p.rate.n:
        lines[1] = f"too few sessions: {exact(p.rate.k)} of {exact(p.rate.n)}"
    return "<br>".join(lines)


def _date_ticks(shown: list) -> dict:
    """Ticks at the days themselves while they are few, else at most five dates spread over the range; years below where they begin."""
    first, last = shown[0].start, shown[-1].start
    days = (last - first).days
    step = max(shown[0].days, -(-days // 4) if days > 6 else 1)
    dates = [first + timedelta(days=i) for i in range(0, days + 1, step)]
    texts, year = [], None
    for when in dates:
        text = f"{when.day} {when:%b}"
        texts.append(text if when.year == year else f"{text}<br>{when.year}")
        year = when.year
    return {"tickmode": "array", "tickvals": [d.isoformat() for d in dates], "ticktext": texts}
