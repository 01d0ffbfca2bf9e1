"""The faults planted in the demo: leaks, a tracking break and a renamed page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from . import audience, shop, traffic


@dataclass(frozen=True)
class Leak:
    """Sessions of a segment pass one step of the funnel `multiplier` times as often as they would.

    `segment` maps columns of the table sessions to a level; `step` is 0, 1 or 2: the stage the sessions leave from.
    `starts` is the share of the period after which it sets in: 0 means the whole period.
    A leak of kind `tracking_break` loses the record of what happened instead of the purchase.
    """

    name: str
    kind: str
    segment: dict[str, str] = field(hash=False)
    step: int
    multiplier: float
    starts: float = 0.0
    story: str = ""

    def started_on(self, first_day: date, days: int) -> date | None:
        return first_day + timedelta(days=round(days * self.starts)) if self.starts else None


@dataclass(frozen=True)
class Renamed:
    """A landing page that gets another address: traffic moves between two levels and nothing is lost."""

    before: str
    after: str
    starts: float


LEAKS = (
    Leak(
        "instagram-mobile",
        "interaction",
        {"device": "mobile", "source": "instagram.com"},
        1,
        0.55,
        story="Product lists do not open in the app's own browser.",
    ),
    Leak(
        "android-tents",
        "interaction",
        {"operating_system": "Android", "landing_page": "/collections/tents"},
        0,
        0.60,
        story="The tents page takes nine seconds to draw on Android.",
    ),
    Leak(
        "canada-payment",
        "drop",
        {"country": "Canada"},
        2,
        0.40,
        0.58,
        story="The payment provider declines Canadian cards since a change of contract.",
    ),
    Leak(
        "safari-us-checkout",
        "drop",
        {"country": "United States", "device": "mobile", "browser": "Safari"},
        2,
        0.60,
        0.47,
        story="A release hides the pay button behind the keyboard.",
    ),
    Leak(
        "google-cpc-desktop",
        "drop",
        {"device": "desktop", "source": "google", "medium": "cpc"},
        1,
        0.65,
        0.36,
        story="Advertisements lead to products that have run out.",
    ),
    Leak(
        "samsung-purchases",
        "tracking_break",
        {"browser": "Samsung Internet"},
        2,
        0.0,
        0.62,
        story="The confirmation page stops reporting purchases from this browser; the orders are real.",
    ),
)
RENAMED = Renamed("/sale", "/outlet", 0.80)

# Levels of each dimension, in the order the simulation numbers them.
LEVELS = {
    "device": audience.DEVICES,
    "browser": tuple(dict.fromkeys(p.browser for p in audience.PLATFORMS)),
    "operating_system": tuple(dict.fromkeys(p.operating_system for p in audience.PLATFORMS)),
    "country": tuple(c.name for c in audience.COUNTRIES),
    "landing_page": tuple(page.path for page in shop.LANDINGS),
    "source": tuple(dict.fromkeys(line.source for line in traffic.ALL_LINES)),
    "medium": tuple(dict.fromkeys([*(line.medium for line in traffic.ALL_LINES), "ai-assistant"])),
}


def members(segment: dict[str, str], codes: dict[str, np.ndarray]) -> np.ndarray:
    """Which sessions belong to a segment, from the level numbers of each dimension."""
    inside = None
    for dimension, level in segment.items():
        match = codes[dimension] == LEVELS[dimension].index(level)
        inside = match if inside is None else inside & match
    return inside


def check(leaks: Sequence[Leak]) -> None:
    """Refuse leaks that name what the shop does not have."""
    for leak in leaks:
        if leak.step not in (0, 1, 2) or not 0 <= leak.multiplier <= 1 or not 0 <= leak.starts < 1:
            raise ValueError(f"leak {leak.name}: step is 0, 1 or 2, multiplier within 0 and 1, starts within 0 and 1")
        for dimension, level in leak.segment.items():
            if level not in LEVELS.get(dimension, ()):
                raise ValueError(f"leak {leak.name}: the demo has no {dimension} {level!r}")
