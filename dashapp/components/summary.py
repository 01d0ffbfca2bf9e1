"""The model in plain sentences, computed from its own evaluation."""

from collections.abc import Mapping
from typing import Any

from dash import html

from dashapp import theme

NO_MODEL = (
    "There is no model yet, so nothing here says which sessions were close to converting. "
    "Train one on the loaded sessions with python -m models train, then python -m models score."
)


def summary(run: Mapping[str, Any] | None) -> list[html.P]:
    """A few sentences for someone who has never seen a ROC curve."""
    if run is None:
        return [html.P(NO_MODEL)]
    return [html.P(sentence) for sentence in sentences(run)]


def sentences(run: Mapping[str, Any]) -> list[str]:
    """What the run can and cannot do, each sentence only where its figures are there."""
    metrics = run["metrics"]
    said = []
    auc = theme.number(metrics.get("auc"))
    if auc is not None:
        said.append(
            f"Shown one session that converts and one that does not, the model puts the right one first {theme.rate(auc)} of the time; "
            "guessing would do so half the time."
        )
    recall, precision = theme.number(metrics.get("recall_at_10")), theme.number(metrics.get("precision_at_10"))
    best = theme.number(metrics.get("precision_at_10_max"))
    if recall is not None and precision is not None:
        said.append(
            f"The tenth of sessions it ranks highest holds {theme.rate(recall)} of all conversions; {theme.rate(precision)} of that tenth "
            "convert" + (f", and {theme.rate(best)} is the most anyone could reach there." if best is not None else ".")
        )
    cutoff, scored = theme.number(run.get("cutoff")), theme.number(run.get("sessions_scored"))
    if cutoff is not None and scored is not None:
        said.append(f"It scored {theme.exact(scored)} sessions; the top tenth starts at a probability of {theme.rate(cutoff)}.")
    if run.get("kind") == "retrospective":
        said.append(
            "It judges whole sessions after they ended, so time and pages spent on buying itself count as signs of it: "
            "read it as a description, not as a forecast."
        )
    return said or ["The current model run has no evaluation figures."]
