"""From sessions to the matrix a model reads.

`Sessions` holds columns as the database or a request gives them, `Encoder` what a model learnt about labels from its
training sessions. Everything is numpy, so that one session is encoded as fast as it is scored.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.intervals import wilson

NUMBERS = ("pageviews", "duration_seconds", "visit_number", "hour", "weekday")
LABELS = ("device", "source", "country", "channel")
CATEGORIES = (*LABELS, "device_source")
FEATURES = (
    "duration_seconds",
    "pageviews",
    "is_under_10_seconds",
    "duration_bucket",
    "pageviews_per_minute",
    "visit_number",
    "hour",
    "weekday",
    "is_high_value_region",
    *CATEGORIES,
)
FEATURE_TYPES = ["c" if name in CATEGORIES else "q" for name in FEATURES]

DURATION_BUCKETS = np.array([10, 60, 300, 600, 1200, 1800], dtype=np.float32)
SEPARATOR = "\x1f"
RARE_BELOW = 20
LEVELS_KEPT = 200
REGION_CONVERSIONS = 5


@dataclass(frozen=True)
class Column:
    """A text column as codes into its distinct levels; None is a level like any other."""

    codes: np.ndarray
    levels: list[str | None]

    @classmethod
    def of(cls, values: Iterable[str | None] | pa.Array | pa.ChunkedArray) -> "Column":
        array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, pa.string())
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        encoded = array.dictionary_encode(null_encoding="encode")
        return cls(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist())

    def counts(self, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(self.codes, weights=weights, minlength=len(self.levels))

    def take(self, rows: np.ndarray) -> "Column":
        return Column(self.codes[rows], self.levels)

    def mapped(self, values: np.ndarray) -> np.ndarray:
        """The value of each row's level, as float32."""
        return np.asarray(values, dtype=np.float32)[self.codes]


@dataclass(frozen=True)
class Sessions:
    """Raw columns of sessions: `NUMBERS` as float32 with NaN for unknown, `CATEGORIES` as `Column`."""

    numbers: dict[str, np.ndarray]
    categories: dict[str, Column]

    @classmethod
    def from_arrow(cls, table: pa.Table) -> "Sessions":
        """Read a table with the columns of `NUMBERS` and `LABELS`."""
        numbers = {name: _number(table.column(name)) for name in NUMBERS}
        categories = {name: Column.of(table.column(name)) for name in LABELS}
        categories["device_source"] = _crossed(categories["device"], categories["source"])
        return cls(numbers, categories)

    def __len__(self) -> int:
        return len(self.numbers["pageviews"])

    def take(self, rows: np.ndarray) -> "Sessions":
        return Sessions(
            {name: values[rows] for name, values in self.numbers.items()},
            {name: column.take(rows) for name, column in self.categories.items()},
        )


def _number(values: pa.ChunkedArray) -> np.ndarray:
    numbers = values.cast(pa.float32(), safe=False).to_numpy()
    with np.errstate(invalid="ignore"):
        return np.where((numbers >= 0) & np.isfinite(numbers), numbers, np.float32(np.nan))


def _crossed(first: Column, second: Column) -> Column:
    pairs, codes = np.unique(first.codes * len(second.levels) + second.codes, return_inverse=True)
    levels = [f"{first.levels[a]}{SEPARATOR}{second.levels[b]}" for a, b in zip(*divmod(pairs, len(second.levels)), strict=True)]
    return Column(codes, levels)


def measures(sessions: Sessions) -> dict[str, np.ndarray]:
    """Numeric features of each session that need nothing learnt, by name, as float32.

    Pageviews per minute are unknown, not a large number, where no second hit told how long the session took.
    """
    duration, pageviews = sessions.numbers["duration_seconds"], sessions.numbers["pageviews"]
    unknown = np.isnan(duration)
    nan = np.float32(np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_minute = np.where(duration > 0, pageviews / (duration / 60), nan)
    return {
        "duration_seconds": duration,
        "pageviews": pageviews,
        "is_under_10_seconds": np.where(unknown, nan, duration < 10),
        "duration_bucket": np.where(unknown, nan, np.searchsorted(DURATION_BUCKETS, duration, side="right")),
        "pageviews_per_minute": per_minute,
        "visit_number": sessions.numbers["visit_number"],
        "hour": sessions.numbers["hour"],
        "weekday": sessions.numbers["weekday"],
    }


@dataclass(frozen=True)
class Encoder:
    """What is learnt about labels from training sessions.

    Attributes
    ----------
    levels
        For each of `CATEGORIES`, the levels frequent enough to stand for themselves, most frequent first. A level's
        position is its code; rarer and never seen levels share the code after the last.
    regions
        Countries that convert better than the training sessions as a whole: the lower end of their rate's 95 % Wilson
        interval lies above the overall rate, with at least `REGION_CONVERSIONS` converting sessions.
    """

    levels: dict[str, list[str | None]]
    regions: list[str | None]

    @classmethod
    def fit(cls, sessions: Sessions, converted: np.ndarray) -> "Encoder":
        levels = {name: _frequent(sessions.categories[name]) for name in CATEGORIES}
        country = sessions.categories["country"]
        better = _better_regions(country.counts(), country.counts(converted))
        return cls(levels, [country.levels[code] for code in np.flatnonzero(better)])

    @classmethod
    def fit_transform(cls, sessions: Sessions, converted: np.ndarray, folds: np.ndarray) -> tuple["Encoder", np.ndarray]:
        """Encoder of these sessions and their own matrix.

        In that matrix the region of a session is learnt from the other folds, lest its own outcome shows in it.
        """
        encoder = cls.fit(sessions, converted)
        matrix = encoder.transform(sessions)
        country = sessions.categories["country"]
        every, wins = country.counts(), country.counts(converted)
        for fold in np.unique(folds):
            inside = folds == fold
            part = country.take(inside)
            others = _better_regions(every - part.counts(), wins - part.counts(converted[inside]))
            matrix[inside, FEATURES.index("is_high_value_region")] = part.mapped(others)
        return encoder, matrix

    def transform(self, sessions: Sessions) -> np.ndarray:
        """Matrix of float32, one row a session, one column a feature in the order of `FEATURES`."""
        matrix = np.empty((len(sessions), len(FEATURES)), dtype=np.float32)
        for name, values in measures(sessions).items():
            matrix[:, FEATURES.index(name)] = values
        for name, kept in self.levels.items():
            column = sessions.categories[name]
            code_of = {level: code for code, level in enumerate(kept)}
            codes = np.array([code_of.get(level, len(kept)) for level in column.levels], dtype=np.float32)
            matrix[:, FEATURES.index(name)] = column.mapped(codes)
        country, better = sessions.categories["country"], set(self.regions)
        flags = np.array([level in better for level in country.levels], dtype=np.float32)
        matrix[:, FEATURES.index("is_high_value_region")] = country.mapped(flags)
        return matrix


def _frequent(column: Column) -> list[str | None]:
    counts = column.counts()
    order = sorted(range(len(counts)), key=lambda code: (-counts[code], str(column.levels[code])))
    return [column.levels[code] for code in order[:LEVELS_KEPT] if counts[code] >= RARE_BELOW]


def _better_regions(sessions: np.ndarray, conversions: np.ndarray) -> np.ndarray:
    overall = conversions.sum() / max(sessions.sum(), 1)
    low, _ = wilson(conversions, sessions)
    return (low > overall) & (conversions >= REGION_CONVERSIONS)
