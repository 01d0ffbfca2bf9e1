"""Cards: what it shows, what it says, the picture, and where it comes from."""

from typing import Any

from dash import dcc, html

from dashapp import figures
from dashapp.charts import Chart

BLANK = {
    "data": [],
    "layout": {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"t": 0, "r": 0, "b": 0, "l": 0},
    },
}


def chart_card(chart: Chart, definition: str = "", *, wide: int = 6, note: Any = None) -> html.Section:
    """The card of a chart, `wide` of twelve columns. Its parts are filled by dashapp.charts.answer."""
    hint = "Click a mark to filter everything else by it." if chart.clicks else ""
    return html.Section(
        [
            html.H2(chart.title),
            html.P(id=f"{chart.id}-insight", className="insight", **{"aria-live": "polite"}),
            html.Div(
                dcc.Graph(id=chart.id, figure=BLANK, config=figures.config(), responsive=True, style={"height": f"{chart.height}px"}),
                className="chart" + (" is-clickable" if chart.clicks else ""),
                title=hint,
            ),
            note,
            html.Footer(
                [
                    html.Span(id=f"{chart.id}-count", className="count"),
                    disclosure("Definition", html.P(definition)) if definition else None,
                    disclosure("SQL", sql_box(f"{chart.id}-sql")),
                    html.A("CSV", id=f"{chart.id}-csv", href=f"/download/{chart.relation}.csv", download=""),
                    html.Button("PNG", type="button", **{"data-png": chart.id}),
                ]
            ),
        ],
        className="card",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": chart.title},
    )


def table_card(identity: str, title: str, *, wide: int = 6, relation: str = "", definition: str = "") -> html.Section:
    """A card whose body is a table, filled at `identity`."""
    footer = [
        html.Span(id=f"{identity}-count", className="count"),
        disclosure("Definition", html.P(definition)) if definition else None,
    ]
    if relation:
        footer += [
            disclosure("SQL", sql_box(f"{identity}-sql")),
            html.A("CSV", id=f"{identity}-csv", href=f"/download/{relation}.csv", download=""),
        ]
    return html.Section(
        [
            html.H2(title),
            html.P(id=f"{identity}-insight", className="insight"),
            html.Div(id=identity, className="table-box", tabIndex=0),
            html.Footer(footer),
        ],
        className="card",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": title},
    )


def picture_card(identity: str, title: str, *, wide: int = 6, height: int = 300) -> html.Section:
    """A card with a chart that is not read from a relation, filled at `identity` and `<identity>-insight`."""
    return html.Section(
        [
            html.H2(title),
            html.P(id=f"{identity}-insight", className="insight"),
            html.Div(
                dcc.Graph(id=identity, figure=BLANK, config=figures.config(), responsive=True, style={"height": f"{height}px"}),
                className="chart",
            ),
            html.Footer([html.Span(className="count"), html.Button("PNG", type="button", **{"data-png": identity})]),
        ],
        className="card",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": title},
    )


def text_card(identity: str, title: str, *, wide: int = 12) -> html.Section:
    """A card of sentences, filled at `identity`."""
    return html.Section(
        [html.H2(title), html.Div(id=identity, className="prose")],
        className="card",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": title},
    )


def sql_box(identity: str, statement: str | None = None) -> html.Div:
    """A statement with its copy button."""
    return html.Div([html.Pre(statement, id=identity), html.Button("Copy", type="button", **{"data-copy": identity})], className="sql")


def disclosure(word: str, content: Any) -> html.Details:
    """A word that opens what stands behind it."""
    return html.Details([html.Summary(word), html.Div(content, className="pop")])
