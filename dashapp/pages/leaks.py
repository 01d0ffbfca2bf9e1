"""Leaks: what the latest ranking found, what it costs, since when, why perhaps; and what it could not have seen."""

from typing import Any

from dash import html

from dashapp import figures, findings, insights, theme
from dashapp.charts import Answer
from dashapp.components import leak
from dashapp.components.card import disclosure, picture_card
from dashapp.components.empty import nothing
from dashapp.components.page import UNFILTERED, frame, page, span
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import common, leaks

PATH, NAME, TITLE = "/leaks", "Leaks", "Leaks"
NEVER = "Rank them with python -m models leaks; make load does it with every load. It takes seconds, and this page fills by itself."
LASTING = (
    "Lasting differences: upper bounds, not discoveries",
    "Levels that convert less than others all along. Most of it is natural, and nobody knows how much could be closed.",
)
INTENTS_ALONE = ("Lasting differences", "No discoveries, and nothing to be priced.")


def layout(read: Reading) -> html.Div:
    run = leaks.latest_run(read)
    if run is None:
        return page(TITLE, UNFILTERED, nothing("Leaks have not been ranked yet", NEVER))
    symbol, found, trends = common.currency(read), leaks.open_leaks(read), leaks.trends(read, run["run_id"])
    priced, broken, gaps = sorted_out(found)
    site = [one for one in run["site_changes"] if one.get("kind") == "site-wide change"]
    exchanged = [one for one in run["site_changes"] if one.get("kind") == "definition change" and not _is_told(one, broken)]
    intents = leaks.intents(read, run["run_id"])
    wide = 12 if len(broken) + len(exchanged) == 1 else 6
    events = [*[leak.broken_card(row, run, wide) for row in broken], *[leak.exchange_card(one, wide) for one in exchanged]]
    plans, fixes = leaks.plans(read, run["run_id"]), leaks.verdicts(read, run["run_id"])
    found_ids = {row["leak_id"] for row in priced}
    mended = [one for one in fixes if one["leak_id"] not in found_ids]
    lasting = [
        *[leak.gap_card(row, run, symbol, plans.get(row["leak_id"], ())) for row in gaps],
        *([leak.intent_card(intents)] if intents else []),
    ]
    cards = [
        leak.leak_card(
            row,
            run,
            place,
            symbol,
            has_trend=row["leak_id"] in trends,
            plans=plans.get(row["leak_id"], ()),
            fixes=[one for one in fixes if one["leak_id"] == row["leak_id"]],
        )
        for place, row in enumerate(priced, start=1)
    ]
    return page(
        TITLE,
        UNFILTERED,
        _lead(read, run, priced),
        *([leak.site_card(site)] if site else []),
        *cards,
        *_section("Fixes", "Of leaks that the latest ranking does not find any more.", [leak.fix_card(mended)] if mended else []),
        *_section("Changes of recording and of labels", "Figures changed, visitors probably did not. None of this is priced.", events),
        *_section(*(LASTING if gaps else INTENTS_ALONE), lasting),
        *_section(
            "What could have been missed",
            "How large a leak has to be to be seen, by how many passes of the step are expected of its segment.",
            [picture_card("blind-spot-map", "Blind spots", wide=12, height=figures.HEIGHTS["blind_spot_map"])] if _is_ranked(run) else [],
        ),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    run = leaks.latest_run(read)
    kept = (
        []
        if filters.are_empty
        else ["Leaks are ranked over all sessions. Your filters do not apply here; they are kept for the other pages."]
    )
    result = frame(read, Filters(), [*notes, *kept], common.kpis(read, Filters()))
    if run is None:
        return result
    result["page-subtitle"] = {"children": _subtitle(run, common.coverage(read))}
    trends, events = leaks.trends(read, run["run_id"]), leaks.site_events(read)
    for row in sorted_out(leaks.open_leaks(read))[0]:
        moments = trends.get(row["leak_id"])
        if moments:
            options: dict[str, Any] = {"start": row["started_on"], "bin_days": run["bin_days"] or 1}
            drawn = figures.leak_trend(moments, theme=look, since=row["started_from"], until=row["started_until"], events=events, **options)
            result[leak.trend_id(row["leak_id"])] = {"figure": drawn}
            result[f"{leak.trend_id(row['leak_id'])}-insight"] = {"children": insights.leak_trend(moments, **options)}
    if not _is_ranked(run):
        return result
    spots = leaks.blind_spots(read)
    result["blind-spot-map"] = {"figure": figures.blind_spot_map(spots, theme=look)}
    result["blind-spot-map-insight"] = {"children": insights.blind_spot_map(spots)}
    return result


def sorted_out(found: list[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """Leaks with a price, what lies in recording or labels, and gaps."""
    gaps = [row for row in found if row["kind"] == findings.GAP]
    broken = [row for row in found if row["kind"] != findings.GAP and row["cause"] in findings.NOT_PRICED]
    return [row for row in found if row not in gaps and row not in broken], broken, gaps


def _is_ranked(run: Row) -> bool:
    """Whether the ranking had anything to compare."""
    return bool(run["candidates"])


def _is_told(one: dict, broken: list[Row]) -> bool:
    """Whether the card of a finding tells of this exchange of labels already."""
    names = ("dimension", "from", "to", "on")
    return any(all(row["evidence"].get(name) == one.get(name) for name in names) for row in broken)


def _lead(read: Reading, run: Row, priced: list[Row]) -> html.Section:
    """How many leaks there are; or that nothing stands out, and what could have been missed."""
    gone = leaks.gone(read, run["run_id"])
    remarks = [html.P(one, className="fine") for one in run["remarks"]]
    if priced:
        many = "1 leak stands out" if len(priced) == 1 else f"{len(priced)} leaks stand out"
        said = [f"{many} of {theme.exact(run['candidates'])} segments compared, in the order of what they cost at least."]
        share = theme.number(run["settings"].get("false_share"))
        said += (
            [f"In rankings like this one, at most {theme.brief_rate(share)} of what stands out is expected to be a false alarm."]
            if share
            else []
        )
        title = "What stands out"
    elif _is_ranked(run):
        title, said = "Nothing stands out", findings.nothing_words(run, leaks.blind_spots(read))
    else:
        title, said = "Nothing could be ranked", []
    if gone:
        listed = "; ".join(f"{findings.segment_words(row['segment'])} ({findings.clean(row['step'])})" for row in gone[:3])
        said.append(f"No longer found, which is not the same as mended: {listed}{' and others' if len(gone) > 3 else ''}.")
    return html.Section(
        [
            html.H2(title),
            *[html.P(one, className="insight") for one in said],
            *remarks,
            html.P("The link leads to a leak that the latest ranking does not find.", id="leak-missing", className="fine", hidden=True),
            html.Footer(
                [
                    html.Span(className="count"),
                    disclosure("How to read this", [html.P(one) for one in leak.READING]),
                    disclosure("SQL", html.Pre("from open_leaks;")),
                    html.A("CSV", id="leaks-csv", href="/download/open_leaks.csv", download=""),
                ]
            ),
        ],
        className="card",
        style={"gridColumn": "span 12"},
        **{"aria-label": title},
    )


def _section(title: str, said: str, cards: list[Any]) -> list[Any]:
    """A heading across the page with its cards; nothing without any."""
    return [html.Div([html.H2(title), html.P(said)], className="section"), *cards] if cards else []


def _subtitle(run: Row, covered: Row) -> str:
    first, last = (run["first_day"], run["last_day"]) if run["first_day"] else (covered["first"], covered["last"])
    days = span(first, last) if first else "days unknown"
    ranked = span(run["ranked_at"], run["ranked_at"])
    return f"{theme.counted(run['sessions'], 'session')} · {days} · ranked {ranked}, over all sessions"
