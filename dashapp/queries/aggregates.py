"""What reports tell: totals that stand beside sessions, never among them. Filters do not apply to them."""

from dashapp.db import Reading, Row


def are_there(read: Reading) -> bool:
    """Whether any report was loaded: cheaper to ask than what is in it."""
    return bool(read.kept("select 1 as one from aggregates limit 1"))


def reports(read: Reading) -> list[Row]:
    """The tables of reports, newest first, and whether the rates below show them."""
    return read.kept("from aggregate_reports limit 200") if are_there(read) else []


def shown(read: Reading) -> bool:
    """Whether any table of a report is shown."""
    return any(row["state"] == "shown" for row in reports(read))


def rates(read: Reading, dimension: str) -> list[Row]:
    """Rates by country, device, source or channel, most sessions first; empty where no report shown is split by it."""
    if dimension not in ("country", "device", "source", "channel"):
        raise ValueError(f"unknown dimension: {dimension!r}")
    if not are_there(read):
        return []
    return read.kept("from aggregate_rates where dimension = $dimension order by sessions desc, value", {"dimension": dimension})
