"""Days as people write them."""

from datetime import date


def span(first: date | None, last: date | None) -> str:
    """Two days in words: 2–7 July 2017."""
    if first is None or last is None:
        return "no days"
    if first == last:
        return f"{first.day} {first:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%B %Y}"
    start = f"{first.day} {first:%B}" + ("" if first.year == last.year else f" {first.year}")
    return f"{start} – {last.day} {last:%B %Y}"
