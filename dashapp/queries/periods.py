"""What a comparison reads: both periods' figures, and the earlier period's rows of a chart. Nothing unless one is asked for."""

from datetime import timedelta

from dashapp.charts import Chart
from dashapp.compare import Comparison
from dashapp.db import Reading, Row, Statement
from dashapp.queries import common


def metrics(read: Reading, comparison: Comparison) -> dict[str, Row]:
    """The row of each metric, without those whose data are missing."""
    missing = common.missing(read)
    needs = {
        "conversions": "conversions",
        "conversion_rate": "conversions",
        "revenue": "revenue",
        "revenue_per_session": "revenue",
        "avg_duration_seconds": "duration",
    }
    rows = read.kept(*comparison.statement("period_comparison"))
    return {row["metric"]: row for row in rows if needs.get(row["metric"]) not in missing}


def effects(read: Reading, comparison: Comparison) -> list[Row]:
    """Mix and rate by dimension, without dimensions that the data lack."""
    missing = common.missing(read)
    if "conversions" in missing:
        return []
    return [row for row in read.kept(*comparison.statement("period_effects")) if row["dimension"] not in missing]


def segments(read: Reading, comparison: Comparison, dimensions: list[str]) -> dict[str, list[Row]]:
    """The segments of dimensions; nothing is read for none."""
    if not dimensions:
        return {}
    rows = read.kept(*comparison.statement("period_split"))
    return {dimension: [row for row in rows if row["dimension"] == dimension] for dimension in dimensions}


def earlier_rows(read: Reading, chart: Chart, comparison: Comparison) -> list[Row]:
    """The rows of a chart in the earlier period, under the filters the chart itself is read with."""
    return read.kept(*_earlier(chart, comparison))


def statements(comparison: Comparison | None, *charts: Chart, figures: bool = False) -> list[Statement]:
    """What a page reads to compare: these charts' earlier rows, and both periods' figures where it shows them."""
    if comparison is None or comparison.problem:
        return []
    shown = ("period_comparison", "period_effects") if figures else ()
    return [*(_earlier(chart, comparison) for chart in charts), *(comparison.statement(relation) for relation in shown)]


def _earlier(chart: Chart, comparison: Comparison) -> Statement:
    return common.statement(chart.relation, comparison.before.without(*chart.clicks))


def shifted(rows: list[Row], shift: timedelta) -> list[Row]:
    """Days moved to where they stand beside those of the current period."""
    return [row | {"session_date": row["session_date"] + shift} for row in rows]
