"""The filters all charts share: an immutable value, its URL query string, and the relation call it becomes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from dashapp.theme import bucket

MOST_VALUES = 100
LONGEST_VALUE = 300
LONGEST_QUERY = 50_000
# Control characters, and halves of surrogate pairs that no database takes.
UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

# URL name of a dimension -> argument of the relations.
DIMENSIONS = {"device": "devices", "source": "sources", "country": "countries", "channel": "channels", "duration": "durations"}
ARGUMENTS = tuple(DIMENSIONS.values())
# Those with a field in the filter bar. A duration is chosen by its bar: seven buckets need no list.
LISTED = tuple(name for name in DIMENSIONS if name != "duration")
# What the chosen days can be compared with; see dashapp/compare.py.
COMPARISONS = ("previous", "year")

FILTERED = frozenset(
    {
        "kpis",
        "country_rates",
        "funnel_by_device",
        "revenue_at_stake",
        "midfunnel_comparison",
        "duration_rates",
        "source_device_rates",
        "device_benchmarks",
        "source_probabilities",
        "probability_histogram",
        "top_candidates",
        "daily_rates",
        "period_comparison",
        "period_split",
        "period_effects",
    }
)
# Those that take a second period as well.
COMPARED = frozenset({"period_comparison", "period_split", "period_effects"})
# Those that have a form for filters without dates, and one for filters on sources without dates: see etl/undated.py.
UNDATED = FILTERED - COMPARED - {"top_candidates"}
UNDATED_SOURCES = UNDATED - {"daily_rates"}
WHOLE = frozenset(
    {
        "aggregate_cells",
        "aggregate_rates",
        "aggregate_reports",
        "filter_options",
        "date_coverage",
        "rejects_by_reason",
        "bots_by_rule",
        "data_warnings",
        "data_lacks",
        "stage_bases",
        "current_run",
        "current_runs",
        "drift",
        "loads",
        "benchmarks",
        "settings",
        "open_leaks",
        "leak_runs",
        "leak_history",
        "leak_trends",
        "intent_rates",
        "blind_spots",
        "experiment_plans",
        "fix_verdicts",
        "site_events",
    }
)
RELATIONS = FILTERED | WHOLE
# What a database must have: with the cells behind the forms of relations that are planned fastest.
NEEDED = RELATIONS | {"undated_cells", "source_cells"}


@dataclass(frozen=True)
class Filters:
    """What to look at. Empty tuples and None mean everything; dates are inclusive. `compare` is one of COMPARISONS, or nothing."""

    devices: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    durations: tuple[str, ...] = ()
    compare: str = ""

    @classmethod
    def read(cls, search: str | None) -> tuple["Filters", list[str]]:
        """Filters of a URL's query string, and a note for each part of it that could not be used."""
        found: dict[str, list[str]] = {name: [] for name in (*DIMENSIONS, "since", "until", "compare")}
        for name, value in parse_qsl((search or "")[:LONGEST_QUERY].lstrip("?"), max_num_fields=None, errors="replace"):
            if name in found:
                found[name].append(value)
        notes: list[str] = []
        parts: dict[str, Any] = {}
        for dimension, argument in DIMENSIONS.items():
            parts[argument], complaint = _values(found[dimension])
            if complaint:
                notes.append(f"Some values of the {dimension} filter were ignored: {complaint}.")
        for name in ("since", "until"):
            texts = found[name]
            parts[name] = _date(texts[-1]) if texts else None
            if texts and parts[name] is None:
                notes.append(f"The date “{texts[-1][:30]}” was ignored: dates are written YYYY-MM-DD.")
        if parts["since"] and parts["until"] and parts["since"] > parts["until"]:
            parts["since"], parts["until"] = parts["until"], parts["since"]
            notes.append("The dates stood in reverse order and were swapped.")
        for text in found["compare"][-1:]:
            parts["compare"] = text if text in COMPARISONS else ""
            if text not in ("", *COMPARISONS):
                notes.append(
                    "The comparison asked for was ignored: it can be with previous (the days before) or year (the same days last year)."
                )
        return cls(**parts), notes

    def query(self) -> str:
        """The canonical query string, without its question mark; equal filters give equal text."""
        pairs = [(name, value) for name, argument in DIMENSIONS.items() for value in getattr(self, argument)]
        pairs += [(name, getattr(self, name).isoformat()) for name in ("since", "until") if getattr(self, name)]
        pairs += [("compare", self.compare)] if self.compare else []
        return "&".join(f"{name}={_escape(value)}" for name, value in pairs)

    def params(self) -> dict[str, Any]:
        """The filters that are set, by argument name."""
        params: dict[str, Any] = {name: list(getattr(self, name)) for name in ARGUMENTS if getattr(self, name)}
        params.update({name: getattr(self, name) for name in ("since", "until") if getattr(self, name)})
        return params

    def call(self, relation: str) -> tuple[str, dict[str, Any]]:
        """A relation with these filters as bound arguments: (text to stand after `from`, parameters).

        Absent filters are not named, so that their default, a literal NULL, lets DuckDB drop the branches that cannot match.
        """
        if relation not in RELATIONS:
            raise ValueError(f"unknown relation: {relation!r}")
        params = self.params() if relation in FILTERED else {}
        return call_text(relation, params), params

    def narrow_call(self, relation: str) -> tuple[str, dict[str, Any]]:
        """The same rows as `call` from the form of the relation that is planned fastest: see etl/undated.py."""
        schema, relations = ("undated_sources", UNDATED_SOURCES) if self.sources else ("undated", UNDATED)
        if relation not in relations or self.since or self.until:
            return self.call(relation)
        params = self.params()
        return f"{schema}.{relation}({', '.join(f'{name} := ${name}' for name in params)})", params

    def sql(self, relation: str) -> str:
        """The same call as a statement to paste into a DuckDB client."""
        if relation not in RELATIONS:
            raise ValueError(f"unknown relation: {relation!r}")
        return statement_text(relation, self.params() if relation in FILTERED else {})

    def without(self, *dimensions: str) -> "Filters":
        """The same filters, those of the given dimensions cleared: what a chart shows that set them."""
        return replace(self, **{DIMENSIONS[dimension]: () for dimension in dimensions})

    def of(self, dimension: str) -> tuple[str, ...]:
        """The chosen values of a dimension."""
        return getattr(self, DIMENSIONS[dimension])

    @property
    def are_empty(self) -> bool:
        return self == Filters()

    def words(self) -> str:
        """The chosen values as a phrase, without dates; empty when none is chosen."""
        parts = []
        for dimension in DIMENSIONS:
            values = self.of(dimension)
            more = f" and {len(values) - 2} more" if len(values) > 2 else ""
            if values:
                shown = map(bucket, values) if dimension == "duration" else values
                parts.append(" or ".join(map(_shorten, [*shown][:2])) + more)
        return " · ".join(parts)


def make(values: Mapping[str, Iterable[str]], since: date | None = None, until: date | None = None) -> Filters:
    """Filters of values by dimension, in canonical order."""
    return Filters(**{DIMENSIONS[name]: _values(list(given))[0] for name, given in values.items()}, since=since, until=until)


def call_text(relation: str, params: Mapping[str, Any]) -> str:
    """What stands after `from`: the relation with its arguments bound by name."""
    return f"{relation}({', '.join(f'{name} := ${name}' for name in params)})" if params else relation


def statement_text(relation: str, params: Mapping[str, Any]) -> str:
    """A statement to paste into a DuckDB client."""
    arguments = ", ".join(f"{name} := {_literal(value)}" for name, value in params.items())
    return f"from {relation}({arguments});" if arguments else f"from {relation};"


def _values(texts: list[str]) -> tuple[tuple[str, ...], str]:
    usable = {text for text in texts if text and len(text) <= LONGEST_VALUE and not UNUSABLE.search(text)}
    # UTF-16 order is the one JavaScript sorts by, so that the browser writes the same URL.
    ordered = tuple(sorted(usable, key=lambda text: text.encode("utf-16-be", "surrogatepass")))
    complaint = ""
    if len(usable) < len({text for text in texts if text}):
        complaint = "too long or not text"
    if len(ordered) > MOST_VALUES:
        complaint = f"more than {MOST_VALUES}"
    return ordered[:MOST_VALUES], complaint


def _date(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _escape(value: str) -> str:
    return quote_plus(value, safe="*", errors="replace").replace("~", "%7E")


def _literal(value: Any) -> str:
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return "'" + str(value).replace("'", "''") + "'"


def _shorten(text: str, length: int = 28) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
