"""The overview: how things are, in one look."""

from dash import html

from dashapp import charts, theme
from dashapp.charts import Answer
from dashapp.components.card import chart_card, text_card
from dashapp.components.kpi import kpi_tile, trend
from dashapp.components.page import frame, page
from dashapp.components.summary import summary
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import common

PATH, NAME, TITLE = "/", "Overview", "Overview"
CHARTS = (charts.DAILY_TREND, charts.FUNNEL, charts.DURATION, charts.COUNTRY_MAP, charts.HEATMAP, charts.SOURCE_PROBABILITIES)


def layout(read: Reading) -> html.Div:
    says = common.definitions(read)
    cards = {chart.id: chart_card(chart, says.get(chart.relation, ""), wide=wide)
             for chart, wide in zip(CHARTS, (8, 6, 6, 12, 7, 5), strict=True)}
    tiles = [kpi_tile("kpi-sessions", "Sessions"), kpi_tile("kpi-conversions", "Conversions"),
             kpi_tile("kpi-rate", "Conversion rate"), kpi_tile("kpi-revenue", "Revenue")]
    trend_card, *others = cards.values()
    return page(TITLE, html.Div(tiles, className="tiles"), trend_card, text_card("model-summary", "What the model says", wide=4), *others)


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    totals, days = common.kpis(read, filters), common.daily(read, filters)
    result = frame(read, filters, notes, totals)
    result.update(_tiles(totals, days, look))
    for chart in CHARTS:
        rows = days if chart is charts.DAILY_TREND else charts.rows_of(chart, read, filters)
        result.update(charts.answer(chart, rows, filters, look))
    result["model-summary"] = {"children": summary(common.current_run(read))}
    return result


def _tiles(totals: Row, days: list[Row], look: str) -> Answer:
    sessions, conversions = totals["sessions"], totals["conversions"]
    per_day = sessions / len(days) if days else None
    tiles = {
        "kpi-sessions": (theme.exact(sessions), f"{theme.count(per_day)} a day" if days else "", "sessions"),
        "kpi-conversions": (theme.exact(conversions), f"{theme.exact(totals['transactions'])} transactions", "conversions"),
        "kpi-rate": (theme.rate(totals["conversion_rate"]), f"95 % interval {theme.interval(totals['ci_low'], totals['ci_high'])}",
                     "conversion_rate"),
        "kpi-revenue": (theme.money(totals["revenue"]),
                        f"{theme.money(totals['revenue'] / conversions)} per conversion" if conversions else "no conversion yet", "revenue"),
    }
    answer: Answer = {}
    for identity, (value, note, column) in tiles.items():
        line = trend([day[column] for day in days], look)
        answer[f"{identity}-value"] = {"children": value}
        answer[f"{identity}-note"] = {"children": note}
        answer[f"{identity}-trend"] = {"src": line, "style": {} if line else {"display": "none"}}
    return answer
