"""Leaks in words. Each sentence is no surer than its figures: estimates come with their interval, causes are likely ones, and what
lies together in time is called just that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp
from typing import Any

from dashapp import theme
from dashapp.figures.labels import clean, shorten
from dashapp.filters import Filters, make
from dashapp.statistics import wilson

GAP, DROP = "gap", "drop"
TRACKING, DEFINITION, MIX = "tracking break", "definition change", "traffic mix"
NOT_PRICED = (TRACKING, DEFINITION)
MONTH = 30
FILTERABLE = ("device", "source", "country", "channel")
UNKNOWN = "(unknown)"
SKIPPED = 0.2

# What a segment's sessions are, in the order a sentence takes them.
TRAITS = {
    "visitor": "of {} visitors",
    "country": "from {}",
    "device": "on {}",
    "operating_system": "on {}",
    "browser": "with {}",
    "channel": "through {}",
    "source": "sent by {}",
    "medium": "of medium “{}”",
    "campaign": "of campaign “{}”",
    "landing_page": "landing on “{}”",
    "landing_group": "landing under “{}”",
}
SPECIAL = {
    ("source", "(direct)"): "that came directly",
    ("device", "other"): "on other devices",
    ("medium", "(none)"): "without a medium",
    ("campaign", "(none)"): "without a campaign",
}
NAMES = {"operating_system": "operating system", "landing_page": "landing page", "landing_group": "landing group"}
ENTERED = {
    "Browsed": "",
    "Engaged": "that engaged",
    "Deep engagement": "that engaged deeply",
    "Cart": "with something in the cart",
    "Checkout": "that began the checkout",
}
PASSED = {
    "Engaged": "engage",
    "Deep engagement": "go on to deep engagement",
    "Cart": "put something into the cart",
    "Checkout": "begin the checkout",
    "Converted": "convert",
}
COMPARED = {
    "drop": "Its own past, allowing for what the rest of the site did meanwhile.",
    "interaction": "What each of its traits by itself would lead one to expect.",
    "gap": "The other levels, at the same mix of everything else.",
}
STATUS = {
    "new": "New since the ranking before",
    "back": "Found again",
    "growing": "Growing",
    "shrinking": "Shrinking",
    "as before": "As before",
}


@dataclass(frozen=True)
class Loss:
    """What a leak costs in 30 days, or in all where there are no dates: point and interval, in money, conversions or passes."""

    unit: str
    point: float
    low: float
    high: float
    is_monthly: bool
    symbol: str = "$"

    @property
    def headline(self) -> str:
        """The interval: $1,200 to $3,900 a month."""
        return f"{self.amount(self.low)} to {self.amount(self.high)}{self.unit_words}"

    @property
    def best(self) -> str:
        """The estimate: about $2,300 a month; and where its interval holds nothing at all, that it does."""
        doubt = "" if self.low > 0 else "; that it is next to nothing is not ruled out"
        return f"about {self.amount(self.point)}{self.unit_words}{doubt}"

    @property
    def unit_words(self) -> str:
        """What stands after an amount."""
        return ("" if self.unit == "money" else f" {self.unit}") + (" a month" if self.is_monthly else " in the sessions ranked")

    def amount(self, value: float) -> str:
        """An amount with two significant digits."""
        if self.unit == "money":
            return theme.rough_money(value, self.symbol)
        return f"{value:.1f}" if 0 < value < 9.95 else theme.exact(theme.rounded(value))


def segment_words(segment: Mapping[str, Any], *, noun: str = "sessions") -> str:
    """A segment as a noun phrase: sessions from Canada with Safari."""
    known = [name for name in TRAITS if name in segment] + [name for name in segment if name not in TRAITS]
    return " ".join([noun, *(trait(name, segment[name]) for name in known)])


def trait(name: str, level: Any) -> str:
    """One dimension and level: from Canada."""
    text = shorten(clean(level), 60)
    if level == UNKNOWN:
        return f"with no known {dimension_name(name)}"
    return SPECIAL.get((name, level)) or TRAITS.get(name, f"of {dimension_name(name)} “{{}}”").replace("{}", text)


def sentence(row: Mapping[str, Any]) -> str:
    """A leak or a gap in one sentence, with the rates rounded; their intervals stand in `facts`."""
    before, _, after = str(row["step"]).partition(" → ")
    who = " ".join(filter(None, [segment_words(row["segment"]), ENTERED.get(before, f"at the stage “{clean(before)}”")]))
    does = PASSED.get(after, f"reach the stage “{clean(after)}”")
    than = "other sessions at the same mix" if row["kind"] == GAP else "comparable sessions"
    rates = f"{theme.brief_rate(row['observed_rate'])} instead of about {theme.brief_rate(row['expected_rate'])}"
    since = f"Since about {_day(row['started_on'])}, " if row["started_on"] else ""
    said = f"{since}{who} {does} less often than {than}: {rates}."
    return said[:1].upper() + said[1:]


def broken(row: Mapping[str, Any]) -> str:
    """A finding that lies in how things are recorded: what is seen, and why it is not believed to be a loss."""
    before, _, after = str(row["step"]).partition(" → ")
    since = f"Since about {_day(row['started_on'])} " if row["started_on"] else "Throughout, "
    who = segment_words(row["segment"])
    seen = f"{since}{who} are recorded at “{clean(after)}” after “{clean(before)}” in {theme.brief_rate(row['observed_rate'])} of cases"
    return f"{seen}, where about {theme.brief_rate(row['expected_rate'])} would be expected."


def loss(row: Mapping[str, Any], symbol: str) -> Loss | None:
    """What a finding costs; None where it is not priced."""
    if row["lost_high"] is None or row["cause"] in NOT_PRICED:
        return None
    share = MONTH / row["days"] if row["days"] else 1.0
    passes = (row["evidence"].get("lost_passes") or [0, 0, 0]) if isinstance(row["evidence"], dict) else [0, 0, 0]
    for unit, values in (
        ("money", [row[name] for name in ("revenue", "revenue_low", "revenue_high")]),
        ("conversions", [row[name] for name in ("lost_conversions", "lost_low", "lost_high")]),
        ("passes of the step", passes),
    ):
        if (theme.number(values[2]) or 0) > 0:
            point, low, high = (share * float(value or 0) for value in values)
            return Loss(unit, point, low, high, bool(row["days"]), symbol)
    return None


def expected_interval(row: Mapping[str, Any]) -> tuple[float, float] | None:
    """Interval of the expected rate: the observed passes and the bounds of those lost, over the sessions."""
    lost = row["evidence"].get("lost_passes") if row["kind"] != GAP else (row["lost_conversions"], row["lost_low"], row["lost_high"])
    if not lost or not row["sessions"] or any(theme.number(value) is None for value in lost):
        return None
    low, high = (min(row["observed_rate"] + value / row["sessions"], 1.0) for value in lost[1:])
    return low, high


def facts(row: Mapping[str, Any], symbol: str) -> list[tuple[str, str]]:
    """What stands under a leak's sentence: names and values, every estimate with its interval."""
    passes = row["observed_rate"] * row["sessions"]
    seen, expected = wilson(passes, row["sessions"]), expected_interval(row)
    is_gap = row["kind"] == GAP
    sure = ("90 % interval {}" if is_gap else "interval {}, widened for the selection").format
    out = [
        (
            "Observed",
            f"{theme.rate(row['observed_rate'])} of {theme.exact(row['sessions'])} sessions"
            + (f" (95 % interval {theme.interval(*seen)})" if seen else ""),
        ),
        ("Expected", theme.rate(row["expected_rate"]) + (f" ({sure(theme.interval(*expected))})" if expected else "")),
        ("Compared with", COMPARED.get(row["kind"], "Comparable sessions.")),
    ]
    if row["started_on"]:
        out.append(("Start", start_words(row)))
    if (worth := loss(row, symbol)) and worth.unit == "money":
        days = f" in {theme.exact(row['days'])} days" if row["days"] else " in the sessions ranked"
        lost = Loss("conversions", row["lost_conversions"], row["lost_low"], row["lost_high"], False)
        amounts = [lost.amount(value) for value in (lost.point, lost.low, lost.high)]
        between = sure(f"{amounts[1]} to {amounts[2]}")
        out.append(("Difference" if is_gap else "Lost", f"about {amounts[0]} conversions ({between}){days}"))
    if not is_gap:
        out.append(("How sure", sureness(row["q_value"])))
    return out


def start_words(row: Mapping[str, Any]) -> str:
    """When a drop began, and which other starts the data support."""
    length = int(row["evidence"].get("bin_days") or 1)
    first, last = row["started_from"] or row["started_on"], row["started_until"] or row["started_on"]
    when = f"The {'week from ' if length == 7 else ''}{full_day(row['started_on'])}"
    if first == last:
        return f"{when}; 90 % range: no other {'week' if length == 7 else 'day'}."
    return f"{when}; 90 % range {full_day(first)} to {full_day(last + timedelta(days=length - 1))}."


def sureness(q: float) -> str:
    """The false-discovery value in words."""
    share = "fewer than 1 in 100" if q < 0.01 else f"about {q * 100:.0f} in 100"
    return f"Of findings at least as sure as this one, {share} are expected to be false."


def cause(row: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The likely kind of cause, and the evidence for it, in sentences."""
    evidence, told = row["evidence"], []
    skipped = (theme.number(evidence.get(name)) for name in ("skipped_before", "skipped_after"))
    before, after = skipped
    if row["cause"] == TRACKING:
        if after is not None and after > SKIPPED:
            was = f", {theme.brief_rate(before)} before" if before is not None else ""
            told.append(f"{theme.brief_rate(after)} of the sessions that show a later step lack this one{was}.")
        else:
            told.append("Almost nothing is recorded where much was expected.")
        return "A break in tracking is likely: sessions went on, but their step was not recorded.", [*told, *_near(evidence)]
    if row["cause"] == DEFINITION:
        return "A change of definition is likely: labels changed, not visitors.", [_definition(evidence), *_near(evidence)]
    change, mix = (theme.number(evidence.get(name)) for name in ("log_change", "log_mix"))
    if change is not None and mix is not None and change < 0:
        share = mix / change
        fall = theme.brief_rate(1 - exp(change))
        part = "none" if share <= 0 else "all" if share >= 1 else f"about {share * 100:.0f} %"
        told.append(f"Its rate fell by {fall} of what it was; a change in who came accounts for {part} of that fall.")
    if after is not None and after <= SKIPPED:
        told.append(f"Later steps are rarely recorded without this one ({theme.brief_rate(after)} of sessions), so tracking looks whole.")
    if row["cause"] == MIX:
        return "Traffic mix is the likely kind of cause: other kinds of sessions came than before.", [*told, *_near(evidence)]
    if row["kind"] == DROP:
        told.append("No two labels of a dimension were seen to exchange their sessions at that time.")
    elif row["kind"] != GAP:
        told.append("It has been so throughout, so no date points to a cause.")
    told += _near(evidence)
    return "Behaviour is the likely kind of cause, by exclusion: the page, the offer or the people.", told


def _definition(evidence: Mapping[str, Any]) -> str:
    if evidence.get("from") is not None:
        moved = theme.brief_rate(evidence.get("share_of_sessions"))
        return f"{exchange(evidence)} ({moved} of all sessions)."
    source = f" (source: {clean(evidence['source'])})" if evidence.get("source") else ""
    return f"In the calendar of known changes: {clean(evidence.get('event'))}, {clean(evidence.get('on'))}{source}."


def exchange(one: Mapping[str, Any]) -> str:
    """Two levels that exchanged their sessions."""
    names = [shorten(clean(one.get(name)), 60) for name in ("from", "to")]
    on = _iso(one.get("on"))
    return f"About {full_day(on) if on else 'then'}, {dimension_name(str(one.get('dimension')))} “{names[0]}” lost as many sessions as “{names[1]}” gained"


def _near(evidence: Mapping[str, Any]) -> list[str]:
    events = evidence.get("events") or []
    told = [f"“{shorten(clean(one.get('label')), 80)}” ({clean(one.get('kind'))}, {_short(_iso(one.get('date')))})" for one in events[:3]]
    return [f"At the same time: {', '.join(told)}. That is a coincidence in time, no proof."] if told else []


def site_change(one: Mapping[str, Any]) -> str:
    """A change of the whole site in a sentence."""
    on = _iso(one.get("on"))
    before, _, after = str(one.get("step")).partition(" → ")
    who = " ".join(filter(None, ["sessions", ENTERED.get(before, f"at “{clean(before)}”")]))
    more = "more" if one["rate_after"] > one["rate_before"] else "less"
    return (
        f"Since about {_day(on) if on else 'then'}, {who} {PASSED.get(after, f'reach “{clean(after)}”')} {more} often over the whole site: "
        f"{theme.brief_rate(one['rate_after'])} against {theme.brief_rate(one['rate_before'])} before."
    )


def change_words(log: float | None) -> str:
    """A change in logarithms as a percentage with its sign: −12 %."""
    if log is None:
        return "–"
    value = exp(log) - 1
    sign = "+" if value > 0 else theme.MINUS if value < 0 else ""
    return f"{sign}{theme.brief_rate(abs(value))}"


def filters_of(row: Mapping[str, Any], run: Mapping[str, Any]) -> tuple[Filters | None, list[str]]:
    """Filters for the sessions of a finding, and the dimensions of its segment that have none; no filters where none has one."""
    segment = row["segment"]
    values = {name: [str(segment[name])] for name in FILTERABLE if name in segment}
    left = [name for name in segment if name not in FILTERABLE]
    since = row["started_on"] or run.get("first_day")
    if not values:
        return None, left
    return make(values, since, run.get("last_day") if since else None), left


def nothing_words(run: Mapping[str, Any], spots: Sequence[Mapping[str, Any]]) -> list[str]:
    """That nothing stands out, and how large a leak could have been missed."""
    compared = f"{theme.exact(run['candidates'])} segments were compared, and in none was a difference from comparable sessions found beyond natural ones."
    missed = missed_words(spots)
    return [compared, *([missed] if missed else ["How large a leak could have been missed cannot be told from these data."])]


def missed_words(spots: Sequence[Mapping[str, Any]]) -> str:
    """What could have been missed, at the last step and a middling size of segment."""
    if not spots:
        return ""
    step = spots[-1]["step"]
    mine = [spot for spot in spots if spot["step"] == step]
    spot = min(mine, key=lambda spot: abs(spot["expected_passes"] - 50))
    what = "conversions" if str(step).endswith("Converted") else f"passes of “{clean(step)}”"
    start = f"In a segment with {theme.exact(spot['expected_passes'])} expected {what}, "
    if theme.number(spot.get("smallest_loss")) is None:
        return f"{start}not even a total loss would be seen four times in five."
    share = theme.brief_rate(spot["smallest_loss"])
    return f"{start}a loss of {share} would be seen four times in five; a smaller one could well be missed."


def short_level(level: Any) -> str:
    """A level for a table."""
    return shorten(clean(level), 40)


def dimension_name(dimension: str) -> str:
    """A dimension in words: landing page."""
    return NAMES.get(dimension, clean(dimension).replace("_", " "))


def moment(text: Any) -> str:
    """A day told as text, as people write it."""
    on = _iso(text)
    return full_day(on) if on else clean(text)


def _iso(text: Any) -> date | None:
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _day(when: date) -> str:
    return f"{when.day} {when:%B}"


def _short(when: date | None) -> str:
    return f"{when.day} {when:%b}" if when else "undated"


def full_day(when: date) -> str:
    """A day as people write it."""
    return f"{when.day} {when:%B %Y}"
