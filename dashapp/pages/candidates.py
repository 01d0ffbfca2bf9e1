"""Top candidates: the finished sessions the retrospective model ranks highest among those that did not convert."""

from math import sqrt
from typing import Any

import dash_ag_grid as dag
from dash import dcc, html

from dashapp import theme
from dashapp.charts import Answer
from dashapp.components.empty import nothing
from dashapp.components.page import frame, page
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import candidates, common, models

PATH, NAME, TITLE = "/candidates", "Candidates", "Top candidates"
QUICK_LABELS = {"deep": "Deep engagement only", "returning": "Returning visitors only", candidates.BY_VISITOR: "One session a visitor"}
Z95 = 1.959964
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
    _column("reasons", "Why", 520, tooltipField="reasons"),
    _column("stage", "Stage", 160, "stage", valueFormatter={"function": "leaksStage(params.value)"}),
    _column("device", "Device", 104),
    _column("country", "Country", 140),
    _column("source", "Source", 170),
    _column("channel", "Channel", 140),
    _column("pageviews", "Pages", 90, "number"),
    _column("duration_seconds", "Duration", 110, "number", valueFormatter={"function": "leaksDuration(params.value)"}),
    _column("visit_number", "Visit", 84, "number"),
    _column("landing_page", "Landing page", 220),
    _column("started_at", "Started (UTC)", 160, "time", valueFormatter={"function": "leaksTime(params.value)"}),
    _column("session_id", "Session", 220),
]


def layout(read: Reading) -> html.Div:
    if common.current_run(read) is None:
        return page(TITLE, nothing("No model yet", models.why_none(read)))
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
        value=[],
        className="quick",
        inline=True,
    )
    return page(
        TITLE,
        html.Section(
            [
                html.H2("Sessions most like those that convert, which did not"),
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
    totals = candidates.expected(read, filters)
    result["candidates-insight"] = {"children": _insight(totals, common.current_run(read)["metrics"])}
    return result


def _insight(totals: dict, metrics: dict[str, Any]) -> str:
    n = totals["n"]
    if not n:
        return "No session that left without converting is in the top tenth under these filters."
    low, high = expected_range(totals, metrics)
    return (
        f"{theme.counted(n, 'session')} left without converting though the retrospective model, which judges finished sessions, ranks "
        f"{'it' if n == 1 else 'them'} in the top tenth, {'' if n == 1 else 'each '}with a probability of {theme.rate(totals['least'])} or more. "
        f"Of so many sessions like {'this' if n == 1 else 'these'} about "
        f"{theme.exact(totals['expected'])} convert (95 % interval {theme.exact(low)} to {theme.exact(high)})."
    )


def expected_range(totals: dict, metrics: dict[str, Any]) -> tuple[float, float]:
    """95 % interval of the conversions among sessions with these probabilities.

    Two things make it wide: each session converts or not (a sum of Bernoulli variances), and the probabilities of the top tenth may be
    wrong together, by as much as what was expected there and what happened differed when visitors were resampled.
    """
    top = metrics.get("top_tenth") or {}
    low, high = theme.number(top.get("ratio_low")), theme.number(top.get("ratio_high"))
    share = 0.0 if low is None or high is None else (high - low) / (2 * Z95)
    half = Z95 * sqrt(totals["variance"] + (share * totals["expected"]) ** 2)
    return max(0.0, totals["expected"] - half), min(float(totals["n"]), totals["expected"] + half)
