"""Every chart of the app, declared: what it shows, where its rows come from, what a click on it means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dashapp import figures, insights
from dashapp.db import Reading, Row
from dashapp.filters import Filters

Answer = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Chart:
    """A chart card. `clicks` are the dimensions a click on a mark filters by; the chart itself is read without them."""

    id: str
    title: str
    relation: str
    draw: str
    clicks: tuple[str, ...] = ()
    count: Callable[[list[Row]], int | None] = lambda rows: sum(row["sessions"] or 0 for row in rows)
    height: int = 320


def _entered(rows: list[Row]) -> int:
    return sum(row["sessions"] for row in rows if row["stage"] == 0)


DAILY_TREND = Chart("daily-trend", "Conversion rate by day", "daily_rates", "daily_trend", height=260)
COUNTRY_MAP = Chart("country-map", "Conversion rate by country", "country_rates", "country_map", ("country",), height=420)
FUNNEL = Chart("funnel-by-device", "Funnel by device", "funnel_by_device", "funnel_by_device", ("device",), _entered, 340)
REVENUE_AT_STAKE = Chart("revenue-at-stake", "Revenue at stake", "revenue_at_stake", "revenue_at_stake", (), lambda rows: None, 260)
MIDFUNNEL = Chart("midfunnel-comparison", "Converters beside engaged visitors who left", "midfunnel_comparison", "midfunnel_comparison", (),
                  lambda rows: None, 260)
DURATION = Chart("duration-conversion", "Time on site and conversion", "duration_rates", "duration_conversion", (), height=300)
HEATMAP = Chart("source-device-heatmap", "Conversion rate by source and device", "source_device_rates", "source_device_heatmap",
                ("source", "device"), height=420)
SOURCE_PROBABILITIES = Chart("source-probabilities", "Expected conversion by source", "source_probabilities", "source_probabilities",
                             ("source", "device"), height=380)
HISTOGRAM = Chart("probability-histogram", "How sessions spread over probabilities", "probability_histogram", "probability_histogram", ())

CHARTS = {chart.id: chart for chart in (DAILY_TREND, COUNTRY_MAP, FUNNEL, REVENUE_AT_STAKE, MIDFUNNEL, DURATION, HEATMAP,
                                        SOURCE_PROBABILITIES, HISTOGRAM)}


def rows_of(chart: Chart, read: Reading, filters: Filters) -> list[Row]:
    """The rows a chart shows: under all filters but those its own marks set."""
    call, params = filters.without(*chart.clicks).call(chart.relation)
    return read.rows(f"from {call}", params)


def answer(chart: Chart, rows: list[Row], filters: Filters, theme: str, **context: Any) -> Answer:
    """The properties of a chart card's parts, by element id."""
    seen = filters.without(*chart.clicks)
    query = seen.query()
    n = chart.count(rows)
    return {
        chart.id: {"figure": getattr(figures, chart.draw)(rows, theme=theme, selected=_selected(chart, filters))},
        f"{chart.id}-insight": {"children": getattr(insights, chart.draw)(rows, **context)},
        f"{chart.id}-count": {"children": "" if n is None else f"n = {n:,} sessions"},
        f"{chart.id}-sql": {"children": seen.sql(chart.relation)},
        f"{chart.id}-csv": {"href": f"/download/{chart.relation}.csv" + (f"?{query}" if query else "")},
    }


def _selected(chart: Chart, filters: Filters) -> Any:
    if not chart.clicks:
        return None
    chosen = [list(filters.of(dimension)) for dimension in chart.clicks]
    return chosen[0] if len(chosen) == 1 else dict(zip(chart.clicks, chosen, strict=True))
