"""The model card of a run, in Markdown, made of what the run stored: for whoever has to answer for using it.

References
----------
Mitchell et al. 2019, "Model cards for model reporting".
"""

from collections.abc import Mapping
from typing import Any

from models.percent import percent

USE = {
    "retrospective": (
        "It ranks sessions that have ended by how much they look like sessions that convert, so that people can look at those that did not. "
        "It reads the whole session as exported.",
        "It is no forecast and names no causes: pages and seconds are counted through the purchase itself. It must not decide about persons: "
        "prices, credit, access. It does not judge a session that is still going on.",
    ),
    "early": (
        "It gives the probability that a session which is still going on will convert, from the events it has had so far, always before the "
        "first checkout or key event.",
        "It does not rank finished sessions: the retrospective model does. It names no causes, and must not decide about persons: prices, "
        "credit, access.",
    ),
}
MEASURES = (
    ("auc", "AUC"),
    ("average_precision", "Average precision"),
    ("brier", "Brier score"),
    ("log_loss", "Log loss"),
    ("precision_at_1", "Precision in the top 1 %"),
    ("precision_at_10", "Precision in the top 10 %"),
    ("recall_at_10", "Recall in the top 10 %"),
    ("lift_at_10", "Lift in the top 10 %"),
)
SPLITS = {
    "visitor": "Split by visitor: nobody on both sides",
    "time": "Split by time: learnt from earlier days, judged on later ones",
    "plain": "Plain split of sessions: what most reports quote",
}


def written(run: Mapping[str, Any]) -> str:
    """The card of a run.

    Parameters
    ----------
    run
        run_id, kind, trained_at, code_version, data_hash, params, metrics and threshold, as in `model_runs`.
    """
    metrics, params, (use, misuse) = run["metrics"], run["params"], USE[run["kind"]]
    parts = [
        f"# Model card: {run['kind']} conversion model",
        f"Run {run['run_id']}, trained {run['trained_at']:%-d %B %Y, %H:%M} UTC by version {run['code_version']}.",
        "## What it is for",
        use,
        "## What it is not for",
        misuse,
        "## What it learnt from",
        f"{metrics['sessions']:,} sessions, {metrics['conversions']:,} of them converting. Data hash `{run['data_hash']}`.",
        f"Features: {', '.join(name.replace('_', ' ') for name in params['features'])}.",
        "## How it was made",
        made(params),
        "## How good it is",
        f"On {metrics['test_sessions']:,} sessions ({metrics['test_conversions']:,} converting) of visitors held out from everything, with 95 % "
        "intervals from resampling visitors:",
        table(
            ["measure", "value", "95 % interval", "best possible"],
            [measure(metrics, *named) for named in MEASURES if metrics.get(named[0]) is not None],
        ),
        calibration(metrics),
    ]
    if metrics.get("by_cut"):
        parts += ["At each cut, all sessions at the same moment of their lives:", table(*cuts(metrics["by_cut"]))]
    parts += ["## Beside baselines", *comparison(metrics.get("comparison") or [])]
    parts += ["## Leakage audit", *audit(metrics)]
    parts += ["## What to keep in mind", *(f"- {note}" for note in metrics["notes"])]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ").replace("mind\n- ", "mind\n\n- ") + "\n"


def made(params: Mapping[str, Any]) -> str:
    """How the trees were chosen and calibrated."""
    trees = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in sorted(params["trees"].items()))
    return (
        f"Boosted trees (XGBoost {params['xgboost']}): {trees}; the best of {params['search']['trials']} tried on {params['search']['sessions']:,} "
        f"rows by five-fold log loss. Calibrated out of fold by {'isotonic regression' if params.get('calibration') == 'isotonic' else 'Platt scaling'}. "
        f"Seed {params['seed']}, {params['folds']} folds of visitors, salt {params['salt']}."
    )


def measure(metrics: Mapping[str, Any], name: str, words: str) -> list[str]:
    best = metrics.get(f"{name}_max", {"auc": 1.0, "average_precision": 1.0, "brier": 0.0, "log_loss": 0.0}.get(name))
    return [words, figure(metrics[name]), interval(metrics, name), figure(best)]


def figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}"


def interval(metrics: Mapping[str, Any], name: str) -> str:
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    return "–" if low is None or high is None else f"{figure(low)} to {figure(high)}"


def calibration(metrics: Mapping[str, Any]) -> str:
    return (
        f"Over all sessions, each scored by a model that did not see its visitor: expected calibration error {figure(metrics['ece'])} "
        f"({interval(metrics, 'ece')}), calibration slope {figure(metrics['calibration_slope'])} ({interval(metrics, 'calibration_slope')}, 1 when "
        f"calibrated); the probabilities add up to {metrics['expected_conversions']:,.0f} conversions where {metrics['conversions']:,} sessions converted."
    )


def cuts(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    heads = ["after", "sessions", "converting", "AUC", "average precision", "base rate"]
    return heads, [
        [
            f"{row['cut']} events" if row["cut"] > 1 else "1 event",
            f"{row['sessions']:,}",
            f"{row['conversions']:,}",
            figure(row["auc"]),
            figure(row["average_precision"]),
            figure(row["base_rate"]),
        ]
        for row in rows
    ]


def comparison(rows: list[dict]) -> list[str]:
    """A table for each split."""
    parts = ["Each learnt and judged on the same sessions, without the run's calibration."]
    for split, words in SPLITS.items():
        of_split = [row for row in rows if row["split"] == split]
        if not of_split:
            continue
        if "said" in of_split[0]:
            parts.append(f"{words}: {of_split[0]['said']}.")
            continue
        first = of_split[0]
        parts.append(f"{words}; {first['sessions']:,} sessions judged, {first['conversions']:,} converting.")
        heads = ["model", "AUC", "95 %", "average precision", "95 %", "log loss"]
        body = [
            [
                row["model"],
                figure(row["auc"]),
                interval(row, "auc"),
                figure(row["average_precision"]),
                interval(row, "average_precision"),
                figure(row["log_loss"]),
            ]
            for row in of_split
        ]
        parts.append(table(heads, body))
    return parts


def audit(metrics: Mapping[str, Any]) -> list[str]:
    """Each feature before and after the outcome, and what is left without duration and pageviews."""
    rows = [
        [
            row["feature"].replace("_", " "),
            figure(row["alone"]),
            figure(row["before"]),
            figure(row["after"]),
            "–" if row["changed"] is None else percent(row["changed"]),
            row["suspected"] or "",
        ]
        for row in metrics.get("audit") or []
    ]
    left = [[row["name"], figure(row["auc"]), figure(row["average_precision"])] for row in metrics.get("ablation") or []]
    return [
        "Each feature: how well it ranks alone, its mean among converting sessions before the first checkout or key event and in the end, and the "
        "share of them in which it changed.",
        table(["feature", "AUC alone", "before", "after", "changed", "suspected because"], rows),
        table(["features", "AUC", "average precision"], left),
    ]


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; bars inside a cell are escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def repeated(run: Mapping[str, Any], *, is_same_data: bool, is_same_version: bool) -> str:
    """How to make the run again, and whether that would give the same one."""
    seed, trials = run["params"]["seed"], run["params"]["search"]["trials"]
    command = f"python -m models train --seed {seed} --trials {trials}"
    if is_same_data and is_same_version:
        said = "The sessions in the database and the version are those of the run: the command gives the same model to the last digit."
    else:
        what = " and ".join(
            word for word, is_same in (("the sessions in the database", is_same_data), ("the version", is_same_version)) if not is_same
        )
        said = f"Since then {what} changed: the command gives another model."
    return f"## Again\n\n    {command}\n\n{said}\n"
