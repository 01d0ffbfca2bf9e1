"""Data: what was loaded, what was left out and why, and what to keep in mind."""

from datetime import date
from typing import Any

from dash import html

from dashapp import theme
from dashapp.charts import Answer
from dashapp.components.card import table_card, text_card
from dashapp.components.page import frame, page
from dashapp.components.table import Column, table
from dashapp.days import span
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import aggregates, common, quality

PATH, NAME, TITLE = "/data", "Data", "Data"


def _exact(name: str) -> Any:
    return lambda row: theme.exact(row[name])


def _day(when: date) -> str:
    return span(when, when)


STAGES_FROM = {"events": "events", "thresholds": "counts of page views"}
LOADS = (
    Column(
        "File",
        lambda row: [row["file"], html.Small(" ".join(row["notes"]), className="said")] if row["notes"] else row["file"],
        is_number=False,
    ),
    Column("Format", lambda row: row["format"], is_number=False),
    Column("Loaded (UTC)", lambda row: f"{_day(row['loaded_at'])}, {row['loaded_at']:%H:%M}", is_number=False),
    Column("Days", lambda row: span(row["first_date"], row["last_date"]) if row["first_date"] else "unknown", is_number=False),
    Column("Stages from", lambda row: STAGES_FROM.get(row["stage_basis"], row["stage_basis"]), is_number=False),
    Column("Rows read", _exact("rows_read")),
    Column("New sessions", _exact("sessions_new")),
)
# What became of the other rows, by the column of `loads` that counts them.
OUTCOMES = {
    "sessions_updated": "Updated",
    "duplicates": "Duplicates",
    "folded": "Folded",
    "bots": "Bots",
    "without_consent": "No consent",
    "rejected": "Rejected",
    "aggregated": "From reports",
    "set_aside": "Set aside",
}
REJECTS = (
    Column("Reason", lambda row: row["reason"], is_number=False),
    Column("Rows", _exact("rows")),
    Column("Example", lambda row: html.Code(row["example"] or ""), is_number=False),
)
BOTS = (
    Column("Rule", lambda row: [row["rule"], html.Small(row["description"])], is_number=False),
    Column("Sessions", _exact("sessions")),
)
REPORTS = (
    Column("File", lambda row: row["file"], is_number=False),
    Column("Split by", lambda row: row["grain"], is_number=False),
    Column("Days", lambda row: span(row["first_date"], row["last_date"]) if row["first_date"] else "unknown", is_number=False),
    Column("Sessions", _exact("sessions")),
    Column("Rows", _exact("rows")),
    Column("Counts", lambda row: row["counts"], is_number=False),
    Column("State", lambda row: row["state"], is_number=False),
)


def layout(read: Reading) -> html.Div:
    listed = [table_card("data-reports", "Totals from reports", wide=12, relation="aggregate_reports")] if aggregates.reports(read) else []
    return page(
        TITLE,
        text_card("data-warnings", "Good to know", wide=6),
        text_card("data-coverage", "Days covered", wide=6),
        table_card("data-loads", "Files loaded", wide=12, relation="loads"),
        *listed,
        table_card("data-rejects", "Rows not loaded", wide=7, relation="rejects_by_reason"),
        table_card("data-bots", "Sessions judged automated", wide=5, relation="bots_by_rule"),
    )


def answer(read: Reading, filters: Filters, notes: list[str], look: str) -> Answer:
    warnings, rejects, bots = quality.warnings(read), quality.rejects(read), quality.bots(read)
    loads = _untold(quality.loads(read), warnings)
    refused, automated = sum(row["rows"] for row in rejects), sum(row["sessions"] for row in bots)
    return {
        **frame(read, Filters(), [*notes, *_scope(filters)], common.kpis(read, Filters()), cautions=False),
        **_reports(read),
        "data-warnings": {"children": _warnings(warnings)},
        "data-coverage": {"children": _coverage(quality.days(read))},
        "data-loads": {"children": table(loads, _load_columns(loads)) if loads else "No file was loaded yet."},
        "data-loads-insight": {"children": _accounting(loads)},
        "data-loads-sql": {"children": "from loads order by load_id desc;"},
        "data-rejects": {"children": table(rejects, REJECTS) if rejects else ""},
        "data-rejects-insight": {
            "children": f"{theme.counted(refused, 'row')} could not be used." if refused else "Every row could be used."
        },
        "data-rejects-sql": {"children": "from rejects_by_reason;"},
        "data-bots": {"children": table([row for row in bots if row["sessions"]], BOTS) if automated else ""},
        "data-bots-insight": {
            "children": f"{theme.counted(automated, 'session')} {'is' if automated == 1 else 'are'} kept apart and counted nowhere else."
            if automated
            else "No session looked automated."
        },
        "data-bots-sql": {"children": "from bots_by_rule;"},
    }


def _untold(loads: list[Row], warnings: list[Row]) -> list[Row]:
    """The loads without the notes that stand among the warnings already."""
    told = {row["message"] for row in warnings}
    return [row | {"notes": [note for note in row["notes"] if f"{row['file']}: {note}" not in told]} for row in loads]


def _load_columns(loads: list[Row]) -> tuple[Column, ...]:
    """What is told of each file; an outcome only where some row had it: a column of noughts would push others out of sight."""
    return (*LOADS, *(Column(heading, _exact(name)) for name, heading in OUTCOMES.items() if any(row[name] for row in loads)))


def _reports(read: Reading) -> Answer:
    """The tables of reports; with nothing but them the page is no empty one."""
    rows = aggregates.reports(read)
    if not rows:
        return {}
    shown = sum(row["state"] == "shown" for row in rows)
    said = f"{theme.exact(shown)} of {theme.exact(len(rows))} shown on Countries and Sources. They are never added to sessions or to each other."
    return {
        "page-empty": {"children": None},
        "page-body": {"className": "body"},
        "data-reports": {"children": table(rows, REPORTS)},
        "data-reports-insight": {"children": said},
        "data-reports-sql": {"children": "from aggregate_reports;"},
    }


def _scope(filters: Filters) -> list[str]:
    return [] if filters.are_empty else ["Filters do not apply to this page: it describes the whole database."]


def _accounting(loads: list[Row]) -> str:
    if not loads:
        return ""
    read = sum(row["rows_read"] for row in loads)
    kept = sum(row["sessions_new"] for row in loads)
    rest = "; every other row has its reason" if read > kept else ""
    return f"{theme.counted(read, 'row')} read from {theme.counted(len(loads), 'file')}, {theme.counted(kept, 'new session')}{rest}."


def _warnings(rows: list[Row]) -> Any:
    if not rows:
        return html.P("Nothing unusual was noticed.")
    return html.Ul([html.Li([html.B(row["topic"]), " ", row["message"]], className=row["severity"]) for row in rows], className="notices")


def _coverage(days: list[Row]) -> Any:
    if not days:
        return html.P("No days yet.")
    missing = [row for row in days if row["is_missing"]]
    most = max(row["sessions"] or 0 for row in days) or 1
    said = f"{span(days[0]['session_date'], days[-1]['session_date'])}: {theme.counted(len(days), 'day')}, "
    said += f"{theme.exact(len(missing))} of them without any session." if missing else "none missing."
    strip = [
        html.I(
            className="day is-missing" if row["is_missing"] else "day",
            style={} if row["is_missing"] else {"opacity": f"{0.25 + 0.75 * (row['sessions'] or 0) / most:.2f}"},
            title=f"{_day(row['session_date'])}: " + ("no sessions" if row["is_missing"] else theme.counted(row["sessions"], "session")),
        )
        for row in days[-400:]
    ]
    listed = ", ".join(_day(row["session_date"]) for row in missing[:12])
    return [
        html.P(said),
        html.Div(strip, className="days"),
        html.P(f"Missing: {listed}{' …' if len(missing) > 12 else ''}") if missing else None,
    ]
