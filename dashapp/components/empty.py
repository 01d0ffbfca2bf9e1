"""What stands where there is nothing to show."""

from typing import Any

from dash import html


def nothing(title: str, advice: Any, *, clear: bool = False) -> html.Div:
    """An empty state: what is missing, what to do about it."""
    button = html.Button("Clear all filters", type="button", className="button", **{"data-clear": "all"}) if clear else None
    return html.Div([html.H2(title), html.P(advice), button], className="nothing", role="status")
