"""Arrow columns that more than one form of the export needs."""

from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import audience, traffic
from .draws import scramble
from .funnel import ASSISTANT_SINCE, IS_ASSISTANT, LANDING_PATHS, Sessions
from .leaks import LEVELS


def coded(codes: np.ndarray, values: list[str | None] | tuple[str | None, ...]) -> pa.DictionaryArray:
    """Text by number into a table of texts. A number below zero, or of a None, is null."""
    # A dictionary with a text in it twice is legal, but Parquet writers do not encode it the same way each time.
    usable = list(dict.fromkeys(value for value in values if value is not None))
    row = {value: i for i, value in enumerate(usable)}
    position = np.array([*(-1 if value is None else row[value] for value in values), -1], np.int32)
    where = position[np.where(codes < 0, len(values), codes)]
    return pa.DictionaryArray.from_arrays(pa.array(where, pa.int32(), mask=where < 0), pa.array(usable, pa.string()))


def constant(value: str | None, size: int) -> pa.Array:
    """The same text in every row."""
    return coded(np.zeros(size, np.int32), [value])


def integers(values: np.ndarray, where: np.ndarray | None = None) -> pa.Array:
    """64-bit integers, null outside `where`."""
    return pa.array(np.asarray(values, np.int64), pa.int64(), mask=None if where is None else ~where)


def struct(fields: dict[str, pa.Array], where: np.ndarray | None = None) -> pa.StructArray:
    """A struct column; the whole struct is null outside `where`."""
    mask = None if where is None else pa.array(~where)
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields), mask=mask)


def repeated(offsets: np.ndarray, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def micros(cents: np.ndarray) -> np.ndarray:
    return np.asarray(cents, np.int64) * 10_000


def channels(day: date) -> list[str]:
    """The channel of each traffic line, as Google Analytics would have said on that day."""
    return [
        "AI Assistant" if is_assistant and day >= ASSISTANT_SINCE else line.channel
        for line, is_assistant in zip(traffic.ALL_LINES, IS_ASSISTANT, strict=True)
    ]


class Labels:
    """The texts of a day's sessions, made when asked for."""

    def __init__(self, seed: int, day: Sessions):
        self.day, self.arrivals, self.size = day, day.arrivals, len(day)
        self.scrambled = scramble(day.arrivals.visitor, seed)

    @cached_property
    def full_visitor_id(self) -> pa.Array:
        """Universal Analytics' visitor id: up to 19 digits, zeros in front included."""
        digits = pa.array((self.scrambled >> np.uint64(1)).astype(np.int64)).cast(pa.string())
        return pc.utf8_lpad(digits, 19, "0")

    @cached_property
    def client_id(self) -> pa.Array:
        """What Google's cookie holds: a random number and the second of the first visit. GA4 calls it user_pseudo_id."""
        number = pa.array((self.scrambled & np.uint64(0x7FFFFFFF)).astype(np.int64)).cast(pa.string())
        return pc.binary_join_element_wise(number, pa.array(self.arrivals.first_touch).cast(pa.string()), ".")

    @cached_property
    def order_id(self) -> pa.Array:
        """Number of the first order of each session; a second one ends in 2."""
        visitor = pc.utf8_lpad(pa.array(self.arrivals.visitor.astype(np.int64)).cast(pa.string()), 8, "0")
        visit = pc.utf8_lpad(pa.array(self.arrivals.visit_number).cast(pa.string()), 3, "0")
        return pc.binary_join_element_wise(pa.scalar("LF"), visitor, visit, "")

    @cached_property
    def date_text(self) -> str:
        return self.arrivals.day.strftime("%Y%m%d")

    def level(self, dimension: str) -> pa.DictionaryArray:
        return coded(self.day.codes[dimension], LEVELS[dimension])

    def of_country(self, attribute: str) -> pa.DictionaryArray:
        return coded(self.arrivals.country, [getattr(country, attribute) for country in audience.COUNTRIES])

    def of_line(self, attribute: str, line: np.ndarray | None = None) -> pa.DictionaryArray:
        return coded(self.arrivals.line if line is None else line, [getattr(line, attribute) for line in traffic.ALL_LINES])

    @cached_property
    def channel(self) -> pa.DictionaryArray:
        return coded(self.arrivals.line, channels(self.arrivals.day))

    @cached_property
    def landing_path(self) -> pa.DictionaryArray:
        return coded(self.day.landing, LANDING_PATHS)

    @cached_property
    def place(self) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
        """Region and city."""
        table = [audience.PLACES.get(country.name, audience.NOWHERE) for country in audience.COUNTRIES]
        first = np.cumsum([0, *map(len, table)])[:-1]
        number = np.array([len(places) for places in table])[self.arrivals.country]
        code = first[self.arrivals.country] + ((self.scrambled >> np.uint64(40)) % number.astype(np.uint64)).astype(np.int64)
        flat = [place for places in table for place in places]
        return coded(code, [region for region, _ in flat]), coded(code, [city for _, city in flat])
