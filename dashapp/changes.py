"""What changed between two periods, in words: differences with their intervals, mix and rate, Simpson's paradox.

Nothing is called a change whose interval holds no change at all.
"""

from collections.abc import Iterable
from typing import Any

from dashapp import theme
from dashapp.compare import Comparison
from dashapp.db import Row
from dashapp.figures import labels
from dashapp.figures.rows import FEWEST_SESSIONS, row_rate
from dashapp.statistics import newcombe
from dashapp.theme import MINUS, NBSP

CHANCE = "no change that the data can tell from chance"
DIMENSIONS = {"device": "devices", "channel": "channels", "country": "countries", "source": "sources"}
NAMES = {
    "sessions": "Sessions",
    "conversions": "Conversions",
    "conversion_rate": "Conversion rate",
    "revenue": "Revenue",
    "revenue_per_session": "Revenue per session",
    "bounce_rate": "Bounce rate",
    "avg_pageviews": "Page views per session",
    "avg_duration_seconds": "Time on site",
}
TOTALS = frozenset({"sessions", "conversions", "transactions", "revenue"})
RATES = frozenset({"conversion_rate", "bounce_rate"})
SMALLEST = 1e-6
FEWEST_DAYS = 7


def is_clear(low: float | None, high: float | None) -> bool:
    """Whether an interval excludes no change."""
    return low is not None and high is not None and (low > 0 or high < 0)


def shown(metric: str, value: float | None, currency: str) -> str:
    """A metric's value as its tile has it."""
    if metric in RATES:
        return theme.rate(value)
    if metric == "revenue":
        return theme.money(value, currency)
    if metric == "revenue_per_session":
        return "–" if value is None else f"{currency}{value:,.2f}"
    if metric == "avg_pageviews":
        return theme.decimal(value)
    return theme.duration(value) if metric == "avg_duration_seconds" else theme.exact(value)


def difference(metric: str, value: float | None, currency: str) -> str:
    """A difference of a metric, with its sign."""
    if value is None:
        return "–"
    size = abs(value)
    if metric in RATES:
        # Below a millionth a difference is what rounding left.
        value = 0 if size < SMALLEST else value
        text = theme.points(abs(value))
    elif metric == "avg_pageviews":
        text = f"{size:.2f}"
    elif metric == "avg_duration_seconds":
        text = f"{size:.1f}{NBSP}s"
    else:
        text = shown(metric, size, currency)
    return f"{_sign(value)}{text}"


def bounds(metric: str, low: float | None, high: float | None, currency: str) -> str:
    """The interval of a difference: −210 to +978."""
    if low is None or high is None:
        return ""
    first, last = (difference(metric, end, currency) for end in (low, high))
    if metric in RATES:
        first = first.rsplit(NBSP, 1)[0]
    return f"{first} to {last}"


def relative(row: Row) -> str:
    """A difference as a share of the earlier value: +4.5 %; empty where there is none."""
    if not row["delta"] or not row["previous"]:
        return ""
    share = row["delta"] / row["previous"]
    return f"{_sign(share)}{theme.rate(abs(share))}"


def doubt(row: Row) -> str:
    """Why a difference is no change to speak of, in few words; empty where it is one."""
    if row["previous"] is None or row["current"] is None:
        return "nothing to compare with"
    if row["delta"] is None:
        return f"not compared: data on {row['days']} and {row['previous_days']} days"
    if row["ci_low"] is None:
        return "too few days to judge" if _is_short(row) else "all days alike"
    return "" if is_clear(row["ci_low"], row["ci_high"]) else "no clear change"


def said(rows: dict[str, Row], comparison: Comparison) -> list[str]:
    """Sentences on the rate and on the sessions of the two periods."""
    return [_of_rate(rows["conversion_rate"], rows["sessions"]), _of_sessions(rows["sessions"], comparison)]


def _of_rate(rate: Row, sessions: Row) -> str:
    fewest = min(sessions["current"] or 0, sessions["previous"] or 0)
    if fewest < FEWEST_SESSIONS:
        return f"One of the periods has only {theme.exact(fewest)} session{'s' * (fewest != 1)}: too few to compare conversion rates."
    now, before = theme.rate(rate["current"]), theme.rate(rate["previous"])
    wide = ", allowing for how much days differ" if rate["dispersion"] and rate["dispersion"] > 1 else ""
    interval = bounds("conversion_rate", rate["ci_low"], rate["ci_high"], "")
    if not is_clear(rate["ci_low"], rate["ci_high"]):
        return f"The conversion rate is {now} after {before}: {CHANCE} (95{NBSP}% interval of the difference {interval}{wide})."
    verb = "rose" if rate["delta"] > 0 else "fell"
    size = theme.points(rate["delta"])
    return f"The conversion rate {verb} from {before} to {now}, by {size} (95{NBSP}% interval {interval}{wide})."


def _of_sessions(row: Row, comparison: Comparison) -> str:
    now, before = theme.exact(row["current"]), theme.exact(row["previous"])
    if row["delta"] is None:
        return f"Sessions are not compared: there are data on {row['days']} days now and on {row['previous_days']} then."
    change = f"Sessions: {now} after {before}"
    if row["ci_low"] is None and _is_short(row):
        return f"{change}; {comparison.days} {'day' if comparison.days == 1 else 'days'} a side are too few to say whether days differ as much anyway."
    if row["ci_low"] is None:
        return f"{change}, on each day as many as on the others."
    interval = bounds("sessions", row["ci_low"], row["ci_high"], "")
    if not is_clear(row["ci_low"], row["ci_high"]):
        return f"{change}, a difference that days as unlike as these bring by themselves ({difference('sessions', row['delta'], '')}; {interval})."
    side = "more" if row["delta"] > 0 else "fewer"
    of_all = f" ({relative(row)})" if row["previous"] else ""
    return f"{change}, {theme.exact(abs(row['delta']))} {side}{of_all}, which is beyond how much days differ ({interval})."


def told(effects: Iterable[Row], segments: dict[str, list[Row]]) -> str:
    """What mix and rate did to the conversion rate: Simpson's paradox where there is one, else the clearest effect of mix."""
    known = [row for row in effects if row["delta"] is not None and row["mix_effect"] is not None]
    if not known:
        return ""
    paradox = [row for row in known if row["is_simpson"]]
    if paradox:
        return _paradox(max(paradox, key=lambda row: max(row["rate_low"], -row["rate_high"])), segments)
    hidden = [row for row in known if not is_clear(row["delta_low"], row["delta_high"]) and is_clear(row["rate_low"], row["rate_high"])]
    if hidden:
        row = max(hidden, key=lambda row: max(row["rate_low"], -row["rate_high"]))
        return (
            f"Within {DIMENSIONS[row['dimension']]} the rate {_went(row['rate_effect'])} by {theme.points(row['rate_effect'])} on average "
            f"({_effect(row, 'rate')}), which a changed mix of them hides in the total.{_mover(row, segments)}"
        )
    moved = [row for row in known if is_clear(row["mix_low"], row["mix_high"])]
    if moved:
        row = max(moved, key=lambda row: max(row["mix_low"], -row["mix_high"]))
        return (
            f"A different mix of {DIMENSIONS[row['dimension']]} by itself would have {_moved(row['mix_effect'])} the rate by "
            f"{theme.points(row['mix_effect'])} ({_effect(row, 'mix')}).{_mover(row, segments)}"
        )
    return "The mix of devices, channels, countries and sources did nothing to the rate that the data can tell from chance."


def mover_dimension(effects: Iterable[Row]) -> list[str]:
    """The dimensions whose segments a sentence may speak of."""
    return [
        row["dimension"]
        for row in effects
        if row["is_simpson"] or any(is_clear(row[f"{name}_low"], row[f"{name}_high"]) for name in ("mix", "rate"))
    ]


def _paradox(row: Row, segments: dict[str, list[Row]]) -> str:
    went, size = _went(row["delta"]), theme.points(row["delta"])
    against = row["segments_up"] if row["rate_effect"] > 0 else row["segments_down"]
    all_of_them = row["segments_up"] + row["segments_down"] == against and against > 1
    within = f"in every one of the {against} {DIMENSIONS[row['dimension']]}" if all_of_them else f"within {DIMENSIONS[row['dimension']]}"
    return (
        f"Simpson’s paradox: overall the rate {went}, by {size}, yet {within} it {_went(row['rate_effect'])}, by "
        f"{theme.points(row['rate_effect'])} on average ({_effect(row, 'rate')}). What changed the total is who came, not how they "
        f"converted.{_mover(row, segments)}"
    )


def _mover(row: Row, segments: dict[str, list[Row]]) -> str:
    """The segment whose share moved the rate most in the direction of the mix."""
    side = 1 if row["mix_effect"] > 0 else -1
    own = [segment for segment in segments.get(row["dimension"], []) if segment["mix_effect"]]
    if not own:
        return ""
    most = max(own, key=lambda segment: side * segment["mix_effect"])
    if side * most["mix_effect"] <= 0:
        return ""
    name = labels.shorten(labels.clean(most["segment"]))
    verb = "grew" if most["share"] > most["previous_share"] else "shrank"
    converts = "more" if (most["share"] > most["previous_share"]) == (side > 0) else "less"
    return (
        f" {name[:1].upper()}{name[1:]}, which converts {converts} often than the whole, {verb} from {theme.rate(most['previous_share'])} "
        f"to {theme.rate(most['share'])} of the sessions."
    )


def of_group(row: Row | None, earlier: Row | None) -> tuple[str, str]:
    """The change of a group's rate and its 95 % interval, for a column; rates of few sessions are not compared."""
    if row is None or earlier is None:
        return "–", "no sessions before"
    now, before = row_rate(row), row_rate(earlier)
    if now.is_thin or before.is_thin:
        return "–", "too few sessions"
    low, high = newcombe(now.k, now.n, before.k, before.n)
    return difference("conversion_rate", now.value - before.value, ""), bounds("conversion_rate", low, high, "")


def _is_short(row: Row) -> bool:
    return min(row["days"], row["previous_days"]) < FEWEST_DAYS


def _effect(row: Row, name: str) -> str:
    return f"{bounds('conversion_rate', row[f'{name}_low'], row[f'{name}_high'], '')}, allowing for four ways to split"


def _went(value: float) -> str:
    return "rose" if value > 0 else "fell"


def _moved(value: float) -> str:
    return "raised" if value > 0 else "lowered"


def _sign(value: Any) -> str:
    return "+" if value > 0 else MINUS if value < 0 else "±"
