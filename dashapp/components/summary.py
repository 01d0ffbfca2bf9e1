"""The model in plain sentences, computed from its own evaluation."""

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from dashapp import theme
from dashapp.filters import Filters

RETROSPECTIVE = (
    "It judges sessions after they ended, so time and pages spent on buying itself count as signs of it: "
    "a description of finished sessions, not a forecast."
)
EARLY = (
    "This is the early model: it knows only what happened before the checkout began, so it can judge a session that is still going on. "
    "The list of candidates and the charts of probabilities come from the retrospective model, which judges finished sessions."
)


def summary(run: Mapping[str, Any] | None, filters: Filters, why_none: str = "") -> list[Any]:
    """A few sentences for someone who has never seen a ROC curve, and where to go on; where there is no run, why."""
    if run is None:
        return [html.P(why_none)]
    suffix = f"?{filters.query()}" if not filters.are_empty else ""
    scope = None if filters.are_empty else html.P("This is said of all sessions, whatever the filters.", className="fine")
    return [
        *(html.P(sentence) for sentence in sentences(run)),
        scope,
        html.P(
            [
                dcc.Link("See the sessions", href=f"/candidates{suffix}"),
                " or ",
                dcc.Link("how the model was measured", href=f"/model{suffix}"),
                ".",
            ]
        ),
    ]


def sentences(run: Mapping[str, Any], runs: Mapping[str, Any] | None = None) -> list[str]:
    """What the run can and cannot do, each sentence only where its figures are there.

    Of an early run a session counts at each of its cuts, so its tenths and sums are not of sessions and are not told here.
    """
    metrics = run["metrics"]
    if run.get("kind") == "early":
        said = [*_ranking(metrics), *_as_it_goes(metrics), EARLY]
        finished = (runs or {}).get("retrospective")
        return said + (_top_tenth(finished["metrics"], "The retrospective model: ") if finished else [])
    said = [*_top_tenth(metrics), *_ranking(metrics), *_word(metrics)]
    if run.get("kind") == "retrospective":
        said.append(RETROSPECTIVE)
    return said or ["The current model run has no evaluation figures."]


def _as_it_goes(metrics: Mapping[str, Any]) -> list[str]:
    rows = [row for row in metrics.get("by_cut") or [] if theme.number(row.get("auc")) is not None]
    if len(rows) < 2:
        return []
    first, last = rows[0], max(rows, key=lambda row: row["auc"])
    if last is first:
        return []
    return [
        f"After {_events(first['cut'])} it is right {theme.rate(first['auc'])} of the time, after {_events(last['cut'])} "
        f"{theme.rate(last['auc'])}."
    ]


def _events(count: int) -> str:
    return f"{count} event" if count == 1 else f"{count} events"


def _top_tenth(metrics: Mapping[str, Any], opening: str = "") -> list[str]:
    tenths = metrics.get("lift") or []
    if not tenths:
        return []
    first, conversions = tenths[0], sum(row["conversions"] for row in tenths)
    if not conversions:
        return []
    start = f", which starts at a probability of {theme.rate(metrics['cutoff'])}" if theme.number(metrics.get("cutoff")) else ""
    return [
        f"{opening}{theme.exact(first['conversions'])} of {theme.exact(conversions)} converting sessions are in the tenth that the model ranks "
        f"highest{start}; the other {theme.exact(first['sessions'] - first['conversions'])} sessions of that tenth did not convert."
    ]


def _ranking(metrics: Mapping[str, Any]) -> list[str]:
    auc, low, high = (theme.number(metrics.get(name)) for name in ("auc", "auc_low", "auc_high"))
    if auc is None:
        return []
    sure = "" if low is None or high is None else f" (95 % interval {theme.interval(low, high)})"
    kept = theme.number(metrics.get("test_sessions"))
    where = f", measured on {theme.exact(kept)} sessions it had not seen" if kept else ""
    return [
        f"Shown a session that converts and one that does not, it ranks the right one first {theme.rate(auc)} of the time{sure}{where}; "
        "guessing would be right half the time."
    ]


def _word(metrics: Mapping[str, Any]) -> list[str]:
    expected, seen = theme.number(metrics.get("expected_conversions")), theme.number(metrics.get("conversions"))
    if expected is None or not seen:
        return []
    return [f"Its probabilities add up to {theme.exact(expected)} conversions where {theme.exact(seen)} happened."]
