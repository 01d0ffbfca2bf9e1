"""Top candidates: the sessions the model ranks highest, most usefully those that left without converting."""

import dash_ag_grid as dag
from dash import dcc, html

from dashapp import theme
from dashapp.charts import Answer
from dashapp.components.empty import nothing
from dashapp.components.page import frame, page
from dashapp.components.summary import NO_MODEL
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import candidates, common

PATH, NAME, TITLE = "/candidates", "Candidates", "Top candidates"
QUICK_LABELS = {"open": "Hide sessions that converted", "deep": "Deep engagement only", "returning": "Returning visitors only"}
BLOCK = 100
GRID_THEME = (
    "themeQuartz.withParams({fontFamily: 'inherit', fontSize: 13, backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', "
    "headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--muted)', headerFontWeight: 500, borderColor: 'var(--hairline)', "
    "accentColor: 'var(--accent)', wrapperBorder: false, columnBorder: false, browserColorScheme: 'inherit'})"
)


def _column(field: str, heading: str, width: int, kind: str = "text", **more: object) -> dict:
    column = {"field": field, "headerName": heading, "width": width, **more}
    if kind == "number":
        column |= {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    elif kind == "text":
        column |= {"filter": "agTextColumnFilter"}
    return column


COLUMNS = [
    _column("rank", "Rank", 84, "number"),
    _column("p_conversion", "Probability", 118, "number", valueFormatter={"function": "leaksRate(params.value)"}),
    _column("stage", "Stage", 160, "stage", valueFormatter={"function": "leaksStage(params.value)"}),
    _column("device", "Device", 104),
    _column("country", "Country", 140),
    _column("source", "Source", 170),
    _column("channel", "Channel", 140),
    _column("pageviews", "Pages", 90, "number"),
    _column("duration_seconds", "Duration", 110, "number", valueFormatter={"function": "leaksDuration(params.value)"}),
    _column("visit_number", "Visit", 84, "number"),
    _column("landing_page", "Landing page", 220),
    _column(
        "is_converted", "Converted", 110, "flag", valueFormatter={"function": "params.value ? 'yes' : params.value === false ? 'no' : ''"}
    ),
    _column("revenue", "Revenue", 110, "number", valueFormatter={"function": "leaksMoney(params.value)"}),
    _column("started_at", "Started (UTC)", 160, "time", valueFormatter={"function": "leaksTime(params.value)"}),
    _column("session_id", "Session", 220),
]


def layout(read: Reading) -> html.Div:
    if common.current_run(read) is None:
        return page(TITLE, nothing("No model yet", NO_MODEL))
    grid = dag.AgGrid(
        id="candidates-grid",
        rowModelType="infinite",
        columnDefs=COLUMNS,
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": False,
            "filterParams": {"buttons": ["reset"], "debounceMs": 300, "maxNumConditions": 1},
        },
        dashGridOptions={
            "alwaysShowHorizontalScroll": True,
            "rowHeight": 34,
            "headerHeight": 36,
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 20,
            "theme": {"function": GRID_THEME},
            "suppressCellFocus": False,
            "enableCellTextSelection": True,
            "animateRows": False,
            "tooltipShowDelay": 300,
            "localeText": {"noRowsToShow": "No candidate matches."},
        },
        style={"height": "620px"},
    )
    quick = dcc.Checklist(
        id="candidates-quick",
        options=[{"label": label, "value": name} for name, label in QUICK_LABELS.items()],
        value=["open"],
        className="quick",
        inline=True,
    )
    return page(
        TITLE,
        html.Section(
            [
                html.H2("The tenth of sessions most like those that convert"),
                html.P(id="candidates-insight", className="insight"),
                html.Div(
                    [
                        quick,
                        html.A("Download CSV", id="candidates-csv", href="/download/top_candidates.csv", download="", className="button"),
                    ],
                    className="toolbar",
                ),
                grid,
                html.Footer([html.Span(id="candidates-count", className="count")]),
            ],
            className="card",
            style={"gridColumn": "span 12"},
            **{"aria-label": TITLE},
        ),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    result = frame(read, filters, notes, common.kpis(read, filters))
    if common.current_run(read) is None:
        return result
    source, params = candidates.selection(filters, [], {})
    totals = read.rows(f"select count(*) as n, count(*) filter (is_converted) as converted, min(p_conversion) as least {source}", params)[0]
    result["candidates-insight"] = {"children": _insight(totals)}
    return result


def _insight(totals: dict) -> str:
    n, left = totals["n"], totals["n"] - totals["converted"]
    if not n:
        return "No session under these filters is in the top tenth."
    return (
        f"{theme.exact(n)} sessions are in the top tenth under these filters, each with a probability of "
        f"{theme.rate(totals['least'])} or more: "
        f"{theme.exact(totals['converted'])} converted, {theme.exact(left)} left without."
    )
