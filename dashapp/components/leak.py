"""Cards of the leaks page: one leak, an event that is no leak, a lasting difference."""

from collections.abc import Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from dash import dcc, html

from dashapp import figures, findings, theme
from dashapp.components.card import BLANK, disclosure, sql_box
from dashapp.components.table import Column, table
from dashapp.db import Row
from dashapp.statistics import wilson

READING = (
    "A leak is a segment whose sessions pass a step of the funnel less often than comparable sessions do, by more than segments "
    "differ naturally. It is an estimate from counts: no test was run, and a likely cause is a kind of cause, not a proof.",
    "An amount is what the segment would bring in 30 days if it passed the step as expected, at what later steps and orders of its kind "
    "are like (single orders count up to the 95th percentile). The interval of each leak is widened for its having been picked out "
    "of all segments: of such intervals one in ten is expected to miss. Intervals of observed rates are 95 % ones.",
    "Leaks stand in the order of the lower ends of their intervals. Not all of an amount need be recoverable; only a test can show what mends it.",
)
INTENT = "Who comes for something else converts otherwise: that is no loss of the site's, and has no price here."


def trend_id(leak_id: str) -> str:
    """The graph of a leak."""
    return f"leak-trend-{leak_id}"


def leak_card(
    row: Row, run: Row, place: int, symbol: str, *, has_trend: bool, plans: Sequence[Row] = (), fixes: Sequence[Row] = ()
) -> html.Article:
    """A leak: what is seen, what it costs, since when, why perhaps, and where to go from here."""
    worth = findings.loss(row, symbol)
    said, told = findings.cause(row)
    status = findings.STATUS.get(row["status"] or "") if run["runs"] > 1 else None
    text = [
        html.P(
            [html.Span(f"{place}", className="place"), html.Span(status, className="badge") if status else None, _step(row)],
            className="leak-top",
        ),
        html.P(worth.headline if worth else "Not priced", className="leak-worth"),
        html.P(f"Estimate: {worth.best}." if worth else "", className="fine"),
        html.H3(findings.sentence(row)),
        _facts(row, symbol),
        html.P(said, className="leak-cause"),
        html.Ul([html.Li(one) for one in told], className="leak-evidence") if told else None,
        *[html.P(verdict(one), className="leak-fix") for one in fixes],
    ]
    drawn = [
        html.Div(
            dcc.Graph(
                id=trend_id(row["leak_id"]),
                figure=BLANK,
                config=figures.config(),
                responsive=True,
                style={"height": f"{figures.HEIGHTS['leak_trend']}px"},
            ),
            className="chart",
        ),
        html.P(id=f"{trend_id(row['leak_id'])}-insight", className="fine"),
    ]
    return html.Article(
        [
            html.Div(
                [html.Div(text, className="leak-text"), html.Div(drawn if has_trend else None, className="leak-picture")],
                className="leak-body",
            ),
            _actions(row, run, _plan(plans, symbol)),
        ],
        id=row["leak_id"],
        className="card leak",
        tabIndex=-1,
        **{"aria-label": findings.sentence(row)},
    )


def verdict(one: Mapping[str, Any]) -> str:
    """What became of a fix, in the words of its verdict."""
    note = f" (“{findings.short_level(one['note'])}”)" if one["note"] else ""
    return f"Fixed on {findings.full_day(one['fixed_on'])}{note}: {findings.clean(one['words'])}"


def fix_card(fixes: Sequence[Row]) -> html.Section:
    """Fixes of leaks that the latest ranking does not find."""
    lines = [html.Li([f"{findings.segment_words(one['segment'] or {})} ({findings.clean(one['step'])}). ", verdict(one)]) for one in fixes]
    return html.Section(
        [html.Ul(lines, className="leak-evidence")], className="card", style={"gridColumn": "span 12"}, **{"aria-label": "Fixes"}
    )


def _plan(plans: Sequence[Row], symbol: str) -> list[Any] | None:
    """How a remedy would be tested, in sentences."""
    said = []
    for one in plans:
        said.append(html.P(findings.clean(one["words"])))
        if (theme.number(one["expected_value"]) or 0) > 0:
            worth = theme.rough_money(one["expected_value"], symbol)
            said.append(
                html.P(
                    f"Testing, and keeping the remedy where it wins, is expected to bring about {worth} over 12 months, before the cost of building it."
                )
            )
    return said or None


def _step(row: Row) -> html.Span:
    return html.Span(findings.clean(row["step"]), className="step")


def _facts(row: Row, symbol: str) -> html.Dl:
    return html.Dl([part for name, value in findings.facts(row, symbol) for part in (html.Dt(name), html.Dd(value))], className="facts")


def _actions(row: Row, run: Row, plan: Any = None) -> html.Footer:
    """See, plan, copy. A link to the sessions says what it cannot filter by."""
    filters, left = findings.filters_of(row, run)
    lacking = " and ".join(map(findings.dimension_name, left))
    if filters is None:
        see = [f"The pages have no filter for {lacking}: the SQL counts these sessions."]
    else:
        see = [dcc.Link("See these sessions", href=f"/funnel?{filters.query()}", className="action")]
        see += [f" – of every {lacking}, since the pages have no filter for that"] if left else []
    return html.Footer(
        [
            html.Span(see, className="count"),
            disclosure("Plan a test", plan) if plan else None,
            disclosure("SQL", sql_box(f"leak-sql-{row['leak_id']}", row["segment_sql"])),
            html.Button("Copy link", type="button", **{"data-link": row["leak_id"]}),
        ]
    )


def broken_card(row: Row, run: Row, wide: int = 6) -> html.Article:
    """A finding that lies in how things are recorded or called: told, and not priced."""
    said, told = findings.cause(row)
    also = [f"{findings.segment_words(one['segment'])} ({findings.clean(one['step'])})" for one in row["evidence"].get("also") or []]
    return html.Article(
        [
            html.P([html.Span("Not priced", className="badge"), _step(row)], className="leak-top"),
            html.H3(said),
            html.P(findings.broken(row), className="insight"),
            html.Ul([html.Li(one) for one in told], className="leak-evidence") if told else None,
            html.P(f"Seen as well in {'; '.join(also[:5])}{' and others' if len(also) > 5 else ''}.", className="fine") if also else None,
            _actions(row, run),
        ],
        id=row["leak_id"],
        className="card leak",
        style={"gridColumn": f"span {wide}"},
        tabIndex=-1,
        **{"aria-label": said},
    )


def exchange_card(one: Mapping[str, Any], wide: int = 6) -> html.Article:
    """Two labels that exchanged their sessions."""
    title = "A change of labels is likely, not of visitors"
    return html.Article(
        [
            html.P(
                [html.Span("Not priced", className="badge"), html.Span(findings.dimension_name(one["dimension"]), className="step")],
                className="leak-top",
            ),
            html.H3(title),
            html.P(f"{findings.exchange(one)}: {theme.brief_rate(one['share_of_sessions'])} of all sessions.", className="insight"),
            html.P("Figures of either label before and after that day are not comparable; those of both together are.", className="fine"),
        ],
        className="card leak",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": title},
    )


def gap_card(row: Row, run: Row, symbol: str, plans: Sequence[Row] = ()) -> html.Article:
    """A lasting difference between levels, with the most that closing it could bring."""
    worth = findings.loss(row, symbol)
    most = f"If all of the difference could be closed: {worth.headline} (90 % interval). That is an upper bound." if worth else ""
    return html.Article(
        [
            html.P([html.Span("Upper bound", className="badge"), _step(row)], className="leak-top"),
            html.H3(findings.sentence(row)),
            html.P(most, className="insight"),
            _facts(row, symbol),
            html.P("Most differences of this kind are natural: people do different things on different devices.", className="fine"),
            _actions(row, run, _plan(plans, symbol)),
        ],
        id=row["leak_id"],
        className="card leak gap",
        style={"gridColumn": "span 6"},
        tabIndex=-1,
        **{"aria-label": findings.sentence(row)},
    )


SITE = (
    Column("Step", lambda one: findings.clean(one["step"]), is_number=False),
    Column("Since about", lambda one: findings.moment(one["on"]), is_number=False),
    Column("Before", lambda one: theme.rate(one["rate_before"])),
    Column("Since", lambda one: theme.rate(one["rate_after"])),
    Column("Change of the rate", lambda one: [findings.change_words(one["log_change"]), html.Small(_range(one))]),
    Column("of it by who came", lambda one: findings.change_words(one["log_mix"])),
    Column("by how they went on", lambda one: findings.change_words(one["log_rate"])),
)


def _range(one: Mapping[str, Any]) -> str:
    if one.get("log_low") is None:
        return ""
    return f"95 % interval {findings.change_words(one['log_low'])} to {findings.change_words(one['log_high'])}"


def site_card(changes: Sequence[Mapping[str, Any]]) -> html.Section:
    """Changes of the whole site: a banner with their split, since nothing is left to compare with."""
    return html.Section(
        [
            html.H2("The whole site changed"),
            *[html.P(findings.site_change(one), className="insight") for one in changes],
            html.Div(table(list(changes), SITE), className="table-box", tabIndex=0),
            html.P(
                "A change of everyone has nothing to be compared with, so it is no leak and has no price: season, prices, a release or "
                "measurement may lie behind it. The two parts multiply to the change.",
                className="fine",
            ),
        ],
        className="card banner-card",
        style={"gridColumn": "span 12"},
        **{"aria-label": "The whole site changed"},
    )


INTENTS = (
    Column("By", lambda one: findings.dimension_name(one["dimension"]), is_number=False),
    Column("Level", lambda one: findings.short_level(one["level"]), is_number=False),
    Column("Sessions", lambda one: theme.exact(one["sessions"])),
    Column("Converted", lambda one: _rate(one)),
)


def _rate(one: Row) -> list[Any]:
    bounds = wilson(one["conversions"], one["sessions"])
    return [theme.rate(one["conversions"] / one["sessions"]), html.Small(theme.interval(*bounds))] if bounds else ["–"]


def intent_card(rows: Sequence[Row], wide: int = 6) -> html.Section:
    """Differences of intent: shown, not priced."""
    few = [row for _, some in groupby(rows, itemgetter("dimension")) for row in islice(some, 4)]
    return html.Section(
        [
            html.H2("Differences of intent"),
            html.P(INTENT, className="insight"),
            html.Div(table(few, INTENTS), className="table-box", tabIndex=0),
            html.Footer(html.Span("As they are, not at equal mix; with 95 % intervals", className="count")),
        ],
        className="card",
        style={"gridColumn": f"span {wide}"},
        **{"aria-label": "Differences of intent"},
    )


def brief(run: Row | None, leaks: Sequence[Row], spots: Sequence[Row], symbol: str, query: str, *, is_filtered: bool) -> list[Any]:
    """The leaks in a few lines, for the overview."""
    suffix = f"?{query}" if query else ""
    if run is None:
        return [html.P("Leaks have not been ranked yet: python -m models leaks does it.")]
    priced = [row for row in leaks if row["kind"] != findings.GAP and row["cause"] not in findings.NOT_PRICED]
    scope = [html.P("Leaks are ranked over all sessions: filters do not apply to them.", className="fine")] if is_filtered else []
    if not priced:
        nothing = ["Nothing stands out.", *findings.nothing_words(run, spots)] if run["candidates"] else ["Nothing could be ranked."]
        return [html.P(" ".join(nothing)), html.P(dcc.Link("See the ranking", href=f"/leaks{suffix}")), *scope]
    lines = []
    for row in priced[:3]:
        worth = findings.loss(row, symbol)
        lines.append(
            html.Li(
                [
                    html.B(worth.headline if worth else "Not priced"),
                    " ",
                    dcc.Link(findings.sentence(row), href=f"/leaks{suffix}#{row['leak_id']}"),
                ]
            )
        )
    rest = len(priced) - len(lines)
    more = f"{rest} more, with dates, likely causes and evidence" if rest else "Dates, likely causes and evidence"
    return [html.Ol(lines, className="leak-list"), html.P(dcc.Link(more, href=f"/leaks{suffix}")), *scope]
