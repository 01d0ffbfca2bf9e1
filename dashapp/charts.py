"""Every chart of the app, declared: what it shows, where its rows come from, what a click on it means."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dashapp import figures, insights
from dashapp.db import Reading, Row, Statement
from dashapp.filters import Filters
from dashapp.queries import common
from dashapp.theme import counted

Answer = dict[str, dict[str, Any]]
CONVERTED = 3
SOURCES = 10


@dataclass(frozen=True)
class Chart:
    """A chart card. `clicks` are the dimensions a click on a mark filters by; the chart itself is read without them.

    What `prepare` makes of the rows is shared by the figure and its sentence. `scope` says of which sessions it counts, where not of all.
    """

    id: str
    title: str
    relation: str
    draw: str
    clicks: tuple[str, ...] = ()
    count: Callable[[list[Row]], int | None] = lambda rows: sum(row["sessions"] or 0 for row in rows)
    prepare: Callable[[list[Row]], list] = lambda rows: rows
    scope: Callable[[list[Row]], str] = lambda rows: ""

    @property
    def height(self) -> int:
        """Its fixed height in pixels, so that a page does not move while one filters."""
        return figures.HEIGHTS[self.draw]


def _entered(rows: list[Row]) -> int:
    return sum(row["sessions"] for row in rows if row["stage"] == 0)


def _largest_sources(rows: list[Row]) -> str:
    """These relations hold the largest sources, no more than so many: with fewer, all are there."""
    return f" of {SOURCES} sources" if len({row["source"] for row in rows}) >= SOURCES else ""


DAILY_TREND = Chart("daily-trend", "Conversion rate over time", "daily_rates", "daily_trend", prepare=figures.periods)
COUNTRY_MAP = Chart("country-map", "Conversion rate by country", "country_rates", "country_map", ("country",))
FUNNEL = Chart("funnel-by-device", "Funnel by device", "funnel_by_device", "funnel_by_device", ("device",), _entered)
REVENUE_AT_STAKE = Chart("revenue-at-stake", "Revenue at stake", "revenue_at_stake", "revenue_at_stake", (), lambda rows: None)
MIDFUNNEL = Chart(
    "midfunnel-comparison",
    "Converters beside engaged visitors who left",
    "midfunnel_comparison",
    "midfunnel_comparison",
    (),
    lambda rows: None,
)
DURATION = Chart("duration-conversion", "Time on site and conversion", "duration_rates", "duration_conversion", ("duration",))
HEATMAP = Chart(
    "source-device-heatmap",
    "Conversion rate by source and device",
    "source_device_rates",
    "source_device_heatmap",
    ("source", "device"),
    scope=_largest_sources,
)
SOURCE_PROBABILITIES = Chart(
    "source-probabilities",
    "Expected conversion by source",
    "source_probabilities",
    "source_probabilities",
    ("source", "device"),
    scope=_largest_sources,
)
HISTOGRAM = Chart("probability-histogram", "How sessions spread over probabilities", "probability_histogram", "probability_histogram", ())

CHARTS = {
    chart.id: chart
    for chart in (DAILY_TREND, COUNTRY_MAP, FUNNEL, REVENUE_AT_STAKE, MIDFUNNEL, DURATION, HEATMAP, SOURCE_PROBABILITIES, HISTOGRAM)
}


def read_all(shown: Iterable[Chart], read: Reading, filters: Filters, more: Iterable[Statement] = ()) -> None:
    """Read together what a page with these charts asks for: the totals, `rows_of` each, and more."""
    read.together([*statements(shown, filters), *more])


def statements(shown: Iterable[Chart], filters: Filters) -> list[Statement]:
    """What a page with these charts reads under the filters: the totals and the rows of each chart."""
    return [common.statement("kpis", filters), *(_statement(chart, filters) for chart in shown)]


def rows_of(chart: Chart, read: Reading, filters: Filters) -> list[Row]:
    """The rows a chart shows: under all filters but those its own marks set."""
    rows = read.kept(*_statement(chart, filters))
    if chart is FUNNEL and "conversions" in common.missing(read):
        return [row for row in rows if row["stage"] < CONVERTED]
    return rows


def _statement(chart: Chart, filters: Filters) -> Statement:
    return common.statement(chart.relation, filters.without(*chart.clicks))


def answer(chart: Chart, rows: list[Row], filters: Filters, theme: str, **context: Any) -> Answer:
    """The properties of a chart card's parts, by element id."""
    seen = filters.without(*chart.clicks)
    query = seen.query()
    n = chart.count(rows)
    prepared = chart.prepare(rows)
    return {
        chart.id: {"figure": getattr(figures, chart.draw)(prepared, theme=theme, selected=_selected(chart, filters), **context)},
        f"{chart.id}-insight": {"children": getattr(insights, chart.draw)(prepared, **context)},
        f"{chart.id}-count": {"children": "" if n is None else f"n = {counted(n, 'session')}{chart.scope(rows)}"},
        f"{chart.id}-sql": {"children": seen.sql(chart.relation)},
        f"{chart.id}-csv": {"href": f"/download/{chart.relation}.csv" + (f"?{query}" if query else "")},
    }


def _selected(chart: Chart, filters: Filters) -> Any:
    """The filter values of the chosen mark, as figures take them: a list for one dimension, a pair for two (None stands for any)."""
    chosen = [list(filters.of(dimension)) for dimension in chart.clicks]
    if not any(chosen) or len(chosen) > 1 and any(len(values) > 1 for values in chosen):
        return None
    return chosen[0] if len(chosen) == 1 else tuple(values[0] if values else None for values in chosen)
