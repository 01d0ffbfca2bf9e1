"""Figures of the app: pure functions from rows of the metric relations to plain dicts that Plotly draws.

Each takes `rows` (a list of dicts with the columns of its relation), `theme` ("light" or "dark") and, where marks can be clicked,
`selected`: the filter value of the chosen mark, which stays while the others fade. The filter value of a mark stands in its `customdata`.
"""

from dashapp.figures.base import HEIGHTS, config, empty
from dashapp.figures.country import country_map
from dashapp.figures.duration import duration_conversion
from dashapp.figures.funnel import funnel_by_device, revenue_at_stake
from dashapp.figures.leaks import blind_spot_map, leak_trend
from dashapp.figures.midfunnel import midfunnel_comparison
from dashapp.figures.model import calibration_curve, lift_by_decile
from dashapp.figures.probabilities import probability_histogram
from dashapp.figures.sources import source_device_heatmap, source_probabilities
from dashapp.figures.spark import sparkline
from dashapp.figures.trend import daily_trend, periods

__all__ = [
    "blind_spot_map",
    "HEIGHTS",
    "calibration_curve",
    "config",
    "country_map",
    "daily_trend",
    "duration_conversion",
    "empty",
    "funnel_by_device",
    "leak_trend",
    "lift_by_decile",
    "midfunnel_comparison",
    "periods",
    "probability_histogram",
    "revenue_at_stake",
    "source_device_heatmap",
    "source_probabilities",
    "sparkline",
]
