"""Why a session was given its probability, in words a marketer reads.

Features that speak of one thing are taken together, their contributions to the log-odds added. Words hold labels of the export with
control characters taken out and cut to length, as plain text: whoever shows them in HTML escapes them.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.designs import Design
from models.features import SEPARATOR, Sessions

SHOWN = 3
LEAST = 0.05
LONGEST_LABEL = 60

TOPICS = {
    "pageviews": ("pageviews", "distinct_pages"),
    "time": (
        "duration_seconds",
        "is_under_10_seconds",
        "duration_bucket",
        "pageviews_per_minute",
        "seconds",
        "last_pause",
        "seconds_per_page",
    ),
    "visit": ("visit_number",),
    "clock": ("hour", "weekday"),
    "device": ("device", "device_source"),
    "source": ("source", "channel"),
    "country": ("country", "is_high_value_region"),
    "landing_page": ("landing_page",),
    "item_views": ("item_views",),
    "cart_adds": ("cart_adds",),
    "searches": ("searches",),
    "steps": ("events", "scrolls", "other_events"),
    "last_step": ("last_event", "last_page"),
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Reason:
    """One thing about a session and what it did to its odds.

    Attributes
    ----------
    topic
        Key of `TOPICS`.
    words
        The thing as this session has it.
    contribution
        What it adds to the log-odds of converting, against the average session learnt from.
    """

    topic: str
    words: str
    contribution: float

    @property
    def sentence(self) -> str:
        """The words with what they do to the odds."""
        return f"{self.words} ({odds(self.contribution)})"


def odds(contribution: float) -> str:
    """What a contribution does to the odds: how many times as high, or as low."""
    factor = math.exp(min(abs(contribution), 20.0))
    shown = f"{factor:.1f}" if factor < 10 else f"{factor:,.0f}"
    return f"odds × {shown}" if contribution >= 0 else f"odds ÷ {shown}"


def topics(design: Design) -> dict[str, list[int]]:
    """Positions of the features of each topic; a feature of no topic stands for itself."""
    position = {name: number for number, name in enumerate(design.features)}
    found = {topic: [position.pop(name) for name in names if name in position] for topic, names in TOPICS.items()}
    return {topic: places for topic, places in found.items() if places} | {name: [place] for name, place in position.items()}


def reasons(sessions: Sessions, contributions: np.ndarray, *, shown: int = SHOWN) -> list[list[Reason]]:
    """The strongest reasons of each session, the strongest first; those that change the odds by less than a twentieth are left out."""
    grouped = topics(sessions.design)
    names = list(grouped)
    sums = np.column_stack([contributions[:, places].sum(axis=1, dtype=np.float64) for places in grouped.values()])
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :shown]
    raw = raw_rows(sessions)
    found = []
    for row, best in enumerate(order):
        kept = [place for place in best if abs(sums[row, place]) >= LEAST]
        found.append([Reason(names[place], words(names[place], raw(row)), float(sums[row, place])) for place in kept])
    return found


def raw_rows(sessions: Sessions):
    """A function that gives the raw columns of a session by its row."""

    def row(number: int) -> dict[str, Any]:
        told: dict[str, Any] = {name: float(values[number]) for name, values in sessions.numbers.items()}
        return told | {name: column.levels[column.codes[number]] for name, column in sessions.categories.items()}

    return row


def words(topic: str, row: dict[str, Any]) -> str:
    """What a session shows under a topic."""
    match topic:
        case "pageviews":
            return counted(row["pageviews"], "page seen", "pages seen", "no page count")
        case "time":
            return lasted(row.get("duration_seconds", row.get("seconds", math.nan)), row.get("pageviews", math.nan))
        case "visit":
            return nth(row["visit_number"])
        case "clock":
            return moment(row["hour"], row["weekday"])
        case "device":
            return f"on {label(row['device'])}"
        case "source":
            return f"came from {label(row['source'])}"
        case "country":
            return f"from {label(row['country'])}"
        case "landing_page":
            return f"landed on {label(row['landing_page'])}"
        case "item_views":
            return counted(row["item_views"], "product seen", "products seen", "no product seen")
        case "cart_adds":
            return counted(row["cart_adds"], "product put in the cart", "products put in the cart", "nothing in the cart")
        case "searches":
            return counted(row["searches"], "search", "searches", "no search")
        case "steps":
            return counted(row["events"], "step so far", "steps so far", "no step yet")
        case "last_step":
            return f"last did {label(row['last_event'])} on {label(row['last_page'])}"
    return label(topic).replace("_", " ")


def label(value: object) -> str:
    """A label of the export, fit to be shown as plain text."""
    if value is None:
        return "an unknown place"
    text = CONTROL.sub(" ", str(value).replace(SEPARATOR, " ")).strip()
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def counted(number: float, one: str, many: str, none: str) -> str:
    if math.isnan(number) or number == 0:
        return none
    return f"{number:,.0f} {one if number == 1 else many}"


def lasted(seconds: float, pageviews: float) -> str:
    if math.isnan(seconds) or seconds == 0:
        return "left at once" if pageviews <= 1 else "time unknown"
    if seconds < 90:
        return f"stayed {seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"stayed {minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"stayed {hours} h {rest} min" if rest else f"stayed {hours} h"


def nth(number: float) -> str:
    if math.isnan(number):
        return "visit number unknown"
    whole = int(number)
    ending = "th" if 10 <= whole % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return "first visit" if whole == 1 else f"{whole:,}{ending} visit"


def moment(hour: float, weekday: float) -> str:
    day = "" if math.isnan(weekday) else f"on {DAYS[int(weekday) - 1]}" if 1 <= weekday <= 7 else ""
    time = "" if math.isnan(hour) else f"at {int(hour)} h"
    return f"{day} {time}".strip() or "time of day unknown"
