"""Countries: where sessions convert, and how sure that is."""

from dash import html

from dashapp import charts, compare, theme
from dashapp.charts import Answer
from dashapp.components import changes, reports
from dashapp.components.card import chart_card, table_card
from dashapp.components.page import frame, page
from dashapp.components.table import Column, table
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import common, periods

PATH, NAME, TITLE = "/countries", "Countries", "Countries"
MOST_ROWS = 250
COLUMNS = (
    Column("Country", lambda row: row["country"], is_number=False),
    Column("Rate", lambda row: theme.rate(row["conversion_rate"])),
    Column("95 % interval", lambda row: theme.interval(row["ci_low"], row["ci_high"])),
    Column("Sessions", lambda row: theme.exact(row["sessions"])),
    Column("Conversions", lambda row: theme.exact(row["conversions"])),
    Column("Transactions", lambda row: theme.exact(row["transactions"])),
)


def layout(read: Reading) -> html.Div:
    says = common.definitions(read)
    return page(
        TITLE,
        chart_card(charts.COUNTRY_MAP, says.get("country_rates", ""), wide=12),
        table_card(
            "country-table", "Every country with its interval", wide=12, relation="country_rates", definition=says.get("country_rates", "")
        ),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    comparison = compare.of(read, filters)
    charts.read_all([charts.COUNTRY_MAP], read, filters, periods.statements(comparison, charts.COUNTRY_MAP))
    rows = charts.rows_of(charts.COUNTRY_MAP, read, filters)
    ranked = sorted(rows, key=lambda row: (-row["sessions"], row["country"]))
    seen = filters.without("country")
    query = seen.query()
    columns = changes.with_change(COLUMNS, 3, read, charts.COUNTRY_MAP, comparison, "country")
    return {
        **frame(read, filters, notes, common.kpis(read, filters), comparison=comparison),
        **reports.answer(read, ["country"], look, has_sessions=bool(common.coverage(read)["sessions"])),
        **charts.answer(charts.COUNTRY_MAP, rows, filters, look),
        "country-table": {"children": table(ranked[:MOST_ROWS], columns, click="country", key="country", selected=filters.countries)},
        "country-table-insight": {
            "children": "Ordered by sessions. A wide interval means few sessions: wait before acting on it." + changes.caution(comparison)
        },
        "country-table-count": {"children": theme.counted(len(rows), "country", "countries")},
        "country-table-sql": {"children": seen.sql("country_rates")},
        "country-table-csv": {"href": "/download/country_rates.csv" + (f"?{query}" if query else "")},
    }
