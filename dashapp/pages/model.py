"""The model: how well it ranks, whether its probabilities can be taken at their word, and what it cannot say."""

from typing import Any

from dash import html

from dashapp import charts, figures, insights, theme
from dashapp.charts import Answer
from dashapp.components.card import chart_card, picture_card, table_card, text_card
from dashapp.components.empty import nothing
from dashapp.components.page import frame, page
from dashapp.components.summary import NO_MODEL, summary
from dashapp.components.table import Column, table
from dashapp.db import Reading
from dashapp.filters import Filters
from dashapp.queries import common

PATH, NAME, TITLE = "/model", "Model", "Model"
METRICS = (
    ("auc", "auc_max", "Ranking (AUC)", "How often a converting session is ranked above another one. Guessing: 50 %."),
    ("average_precision", "average_precision_max", "Average precision", "Share of conversions among those ranked above each conversion."),
    ("precision_at_10", "precision_at_10_max", "Precision in the top tenth", "Share of the highest-ranked tenth that converts."),
    ("recall_at_10", "recall_at_10_max", "Recall in the top tenth", "Share of all conversions that the highest-ranked tenth holds."),
    ("f1", "f1_max", "F1 at the threshold", "Balance of precision and recall when flagging sessions."),
)
COLUMNS = (
    Column("Measure", lambda row: [row["name"], html.Small(row["says"])], is_number=False),
    Column("Value", lambda row: row["value"]),
    Column("95 % interval", lambda row: row["interval"]),
    Column("Best possible", lambda row: row["best"]),
)


def layout(read: Reading) -> html.Div:
    if common.current_run(read) is None:
        return page(TITLE, nothing("No model yet", NO_MODEL))
    return page(
        TITLE,
        text_card("model-summary", "What the model says", wide=5),
        table_card("model-metrics", "Measured on sessions it did not see", wide=7),
        chart_card(charts.HISTOGRAM, common.definitions(read).get("probability_histogram", ""), wide=12),
        picture_card("calibration-curve", "Said and seen", wide=6),
        picture_card("lift-by-decile", "Tenths by probability", wide=6),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    result = frame(read, filters, notes, common.kpis(read, filters))
    run = common.current_run(read)
    if run is None:
        return result
    metrics = run["metrics"]
    bins, tenths = metrics.get("calibration") or [], metrics.get("lift_by_decile") or []
    result.update(charts.answer(charts.HISTOGRAM, charts.rows_of(charts.HISTOGRAM, read, filters), filters, look))
    result.update({
        "model-summary": {"children": summary(run)},
        "model-metrics": {"children": table(_measures(metrics), COLUMNS)},
        "model-metrics-insight": {"children": f"Run {run['run_id']}, {run['kind']}, trained {run['trained_at']:%d %B %Y %H:%M} UTC. "
                                              "Filters do not change these figures: they describe the run."},
        "calibration-curve": {"figure": figures.calibration_curve(bins, theme=look)},
        "calibration-curve-insight": {"children": insights.calibration_curve(bins)},
        "lift-by-decile": {"figure": figures.lift_by_decile(tenths, theme=look)},
        "lift-by-decile-insight": {"children": insights.lift_by_decile(tenths)},
    })
    return result


def _measures(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for key, best, name, says in METRICS:
        if theme.number(metrics.get(key)) is None:
            continue
        low, high = metrics.get(f"{key}_ci") or (None, None)
        rows.append({
            "name": name, "says": says, "value": _figure(metrics[key]),
            "interval": "–" if theme.number(low) is None else f"{_figure(low)}–{_figure(high)}",
            "best": "1" if theme.number(metrics.get(best)) is None else _figure(metrics[best]),
        })
    return rows


def _figure(value: float) -> str:
    return f"{value:.3f}"
