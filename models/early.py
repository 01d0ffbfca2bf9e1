"""What is known of a session at a cut inside it, from its first events.

A prefix ends before the first checkout or key event, and before anything that bears the same moment or stands on a page of the
checkout: what the model learns from must have happened while it was still open whether the session converts. Training, scoring
and a request with a handful of events all come through `prefixes`, so there is one definition.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.features import Column

CUTS = (1, 3, 5, 10, 20)
"""Numbers of events after which a session is learnt from, as far as it goes."""

CHECKOUT = frozenset(
    {
        "begin_checkout",
        "checkout_progress",
        "add_shipping_info",
        "add_payment_info",
        "purchase",
        "in_app_purchase",
        "ecommerce_purchase",
        "refund",
    }
)
"""Events that end what an early model may know, beside the key events of the site."""

CHECKOUT_PAGE = re.compile(
    r"checkout|payment|/yourinfo|revieworder|order-?(completed?|confirm\w*)|confirmation|thank-?you|/receipt", re.IGNORECASE
)
"""Paths of pages that belong to the checkout. A list of habits: a shop with other names tells it by its events."""

KINDS = {
    "pageviews": frozenset({"page_view", "screen_view"}),
    "item_views": frozenset({"view_item", "view_item_list", "select_item"}),
    "cart_adds": frozenset({"add_to_cart", "add_to_wishlist"}),
    "searches": frozenset({"search", "view_search_results"}),
    "scrolls": frozenset({"scroll"}),
}
UNTOLD = frozenset({"session_start", "first_visit", "first_open"})
"""Events that every session or every new visitor sends by itself."""


@dataclass(frozen=True)
class Events:
    """Events of sessions, in the order of session and event.

    Attributes
    ----------
    session
        Number of each event's session, from 0, never falling.
    seconds
        Moment of each event in seconds from any origin; NaN where unknown.
    name, page
        Name and path.
    """

    session: np.ndarray
    seconds: np.ndarray
    name: Column
    page: Column

    def __len__(self) -> int:
        return len(self.session)

    @classmethod
    def from_rows(cls, events: Sequence[Mapping[str, Any]]) -> "Events":
        """The events of one session, given in their order with the columns of the table events."""
        return cls(
            np.zeros(len(events), dtype=np.int64),
            np.array([_moment(event.get("occurred_at")) for event in events], dtype=np.float64),
            Column.of([event.get("event_name") for event in events]),
            Column.of([event.get("page") for event in events]),
        )


def _moment(value: Any) -> float:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return np.nan
    if not isinstance(value, datetime):
        return np.nan
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).timestamp()


def is_outcome(events: Events, key_events: frozenset[str]) -> np.ndarray:
    """Whether each event belongs to the checkout or is a key event."""
    named = np.array([name in CHECKOUT or name in key_events for name in events.name.levels], dtype=bool)
    paged = np.array([bool(page and CHECKOUT_PAGE.search(page)) for page in events.page.levels], dtype=bool)
    return named[events.name.codes] | paged[events.page.codes]


def usable(events: Events, key_events: frozenset[str]) -> np.ndarray:
    """Whether each event came before its session's first outcome, and not at the same moment."""
    if not len(events):
        return np.zeros(0, dtype=bool)
    outcome = is_outcome(events, key_events)
    place = np.arange(len(events))
    count = int(events.session[-1]) + 1
    first = np.full(count, len(events))
    np.minimum.at(first, events.session[outcome], place[outcome])
    at = np.full(count, np.inf)
    reached = first < len(events)
    moment = events.seconds[first[reached]]
    at[reached] = np.where(np.isnan(moment), np.inf, moment)
    with np.errstate(invalid="ignore"):
        return (place < first[events.session]) & ~(events.seconds >= at[events.session])


@dataclass(frozen=True)
class Prefixes:
    """Sessions at their cuts: `numbers` and `labels` of `designs.EARLY` that come from events.

    Attributes
    ----------
    session
        Number of the session of each row.
    cut
        How many events it had by then.
    """

    session: np.ndarray
    cut: np.ndarray
    numbers: dict[str, np.ndarray]
    labels: dict[str, Column]


def prefixes(events: Events, key_events: frozenset[str] = frozenset(), cuts: Sequence[int] | None = CUTS) -> Prefixes:
    """What was known of each session at its cuts.

    Parameters
    ----------
    cuts
        Numbers of events; a session has the cuts that it reaches before its first outcome. None: only the latest moment of each, all
        that is usable of it.

    Notes
    -----
    Running counts within a session are cumulative sums minus what stood before its first event.
    """
    kept = np.flatnonzero(usable(events, key_events))
    session, seconds = events.session[kept], events.seconds[kept]
    names, pages = events.name.take(kept), events.page.take(kept)
    n = len(kept)
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    lengths = np.diff(starts, append=n)
    begin = np.repeat(starts, lengths)
    number = np.arange(n) - begin + 1
    rows = starts + lengths - 1 if cuts is None else np.flatnonzero(np.isin(number, cuts))

    def running(mark: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0], np.cumsum(mark)])
        return (total[rows + 1] - total[begin[rows]]).astype(np.float32)

    def named(kinds: frozenset[str]) -> np.ndarray:
        return np.array([name in kinds for name in names.levels], dtype=bool)[names.codes]

    numbers = {"events": number[rows].astype(np.float32)}
    told = np.zeros(n, dtype=bool)
    for kind, events_of in KINDS.items():
        mark = named(events_of)
        numbers[kind] = running(mark)
        told |= mark
    numbers["other_events"] = running(~told & ~named(UNTOLD))
    with np.errstate(invalid="ignore"):
        numbers["seconds"] = np.maximum(seconds[rows] - seconds[begin[rows]], 0).astype(np.float32)
        pause = np.where(number[rows] > 1, seconds[rows] - seconds[np.maximum(rows - 1, 0)], np.nan)
        numbers["last_pause"] = np.maximum(pause, 0).astype(np.float32)
    numbers["distinct_pages"] = running(_first_of_its_kind(session, pages))
    return Prefixes(session[rows], number[rows], numbers, {"last_event": names.take(rows), "last_page": pages.take(rows)})


def _first_of_its_kind(session: np.ndarray, pages: Column) -> np.ndarray:
    """Whether each event is the first of its session on its page; events without a page are not."""
    known = np.array([page is not None for page in pages.levels], dtype=bool)[pages.codes]
    first = np.zeros(len(session), dtype=bool)
    if len(session):
        _, where = np.unique(session * len(pages.levels) + pages.codes, return_index=True)
        first[where] = True
    return first & known


def at_last(events: Sequence[Mapping[str, Any]], key_events: frozenset[str] = frozenset()) -> dict[str, Any] | None:
    """The columns of a session that come from events, at its latest usable moment; None where there is none.

    Parameters
    ----------
    events
        The session's events so far, in their order, with the keys ``event_name``, ``occurred_at`` and ``page``.
    """
    found = prefixes(Events.from_rows(events), key_events, cuts=None)
    if not len(found.session):
        return None
    numbers = {name: float(values[0]) for name, values in found.numbers.items()}
    return numbers | {name: column.levels[column.codes[0]] for name, column in found.labels.items()}
