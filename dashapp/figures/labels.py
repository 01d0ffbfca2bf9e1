"""Labels from strangers, made harmless.

Plotly renders a subset of HTML in every text it draws, so that a referral source named `<a href=…>` would become a link. Marks
stand at numbers and carry these texts as tick labels: two labels cut to the same beginning stay two marks.
"""

import re
import unicodedata

LONGEST = 28
NOT_SET = "(not set)"

# Directional overrides and isolates can reorder the text around them; zero-width characters hide differences.
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANK = re.compile(r"\s+")


def clean(value) -> str:
    """Return a label as one line without control or bidirectional characters; an absent one is `(not set)`."""
    text = "" if value is None else str(value)
    if text.isprintable():  # then it holds none of what is taken out below, and no blank but spaces
        return " ".join(text.split()) or NOT_SET
    text = _INVISIBLE.sub("", text)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else "\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return _BLANK.sub(" ", text).strip() or NOT_SET


def escape(text: str) -> str:
    """Return a text so that Plotly shows it as it stands."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return a text of at most `longest` characters (wide ones count twice), an ellipsis standing for the rest."""
    if 2 * len(text) <= longest or _width(text) <= longest:
        return text
    while _width(text) >= longest:
        text = text[:-1]
    return text.rstrip() + "…"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def short(value, longest: int = LONGEST) -> str:
    """Return a label for an axis or a mark: cleaned, cut and escaped."""
    return escape(shorten(clean(value), longest))


def full(value, longest: int = 200) -> str:
    """Return a label for a hover text: cleaned and escaped, cut only where it would cover the page."""
    return escape(shorten(clean(value), longest))


def device(value) -> str:
    """Return the name of a device as a sentence begins: Desktop."""
    text = clean(value)
    return escape(shorten(text[:1].upper() + text[1:]))
