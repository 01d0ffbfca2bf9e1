"""The frame of a page: heading, what is looked at, notes, the grid of cards, and the state without sessions."""

from typing import Any

from dash import html

from dashapp import theme
from dashapp.charts import Answer
from dashapp.compare import Comparison
from dashapp.components.empty import nothing
from dashapp.days import span
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import aggregates, common

EXPORT = (
    "In GA4: Admin → BigQuery links, daily export; then load the tables events_YYYYMMDD with python -m etl load. "
    "From Universal Analytics: ga_sessions_YYYYMMDD."
)
NEEDS_SESSIONS = ("This page needs sessions", f"Only totals from reports are loaded: Countries and Sources show them. {EXPORT}")

ELSEWHERE = "This page shows the chosen days alone: Overview, Countries, Duration and Sources compare them with earlier ones."

MOST_CAUTIONS = 2
# The style sheet hides the filter bar where this stands: filters that did nothing would only seem to.
UNFILTERED = html.Div(className="unfiltered", hidden=True)


def page(title: str, *cards: Any) -> html.Div:
    """A page of cards on twelve columns."""
    return html.Div(
        [
            html.Header([html.H1(title), html.P(id="page-subtitle", className="subtitle")], className="page-head"),
            html.Div(id="page-notes", className="notes", role="status"),
            html.Div(id="page-empty"),
            html.Div(cards, className="grid"),
            html.Div(id="page-reports", className="reports"),
        ],
        id="page-body",
        className="body",
    )


def frame(
    read: Reading, filters: Filters, notes: list[str], totals: Row, *, cautions: bool = True, comparison: Comparison | None = None
) -> Answer:
    """What the frame of every page says under the filters.

    `cautions` where the page does not list them itself; `comparison` is that of a page that shows one.
    """
    covered = common.coverage(read)
    is_empty = not totals["sessions"]
    return {
        "page-subtitle": {"children": _subtitle(totals, filters, covered, comparison)},
        "page-notes": {
            "children": [
                html.P(note)
                for note in [
                    *_demo(read),
                    *_conversions(read),
                    *(_cautions(read) if cautions else []),
                    *notes,
                    *_compared(filters, comparison),
                ]
            ]
        },
        "page-empty": {"children": _empty(covered, has_reports=aggregates.shown(read)) if is_empty else None},
        "page-body": {"className": "body is-empty" if is_empty else "body"},
    }


def _subtitle(totals: Row, filters: Filters, covered: Row, comparison: Comparison | None) -> str:
    first = max(filter(None, (filters.since, covered["first"])), default=None)
    last = min(filter(None, (filters.until, covered["last"])), default=None)
    days = span(first, last) if first and last and first <= last else "no days with data" if covered["first"] else "days unknown"
    if comparison and not comparison.problem:
        days += f", compared with {comparison.earlier}"
    return " · ".join(filter(None, [theme.counted(totals["sessions"], "session"), days, filters.words()]))


def _compared(filters: Filters, comparison: Comparison | None) -> list[str]:
    """What to know of the comparison; a page that shows none says so."""
    if filters.compare and comparison is None:
        return [ELSEWHERE]
    return comparison.notes if comparison else []


def _demo(read: Reading) -> list[str]:
    is_demo = common.settings(read).get("is_demo") == "true"
    return ["These are generated demo data, not a real site."] if is_demo else []


def _conversions(read: Reading) -> list[str]:
    """Every rate suffers where files without conversions are loaded: that is said on every page."""
    return [told["conversions"] for told in (common.missing(read), common.partial(read)) if "conversions" in told]


def _cautions(read: Reading) -> list[str]:
    """The first warnings about the files loaded: whoever reads the figures must know of them."""
    told = common.cautions(read)
    more = len(told) - MOST_CAUTIONS
    rest = [f"{more} more warning{'s' * (more > 1)} about the files loaded: see Data."] if more > 0 else []
    return [*told[:MOST_CAUTIONS], *rest]


def _empty(covered: Row, *, has_reports: bool) -> html.Div:
    if not covered["sessions"] and has_reports:
        return html.Div([UNFILTERED, nothing(*NEEDS_SESSIONS)])
    if not covered["sessions"]:
        return html.Div(
            [UNFILTERED, nothing("No sessions are loaded yet", "Load an export with python -m etl load, and this page fills by itself.")]
        )
    return nothing(
        "No session matches these filters",
        (f"The data covers {span(covered['first'], covered['last'])}. " if covered["first"] else "The data has no dates. ")
        + "Take a filter away, or start again.",
        clear=True,
    )
