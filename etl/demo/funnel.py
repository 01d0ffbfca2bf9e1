"""What a day's sessions do: how far they get, how long they stay, what they buy, and what the leaks take away.

A session passes a step when a uniform number drawn for it lies below its probability. The numbers are drawn once; a leak only lowers the
probability. The same session can therefore be followed with and without each leak, and what a leak cost is counted, not estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

import numpy as np

from . import audience, season, shop, traffic
from .draws import geometric, pick, unfold, uniform
from .leaks import LEVELS, Leak, Renamed, members
from .visitors import CRAWLER, HUMAN, Arrivals

BASE = (0.0, -0.24, -2.90)
PROPENSITY = (0.35, 0.30, 0.55)
LOYALTY = (0.22, 0.18, 0.26)
NATURAL_SPREAD = 0.07
WEEKLY_NOISE = 0.05
TRIPLES = (("device", "country", "source"), ("operating_system", "browser", "landing_page"), ("device", "source", "landing_page"))

PLATFORM_CODES = {
    "device": np.array([LEVELS["device"].index(p.device) for p in audience.PLATFORMS]),
    "browser": np.array([LEVELS["browser"].index(p.browser) for p in audience.PLATFORMS]),
    "operating_system": np.array([LEVELS["operating_system"].index(p.operating_system) for p in audience.PLATFORMS]),
}
SOURCE_CODE = np.array([LEVELS["source"].index(line.source) for line in traffic.ALL_LINES])
MEDIUM_CODE = np.array([LEVELS["medium"].index(line.medium) for line in traffic.ALL_LINES])
IS_ASSISTANT = np.array([line.kind == "assistant" for line in traffic.ALL_LINES])
ASSISTANT_MEDIUM = LEVELS["medium"].index("ai-assistant")
ASSISTANT_SINCE = date.fromisoformat(traffic.ASSISTANT_CHANNEL_SINCE)
LANDING_PATHS = LEVELS["landing_page"]
PRODUCT_CENTS = np.array([p.cents for p in shop.PRODUCTS])
PRODUCT_WEIGHTS = np.cumsum([p.weight for p in shop.PRODUCTS])[None, :]
CHEAP = PRODUCT_CENTS < 4000

LONGEST_SECONDS = 9000
# With pauses drawn as below, no pause of a session this long can reach the half hour that would end it.
SECONDS_PER_PAUSE = 290


@dataclass
class Sessions:
    """One day of sessions, complete but for their single hits. Arrays run parallel."""

    arrivals: Arrivals
    midnight: int
    codes: dict[str, np.ndarray]
    page_today: np.ndarray
    landing: np.ndarray
    stage: np.ndarray
    basket: np.ndarray
    checkout: np.ndarray
    converted: np.ndarray
    second_order: np.ndarray
    reloaded: np.ndarray
    browse_pages: np.ndarray
    product_pages: np.ndarray
    scrolls: np.ndarray
    adds: np.ndarray
    pageviews: np.ndarray
    hits: np.ndarray
    duration: np.ndarray
    line_session: np.ndarray
    line_product: np.ndarray
    line_quantity: np.ndarray
    extra_product: np.ndarray
    cents: np.ndarray
    extra_cents: np.ndarray
    step_probability: np.ndarray
    losses: dict = field(default_factory=dict)

    @property
    def start(self) -> np.ndarray:
        """Seconds since 1970 at which each session began: the visit id."""
        return self.midnight + self.arrivals.elapsed

    @property
    def probability(self) -> np.ndarray:
        """How likely each session was to convert, before it began and as things were."""
        return self.step_probability.prod(axis=1)

    @property
    def revenue_cents(self) -> np.ndarray:
        return self.converted * (self.cents + self.second_order * self.extra_cents)

    @property
    def transactions(self) -> np.ndarray:
        return self.converted.astype(np.int64) + (self.converted & self.second_order)

    def __len__(self) -> int:
        return len(self.landing)


class Behaviour:
    """The shop's true probabilities: main effects, natural interactions and weekly noise, fixed by the seed."""

    def __init__(self, seed: int, days: int, leaks: Sequence[Leak], renamed: Renamed | None):
        self.seed, self.days, self.leaks, self.renamed = seed, days, tuple(leaks), renamed
        rng = np.random.default_rng([seed, 3])
        sizes = {name: len(levels) for name, levels in LEVELS.items()}
        self.weekly = {name: rng.normal(0, WEEKLY_NOISE, (days // 7 + 1, size, 3)) for name, size in sizes.items()}
        self.pairs = [(pair, rng.normal(0, NATURAL_SPREAD, (sizes[pair[0]] * sizes[pair[1]], 3))) for pair in combinations(LEVELS, 2)]
        self.triples = [
            (names, rng.normal(0, NATURAL_SPREAD / 2, (sizes[names[0]] * sizes[names[1]] * sizes[names[2]], 3))) for names in TRIPLES
        ]
        self.sizes = sizes
        self.by_country = np.array([c.effects for c in audience.COUNTRIES])
        self.by_device = np.array(audience.DEVICE_EFFECTS)
        self.by_landing = np.array([page.effects for page in shop.LANDINGS])
        self.by_line = np.array([traffic.KIND_EFFECTS.get(line.kind, (0, 0, 0)) for line in traffic.ALL_LINES])
        self.by_line = self.by_line + rng.normal(0, 0.08, self.by_line.shape)
        self.by_platform = rng.normal(0, 0.06, (len(audience.PLATFORMS), 3))
        self.landings = landing_table()
        if renamed:
            moved = [LANDING_PATHS.index(path) for path in (renamed.after, renamed.before)]
            # The page behind both addresses is one page, with one set of effects.
            for names, table in self.pairs + self.triples:
                self._same_page(names, table, *moved)

    def _same_page(self, names: Sequence[str], table: np.ndarray, copy: int, origin: int) -> None:
        if "landing_page" not in names:
            return
        cube = table.reshape(*[self.sizes[name] for name in names], 3)
        view = np.moveaxis(cube, list(names).index("landing_page"), 0)
        view[copy] = view[origin]

    def log_odds(self, arrivals: Arrivals, codes: dict[str, np.ndarray], landing: np.ndarray) -> np.ndarray:
        """Log-odds of passing each step, without leaks: one row a session, one column a step."""
        eta = np.array(BASE) + self.by_country[arrivals.country] + self.by_device[codes["device"]] + self.by_landing[landing]
        eta += self.by_line[arrivals.line] + self.by_platform[arrivals.platform]
        for name, noise in self.weekly.items():
            eta += noise[arrivals.index // 7][codes[name]]
        for names, table in self.pairs + self.triples:
            cell = codes[names[0]]
            for name in names[1:]:
                cell = cell * self.sizes[name] + codes[name]
            eta += table[cell]
        loyalty = np.log1p(np.minimum(arrivals.visit_number - 1, 9))
        hour = season.clock(arrivals.day, arrivals.elapsed) / 3600
        evening = 0.10 * np.cos((hour - 20.5) * np.pi / 12)
        sale = 0.15 if season.is_sale(arrivals.index / max(self.days, 2)) else 0.0
        weekend = 0.06 if arrivals.day.weekday() >= 5 else 0.0
        eta += arrivals.propensity[:, None] * PROPENSITY + loyalty[:, None] * LOYALTY
        eta[:, 1] += 0.5 * evening + weekend
        eta[:, 2] += evening + sale
        return eta

    def live(self, leak: Leak, arrivals: Arrivals) -> bool:
        return arrivals.index >= round(self.days * leak.starts)

    def simulate(self, arrivals: Arrivals) -> Sessions:
        """Let a day's sessions happen."""
        rng = np.random.default_rng([self.seed, 4, arrivals.index, arrivals.part])
        n = len(arrivals.elapsed)
        human = arrivals.bot == HUMAN
        landing = self.page_today(arrivals.index)[pick(self.landings, arrivals.arrived_by, rng.random(n))]
        codes = {name: table[arrivals.platform] for name, table in PLATFORM_CODES.items()}
        medium = MEDIUM_CODE[arrivals.line]
        if arrivals.day >= ASSISTANT_SINCE:
            medium = np.where(IS_ASSISTANT[arrivals.line], ASSISTANT_MEDIUM, medium)
        codes |= {"country": arrivals.country, "landing_page": landing, "source": SOURCE_CODE[arrivals.line], "medium": medium}

        healthy = 1 / (1 + np.exp(-self.log_odds(arrivals, codes, landing)))
        healthy[~human] = 0
        u = rng.random((n, 3))
        factors = {leak: np.where(members(leak.segment, codes), leak.multiplier, 1.0) for leak in self.leaks if self.live(leak, arrivals)}
        actual = healthy.copy()
        for leak, factor in factors.items():
            actual[:, leak.step] *= factor
        stage = reached(u, actual)
        could_buy = reached(u, healthy) == 3
        sessions = self.spend(rng, arrivals, codes, landing, stage, could_buy, actual)
        sessions.losses = self.count_losses(sessions, u, healthy, actual, factors, could_buy)
        return sessions

    def page_today(self, index: int) -> np.ndarray:
        """The address at which each landing page is found on a day."""
        pages = np.arange(len(LANDING_PATHS))
        if self.renamed and index >= round(self.days * self.renamed.starts):
            pages[LANDING_PATHS.index(self.renamed.before)] = LANDING_PATHS.index(self.renamed.after)
        return pages

    def spend(self, rng, arrivals, codes, landing, stage, could_buy, actual) -> Sessions:
        """Pages, time and money of sessions whose stage is known."""
        n = len(stage)
        converted = stage == 3
        deep = stage >= 2
        crawler = arrivals.bot == CRAWLER
        # Always the same numbers for the same session: without a leak it goes on as it would have.
        draws = rng.random((n, 9))
        # Whoever a leak stopped at the last step had gone as far as paying.
        stopped = (stage == 2) & could_buy
        basket = converted | stopped | (deep & (draws[:, 0] < 0.26))
        checkout = converted | stopped | (basket & (draws[:, 1] < 0.40))

        browse = 1 + geometric(draws[:, 2], np.select([stage == 0, stage == 1, stage == 2], [0.0, 1.5, 2.6], 4.0))
        single = (stage == 1) & (draws[:, 3] < 0.16)
        browse = np.where(single, 1, np.where(stage == 1, browse + 1, browse))
        products = np.where(deep, 1 + geometric(draws[:, 4], np.where(converted, 3.6, np.where(basket, 2.8, 1.4))), 0)
        adds = np.where(basket | could_buy, 1 + geometric(draws[:, 5], np.where(codes["device"] == 0, 0.75, 0.55)), 0)
        products = np.maximum(products, np.where(basket, adds, 0))
        scrolls = np.where(stage >= 1, np.minimum(geometric(draws[:, 6], 0.22 * (browse + products)), browse + products), 0)
        scrolls = np.where(single, 1, scrolls)
        browse = np.where(crawler, 25 + (draws[:, 2] * 60).astype(np.int64), browse)

        second = could_buy & (draws[:, 7] < 0.016)
        reloaded = converted & (draws[:, 8] < 0.025)
        line_session, nth = unfold(adds)
        line_key = (arrivals.visitor[line_session] * 4096 + arrivals.visit_number[line_session]) * 128 + nth
        line_product = pick(PRODUCT_WEIGHTS, np.zeros(len(nth), int), uniform(line_key, self.seed + 1))
        more = uniform(line_key, self.seed + 2)
        line_quantity = 1 + np.where(CHEAP[line_product], (more > 0.72).astype(int) + (more > 0.90), more > 0.96)
        cents = np.bincount(line_session, PRODUCT_CENTS[line_product] * line_quantity, n).astype(np.int64)
        extra = pick(PRODUCT_WEIGHTS, np.zeros(n, int), rng.random(n))

        again = (converted & second).astype(np.int64)
        pageviews = browse + products + basket + checkout + 2 * converted + reloaded + 5 * again
        adds = np.where(basket, adds, 0)
        hits = pageviews + scrolls + adds + again
        duration = self.durations(rng, arrivals, stage, codes["device"], pageviews, hits, single, crawler)
        return Sessions(
            arrivals=arrivals,
            midnight=season.midnight(arrivals.day),
            codes=codes,
            page_today=self.page_today(arrivals.index),
            landing=landing,
            stage=stage,
            basket=basket,
            checkout=checkout,
            converted=converted,
            second_order=second,
            reloaded=reloaded,
            browse_pages=browse,
            product_pages=products,
            scrolls=scrolls,
            adds=adds,
            pageviews=pageviews,
            hits=hits,
            duration=duration,
            line_session=line_session,
            line_product=line_product,
            line_quantity=line_quantity,
            extra_product=extra,
            cents=cents,
            extra_cents=PRODUCT_CENTS[extra],
            step_probability=actual,
        )

    def durations(self, rng, arrivals, stage, device, pageviews, hits, single, crawler) -> np.ndarray:
        """Whole seconds from the first to the last hit; 0 where there is one hit."""
        n = len(stage)
        pauses = hits - 1
        pace = np.exp(rng.normal(np.log(28), 0.85, n)) * np.where(device == 1, 0.82, 1.0)
        idle = np.where(rng.random(n) < 0.05, rng.exponential(700, n), 0)
        seconds = pauses * pace + idle
        seconds = np.where(single, 10 + np.exp(rng.normal(np.log(26), 0.9, n)), np.maximum(seconds, 2 + 1.6 * pageviews))
        seconds = np.where(stage == 3, np.maximum(seconds, 45 + 4 * pageviews), seconds)
        left = season.day_length(arrivals.day) - 1 - arrivals.elapsed
        seconds = np.minimum(np.minimum(seconds, SECONDS_PER_PAUSE * pauses), np.minimum(LONGEST_SECONDS, left))
        seconds = np.where(crawler, 1 + pageviews // 20, seconds)
        return np.where(pauses > 0, np.maximum(1, seconds), 0).astype(np.int64)

    def count_losses(self, sessions: Sessions, u, healthy, actual, factors: dict[Leak, np.ndarray], could_buy) -> dict:
        """What each leak cost on this day: the same draws, followed without it."""
        potential = sessions.cents + sessions.second_order * sessions.extra_cents
        orders = 1 + sessions.second_order.astype(np.int64)
        rows = {}
        for leak, factor in factors.items():
            inside = factor < 1
            entered = inside & (sessions.stage >= leak.step)
            without = actual.copy()
            other = [f for other, f in factors.items() if other is not leak and other.step == leak.step]
            without[:, leak.step] = healthy[:, leak.step] * np.prod(other, axis=0) if other else healthy[:, leak.step]
            stage = reached(u, without)
            lost = (stage == 3) & ~sessions.converted
            rows[leak.name] = {
                "sessions": int((inside & (sessions.arrivals.bot == HUMAN)).sum()),
                "entrants": int(entered.sum()),
                "passes": int((entered & (sessions.stage > leak.step)).sum()),
                "passes_without": int((inside & (stage > leak.step)).sum()),
                **worth(lost, orders, potential),
            }
        together = worth(could_buy & ~sessions.converted, orders, potential)
        return {"leaks": rows, "together": together}


def worth(lost: np.ndarray, orders: np.ndarray, cents: np.ndarray) -> dict[str, int]:
    """What the lost sessions would have brought."""
    return {"conversions": int(lost.sum()), "transactions": int(orders[lost].sum()), "cents": int(cents[lost].sum())}


def reached(u: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """How many steps each session passes, one after the other."""
    return np.cumprod(u < probability, axis=1).sum(axis=1)


def landing_table() -> np.ndarray:
    """Cumulative weights of landing pages for each traffic line."""
    rows = []
    for line in traffic.ALL_LINES:
        tilt = traffic.LANDING_TILT[line.kind]
        fixed = traffic.CAMPAIGN_LANDING.get(line.campaign or "")
        rows.append([page.weight * tilt.get(page.group, 1.0) * (12.0 if page.path == fixed else 1.0) for page in shop.LANDINGS])
    return np.cumsum(rows, axis=1)
