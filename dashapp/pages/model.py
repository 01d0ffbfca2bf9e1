"""The model: how well it ranks, whether its probabilities can be taken at their word, and what it cannot say."""

from typing import Any

from dash import html

from dashapp import charts, figures, insights, theme
from dashapp.charts import Answer
from dashapp.components import evaluation
from dashapp.components.card import chart_card, picture_card, table_card, text_card
from dashapp.components.empty import nothing
from dashapp.components.page import frame, page
from dashapp.components.summary import sentences
from dashapp.components.table import Column, table
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import common, models

PATH, NAME, TITLE = "/model", "Model", "Model"
FEATURES = (
    Column("Feature", lambda row: evaluation.plain_name(row["feature"]), is_number=False),
    Column(
        "Share of what it learnt", lambda row: html.Div(html.I(style={"width": f"{row['gain']:.1%}"}), className="bar"), is_number=False
    ),
    Column("", lambda row: theme.rate(row["gain"])),
)


def layout(read: Reading) -> html.Div:
    runs = models.runs(read)
    if not runs:
        return page(TITLE, nothing("No model yet", models.why_none(read)))
    run = models.headline(read)
    return page(
        TITLE,
        text_card("model-summary", "What the model says", wide=5),
        table_card("model-metrics", "How well it ranks", wide=7),
        table_card("model-cuts", "As a session goes on", wide=12) if run["metrics"].get("by_cut") else None,
        picture_card("calibration-curve", "What it said and what happened", wide=6, height=figures.HEIGHTS["calibration_curve"]),
        picture_card("lift-by-decile", "Tenths of sessions by probability", wide=6, height=figures.HEIGHTS["lift_by_decile"]),
        table_card("model-baselines", "Beside simpler models", wide=12),
        table_card("model-audit", "Does it know what it should not?", wide=8),
        table_card("model-ablation", "Without time and pages", wide=4),
        chart_card(charts.HISTOGRAM, common.definitions(read).get("probability_histogram", ""), wide=12),
        table_card("model-features", "What it looks at", wide=6),
        table_card("model-drift", "Are later sessions still like those it learnt from?", wide=6),
        text_card("model-notes", "What to keep in mind", wide=12),
        table_card("model-history", "Runs", wide=12),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    result = frame(read, filters, notes, common.kpis(read, filters))
    run = models.headline(read)
    if run is None:
        return result
    runs, metrics = models.runs(read), run["metrics"]
    bins, tenths = metrics.get("calibration") or [], metrics.get("lift") or []
    kind = f"{run['kind']} model"
    moved = [row for row in models.drift(read) if row["kind"] == run["kind"]]
    result.update(charts.answer(charts.HISTOGRAM, charts.rows_of(charts.HISTOGRAM, read, filters), filters, look))
    result.update(
        {
            "model-summary": {"children": [*(html.P(sentence) for sentence in sentences(run, runs)), _cards(runs)]},
            "model-metrics": {"children": evaluation.measures(runs)},
            "model-metrics-insight": {
                "children": "On visitors held out from everything, with 95 % intervals from resampling visitors. Early: before the checkout; "
                "retrospective: finished sessions. Filters do not change these figures."
            },
            "calibration-curve": {"figure": figures.calibration_curve(bins, theme=look)},
            "calibration-curve-insight": {"children": f"{insights.calibration_curve(bins)} ({kind.capitalize()}.)"},
            "lift-by-decile": {"figure": figures.lift_by_decile(tenths, theme=look)},
            "lift-by-decile-insight": {"children": f"{insights.lift_by_decile(tenths)} ({kind.capitalize()}.)"},
            "model-baselines": {"children": evaluation.baselines(metrics.get("comparison") or [])},
            "model-baselines-insight": {"children": _against_baselines(metrics.get("comparison") or [], kind)},
            "model-audit": {"children": table(metrics.get("audit") or [], evaluation.AUDIT)},
            "model-audit-insight": {
                "children": "Each feature's mean among converting sessions before the first checkout or key event and in the end; one that changes "
                "after the outcome knows it. A dash: the export does not tell, or it is known from the start."
            },
            "model-ablation": {"children": table(metrics.get("ablation") or [], evaluation.ABLATION)},
            "model-ablation-insight": {"children": "What is left on held-out visitors when features are taken away."},
            "model-features": {"children": table(metrics.get("importance") or [], FEATURES)},
            "model-features-insight": {
                "children": f"Share of the improvement each feature brought while the {kind} learnt. It is no cause of buying."
            },
            "model-drift": {"children": table(moved, evaluation.DRIFT)} if moved else {"children": []},
            "model-drift-insight": {"children": evaluation.said_of_drift(moved)},
            "model-history": {"children": table(models.history(read), evaluation.HISTORY)},
            "model-notes": {"children": [html.P(note) for note in metrics.get("notes") or []] or html.P("Nothing noted for this run.")},
        }
    )
    if metrics.get("by_cut"):
        result["model-cuts"] = {"children": table(metrics["by_cut"], evaluation.CUTS)}
        result["model-cuts-insight"] = {
            "children": "The early model with all sessions at the same moment of their lives: the more has happened, the more it knows."
        }
    return result


def _cards(runs: dict[str, dict[str, Any]]) -> html.P:
    """Links to the cards of the latest runs."""
    links: list[Any] = []
    for kind, run in runs.items():
        href = f"/download/model-card.md?run={run['run_id']}"
        links += [html.A(f"Card of the {kind} model", href=href, download="", className="button"), " "]
    return html.P(links)


def _against_baselines(rows: list[dict[str, Any]], kind: str) -> str:
    """The model against the best other one, on visitors it has not seen."""
    told = [row for row in rows if row["split"] == "visitor" and "model" in row]
    own = next((row for row in told if row["model"] == "this model"), None)
    others = [row for row in told if row is not own]
    if own is None or not others:
        return "These sessions are too few to compare models on."
    best = max(others, key=lambda row: row["average_precision"] or 0)
    gain = own["average_precision"] / best["average_precision"] - 1 if best["average_precision"] else 0
    said = "no better than" if gain <= 0 else f"{theme.rate(gain)} above"
    return (
        f"On unseen visitors the average precision of the {kind} is {evaluation.figure(own['average_precision'])} "
        f"({evaluation.spread(own, 'average_precision')}): {said} the best simple one, {best['model']}, at "
        f"{evaluation.figure(best['average_precision'])} ({evaluation.spread(best, 'average_precision')})."
    )
