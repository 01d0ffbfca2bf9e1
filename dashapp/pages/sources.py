"""Sources: which of them convert on which device, beside the benchmark and beside what the model expects."""

from dash import html

from dashapp import charts, compare, theme
from dashapp.charts import Answer
from dashapp.components import changes, reports
from dashapp.components.card import chart_card, table_card
from dashapp.components.page import frame, page
from dashapp.components.table import Column, table
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import common, periods

PATH, NAME, TITLE = "/sources", "Sources", "Sources"
CHARTS = ((charts.HEATMAP, 7), (charts.SOURCE_PROBABILITIES, 12))


VERDICTS = {"above": "above it", "below": "below it", "not distinguishable": "too close to call"}


def _beside(row: Row) -> str:
    """How far a rate is from its benchmark, where the interval can tell."""
    verdict = VERDICTS.get(row["verdict"])
    if verdict is None or row["delta"] is None:
        return "no benchmark"
    return verdict if row["verdict"] == "not distinguishable" else f"{theme.points(abs(row['delta']))} {verdict}"


COLUMNS = (
    Column("Device", lambda row: row["device"].capitalize(), is_number=False),
    Column("Sessions", lambda row: theme.exact(row["sessions"])),
    Column("Rate", lambda row: [theme.rate(row["conversion_rate"]), html.Small(theme.interval(row["ci_low"], row["ci_high"]))]),
    Column("Benchmark", lambda row: [theme.rate(row["benchmark_rate"]), html.Small(_beside(row))]),
)


def layout(read: Reading) -> html.Div:
    says = common.definitions(read)
    heatmap, probabilities = (chart_card(chart, says.get(chart.relation, ""), wide=wide) for chart, wide in CHARTS)
    benchmarks = table_card(
        "benchmark-table",
        "Devices beside the benchmark",
        wide=5,
        relation="device_benchmarks",
        definition=says.get("device_benchmarks", ""),
    )
    return page(TITLE, heatmap, benchmarks, probabilities)


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    comparison = compare.of(read, filters)
    seen = filters.without("device")
    benchmarks, earlier = common.statement("device_benchmarks", seen), periods.statements(comparison, charts.HEATMAP)
    before = [common.statement("device_benchmarks", comparison.before.without("device"))] if earlier else []
    charts.read_all([chart for chart, _ in CHARTS], read, filters, [benchmarks, *earlier, *before])
    result = frame(read, filters, notes, common.kpis(read, filters), comparison=comparison)
    result.update(reports.answer(read, ["source", "device", "channel"], look, has_sessions=bool(common.coverage(read)["sessions"])))
    for chart, _ in CHARTS:
        result.update(charts.answer(chart, charts.rows_of(chart, read, filters), filters, look, **changes.context(read, chart, comparison)))
    query = seen.query()
    columns = changes.with_column(COLUMNS, 3, read.kept(*before[0]), "device") if before else COLUMNS
    result.update(
        {
            "benchmark-table": {"children": table(read.kept(*benchmarks), columns, click="device", key="device", selected=filters.devices)},
            "benchmark-table-insight": {"children": _provenance(read) + changes.caution(comparison)},
            "benchmark-table-sql": {"children": seen.sql("device_benchmarks")},
            "benchmark-table-csv": {"href": "/download/device_benchmarks.csv" + (f"?{query}" if query else "")},
        }
    )
    return result


def _provenance(read: Reading) -> str:
    origins = read.kept("select distinct source, published from benchmarks order by source")
    if not origins:
        return "There are no benchmarks: put your own into data/benchmarks.csv; the next load or training takes them."
    cited = "; ".join(_cited(row["source"].rstrip("."), str(row["published"])) for row in origins)
    return f"Benchmarks: {cited}. They are replaceable: put your own into data/benchmarks.csv; the next load or training takes them."


def _cited(source: str, published: str) -> str:
    """A source with its year, unless it names it itself."""
    return source if published in source else f"{source} ({published})"
