"""From sessions to the matrix a model reads.

`Sessions` holds columns as the database or a request gives them, `Encoder` what a model learnt about labels from its
training sessions. Only `Sessions.from_arrow` needs more than numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.designs import RETROSPECTIVE, Design
from models.intervals import wilson

if TYPE_CHECKING:
    import pyarrow as pa

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
    def of(cls, values: Iterable[str | None]) -> Column:
        """Of texts, or of an Arrow array of texts."""
        if hasattr(values, "combine_chunks"):
            values = values.combine_chunks()
        if hasattr(values, "dictionary_encode"):
            encoded = values.dictionary_encode(null_encoding="encode")
            return cls(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist())
        code_of: dict[str | None, int] = {}
        codes = [code_of.setdefault(value, len(code_of)) for value in values]
        return cls(np.array(codes, dtype=np.int64), list(code_of))

    def counts(self, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(self.codes, weights=weights, minlength=len(self.levels))

    def take(self, rows: np.ndarray) -> Column:
        return Column(self.codes[rows], self.levels)

    def mapped(self, values: np.ndarray) -> np.ndarray:
        """The value of each row's level, as float32."""
        return np.asarray(values, dtype=np.float32)[self.codes]


@dataclass(frozen=True)
class Sessions:
    """Raw columns of sessions: the design's numbers as float32 with NaN for unknown, its categories as `Column`.

    For the early model a row is a session at one of its cuts.
    """

    design: Design
    numbers: dict[str, np.ndarray]
    categories: dict[str, Column]

    @classmethod
    def from_arrow(cls, table: pa.Table, design: Design = RETROSPECTIVE) -> Sessions:
        """Read a table with the columns of the design's numbers and labels."""
        import pyarrow as pa

        numbers = {name: _known(table.column(name).cast(pa.float32(), safe=False).to_numpy()) for name in design.numbers}
        return cls.of(design, numbers, {name: Column.of(table.column(name)) for name in design.labels})

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], design: Design = RETROSPECTIVE) -> Sessions:
        """Read rows given as dictionaries, as `models.rows` makes them; what a row lacks is unknown."""
        numbers = {}
        for name in design.numbers:
            given = [row.get(name) for row in rows]
            with np.errstate(over="ignore"):
                numbers[name] = _known(
                    np.array([np.nan if value is None else value for value in given], dtype=np.float64).astype(np.float32)
                )
        return cls.of(design, numbers, {name: Column.of([row.get(name) for row in rows]) for name in design.labels})

    @classmethod
    def of(cls, design: Design, numbers: dict[str, np.ndarray], labels: dict[str, Column]) -> Sessions:
        """Of numbers and labels; devices are crossed with sources."""
        return cls(design, numbers, labels | {"device_source": _crossed(labels["device"], labels["source"])})

    def __len__(self) -> int:
        return len(self.numbers[self.design.numbers[0]])

    def take(self, rows: np.ndarray) -> Sessions:
        return Sessions(
            self.design,
            {name: values[rows] for name, values in self.numbers.items()},
            {name: column.take(rows) for name, column in self.categories.items()},
        )

    def measures(self) -> dict[str, np.ndarray]:
        """Numeric features of each session that need nothing learnt, by name."""
        return self.design.derive(self.numbers)

    def without(self, names: Iterable[str]) -> Sessions:
        """The same sessions with some raw columns unknown throughout, to see what a model does without them."""
        gone = set(names)
        nothing = np.full(len(self), np.nan, dtype=np.float32)
        nobody = Column(np.zeros(len(self), dtype=np.int64), [None])
        return Sessions(
            self.design,
            {name: nothing if name in gone else values for name, values in self.numbers.items()},
            {name: nobody if name in gone else column for name, column in self.categories.items()},
        )


def _known(numbers: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where((numbers >= 0) & np.isfinite(numbers), numbers, np.float32(np.nan))


def _crossed(first: Column, second: Column) -> Column:
    pair = first.codes * len(second.levels) + second.codes
    counts = np.bincount(pair, minlength=len(first.levels) * len(second.levels))
    pairs = np.flatnonzero(counts)
    codes = (np.cumsum(counts > 0) - 1)[pair]
    levels = [f"{first.levels[a]}{SEPARATOR}{second.levels[b]}" for a, b in zip(*divmod(pairs, len(second.levels)), strict=True)]
    return Column(codes, levels)


@dataclass(frozen=True)
class Encoder:
    """What is learnt about labels from training sessions.

    Attributes
    ----------
    design
        Whose features are encoded.
    levels
        For each category, the levels frequent enough to stand for themselves, most frequent first. A level's
        position is its code; rarer and never seen levels share the code after the last.
    regions
        Countries that convert better than the training sessions as a whole: the lower end of their rate's 95 % Wilson
        interval lies above the overall rate, with at least `REGION_CONVERSIONS` converting sessions.
    """

    design: Design
    levels: dict[str, list[str | None]]
    regions: list[str | None]

    @classmethod
    def fit(cls, sessions: Sessions, converted: np.ndarray) -> Encoder:
        levels = {name: _frequent(sessions.categories[name]) for name in sessions.design.categories}
        country = sessions.categories["country"]
        better = _better_regions(country.counts(), country.counts(converted))
        return cls(sessions.design, levels, [country.levels[code] for code in np.flatnonzero(better)])

    @classmethod
    def fit_transform(cls, sessions: Sessions, converted: np.ndarray, folds: np.ndarray) -> tuple[Encoder, np.ndarray]:
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
            matrix[inside, sessions.design.features.index("is_high_value_region")] = part.mapped(others)
        return encoder, matrix

    def transform(self, sessions: Sessions) -> np.ndarray:
        """Matrix of float32, one row a session, one column a feature in the order of the design."""
        features = self.design.features
        matrix = np.empty((len(sessions), len(features)), dtype=np.float32)
        for name, values in sessions.measures().items():
            matrix[:, features.index(name)] = values
        for name, kept in self.levels.items():
            column = sessions.categories[name]
            code_of = {level: code for code, level in enumerate(kept)}
            codes = np.array([code_of.get(level, len(kept)) for level in column.levels], dtype=np.float32)
            matrix[:, features.index(name)] = column.mapped(codes)
        country, better = sessions.categories["country"], set(self.regions)
        flags = np.array([level in better for level in country.levels], dtype=np.float32)
        matrix[:, features.index("is_high_value_region")] = country.mapped(flags)
        return matrix


def _frequent(column: Column) -> list[str | None]:
    counts = column.counts()
    order = sorted(range(len(counts)), key=lambda code: (-counts[code], str(column.levels[code])))
    return [column.levels[code] for code in order[:LEVELS_KEPT] if counts[code] >= RARE_BELOW]


def _better_regions(sessions: np.ndarray, conversions: np.ndarray) -> np.ndarray:
    overall = conversions.sum() / max(sessions.sum(), 1)
    low, _ = wilson(conversions, sessions)
    return (low > overall) & (conversions >= REGION_CONVERSIONS)
