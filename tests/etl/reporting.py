"""Downloads of the GA4 interface, written from the sessions of a database, with what makes such reports differ from them."""

from __future__ import annotations

from pathlib import Path

import duckdb

NAMES = {
    "date": "Date",
    "source": "Session source",
    "device": "Device category",
    "country": "Country",
    "channel": "Session default channel group",
}
COLUMNS = {"date": "strftime(session_date, '%Y%m%d')"}


def write_report(
    path: Path,
    db: Path,
    dimensions: tuple[str, ...],
    *,
    where: str = "true",
    conversions: str = "is_converted",
    shift_hours: int | None = None,
    fold_below: int = 0,
    withhold_below: int = 0,
    totals: bool = False,
    with_bots: bool = False,
    inflate: float = 1.0,
    days: tuple[str, str] | None = None,
) -> dict:
    """Write a free-form exploration of the database's sessions and say what was planted.

    `shift_hours` counts days in a zone so many hours from UTC; rows with fewer sessions than `fold_below` (of the first dimension) become
    (other), those under `withhold_below` are left out; `inflate` multiplies all sessions, as consent mode does.
    """
    columns = {name: COLUMNS.get(name, f"cast({name} as varchar)") for name in dimensions}
    day = "session_date"
    if shift_hours is not None:
        day = f"cast(started_at + interval '{shift_hours} hours' as date)"
        columns = {name: f"strftime({day}, '%Y%m%d')" if name == "date" else text for name, text in columns.items()}
    origin = "(select * from sessions union all by name select * exclude (rule) from bots)" if with_bots else "sessions"
    with duckdb.connect(str(db), read_only=True) as con:
        first, last = days or con.execute("select min(session_date)::varchar, max(session_date)::varchar from sessions").fetchone()
        rows = con.execute(
            f"""
            select {", ".join([*columns.values(), "count(*)", f"count(*) filter ({conversions})", "sum(transactions)", "sum(revenue)::double"])}
            from {origin}
            where ({where}) and {day} between ? and ?
            group by all
            order by -count(*), all
            """.replace("order by -count(*), all", "order by count(*) desc, " + ", ".join(str(n + 1) for n in range(len(dimensions)))),
            [first, last],
        ).fetchall()
    size = len(dimensions)
    folded = [row for row in rows if row[size] < fold_below]
    rows = [row for row in rows if row[size] >= fold_below]
    withheld = [row for row in rows if row[size] < withhold_below]
    shown = [row for row in rows if row[size] >= withhold_below]
    if folded:
        shown.append(("(other)",) * size + tuple(sum(row[size + n] for row in folded) for n in range(4)))
    shown = [(*row[:size], round(row[size] * inflate), *row[size + 1 :]) for row in shown]
    header = [*(NAMES[name] for name in dimensions), "Sessions", "Session key event rate", "Ecommerce purchases", "Total revenue"]
    lines = [
        "# ----------------------------------------",
        "# Free form 1",
        f"# {first.replace('-', '')}-{last.replace('-', '')}",
        "# ----------------------------------------",
        "",
        ",".join(header),
    ]
    if totals:
        everything = [*shown, *withheld]
        sums = [sum(row[size + n] for row in everything) for n in range(4)]
        lines.append(",".join([*[""] * size, *_cells(sums), "Grand total"]))
    lines += [",".join([*(f'"{label}"' for label in row[:size]), *_cells(row[size:])]) for row in shown]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {
        "sessions": sum(row[size] for row in shown),
        "conversions": sum(row[size + 1] for row in shown),
        "folded": sum(row[size] for row in folded),
        "withheld": sum(row[size] for row in withheld),
        "rows": len(shown),
    }


def _cells(counts) -> list[str]:
    sessions, conversions, transactions, revenue = counts
    return [str(sessions), repr(conversions / sessions) if sessions else "0", str(transactions), repr(round(revenue, 2))]
