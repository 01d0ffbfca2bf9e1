"""One session given as a plain dictionary, as the raw columns of a model: what a request is turned into.

Needs numpy alone. The columns are those of the table sessions; the batch reads the same columns in SQL (`models.database`), and a
test holds the two together.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models import early

LABELS = ("device", "source", "country", "channel", "landing_page")
DEFAULTS = {"device": "other", "source": "(unknown)", "country": "(unknown)", "channel": "Unassigned"}
NUMBERS = ("pageviews", "duration_seconds", "visit_number")


def retrospective(session: Mapping[str, Any], time_zone: str | None = None) -> dict[str, Any]:
    """Columns of `designs.RETROSPECTIVE`.

    Parameters
    ----------
    session
        Columns of the table sessions; `started_at` in UTC as a datetime or ISO 8601 text. Those left out are unknown.
    time_zone
        Time zone of the property, which hours and days are told in; UTC where it is None or unknown.
    """
    row = {name: session.get(name) for name in NUMBERS} | _labels(session)
    return row | _clock(session, time_zone)


def early_row(
    session: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    time_zone: str | None = None,
    key_events: frozenset[str] = frozenset(),
) -> dict[str, Any] | None:
    """Columns of `designs.EARLY` from a session and its events so far; None where nothing came before the checkout.

    The session's own pageviews and duration are not looked at.
    """
    known = early.at_last(events, key_events)
    if known is None:
        return None
    return known | {"visit_number": session.get("visit_number")} | _labels(session) | _clock(session, time_zone)


def _labels(session: Mapping[str, Any]) -> dict[str, Any]:
    return {name: DEFAULTS.get(name) if session.get(name) is None else session[name] for name in LABELS}


def _clock(session: Mapping[str, Any], time_zone: str | None) -> dict[str, float | None]:
    started, day = _time(session.get("started_at")), session.get("session_date")
    if started is not None:
        started = (started.replace(tzinfo=UTC) if started.tzinfo is None else started).astimezone(_zone(time_zone))
    if isinstance(day, str):
        day = date.fromisoformat(day)
    if day is None and started is not None:
        day = started.date()
    return {"hour": None if started is None else started.hour, "weekday": None if day is None else day.isoweekday()}


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@lru_cache(maxsize=16)
def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
