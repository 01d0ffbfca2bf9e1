"""The model: how well it ranks, whether its probabilities can be taken at their word, and what it cannot say."""

from typing import Any

from dash import html

from dashapp import charts, figures, insights, theme
from dashapp.charts import Answer
from dashapp.components.card import chart_card, picture_card, table_card, text_card
from dashapp.components.empty import nothing
from dashapp.components.page import frame, page
from dashapp.components.summary import NO_MODEL, sentences
from dashapp.components.table import Column, table
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import common

PATH, NAME, TITLE = "/model", "Model", "Model"
# Key in the metrics, name, what it is, the value of guessing (a key or a number), the best possible (a key or a number).
MEASURES = (
    ("auc", "Ranking (AUC)", "how often a converting session is ranked above another one", 0.5, 1),
    ("average_precision", "Average precision", "share of conversions among the sessions ranked at or above each", "base_rate", 1),
    (
        "precision_at_10",
        "Precision in the top tenth",
        "share of the highest-ranked tenth that converts",
        "base_rate",
        "precision_at_10_max",
    ),
    ("recall_at_10", "Recall in the top tenth", "share of all conversions that the highest-ranked tenth holds", 0.1, "recall_at_10_max"),
    ("f1", "F1 at the threshold", "balance of precision and recall when sessions are flagged", None, 1),
)
COLUMNS = (
    Column("Measure", lambda row: [row["name"], html.Small(row["says"])], is_number=False),
    Column("Held out", lambda row: [row["value"], html.Small(row["interval"])]),
    Column("All, cross-fitted", lambda row: row["everything"]),
    Column("Guessing", lambda row: row["guess"]),
    Column("Best possible", lambda row: row["best"]),
)
FEATURES = (
    Column("Feature", lambda row: row["feature"].removeprefix("is_").replace("_", " ").capitalize(), is_number=False),
    Column(
        "Share of what it learnt", lambda row: html.Div(html.I(style={"width": f"{row['gain']:.1%}"}), className="bar"), is_number=False
    ),
    Column("", lambda row: theme.rate(row["gain"])),
)


def layout(read: Reading) -> html.Div:
    if common.current_run(read) is None:
        return page(TITLE, nothing("No model yet", NO_MODEL))
    return page(
        TITLE,
        text_card("model-summary", "What the model says", wide=5),
        table_card("model-metrics", "How well it ranks", wide=7),
        chart_card(charts.HISTOGRAM, common.definitions(read).get("probability_histogram", ""), wide=12),
        picture_card("calibration-curve", "What it said and what happened", wide=6, height=figures.HEIGHTS["calibration_curve"]),
        picture_card("lift-by-decile", "Tenths of sessions by probability", wide=6, height=figures.HEIGHTS["lift_by_decile"]),
        table_card("model-features", "What it looks at", wide=6),
        text_card("model-notes", "What to keep in mind", wide=6),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    result = frame(read, filters, notes, common.kpis(read, filters))
    run = common.current_run(read)
    if run is None:
        return result
    metrics = run["metrics"]
    bins, tenths = metrics.get("calibration") or [], metrics.get("lift") or []
    result.update(charts.answer(charts.HISTOGRAM, charts.rows_of(charts.HISTOGRAM, read, filters), filters, look))
    result.update(
        {
            "model-summary": {"children": [html.P(sentence) for sentence in sentences(run)]},
            "model-metrics": {"children": table(_measures(metrics), COLUMNS)},
            "model-metrics-insight": {
                "children": f"Trained {run['trained_at']:%-d %B %Y, %H:%M} UTC, run {run['run_id']}. Filters do not change "
                "these figures: they describe the run."
            },
            "calibration-curve": {"figure": figures.calibration_curve(bins, theme=look)},
            "calibration-curve-insight": {"children": insights.calibration_curve(bins)},
            "lift-by-decile": {"figure": figures.lift_by_decile(tenths, theme=look)},
            "lift-by-decile-insight": {"children": insights.lift_by_decile(tenths)},
            "model-features": {"children": table(metrics.get("importance") or [], FEATURES)},
            "model-features-insight": {
                "children": "Share of the improvement each feature brought while learning. It is no cause of buying."
            },
            "model-notes": {"children": [html.P(note) for note in metrics.get("notes") or []] or html.P("Nothing noted for this run.")},
        }
    )
    return result


def _measures(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    everything = metrics.get("cross_fitted") or {}
    rows = []
    for key, name, says, guess, best in MEASURES:
        if theme.number(metrics.get(key)) is None:
            continue
        low, high = metrics.get(f"{key}_low"), metrics.get(f"{key}_high")
        rows.append(
            {
                "name": name,
                "says": says,
                "value": _figure(metrics[key]),
                "interval": "" if theme.number(low) is None else f"{_figure(low)}–{_figure(high)}",
                "everything": _figure(everything.get(key)),
                "guess": _figure(metrics.get(guess) if isinstance(guess, str) else guess),
                "best": _figure(metrics.get(best) if isinstance(best, str) else best),
            }
        )
    return rows


def _figure(value: Any) -> str:
    return "–" if theme.number(value) is None else f"{value:.3f}"
