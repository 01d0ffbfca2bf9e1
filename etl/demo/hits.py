"""The single hits of a day's sessions: which page or event, when, about which product."""

from dataclasses import dataclass

import numpy as np

from . import shop
from .draws import pick, unfold
from .funnel import PRODUCT_WEIGHTS, Sessions

# What a hit is. Page views first: everything up to CONFIRMED_AGAIN is one.
LANDED, BROWSED, VIEWED_PRODUCT, VIEWED_BASKET, BEGAN_CHECKOUT, WENT_TO_PAY, PURCHASED, CONFIRMED_AGAIN = range(8)
SCROLLED, ADDED = 8, 9

LANDING_COUNT = len(shop.LANDINGS)
PRODUCT_OFFSET = LANDING_COUNT
SERVICE_OFFSET = PRODUCT_OFFSET + len(shop.PRODUCTS)
# Every page of the shop: (path, title). A hit's page is a row of this table.
PAGES = (
    [(page.path, f"{page.title} | {shop.SHOP}") for page in shop.LANDINGS]
    + [(product.path, f"{product.name} | {shop.SHOP}") for product in shop.PRODUCTS]
    + [(path, f"{title} | {shop.SHOP}") for path, title in shop.SERVICE_PAGES]
)
SERVICE = {path: SERVICE_OFFSET + i for i, (path, _) in enumerate(shop.SERVICE_PAGES)}
BROWSE_WEIGHTS = np.cumsum([0.0 if page.path == "/outlet" else page.weight for page in shop.LANDINGS])[None, :]


@dataclass
class Hits:
    """All hits of a day, in order of session and time. Arrays run parallel; `product` is -1 and
    `order` 0 where the hit concerns none; a checkout's hits concern the whole basket of their order, the first or the second."""

    session: np.ndarray
    number: np.ndarray
    kind: np.ndarray
    page: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    milliseconds: np.ndarray
    order: np.ndarray
    first_of_session: np.ndarray

    def __len__(self) -> int:
        return len(self.session)

    @property
    def is_page(self) -> np.ndarray:
        return self.kind <= CONFIRMED_AGAIN


def expand(seed: int, day: Sessions) -> Hits:
    """Unfold each session into exactly the hits it counts, the last one at the session's duration."""
    rng = np.random.default_rng([seed, 5, day.arrivals.index, day.arrivals.part])
    n = len(day)
    every = np.arange(n)
    parts = []

    def add(session, key, kind, page, product=-1, quantity=0, order=0):
        columns = (session * 16 + key, kind, page, product, quantity, order)
        parts.append([session, *(np.broadcast_to(column, len(session)) for column in columns)])

    browse_session, nth = unfold(day.browse_pages)
    key = np.where(nth == 0, 0.0, 1 + rng.random(len(nth)))
    roamed = day.page_today[pick(BROWSE_WEIGHTS, np.zeros(len(nth), int), rng.random(len(nth)))]
    page = np.where(nth == 0, day.landing[browse_session], roamed)
    kinds = np.where(nth == 0, LANDED, BROWSED)
    add(browse_session, key, kinds, page)

    view_session, view = unfold(day.product_pages)
    product = pick(PRODUCT_WEIGHTS, np.zeros(len(view), int), rng.random(len(view)))
    # What ends up in the basket was looked at first.
    in_basket = view < day.adds[view_session]
    line_start = np.searchsorted(day.line_session, every)
    lines = (line_start[view_session] + view)[in_basket]
    product[in_basket] = day.line_product[lines]
    view_key = 1 + rng.random(len(view))
    add(view_session, view_key, VIEWED_PRODUCT, PRODUCT_OFFSET + product, product)
    add(
        view_session[in_basket],
        view_key[in_basket] + 1e-6,
        ADDED,
        PRODUCT_OFFSET + product[in_basket],
        product[in_basket],
        day.line_quantity[lines],
    )

    scrolled_browse = nth < day.scrolls[browse_session]
    add(browse_session[scrolled_browse], key[scrolled_browse] + 5e-7, SCROLLED, page[scrolled_browse])
    scrolled_view = view < (day.scrolls - day.browse_pages)[view_session]
    add(view_session[scrolled_view], view_key[scrolled_view] + 5e-7, SCROLLED, PRODUCT_OFFSET + product[scrolled_view])

    add(every[day.basket], 3.0, VIEWED_BASKET, SERVICE[shop.BASKET])
    add(every[day.checkout], 4.0, BEGAN_CHECKOUT, SERVICE[shop.CHECKOUT], order=1)
    add(every[day.converted], 5.0, WENT_TO_PAY, SERVICE[shop.PAYMENT], order=1)
    add(every[day.converted], 6.0, PURCHASED, SERVICE[shop.CONFIRMATION], order=1)
    add(every[day.reloaded], 6.5, CONFIRMED_AGAIN, SERVICE[shop.CONFIRMATION], order=1)
    twice = every[day.converted & day.second_order]
    extra = day.extra_product[twice]
    add(twice, 7.0, VIEWED_PRODUCT, PRODUCT_OFFSET + extra, extra)
    add(twice, 7.1, ADDED, PRODUCT_OFFSET + extra, extra, 1)
    add(twice, 7.2, VIEWED_BASKET, SERVICE[shop.BASKET])
    add(twice, 7.3, BEGAN_CHECKOUT, SERVICE[shop.CHECKOUT], order=2)
    add(twice, 7.4, WENT_TO_PAY, SERVICE[shop.PAYMENT], order=2)
    add(twice, 7.5, PURCHASED, SERVICE[shop.CONFIRMATION], order=2)

    session, key, kind, page, product, quantity, order = (np.concatenate(column) for column in zip(*parts, strict=True))
    in_time = np.argsort(key, kind="stable")
    session, kind, page, product, quantity, order = (column[in_time] for column in (session, kind, page, product, quantity, order))
    first = np.flatnonzero(np.diff(session, prepend=-1))
    number = np.arange(len(session)) - first[session] + 1
    return Hits(session, number, kind, page, product, quantity, hit_times(rng, day, session, kind, first), order, first)


def basket_lines(day: Sessions, hits: Hits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The products of each hit, as list offsets, product and quantity (0 where it was only looked at)."""
    counts = np.select([hits.order == 1, hits.product >= 0, hits.order == 2], [day.adds[hits.session], 1, 1], 0)
    owner, nth = unfold(counts)
    line_start = np.searchsorted(day.line_session, np.arange(len(day)))
    of_basket = hits.order[owner] == 1
    line = np.where(of_basket, line_start[hits.session[owner]] + nth, 0)
    product = np.where(hits.order[owner] == 2, day.extra_product[hits.session[owner]], hits.product[owner])
    quantity = np.where(hits.order[owner] == 2, 1, hits.quantity[owner])
    if len(day.line_product):
        product = np.where(of_basket, day.line_product[line], product)
        quantity = np.where(of_basket, day.line_quantity[line], quantity)
    return np.concatenate([[0], np.cumsum(counts)]), product, quantity


def hit_times(rng: np.random.Generator, day: Sessions, session: np.ndarray, kind: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Milliseconds since the session's start, so that the last hit falls on the session's duration."""
    pause = (0.35 + 1.15 * rng.random(len(session)) ** 2) * np.where(kind >= SCROLLED, 0.5, 1.0)
    pause[first] = 0
    run = np.cumsum(pause)
    run -= run[first][session]
    last = np.append(first[1:], len(session)) - 1
    whole = run[last]
    share = run / np.where(whole > 0, whole, 1)[session]
    return np.rint(share * day.duration[session] * 1000).astype(np.int64)
