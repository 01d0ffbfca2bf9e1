"""The overview: how things are, in one look."""

from dash import html

from dashapp import charts, compare, theme
from dashapp.charts import Answer
from dashapp.components import changes, leak
from dashapp.components.card import chart_card, table_card, text_card
from dashapp.components.kpi import kpi_tile, trend
from dashapp.components.page import frame, page
from dashapp.components.summary import summary
from dashapp.components.table import Column, table
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import common, leaks, models, periods

PATH, NAME, TITLE = "/", "Overview", "Overview"
CHARTS = (charts.DAILY_TREND, charts.FUNNEL, charts.DURATION, charts.COUNTRY_MAP, charts.HEATMAP, charts.SOURCE_PROBABILITIES)

MOST_COUNTRIES = 7
COUNTRIES = (
    Column("Country", lambda row: row["country"], is_number=False),
    Column("Sessions", lambda row: theme.exact(row["sessions"])),
    Column("Rate", lambda row: [theme.rate(row["conversion_rate"]), html.Small(theme.interval(row["ci_low"], row["ci_high"]))]),
)


def layout(read: Reading) -> html.Div:
    says = common.definitions(read)
    cards = {
        chart.id: chart_card(chart, says.get(chart.relation, ""), wide=wide) for chart, wide in zip(CHARTS, (8, 6, 6, 8, 7, 5), strict=True)
    }
    tiles = [
        kpi_tile("kpi-sessions", "Sessions"),
        kpi_tile("kpi-conversions", "Conversions"),
        kpi_tile("kpi-rate", "Conversion rate"),
        kpi_tile("kpi-revenue", "Revenue"),
    ]
    by_day, funnel, duration, countries, heatmap, probabilities = cards.values()
    return page(
        TITLE,
        html.Div(tiles, className="tiles"),
        text_card("leak-summary", "Leaks", wide=12),
        *changes.cards(says),
        by_day,
        text_card("model-summary", "What the model says", wide=4),
        funnel,
        duration,
        countries,
        table_card("top-countries", "Largest countries", wide=4),
        heatmap,
        probabilities,
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    comparison = compare.of(read, filters)
    charts.read_all(CHARTS, read, filters, periods.statements(comparison, charts.DAILY_TREND, charts.HEATMAP, figures=True))
    totals, currency = common.kpis(read, filters), common.currency(read)
    days = sorted(charts.rows_of(charts.DAILY_TREND, read, filters), key=lambda row: row["session_date"])
    result = frame(read, filters, notes, totals, comparison=comparison)
    found, spots = leaks.open_leaks(read), leaks.blind_spots(read)
    summed = leak.brief(leaks.latest_run(read), found, spots, currency, filters.query(), is_filtered=not filters.are_empty)
    result["leak-summary"] = {"children": summed}
    result.update(_tiles(totals, days, common.days_covered(read, filters.since, filters.until), look, currency))
    result.update(changes.answer(read, comparison, filters, currency))
    for chart in CHARTS:
        rows = days if chart is charts.DAILY_TREND else charts.rows_of(chart, read, filters)
        if chart is charts.COUNTRY_MAP:
            largest = sorted(rows, key=lambda row: (-row["sessions"], row["country"]))[:MOST_COUNTRIES]
            result["top-countries"] = {"children": table(largest, COUNTRIES, click="country", key="country", selected=filters.countries)}
            result["top-countries-insight"] = {"children": "By sessions. A wide interval means few sessions to go by."}
        context = changes.context(read, chart, comparison)
        if chart is charts.DAILY_TREND:
            context = {**context, "events": leaks.site_events(read)}
        result.update(charts.answer(chart, rows, filters, look, currency=currency, **context))
    changes.trend_says(result, comparison)
    run = models.headline(read)
    result["model-summary"] = {"children": summary(run, filters, "" if run else models.why_none(read))}
    return result


def _tiles(totals: Row, days: list[Row], covered: int, look: str, currency: str) -> Answer:
    sessions, conversions = totals["sessions"], totals["conversions"]
    per_day = sessions / covered if covered else 0
    tiles = {
        "kpi-sessions": (
            theme.exact(sessions),
            f"{theme.decimal(per_day) if per_day < 10 else theme.count(per_day)} a day" if days else "",
            "sessions",
        ),
        "kpi-conversions": (
            theme.exact(conversions),
            theme.counted(totals["transactions"], "transaction") if totals["transactions"] else "",
            "conversions",
        ),
        "kpi-rate": (
            theme.rate(totals["conversion_rate"]),
            f"95 % interval {theme.interval(totals['ci_low'], totals['ci_high'])}",
            "conversion_rate",
        ),
        "kpi-revenue": (
            theme.money(totals["revenue"], currency),
            f"{theme.money(totals['revenue'] / conversions, currency)} per conversion" if conversions else "no conversion yet",
            "revenue",
        ),
    }
    answer: Answer = {}
    groups = _groups(days)
    for identity, (value, note, column) in tiles.items():
        line = trend([_value(group, column) for group in groups], look)
        answer[f"{identity}-value"] = {"children": value}
        answer[f"{identity}-note"] = {"children": note}
        answer[f"{identity}-trend"] = {"src": line, "style": {} if line else {"display": "none"}}
    return answer


def _groups(days: list[Row], most: int = 30) -> list[list[Row]]:
    """Days in order, in at most `most` groups of one size, so that a trend is no noise; the oldest days that fill no group are left out."""
    size = -(-len(days) // most) or 1
    return [days[start : start + size] for start in range(len(days) % size, len(days), size)]


def _value(group: list[Row], column: str) -> float | None:
    if any(day[column] is None for day in group):
        return None
    if column != "conversion_rate":
        return sum([day[column] for day in group]) / len(group)
    sessions = sum([day["sessions"] for day in group])
    return sum([day["conversions"] for day in group]) / sessions if sessions else None
