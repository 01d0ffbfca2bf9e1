"""The events GA4 would have collected for a day's hits, with their parameters."""

from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa

from . import shop, traffic
from .columns import Labels, coded, integers, repeated, struct
from .funnel import PRODUCT_CENTS, Sessions
from .hits import ADDED, BEGAN_CHECKOUT, CONFIRMED_AGAIN, LANDING_COUNT, PAGES, PURCHASED, SCROLLED, VIEWED_PRODUCT, Hits

NAMES = (
    "user_engagement",
    "first_visit",
    "session_start",
    "page_view",
    "scroll",
    "view_item",
    "add_to_cart",
    "begin_checkout",
    "purchase",
)
USER_ENGAGEMENT, FIRST_VISIT, SESSION_START, PAGE_VIEW, SCROLL, VIEW_ITEM, ADD_TO_CART, BEGIN_CHECKOUT, PURCHASE = range(9)
# Which event a hit brings beside its page view.
BESIDE = np.full(10, -1)
BESIDE[[SCROLLED, VIEWED_PRODUCT, ADDED, BEGAN_CHECKOUT, PURCHASED, CONFIRMED_AGAIN]] = [
    SCROLL,
    VIEW_ITEM,
    ADD_TO_CART,
    BEGIN_CHECKOUT,
    PURCHASE,
    PURCHASE,
]
# An engaged session lasts ten seconds, sees two pages or converts.
ENGAGED_MILLISECONDS = 10_000
# One page view in so many is sent without consent, and with it neither visitor nor session.
WITHOUT_CONSENT = 83

LINES = traffic.ALL_LINES
IS_AUTO_TAGGED = np.array([line.source == "google" and line.medium == "cpc" for line in LINES])
IS_TAGGED = np.array([line.medium not in ("(none)", "organic", "referral", "(not set)") for line in LINES]) & ~IS_AUTO_TAGGED
NAMELESS = {"organic": "(organic)", "referral": "(referral)", "(none)": "(direct)", "(not set)": "(not set)"}
CAMPAIGNS = [line.campaign or NAMELESS[line.medium] for line in LINES]
CLICK_IDS = [f"demo-click-{line.campaign}" if auto else None for line, auto in zip(LINES, IS_AUTO_TAGGED, strict=True)]


def landing_query(number: int) -> str:
    line = LINES[number]
    if IS_AUTO_TAGGED[number]:
        return "?" + urlencode({"gclid": CLICK_IDS[number]})
    if IS_TAGGED[number]:
        return "?" + urlencode({"utm_source": line.source, "utm_medium": line.medium, "utm_campaign": line.campaign})
    return ""


class Pool:
    """Every text a parameter can hold, but for the order numbers of a day."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        base = f"https://{shop.HOSTNAME}"
        self.location = self.put([base + path for path, _ in PAGES])
        self.tagged_location = self.put(
            [base + PAGES[page][0] + landing_query(line) for line in range(len(LINES)) for page in range(LANDING_COUNT)]
        )
        self.title = self.put([title for _, title in PAGES])
        self.referrer = self.put([line.referrer or "" for line in LINES])
        self.source = self.put([line.source for line in LINES])
        self.medium = self.put([line.medium for line in LINES])
        self.campaign = self.put(CAMPAIGNS)
        self.flag = self.put(["0", "1"])
        self.currency = self.put([shop.CURRENCY])

    def put(self, texts: list[str]) -> int:
        self.texts += texts
        return len(self.texts) - len(texts)


POOL = Pool()
HAS_REFERRER = np.array([line.referrer is not None for line in LINES])


@dataclass
class Events:
    """The events of a day in order of session and time. Arrays run parallel; `hit` and `session` are row numbers.

    Events without consent stand at the end: a page view that tells neither visitor nor session.
    """

    hit: np.ndarray
    session: np.ndarray
    kind: np.ndarray
    milliseconds: np.ndarray
    index: np.ndarray
    page_hit: np.ndarray
    pages_seen: np.ndarray
    engagement: np.ndarray
    cents: np.ndarray
    consented: np.ndarray

    def __len__(self) -> int:
        return len(self.hit)


def collect(day: Sessions, hits: Hits) -> Events:
    """Turn hits into events."""
    every = np.arange(len(hits))
    first = hits.number == 1
    is_page = hits.is_page
    page_hit = np.maximum.accumulate(np.where(is_page, every, 0))
    before = np.concatenate([[0], hits.milliseconds[:-1]])
    pause = np.where(first, 0, hits.milliseconds - before)
    pages = np.cumsum(is_page)
    pages_seen = pages - (pages[hits.first_of_session] - 1)[hits.session]
    new = first & (day.arrivals.visit_number[hits.session] == 1)
    beside = BESIDE[hits.kind]
    left = is_page & ~first

    parts = [
        (every[left], 0, np.full(left.sum(), USER_ENGAGEMENT)),
        (every[new], 1, np.full(new.sum(), FIRST_VISIT)),
        (every[first], 2, np.full(first.sum(), SESSION_START)),
        (every[is_page], 3, np.full(is_page.sum(), PAGE_VIEW)),
        (every[beside >= 0], 4, beside[beside >= 0]),
    ]
    hit = np.concatenate([part[0] for part in parts])
    rank = np.repeat([part[1] for part in parts], [len(part[0]) for part in parts])
    order = np.argsort(hit * 8 + rank, kind="stable")
    hit, rank, kind = hit[order], rank[order], np.concatenate([part[2] for part in parts])[order]

    # The page is left a moment before the next one appears.
    leaving = kind == USER_ENGAGEMENT
    early = np.where(leaving, np.minimum(400, pause[hit] // 2), 0)
    engagement = np.select([leaving, (kind == SCROLL) | (kind == ADD_TO_CART)], [np.minimum(pause[hit] - early, 300_000), pause[hit]], 0)
    starts = np.flatnonzero(np.diff(hit, prepend=-1))
    index = np.arange(len(hit)) - np.repeat(starts, np.diff(starts, append=len(hit))) + 1
    columns = (
        hit,
        hits.session[hit],
        kind,
        hits.milliseconds[hit] - early,
        index,
        page_hit[np.where(leaving, hit - 1, hit)],
        pages_seen[hit] - leaving,
        engagement,
        values(day, hits)[hit] * (rank == 4),
    )
    anonymous = np.flatnonzero((kind == PAGE_VIEW) & (hits.number[hit] == 1) & (day.start[hits.session[hit]] % WITHOUT_CONSENT == 0))
    consented = np.arange(len(hit) + len(anonymous)) < len(hit)
    events = Events(*(np.concatenate([column, column[anonymous]]) for column in columns), consented)
    # Somebody else's visit, like one that consented but minutes later.
    events.milliseconds[~consented] = 400_000
    return events


def values(day: Sessions, hits: Hits) -> np.ndarray:
    """What the products of each hit are worth, in cents."""
    basket = np.where(hits.order == 2, day.extra_cents[hits.session], day.cents[hits.session])
    single = np.where(hits.product >= 0, PRODUCT_CENTS[hits.product] * np.maximum(hits.quantity, 1), 0)
    return np.where(hits.order > 0, basket, single)


def is_engaged(day: Sessions, events: Events) -> np.ndarray:
    """Whether the session counted as engaged by the time of the event."""
    engaged = (events.milliseconds >= ENGAGED_MILLISECONDS) | (events.pages_seen >= 2) | (events.kind == PURCHASE)
    return engaged & events.consented


def order_numbers(labels: Labels, day: Sessions, hits: Hits, events: Events) -> tuple[np.ndarray, list[str]]:
    """A number for the order of each purchase event, -1 for others, and the orders' texts."""
    bought = np.flatnonzero(events.kind == PURCHASE)
    prefix = labels.order_id.take(pa.array(events.session[bought])).to_pylist()
    texts = [f"{text}{order}" for text, order in zip(prefix, hits.order[events.hit[bought]], strict=True)]
    number = np.full(len(events), -1)
    number[bought] = np.arange(len(bought))
    return number, texts


def parameters(labels: Labels, day: Sessions, hits: Hits, events: Events) -> pa.ListArray:
    """event_params: a list of key and value, of which one of four types is filled."""
    size = len(events)
    page = hits.page[events.page_hit]
    arrived_by = day.arrivals.arrived_by[events.session]
    on_landing = events.pages_seen <= 1
    landed = on_landing & (hits.number[events.hit] == 1) & (events.kind != USER_ENGAGEMENT)
    tagged = on_landing & (IS_TAGGED | IS_AUTO_TAGGED)[arrived_by]
    as_tagged = POOL.tagged_location + arrived_by * LANDING_COUNT + np.minimum(page, LANDING_COUNT - 1)
    location = np.where(tagged, as_tagged, POOL.location + page)
    previous = np.concatenate([[-1], location[:-1]])
    view = events.kind == PAGE_VIEW
    referrer = np.where(on_landing, POOL.referrer + arrived_by, previous)
    has_referrer = (landed & HAS_REFERRER[arrived_by]) | (view & ~on_landing)
    engaged = is_engaged(day, events)
    start = events.kind == SESSION_START
    every = np.ones(size, bool)
    named = landed & view & (arrived_by > 0) & ~IS_AUTO_TAGGED[arrived_by]
    shopping = events.kind >= VIEW_ITEM
    bought = events.kind == PURCHASE
    order, order_texts = order_numbers(labels, day, hits, events)
    nothing = np.zeros(size, np.int64)

    texts, whole, real = "text", "whole", "real"
    columns = [
        ("ga_session_id", events.consented, whole, day.start[events.session]),
        ("ga_session_number", events.consented, whole, day.arrivals.visit_number[events.session]),
        ("page_location", every, texts, location),
        ("page_title", every, texts, POOL.title + page),
        ("page_referrer", has_referrer, texts, referrer),
        # Google writes this one as a number in session_start and as text elsewhere.
        ("session_engaged", start, whole, nothing),
        ("session_engaged", ~start & (events.kind != FIRST_VISIT), texts, POOL.flag + engaged),
        ("engaged_session_event", engaged, whole, nothing + 1),
        ("entrances", landed & view, whole, nothing + 1),
        ("engagement_time_msec", events.engagement > 0, whole, events.engagement),
        ("percent_scrolled", events.kind == SCROLL, whole, nothing + 90),
        ("source", named, texts, POOL.source + arrived_by),
        ("medium", named, texts, POOL.medium + arrived_by),
        ("campaign", named, texts, POOL.campaign + arrived_by),
        ("currency", shopping, texts, nothing + POOL.currency),
        ("value", shopping, real, events.cents / 100),
        ("transaction_id", bought, texts, len(POOL.texts) + order),
        ("tax", bought, real, nothing),
        ("shipping", bought, real, nothing),
    ]
    return assemble(size, columns, POOL.texts + order_texts)


def assemble(size: int, columns: list, texts: list[str]) -> pa.ListArray:
    """Interleave parameter columns into one list per event."""
    counts = np.sum([where for _, where, _, _ in columns], axis=0, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    place = offsets[:-1].copy()
    total = int(offsets[-1])
    keys = list(dict.fromkeys(key for key, *_ in columns))
    key_code = np.empty(total, np.int8)
    text_code = np.full(total, -1, np.int32)
    whole, is_whole = np.zeros(total, np.int64), np.zeros(total, bool)
    real, is_real = np.zeros(total), np.zeros(total, bool)
    for key, where, kind, filling in columns:
        at = place[where]
        key_code[at] = keys.index(key)
        if kind == "text":
            text_code[at] = filling[where]
        elif kind == "whole":
            whole[at], is_whole[at] = filling[where], True
        else:
            real[at], is_real[at] = filling[where], True
        place += where
    value = struct(
        {
            "string_value": coded(text_code, texts),
            "int_value": integers(whole, is_whole),
            "float_value": pa.nulls(total, pa.float64()),
            "double_value": pa.array(real, pa.float64(), mask=~is_real),
        }
    )
    return repeated(offsets, struct({"key": coded(key_code, keys), "value": value}))
