"""Numbers as reports write them: plain in GA4, in the language of the interface in Universal Analytics."""

from __future__ import annotations

import math
import re

LARGEST = 1e12

_GROUPED = re.compile(r"\d{1,3}([.,  ’'\s]\d{3})+")
_CURRENCY = re.compile(r"[^\d.,+\-%eE’'\s]+")
_LOCAL = re.compile(r"<?\d[\d.,]*\s?%|\d{1,3}(,\d{3})+|\d{1,3}(\.\d{3}){2,}|\d{2}:\d{2}:\d{2}")


def looks_local(cell: str) -> bool:
    """Whether a cell is written for people, as Universal Analytics does: a percent sign, grouped thousands, a duration with colons."""
    return bool(_LOCAL.fullmatch(cell.strip()))


def comma_is_decimal(cells: list[str]) -> bool:
    """Whether the numbers of a file have a decimal comma: one cell that cannot be read otherwise decides, else thousands with points."""
    has_points = False
    for cell in cells:
        text = _CURRENCY.sub("", cell).strip().rstrip("%").strip()
        if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d+,(\d{1,2}|\d{4,})", text):
            return True
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d+\.(\d{1,2}|\d{4,})", text):
            return False
        has_points = has_points or bool(re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", text))
    return has_points


def count(cell: str) -> float | None:
    """A count: separators between groups of three are thousands in any language. None where it is empty; ValueError where it is none."""
    text = cell.strip()
    if text in ("", "-", "–"):
        return None
    if _GROUPED.fullmatch(text):
        return float(re.sub(r"\D", "", text))
    value = float(text)
    return _bounded(value)


def amount(cell: str, *, is_comma: bool = False) -> float | None:
    """A rate or an amount of money; a percentage becomes a share. None where it is empty; ValueError where it is no number."""
    text = cell.strip()
    if text in ("", "-", "–"):
        return None
    is_percent = text.endswith("%")
    # An exponent is a letter too: a plain number is taken as it stands.
    try:
        return _bounded(float(text))
    except ValueError:
        pass
    text = re.sub(r"[  ’'\s]", "", _CURRENCY.sub("", text.rstrip("%").lstrip("<")))
    text = text.replace(".", "").replace(",", ".") if is_comma else text.replace(",", "")
    value = float(text)
    return _bounded(value / 100 if is_percent else value)


def _bounded(value: float) -> float:
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise ValueError("no such number")
    return value
