"""What each kind of model looks at: its raw columns, and the features made of them.

A `retrospective` model reads a whole session as the export gives it. An `early` model reads what was known at a cut inside the
session; `models.early` makes its columns from events. Everything is numpy, so that one session is encoded as fast as it is scored.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Numbers = dict[str, np.ndarray]

DURATION_BUCKETS = np.array([10, 60, 300, 600, 1200, 1800], dtype=np.float32)


@dataclass(frozen=True)
class Design:
    """The inputs of a kind of model.

    Attributes
    ----------
    kind
        The name in `model_runs.kind`.
    numbers, labels
        Raw columns, numeric and text.
    derive
        From the raw numbers to numeric features that need nothing learnt.
    measures
        Names of the features that `derive` gives.
    told
        Raw columns that say something of a session by themselves; where all of them are empty or equal there is nothing to learn.
    """

    kind: str
    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    derive: Callable[[Numbers], Numbers]
    measures: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """Text features: the labels and the crossing of device and source."""
        return (*self.labels, "device_source")

    @property
    def features(self) -> tuple[str, ...]:
        """All features in the order of the matrix."""
        return (*self.measures, "is_high_value_region", *self.categories)

    @property
    def feature_types(self) -> list[str]:
        """XGBoost's type of each feature: c for categories, q for quantities."""
        return ["c" if name in self.categories else "q" for name in self.features]


def whole_session(numbers: Numbers) -> Numbers:
    """Features of a finished session.

    Pageviews per minute are unknown, not a large number, where no second hit told how long the session took.
    """
    duration, pageviews = numbers["duration_seconds"], numbers["pageviews"]
    unknown, nan = np.isnan(duration), np.float32(np.nan)
    return {
        "duration_seconds": duration,
        "pageviews": pageviews,
        "is_under_10_seconds": np.where(unknown, nan, duration < 10),
        "duration_bucket": np.where(unknown, nan, np.searchsorted(DURATION_BUCKETS, duration, side="right")),
        "pageviews_per_minute": _per(pageviews, duration / 60),
        "visit_number": numbers["visit_number"],
        "hour": numbers["hour"],
        "weekday": numbers["weekday"],
    }


def so_far(numbers: Numbers) -> Numbers:
    """Features of a session at a cut."""
    return {name: numbers[name] for name in EARLY_NUMBERS} | {"seconds_per_page": _per(numbers["seconds"], numbers["pageviews"])}


def _per(amount: np.ndarray, unit: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(unit > 0, amount / unit, np.float32(np.nan))
    return np.where(np.isfinite(ratio), ratio, np.float32(np.nan))


EARLY_NUMBERS = (
    "events",
    "pageviews",
    "seconds",
    "last_pause",
    "distinct_pages",
    "item_views",
    "cart_adds",
    "searches",
    "scrolls",
    "other_events",
    "visit_number",
    "hour",
    "weekday",
)

RETROSPECTIVE = Design(
    kind="retrospective",
    numbers=("pageviews", "duration_seconds", "visit_number", "hour", "weekday"),
    labels=("device", "source", "country", "channel", "landing_page"),
    derive=whole_session,
    measures=(
        "duration_seconds",
        "pageviews",
        "is_under_10_seconds",
        "duration_bucket",
        "pageviews_per_minute",
        "visit_number",
        "hour",
        "weekday",
    ),
    told=("pageviews", "duration_seconds", "visit_number", "source", "country", "channel", "landing_page"),
)

EARLY = Design(
    kind="early",
    numbers=EARLY_NUMBERS,
    labels=("device", "source", "country", "channel", "landing_page", "last_event", "last_page"),
    derive=so_far,
    measures=(*EARLY_NUMBERS, "seconds_per_page"),
    told=(*EARLY_NUMBERS[:11], "source", "country", "channel", "landing_page", "last_event", "last_page"),
)

DESIGNS = {design.kind: design for design in (RETROSPECTIVE, EARLY)}
