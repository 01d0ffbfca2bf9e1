"""The funnel: where sessions stop, by device, and the most that could be at stake."""

from dash import html

from dashapp import charts
from dashapp.charts import Answer
from dashapp.components.card import chart_card
from dashapp.components.page import frame, page
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import common, leaks

PATH, NAME, TITLE = "/funnel", "Funnel", "Funnel"
CHARTS = ((charts.FUNNEL, 12), (charts.REVENUE_AT_STAKE, 6), (charts.MIDFUNNEL, 6))
CEILING = "The ceiling prices every session that stopped as if it would have bought. No site reaches it. "
RECOVERABLE = (
    "In bold stands what the leaks found cost in the period ranked, as estimated, with its interval; lasting differences are not in it. "
)
FILTERED = (
    "Leaks are ranked over all sessions: what could be won back of a selection is not estimated. Clear the filters to see it for all."
)
UNRANKED = "What could realistically be won back needs the leak ranking (python -m models leaks): not estimated yet."


def layout(read: Reading) -> html.Div:
    says = common.definitions(read)
    notes = {charts.REVENUE_AT_STAKE.id: html.P(id="stake-note", className="fine")}
    return page(TITLE, *(chart_card(chart, says.get(chart.relation, ""), wide=wide, note=notes.get(chart.id)) for chart, wide in CHARTS))


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    charts.read_all([chart for chart, _ in CHARTS], read, filters)
    result = frame(read, filters, notes, common.kpis(read, filters))
    is_ranked = leaks.latest_run(read) is not None
    for chart, _ in CHARTS:
        rows = charts.rows_of(chart, read, filters)
        result.update(charts.answer(chart, rows, filters, look, currency=common.currency(read), is_ranked=is_ranked))
        if chart is charts.REVENUE_AT_STAKE:
            is_estimated = any(row["recoverable_revenue"] is not None for row in rows)
            said = RECOVERABLE + CEILING if is_estimated else CEILING + (FILTERED if is_ranked else UNRANKED)
            result["stake-note"] = {"children": said.strip()}
    return result
