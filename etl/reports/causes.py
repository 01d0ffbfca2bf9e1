"""Why the totals of a report differ from the sessions loaded: known causes, each accepted only where the figures bear it out.

A cause is tried as a change of one side: our sessions with the bots put back, or counted by the days of another time zone, or without the
rows the report withholds. It counts where that brings the two sides nearer to each other, row by row, by at least half of its size; a cause
that only could be at work is not named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ORDER = ("consent", "thresholding", "(other)", "time zone", "key events", "dates", "bots", "sampling")

Key = tuple
Counts = dict[Key, list[float]]
"""Sessions and converting sessions by the labels of a row."""

OTHER = ("(other)",)
"""What (other) holds beyond our rows that the report does not list."""

BEYOND = ("beyond its rows",)
"""What the totals row counts beyond the rows of the report."""

SMALL_ROW = 50
"""Sessions of a row that Google may withhold: its threshold is a number of users that it does not publish."""


@dataclass
class Cause:
    """What a difference comes from.

    `sessions` and `conversions` are its share of the report's totals minus ours; `moved` counts sessions that stand on other rows without
    changing the total.
    """

    name: str
    text: str
    sessions: float = 0
    conversions: float | None = None
    moved: float = 0
    is_estimate: bool = False

    def as_dict(self) -> dict:
        return {
            "cause": self.name,
            "sessions": round(self.sessions),
            "conversions": None if self.conversions is None else round(self.conversions),
            "moved": round(self.moved),
            "is_estimate": self.is_estimate,
            "text": self.text,
        }


@dataclass
class Sides:
    """The two sides of a comparison as they stand after the causes found so far."""

    theirs: Counts
    ours: Counts
    their_total: float
    causes: list[Cause] = field(default_factory=list)

    @property
    def our_total(self) -> float:
        return total(self.ours)

    @property
    def rest(self) -> float:
        """What of the difference of totals is not explained yet."""
        return self.their_total - self.our_total

    @property
    def distance(self) -> float:
        """How far apart the rows are."""
        return distance(self.theirs, self.ours)


def total(counts: Mapping[Key, list[float]], place: int = 0) -> float:
    return sum(values[place] for values in counts.values())


def distance(one: Counts, other: Counts) -> float:
    """Sum of the absolute differences of sessions, row by row."""
    return sum(abs(one.get(key, (0, 0))[0] - other.get(key, (0, 0))[0]) for key in one.keys() | other.keys())


def added(counts: Counts, more: Counts) -> Counts:
    """Two sets of counts together."""
    both = {key: list(values) for key, values in counts.items()}
    for key, values in more.items():
        mine = both.setdefault(key, [0, 0])
        for place, value in enumerate(values):
            mine[place] += value
    return both


def is_other(key: Key) -> bool:
    return any(part == "(other)" for part in key)


def explain_dates(sides: Sides, missing: list, days: int, day_place: int | None) -> None:
    """Days of the report for which no session is loaded: counted where the report tells days, else as its mean day."""
    if not missing:
        return
    which = f"{missing[0]}" if len(missing) == 1 else f"{len(missing)} days from {missing[0]} to {missing[-1]}"
    if day_place is not None:
        gone = {key: sides.theirs.pop(key) for key in list(sides.theirs) if key[day_place] in set(missing)}
        n, k = total(gone), total(gone, 1)
        sides.their_total -= n
        sides.causes.append(Cause("dates", f"No session is loaded for {which}, which the report covers.", n, k))
        return
    share = len(missing) / days
    n, k = sides.their_total * share, total(sides.theirs, 1) * share
    sides.theirs = {key: [value * (1 - share) for value in values] for key, values in sides.theirs.items()}
    sides.their_total -= n
    how = "; counted as its mean day" if share < 1 else ""
    sides.causes.append(Cause("dates", f"No session is loaded for {which}, which the report covers{how}.", n, k, is_estimate=share < 1))


def explain_zone(sides: Sides, shifted: Iterable[tuple[str, Counts]], *, is_stated: bool) -> None:
    """Days of another time zone: of the candidates that which brings the rows nearest, where it at least halves their distance."""
    before = sides.distance
    best = min(((distance(sides.theirs, counts), words, counts) for words, counts in shifted), key=lambda item: item[0], default=None)
    if best is None or before == 0:
        return
    after, words, counts = best
    # A zone that is stated need only help; one that is guessed has to explain most of what there is.
    if after > (before - 1 if is_stated else before / 2) or before - after < 2:
        return
    moved = (before - after) / 2
    change, conversions = total(counts) - sides.our_total, total(counts, 1) - total(sides.ours, 1)
    sides.ours = counts
    sides.causes.append(
        Cause(
            "time zone",
            f"The report counts days in {words}: sessions near midnight stand on the next or the last day.",
            change,
            conversions,
            moved,
        )
    )


def explain_other(sides: Sides) -> None:
    """The report's (other) rows, against ours of the labels it does not list."""
    folded = {key: values for key, values in sides.theirs.items() if is_other(key)}
    if not folded:
        return
    listed = set(sides.theirs)
    absent = {key: values for key, values in sides.ours.items() if key not in listed}
    size = total(folded)
    # The largest of the absent rows may be withheld instead; those of (other) are small ones, so they are taken first.
    taken: Counts = {}
    for key, values in sorted(absent.items(), key=lambda item: (item[1][0], str(item[0]))):
        if total(taken) + values[0] > size:
            break
        taken[key] = values
    sides.theirs = {key: values for key, values in sides.theirs.items() if key not in folded}
    sides.ours = {key: values for key, values in sides.ours.items() if key not in taken}
    surplus = size - total(taken)
    sides.their_total -= total(folded)
    if surplus:
        # What (other) holds beyond the absent rows belongs to rows that both sides list.
        sides.theirs[OTHER] = [surplus, total(folded, 1) - total(taken, 1)]
        sides.their_total += surplus
    named = f"{len(taken):,} row{'s' * (len(taken) != 1)} that it does not list"
    sides.causes.append(
        Cause(
            "(other)",
            f"The report folds {size:,.0f} sessions into (other); ours have {total(taken):,.0f} of them in {named}.",
            moved=total(taken),
        )
    )


def explain_withheld(sides: Sides, *, is_thresholded: bool, is_cut: bool, has_totals: bool) -> None:
    """Rows that ours have and the report does not: withheld for having few users, or beyond the rows it holds."""
    absent = {key: values for key, values in sides.ours.items() if key not in sides.theirs and key != ()}
    if not absent or not sides.theirs:
        return
    n, k = total(absent), total(absent, 1)
    largest = max(values[0] for values in absent.values())
    if is_cut:
        why = "the report holds only a part of its rows"
    elif is_thresholded or largest <= SMALL_ROW:
        why = "Google withholds rows of few users"
    else:
        return
    listed_rest = sides.their_total - total(sides.theirs)
    if has_totals and listed_rest <= 0:
        return  # the rows the report lists are all there is: ours are labels it does not know
    sides.ours = {key: values for key, values in sides.ours.items() if key not in absent}
    text = f"{len(absent):,} of our rows with {n:,.0f} sessions are not in the report: {why}."
    if has_totals:
        # The totals row counts what is withheld: totals differ by nothing, rows do.
        sides.their_total -= n
        sides.causes.append(Cause("thresholding", text, moved=min(listed_rest, n)))
    else:
        sides.causes.append(Cause("thresholding", text, -n, -k))


def explain_bots(sides: Sides, bots: Counts) -> None:
    """Sessions that ours set apart as automated and the report counts: on its rows, in (other), or withheld but in its totals row."""
    theirs = dict(sides.theirs)
    beyond = sides.their_total - total(theirs)
    if beyond > 0:
        theirs[BEYOND] = [beyond, 0]
    listed = {key: values for key, values in bots.items() if key in theirs}
    unlisted = total(bots) - total(listed)
    for key in (OTHER, BEYOND):
        room = theirs.get(key, [0])[0]
        # Only where bots are most of what is there: anything fits into a large rest.
        if unlisted >= room / 2 > 0:
            listed[key] = [min(unlisted, room), 0]
            unlisted -= listed[key][0]
    n = total(listed)
    both = added(sides.ours, listed)
    if not n or distance(theirs, both) > distance(theirs, sides.ours) - n / 2:
        return
    sides.ours = both
    sides.causes.append(Cause("bots", f"Ours set {n:,.0f} sessions apart as automated; the report counts them.", n, total(listed, 1)))


def explain_consent(sides: Sides, sessions: float, rows: float) -> None:
    """Sessions without ids, estimated from the rows that had none."""
    if sessions < 1 or abs(sides.rest - sessions) > abs(sides.rest) - sessions / 2:
        return
    scale = 1 + sessions / max(sides.our_total, 1)
    conversions = total(sides.ours, 1) * (scale - 1)
    sides.ours = {key: [value * scale for value in values] for key, values in sides.ours.items()}
    text = f"{rows:,.0f} rows had no ids since consent was denied, about {sessions:,.0f} sessions; they make no session of ours."
    sides.causes.append(Cause("consent", text, sessions, conversions, is_estimate=True))


def explain_key_events(sides: Sides, gap: float, ours: str, theirs: str, *, purchases_agree: bool) -> float:
    """Another list of key events: what of the gap in converting sessions the other causes leave; returns what it accounts for."""
    known = sum(cause.conversions or 0 for cause in sides.causes)
    rest = gap - known
    rate = total(sides.ours, 1) / max(sides.our_total, 1)
    expected = rate * sides.rest
    estimated = sum(abs(cause.conversions or 0) for cause in sides.causes if cause.is_estimate)
    if abs(rest - expected) <= 0.5 + 2 * (abs(expected) + estimated) ** 0.5:
        return 0
    agreed = " Purchases agree, so the list is what differs." if purchases_agree else ""
    sides.causes.append(Cause("key events", f"Ours count sessions with {ours}; the report counts {theirs}.{agreed}", 0, rest))
    return rest


def explain_sampling(sides: Sides, share: float | None) -> None:
    """A sample: it has an error, not a number."""
    if share is not None:
        sides.causes.append(
            Cause("sampling", f"The report is computed from {share:.1%} of its data: each figure is an estimate.".replace("%", " %"))
        )


def in_order(causes: list[Cause]) -> list[Cause]:
    """The causes in the order in which they are told."""
    return sorted(causes, key=lambda cause: ORDER.index(cause.name))
