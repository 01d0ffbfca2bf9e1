"""The frame of a page: heading, what is looked at, notes, the grid of cards, and the state without sessions."""

from typing import Any

from dash import html

from dashapp import theme
from dashapp.charts import Answer
from dashapp.components.empty import nothing
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import aggregates, common

EXPORT = (
    "In GA4: Admin → BigQuery links, daily export; then load the tables events_YYYYMMDD with python -m etl load. "
    "From Universal Analytics: ga_sessions_YYYYMMDD."
)
NEEDS_SESSIONS = ("This page needs sessions", f"Only totals from reports are loaded: Countries and Sources show them. {EXPORT}")

MOST_CAUTIONS = 2


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


def frame(read: Reading, filters: Filters, notes: list[str], totals: Row, *, cautions: bool = True) -> Answer:
    """What the frame of every page says under the filters; `cautions` where the page does not list them itself."""
    covered = common.coverage(read)
    is_empty = not totals["sessions"]
    return {
        "page-subtitle": {"children": _subtitle(totals, filters, covered)},
        "page-notes": {
            "children": [html.P(note) for note in [*_demo(read), *_conversions(read), *(_cautions(read) if cautions else []), *notes]]
        },
        "page-empty": {"children": _empty(covered, has_reports=aggregates.shown(read)) if is_empty else None},
        "page-body": {"className": "body is-empty" if is_empty else "body"},
    }


def span(first: Any, last: Any) -> str:
    """Two days as people write them: 2–7 July 2017."""
    if first is None or last is None:
        return "no days"
    if first == last:
        return f"{first.day} {first:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%B %Y}"
    start = f"{first.day} {first:%B}" + ("" if first.year == last.year else f" {first.year}")
    return f"{start} – {last.day} {last:%B %Y}"


def _subtitle(totals: Row, filters: Filters, covered: Row) -> str:
    first = max(filter(None, (filters.since, covered["first"])), default=None)
    last = min(filter(None, (filters.until, covered["last"])), default=None)
    days = span(first, last) if first and last and first <= last else "no days with data" if covered["first"] else "days unknown"
    return " · ".join(filter(None, [f"{theme.exact(totals['sessions'])} sessions", days, filters.words()]))


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
        return nothing(*NEEDS_SESSIONS)
    if not covered["sessions"]:
        return nothing("No sessions are loaded yet", "Load an export with python -m etl load, and this page fills by itself.")
    return nothing(
        "No session matches these filters",
        (f"The data covers {span(covered['first'], covered['last'])}. " if covered["first"] else "The data has no dates. ")
        + "Take a filter away, or start again.",
        clear=True,
    )
