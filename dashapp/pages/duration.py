"""Duration: how conversion goes with time on the site."""

from dash import html

from dashapp import charts, compare, theme
from dashapp.charts import Answer
from dashapp.components import changes
from dashapp.components.card import chart_card, table_card
from dashapp.components.page import frame, page
from dashapp.components.table import Column, table
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import common, periods

PATH, NAME, TITLE = "/duration", "Duration", "Duration"
COLUMNS = (
    Column("Time on site", lambda row: theme.bucket(row["bucket"]), is_number=False),
    Column("Sessions", lambda row: theme.exact(row["sessions"])),
    Column("Conversions", lambda row: theme.exact(row["conversions"])),
    Column("Rate", lambda row: [theme.rate(row["conversion_rate"]), html.Small(theme.interval(row["ci_low"], row["ci_high"]))]),
)
UNKNOWN = (
    "A session with a single hit counts as under 10 s: how long it really lasted is not known. "
    "Sessions without a measured duration are in no row, and a filter by duration leaves them out."
)
CAUTION = "Buying takes time: part of a long visit is the purchase itself. A longer visit is not a cause of buying."


def layout(read: Reading) -> html.Div:
    says = common.definitions(read)
    return page(
        TITLE,
        chart_card(charts.DURATION, says.get("duration_rates", ""), wide=7, note=html.P(CAUTION, className="fine")),
        table_card("duration-table", "The same in numbers", wide=5, relation="duration_rates"),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    comparison = compare.of(read, filters)
    charts.read_all([charts.DURATION], read, filters, periods.statements(comparison, charts.DURATION))
    rows = sorted(charts.rows_of(charts.DURATION, read, filters), key=lambda row: row["bucket_order"])
    parts = charts.answer(charts.DURATION, rows, filters, look)
    columns = changes.with_change(COLUMNS, len(COLUMNS), read, charts.DURATION, comparison, "bucket")
    return {
        **frame(read, filters, notes, common.kpis(read, filters), comparison=comparison),
        **parts,
        "duration-table": {"children": table(rows, columns, click="duration", key="bucket", selected=filters.durations)},
        "duration-table-insight": {"children": UNKNOWN + changes.caution(comparison)},
        "duration-table-sql": parts[f"{charts.DURATION.id}-sql"],
        "duration-table-csv": parts[f"{charts.DURATION.id}-csv"],
    }
