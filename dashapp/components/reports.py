"""Cards of totals from reports: what Google Analytics added up, shown where no sessions are loaded for these days."""

from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html

from dashapp import figures, insights, theme
from dashapp.charts import Answer
from dashapp.components.card import sql_box
from dashapp.components.page import EXPORT, UNFILTERED
from dashapp.components.table import Column, table
from dashapp.days import span
from dashapp.db import Reading, Row
from dashapp.figures.rows import rate_of
from dashapp.queries import aggregates

MOST_ROWS = 100
TABLE_HEIGHT = 340
PLURALS = {"country": "countries", "device": "devices", "source": "sources", "channel": "channels"}
DEFINITION = (
    "Sums that Google Analytics computed and someone downloaded. They are shown where no sessions are loaded for their days, and never added "
    "to sessions, to the funnel or to the model. Of two reports of the same days the one loaded last counts."
)


def answer(read: Reading, dimensions: Sequence[str], look: str, *, has_sessions: bool) -> Answer:
    """What a page says of reports: nothing where there are none; without any session also a subtitle and what is missing."""
    by_dimension = {name: aggregates.rates(read, name) for name in dimensions}
    cards = [card for name, rows in by_dimension.items() if rows for card in _cards(name, rows, look, alone=len(dimensions) == 1)]
    if not cards:
        return {}
    found: Answer = {"page-reports": {"children": cards}}
    if not has_sessions:
        rows = next(rows for rows in by_dimension.values() if rows)
        found["page-subtitle"] = {"children": f"Totals from a report · {_days(rows)}"}
        said = f"No sessions are loaded, so filters, funnels and predictions have nothing to work on. {EXPORT}"
        found["page-empty"] = {"children": [UNFILTERED, html.P(said, className="lead")]}
    return found


def _cards(dimension: str, rows: list[Row], look: str, *, alone: bool) -> list[html.Section]:
    is_share = all(row["counts_sessions"] for row in rows)
    cards = []
    if dimension == "country" and is_share:
        cards.append(_map(rows, look))
    cards.append(_table(dimension, rows, is_share, wide=5 if cards else 12 if alone else {"source": 7, "device": 5}.get(dimension, 12)))
    return cards


def _table(dimension: str, rows: list[Row], is_share: bool, *, wide: int) -> html.Section:
    named = f"{len(rows):,} {PLURALS[dimension] if len(rows) != 1 else dimension}"
    counted = named if len(rows) <= MOST_ROWS else f"{named}, the {MOST_ROWS} largest shown"
    identity = f"report-{dimension}"
    return _section(
        identity,
        f"By {dimension}, from a report",
        [html.P(sentence, className="insight") for sentence in _said(rows, is_share)],
        html.Div(
            table(rows[:MOST_ROWS], _columns(dimension, rows[0]["counts"], is_share)),
            className="table-box",
            tabIndex=0,
            style={"maxHeight": f"{TABLE_HEIGHT}px"},
        ),
        counted,
        f"from aggregate_rates where dimension = '{dimension}';",
        wide,
    )


def _map(rows: list[Row], look: str) -> html.Section:
    drawn = [row | {"country": row["value"]} for row in rows]
    figure = figures.country_map(drawn, theme=look)
    graph = dcc.Graph(
        id="report-map", figure=figure, config=figures.config(), responsive=True, style={"height": f"{figures.HEIGHTS['country_map']}px"}
    )
    return _section(
        "report-map",
        "Conversion rate by country, from a report",
        [html.P(insights.country_map(drawn), className="insight")],
        html.Div(graph, className="chart"),
        f"n = {theme.counted(sum(row['sessions'] for row in rows), 'session')} of the report",
        "from aggregate_rates where dimension = 'country';",
        7,
    )


def _section(identity: str, title: str, said: list[Any], body: Any, count: str, sql: str, wide: int) -> html.Section:
    box = sql_box(f"{identity}-sql")
    box.children[0].children = sql
    footer = [
        html.Span(count, className="count"),
        html.Details([html.Summary("Definition"), html.Div(html.P(DEFINITION), className="pop")]),
        html.Details([html.Summary("SQL"), html.Div(box, className="pop")]),
        html.A("CSV", href="/download/aggregate_rates.csv", download=""),
    ]
    return html.Section(
        [html.H2(title), *said, body, html.Footer(footer)],
        className="card",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": title},
    )


def _said(rows: list[Row], is_share: bool) -> list[str]:
    sessions, conversions = sum(row["sessions"] for row in rows), sum(row["conversions"] or 0 for row in rows)
    start = f"Totals that Google Analytics added up, {_days(rows)}: not sessions loaded here, so filters do not apply."
    if is_share:
        overall = rate_of(round(conversions), sessions)
        return [
            start,
            f"{theme.exact(conversions)} of {theme.exact(sessions)} sessions converted: {theme.rate(overall.value)} "
            f"(95 % interval {theme.interval(overall.low, overall.high)}).",
        ]
    what = rows[0]["counts"]
    return [
        start,
        f"The report counts {what}, {theme.exact(conversions)} in {theme.exact(sessions)} sessions. One session can have several, so this is no "
        "share of sessions and has no interval.",
    ]


def _columns(dimension: str, counts: str, is_share: bool) -> tuple[Column, ...]:
    first = Column(dimension.capitalize(), _label(dimension), is_number=False)
    sessions = Column("Sessions", lambda row: theme.exact(row["sessions"]))
    if is_share:
        # The rate first: a narrow screen shows the first columns.
        return (
            first,
            Column("Rate", lambda row: [theme.rate(row["conversion_rate"]), html.Small(theme.interval(row["ci_low"], row["ci_high"]))]),
            sessions,
            Column("Converting", lambda row: theme.exact(row["conversions"])),
        )
    return (
        first,
        Column("Per 100", lambda row: theme.decimal((row["conversion_rate"] or 0) * 100)),
        sessions,
        Column(counts.capitalize(), lambda row: theme.exact(row["conversions"])),
    )


def _label(dimension: str) -> Callable[[Row], str]:
    return lambda row: row["value"].capitalize() if dimension == "device" else row["value"]


def _days(rows: list[Row]) -> str:
    first = min((row["first_date"] for row in rows if row["first_date"]), default=None)
    last = max((row["last_date"] for row in rows if row["last_date"]), default=None)
    return span(first, last) if first else "days unknown"
