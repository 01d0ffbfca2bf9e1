"""Colours, type and number formats of every chart and page, for light and dark."""

import math
import re
from decimal import Decimal
from functools import lru_cache

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', sans-serif"
FONT_SIZE = 13

# Okabe & Ito (2008): distinguishable with every common colour vision; the same in both themes.
DEVICES = {"desktop": "#0072B2", "mobile": "#E69F00", "tablet": "#009E73", "other": "#999999"}

THEMES = {
    "light": {
        "page": "#FAF9F6",
        "surface": "#FFFFFF",
        "ink": "#1B1D22",
        "muted": "#5A606B",
        "hairline": "#E4E2DC",
        "accent": "#5B4BB5",
        "accent-quiet": "#C9C2EA",
        "leak": "#B3261E",
        "neutral": "#B9B7B1",
        "too-few": "#DAD8D2",
        "too-few-hatch": "#A5A39D",
        "land": "#F1EFEA",
    },
    "dark": {
        "page": "#121317",
        "surface": "#1A1C21",
        "ink": "#ECEBE7",
        "muted": "#A3A8B3",
        "hairline": "#32353D",
        "accent": "#A89BF2",
        "accent-quiet": "#4A4380",
        "leak": "#FF8A80",
        "neutral": "#666A74",
        "too-few": "#3A3D45",
        "too-few-hatch": "#6A6E78",
        "land": "#25272D",
    },
}

# Low to high. In the dark theme low stays near the surface, so that "more" always stands out from the page.
SEQUENTIAL = {
    "light": ["#E0DBF2", "#C7BFE8", "#A99DDA", "#897AC8", "#6654AE", "#42318A"],
    "dark": ["#2C2944", "#423B6B", "#5C5195", "#7667B9", "#A195E0", "#D3CCFA"],
}

FADED = 0.25
NBSP = "\u00a0"
MINUS = "\u2212"


def colours(theme: str) -> dict[str, str]:
    """Return the colours of a theme; an unknown name is the light one."""
    return THEMES.get(theme, THEMES["light"])


def sequential(theme: str) -> list[str]:
    """Return the colours for rates, low to high."""
    return SEQUENTIAL.get(theme, SEQUENTIAL["light"])


def device_colour(device: str) -> str:
    """Return the one colour of a device."""
    return DEVICES.get(device, DEVICES["other"])


def css_variables(theme: str) -> str:
    """Return the theme as CSS custom properties, `--ink: #1B1D22; …`, for the style sheet of the pages."""
    pairs = [*colours(theme).items(), *((f"device-{name}", value) for name, value in DEVICES.items())]
    pairs += [(f"rate-{step}", value) for step, value in enumerate(sequential(theme), start=1)]
    return " ".join(f"--{name}: {value};" for name, value in pairs)


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=64)
def text_on(background: str) -> str:
    """Return the darker or lighter text colour, whichever reads better on a background."""
    return max((THEMES["light"]["ink"], "#FFFFFF"), key=lambda text: contrast(text, background))


def number(value) -> float | int | None:
    """Return an int or float that can be reckoned with, or None for anything else (text, NULL, NaN, infinity, a truth value)."""
    kind = type(value)
    if kind is int or kind is float:  # nearly all values of an answer; NaN compares as false
        return value if -1e300 < value < 1e300 else None
    if isinstance(value, Decimal):
        value = float(value) if value.is_finite() else None
    elif hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a numpy scalar
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if abs(float(value)) < 1e300 else None
    except OverflowError:
        return None


def exact(value) -> str:
    """Format a count in full: 12,345."""
    if type(value) is int and 0 <= value < 1e15:
        return f"{value:,}"
    value = number(value)
    return "–" if value is None else f"{value:,.0f}".replace("-", MINUS)


def counted(value, one: str, many: str | None = None) -> str:
    """Format a count in full with its noun: 1 session, 12,345 sessions."""
    return f"{exact(value)} {one if number(value) == 1 else many or one + 's'}"


def count(value) -> str:
    """Format a count for a tile or a mark: 9,012, 12.3 k, 4.56 M."""
    value = number(value)
    return "–" if value is None else _short(value, full_below=10_000)


def rate(value) -> str:
    """Format a share of one as a percentage with three significant figures at most: 1.83 %."""
    value = number(value)
    return "–" if value is None else f"{_percent(value * 100)}{NBSP}%"


def brief_rate(value) -> str:
    """Format a share for a mark with little room, with two significant figures at most: 16 %, 8.2 %, 0.57 %, 0.03 %."""
    value = number(value)
    if value is None:
        return "–"
    size = abs(value) * 100
    if size == 0 or size >= 9.95:
        digits = 0
    elif size >= 0.095:
        digits = 1 if size >= 0.995 else 2
    else:
        digits = min(-math.floor(math.log10(size)), 4)
    return f"{value * 100:.{digits}f}{NBSP}%"


def interval(low, high) -> str:
    """Format an interval of two shares: 0.77–1.15 %."""
    low, high = number(low), number(high)
    if low is None or high is None:
        return "–"
    between = f"{NBSP}to{NBSP}" if low < 0 else "–"
    return f"{_percent(low * 100)}{between}{_percent(high * 100)}{NBSP}%"


def points(value) -> str:
    """Format a difference of two shares in percentage points, without its sign: 1.2 points."""
    value = number(value)
    if value is None:
        return "–"
    text = _percent(abs(value) * 100)
    return f"{text}{NBSP}{'point' if text == '1' else 'points'}"


def money(value, symbol: str = "$") -> str:
    """Format an amount of money in whole units: $8,890, $1.11 M."""
    value = number(value)
    if value is None:
        return "–"
    sign = MINUS if value <= -0.5 else ""
    return f"{sign}{symbol}{_short(abs(value), full_below=100_000)}"


def rounded(value, digits: int = 2) -> float | None:
    """Return a number rounded to so many significant digits."""
    value = number(value)
    return None if value is None else float(f"{value:.{digits}g}")


def rough_money(value, symbol: str = "$") -> str:
    """Format an estimate of money with two significant digits: $2,300, $0.12 M."""
    return money(rounded(value), symbol)


def decimal(value) -> str:
    """Format an average: 24.4."""
    value = number(value)
    if value is None:
        return "–"
    return exact(value) if abs(value) >= 100 else f"{value:.1f}".replace("-", MINUS)


def duration(seconds) -> str:
    """Format a time span: 45 s, 16 min 41 s, 2 h 5 min."""
    seconds = number(seconds)
    if seconds is None:
        return "–"
    total = round(seconds)
    if total < 60:
        return f"{total}{NBSP}s"
    if total < 3600:
        minutes, rest = divmod(total, 60)
        return f"{minutes}{NBSP}min" + (f" {rest}{NBSP}s" if rest else "")
    hours, minutes = divmod(round(total / 60), 60)
    return f"{hours}{NBSP}h" + (f" {minutes}{NBSP}min" if minutes else "")


def bucket(name) -> str:
    """Format a bucket of durations as it stands in a table or a chart: 10–20 min for 10–20m, 10 s–1 min for 10s–1m."""
    return re.sub(r"(?<=[0-9])([sm])(?![a-z])", lambda unit: f"{NBSP}{'min' if unit[1] == 'm' else 's'}", str(name))


def _short(value: float, full_below: int) -> str:
    if abs(value) < full_below:
        return exact(value)
    for unit, size in (("k", 1e3), ("M", 1e6), ("bn", 1e9)):
        scaled = f"{value / size:.3g}"
        if abs(float(scaled)) < 1000:
            return f"{_plain(scaled)}{NBSP}{unit}".replace("-", MINUS)
    return f"{value / 1e9:,.0f}{NBSP}bn".replace("-", MINUS)


def _percent(value: float) -> str:
    size = abs(value)
    if 0.1 <= value < 99.9:
        return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    if size >= 99.995 or size == 0:
        return f"{value:.0f}".replace("-", MINUS)
    if size > 99.9:
        text = f"{value:.2f}"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size >= 0.1:
        text = f"{value:.2f}"
    elif size >= 0.0001 * (1 - 1e-9):  # 1e-6 * 100 is a little less than 0.0001
        text = f"{value:.{1 - math.floor(math.log10(size))}f}"
    else:
        return "under 0.0001" if value > 0 else "0"
    return text.replace("-", MINUS)


def _plain(scaled: str) -> str:
    return f"{float(scaled):.0f}" if "e" in scaled else scaled
