"""Small exports written for tests."""

import csv
from pathlib import Path

HEADER = [
    "fullVisitorId",
    "visitId",
    "visitNumber",
    "date",
    "deviceCategory",
    "country",
    "source",
    "pageviews",
    "timeOnSite",
    "transactions",
    "transactionRevenue",
]
ROW = dict(
    zip(HEADER, ["7007041817691781124", "1499201738", "1", "20170704", "desktop", "Canada", "google", "4", "31", "", ""], strict=True)
)


def row(**changes) -> dict:
    """A session row of a flat export, with the columns that matter."""
    return ROW | {name: "" if value is None else str(value) for name, value in changes.items()}


def visits(n: int, *, first: int = 0, **changes) -> list[dict]:
    """Rows of n visitors with one visit each."""
    return [row(fullVisitorId=str(7_000_000_000_000_000_000 + first + number), **changes) for number in range(n)]


def write_flat(path: Path, rows: list[dict]) -> Path:
    """Write rows as a flat CSV export."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
