"""How probable the model thinks conversion is, over all sessions."""

from math import log

from dashapp import theme as look
from dashapp.figures.base import axis, empty, figure, heading, note, scale
from dashapp.figures.rows import share, whole
from dashapp.theme import NBSP, count, counted, exact, rate

TICKS = [0.00001, 0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
EDGE = 1e-6
LOWEST, HIGHEST = 4.6e-5, 0.993


def log_odds(p: float) -> float:
    """Return the log-odds of a probability, kept within one in a million of 0 and 1."""
    p = min(max(p, EDGE), 1 - EDGE)
    return log(p / (1 - p))


def bins(rows: list[dict]) -> list[tuple[float, float, int]]:
    """Return (low, high, sessions) of the bins that have both edges, in order."""
    found = []
    for row in rows or []:
        low, high = share(row.get("bin_low")), share(row.get("bin_high"))
        if low is not None and high is not None and high > low:
            found.append((low, high, whole(row.get("sessions"))))
    return sorted(found)


def cutoff_of(rows: list[dict]) -> float | None:
    """Return the probability at which the top 10 % begin."""
    return next((share(row["cutoff"]) for row in rows or [] if share(row.get("cutoff")) is not None), None)


def span(low: float, high: float) -> str:
    """Return the probabilities of a bin in words; the outermost bins of the database hold all that lies beyond them too."""
    if low < LOWEST:
        return f"probability below {rate(high)}"
    return f"probability above {rate(low)}" if high > HIGHEST else f"probability {rate(low)} to {rate(high)}"


def probability_histogram(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw how many sessions have which probability, in bins of equal log-odds, with the cut-off of the top 10 % dashed."""
    shown = bins(rows)
    if not any(n for _, _, n in shown):
        return empty("No predictions for this selection. Train a model to see them.", theme, name="probability_histogram")
    c = look.colours(theme)
    cutoff = cutoff_of(rows)
    filled = [b for b in shown if b[2]]
    edges = [(log_odds(low), log_odds(high)) for low, high, _ in shown]
    left, right = edges[shown.index(filled[0])][0], edges[shown.index(filled[-1])][1]
    if cutoff is not None:
        left, right = min(left, log_odds(cutoff)), max(right, log_odds(cutoff))
    pad = (right - left) * 0.02 or 0.5
    most = max(n for _, _, n in shown)
    total = sum(n for _, _, n in shown)
    bar = {
        "type": "bar",
        "x": [(a + b) / 2 for a, b in edges],
        "y": [n for _, _, n in shown],
        "width": [(b - a) * 0.94 for a, b in edges],
        "customdata": [[low, high] for low, high, _ in shown],
        "hoverinfo": "text",
        "hovertext": [
            f"{span(low, high)}<br><b>{exact(n)}</b> of {counted(total, 'session')}, {rate(n / total)}" for low, high, n in shown
        ],
        "marker": {"color": [_bar_colour(low, high, cutoff, c) for low, high, _ in shown]},
    }
    shapes, notes = [], [heading("Sessions", theme, 56)]
    if cutoff is not None:
        at = log_odds(cutoff)
        line = {"color": c["ink"], "width": 1.5, "dash": "dash"}
        shapes.append({"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line})
        is_right = (at - left) > (right - left) * 0.6
        text = f"top 10{NBSP}%: from {rate(cutoff)}"
        side = {"xanchor": "right", "xshift": -6} if is_right else {"xanchor": "left", "xshift": 6}
        font = {"color": c["ink"], "size": look.FONT_SIZE}
        notes.append(note(text, theme, xref="x", x=at, y=1, yanchor="top", font=font, bgcolor=c["surface"], **side))
    marks = _apart([p for p in TICKS if left - pad <= log_odds(p) <= right + pad], (right - left) * 0.17)
    return figure(
        "probability_histogram",
        [bar],
        theme,
        margin={"l": 56, "r": 12, "t": 28, "b": 44},
        xaxis=axis(
            theme,
            type="linear",
            range=[left - pad, right + pad],
            tickmode="array",
            tickvals=[log_odds(p) for p in marks],
            ticktext=[f"{p * 100:g}{NBSP}%" for p in marks],
            title="Predicted probability, on a log scale",
        ),
        yaxis=scale(theme, most, count, of_counts=True),
        shapes=shapes,
        annotations=notes,
        bargap=0,
    )


def _apart(marks: list[float], least: float) -> list[float]:
    """Those of the marks that stand at least so far from the one before that their labels do not touch on a phone."""
    kept: list[float] = []
    for mark in marks:
        if not kept or log_odds(mark) - log_odds(kept[-1]) >= least:
            kept.append(mark)
    return kept


def _bar_colour(low, high, cutoff, c) -> str:
    if cutoff is None:
        return c["accent"]
    if low >= cutoff * (1 - 1e-9):
        return c["accent"]
    return c["neutral"] if high <= cutoff * (1 + 1e-9) else c["accent-quiet"]
