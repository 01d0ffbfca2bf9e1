"""Tables of how a model was measured: figures with intervals, cuts, baselines, the leakage audit, drift, and earlier runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from dashapp import theme
from dashapp.components.table import Column, table

KINDS = {"early": "Early", "retrospective": "Retrospective"}
# Key in the metrics, name, what it is, the value of guessing (a key, a number or None).
MEASURES = (
    ("auc", "Ranking (AUC)", "how often a converting session is ranked above another one", 0.5),
    ("average_precision", "Average precision", "share of conversions among the sessions ranked at or above each", "base_rate"),
    ("precision_at_1", "Precision in the top hundredth", "share of the highest-ranked hundredth that converts", "base_rate"),
    ("precision_at_10", "Precision in the top tenth", "share of the highest-ranked tenth that converts", "base_rate"),
    ("recall_at_10", "Recall in the top tenth", "share of all conversions that the highest-ranked tenth holds", 0.1),
    ("lift_at_10", "Lift in the top tenth", "how many times as often it converts as all sessions do", 1),
    ("brier", "Brier score", "mean squared distance of probabilities from what happened; low is good", None),
    ("log_loss", "Log loss", "penalty for confident mistakes; low is good", None),
    ("ece", "Calibration error", "mean distance of predicted from observed rates, over all sessions; low is good", None),
    ("calibration_slope", "Calibration slope", "1 when probabilities are as spread as they should be, over all sessions", None),
)
DIVISIONS = {
    "visitor": ["By visitor", html.Small("nobody on both sides")],
    "time": ["By time", html.Small("learnt from earlier days, judged on later ones")],
    "plain": ["Plain 80/20", html.Small("what most reports quote")],
}
LITTLE, MUCH = 0.1, 0.25


def figure(value: Any) -> str:
    """A figure with as many digits as it can bear."""
    value = theme.number(value)
    if value is None:
        return "–"
    if value == 0:
        return "0"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}"


def spread(row: Mapping[str, Any], name: str) -> str:
    """The 95 % interval of a figure."""
    low, high = theme.number(row.get(f"{name}_low")), theme.number(row.get(f"{name}_high"))
    return "" if low is None or high is None else f"{figure(low)}–{figure(high)}"


def measures(runs: Mapping[str, Mapping[str, Any]]) -> dict:
    """Every measure of each kind of model on held-out visitors, with its interval, guessing and the best possible."""
    shown = [row for row in MEASURES if any(theme.number(run["metrics"].get(row[0])) is not None for run in runs.values())]
    columns = [Column("Measure", lambda row: [row[1], html.Small(row[2])], is_number=False)]
    columns += [Column(KINDS.get(kind, kind), _cell(run["metrics"])) for kind, run in runs.items()]
    return table(shown, columns)


def _cell(metrics: Mapping[str, Any]) -> Any:
    def show(row: Sequence[Any]) -> list[Any]:
        name, guess = row[0], row[3]
        beside = [spread(metrics, name)]
        guessed = theme.number(metrics.get(guess) if isinstance(guess, str) else guess)
        best = theme.number(metrics.get(f"{name}_max"))
        beside.append("" if guessed is None else f"guessing {figure(guessed)}")
        beside.append("" if best is None else f"at most {figure(best)}")
        return [figure(metrics.get(name)), *(html.Small(text) for text in beside if text)]

    return show


CUTS = (
    Column("Known by then", lambda row: f"{row['cut']} events" if row["cut"] > 1 else "1 event", is_number=False),
    Column("Sessions", lambda row: theme.exact(row["sessions"])),
    Column("Converting", lambda row: theme.rate(row["base_rate"])),
    Column("AUC", lambda row: figure(row["auc"])),
    Column("Average precision", lambda row: figure(row["average_precision"])),
)
BASELINES = (
    Column("Divided", lambda row: DIVISIONS.get(row["split"], row["split"]) if row["first"] else "", is_number=False),
    Column("Model", lambda row: row.get("model", "").capitalize() or row.get("said", ""), is_number=False),
    Column("Judged", lambda row: theme.exact(row["sessions"]) if "sessions" in row else ""),
    Column("AUC", lambda row: _with_spread(row, "auc")),
    Column("Average precision", lambda row: _with_spread(row, "average_precision")),
    Column("Log loss", lambda row: _with_spread(row, "log_loss")),
)
AUDIT = (
    Column("Feature", lambda row: plain_name(row["feature"]), is_number=False),
    Column("AUC alone", lambda row: figure(row["alone"])),
    Column("Before", lambda row: figure(row["before"])),
    Column("In the end", lambda row: figure(row["after"])),
    Column("Changed in", lambda row: "–" if row["changed"] is None else theme.rate(row["changed"])),
    Column("Suspected because", lambda row: row["suspected"] or "", is_number=False),
)
ABLATION = (
    Column("Features", lambda row: row["name"].capitalize(), is_number=False),
    Column("AUC", lambda row: figure(row["auc"])),
    Column("Average precision", lambda row: figure(row["average_precision"])),
)
DRIFT = (
    Column("Feature", lambda row: plain_name(row["feature"]), is_number=False),
    Column("Index (PSI)", lambda row: figure(row["psi"])),
    Column("By chance up to", lambda row: figure(row["by_chance"])),
    Column("In words", lambda row: drifted(row), is_number=False),
)
HISTORY = (
    Column("Trained (UTC)", lambda row: f"{row['trained_at']:%-d %b %Y, %H:%M}", is_number=False),
    Column("Kind", lambda row: row["kind"].capitalize(), is_number=False),
    Column("Sessions", lambda row: theme.exact(row["sessions"])),
    Column("Converting", lambda row: theme.exact(row["conversions"])),
    Column("AUC", lambda row: figure(row["auc"])),
    Column("Average precision", lambda row: figure(row["average_precision"])),
    Column("Calibration slope", lambda row: figure(row["calibration_slope"])),
    Column(
        "Run", lambda row: [html.Code(row["run_id"]), html.Small(f"version {row['code_version']}, seed {row['seed']}")], is_number=False
    ),
    Column("Card", lambda row: html.A("Download", href=f"/download/model-card.md?run={row['run_id']}", download=""), is_number=False),
)


def _with_spread(row: Mapping[str, Any], name: str) -> Any:
    return [figure(row[name]), html.Small(spread(row, name))] if name in row else ""


def plain_name(feature: str) -> str:
    """A feature in words."""
    return "Score" if feature == "p_conversion" else feature.removeprefix("is_").replace("_", " ").capitalize()


def baselines(rows: Sequence[Mapping[str, Any]]) -> dict:
    """The model beside its baselines under each division."""
    seen: set[str] = set()
    marked = []
    for row in rows:
        marked.append({**row, "first": row["split"] not in seen})
        seen.add(row["split"])
    return table(marked, BASELINES)


def drifted(row: Mapping[str, Any]) -> str:
    """What an index says, allowing for chance."""
    psi = row["psi"]
    if psi <= row["by_chance"] or psi < LITTLE:
        return "as it was" if psi <= row["by_chance"] else "little changed"
    return "changed" if psi < MUCH else "much changed"


def said_of_drift(rows: Sequence[Mapping[str, Any]]) -> str:
    """Drift in a sentence."""
    if not rows:
        return "No load came after the training, so there is nothing to compare yet. Each later load is compared when it is scored."
    moved = [row for row in rows if drifted(row) in ("changed", "much changed")]
    names = list(dict.fromkeys(plain_name(row["feature"]).lower() for row in moved))
    where = f"Load {rows[0]['load_id']} ({theme.exact(rows[0]['sessions'])} sessions)"
    if not names:
        return f"{where} looks like the sessions the model learnt from."
    advice = "Train again." if any(drifted(row) == "much changed" for row in moved) else "Train again when it lasts."
    return f"{where} differs from what the model learnt from in {', '.join(names[:6])}. {advice}"
