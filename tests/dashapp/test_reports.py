"""Totals from reports in the app: shown where no sessions are loaded, labelled as what they are, and never mixed with sessions."""

import json

import duckdb
import pytest
from dash.development.base_component import Component

from dashapp.app import fill
from dashapp.db import Database
from dashapp.filters import Filters
from dashapp.pages import PAGES
from dashapp.serial import jsonable
from etl import schema
from tests.dashapp.building import build

GRAIN = "country, device, source"
ROWS = [
    ("France", "desktop", "google", 600, 18),
    ("Germany", "mobile", "<a href=x>spam</a>", 400, 3),
    ("(other)", "mobile", "google", 90, 1),
]


@pytest.fixture
def report(tmp_path):
    """A function that makes a database with a report: `read = report(sessions=0, counts='converting_sessions')`."""
    opened = []

    def make(*, sessions=0, counts="converting_sessions", days=("2025-01-01", "2025-01-31")):
        path = build(tmp_path / "leaks.duckdb", sessions=sessions, model=False)
        with duckdb.connect(str(path)) as con:
            schema.apply(con)
            con.execute(
                """
                insert into loads by name
                select 7 as load_id, 'report.csv' as file, 'ga4-report-csv' as format, 'cd' as sha256, now()::timestamp as loaded_at,
                    3 as rows_read, 0 as sessions_new, 0 as sessions_updated, 0 as duplicates, 0 as folded, 0 as bots, 0 as without_consent,
                    0 as rejected, 'none' as stage_basis, ?::date as first_date, ?::date as last_date, ['A note.'] as notes, 3 as aggregated,
                    0 as set_aside
                """,
                list(days),
            )
            for number, (country, device, source, visits, k) in enumerate(ROWS, start=1):
                con.execute(
                    f"""
                    insert into aggregates by name
                    select 7 as load_id, 1 as table_number, ? as row_number, ?::date as first_date, ?::date as last_date, ? as grain,
                        ? as country, case ? when 'France' then 'FRA' end as iso3, ? as device, ? as source, ? as sessions, ? as {counts}
                    """,
                    [number, *days, GRAIN, country, country, device, source, visits, k],
                )
        database = Database(path)
        opened.append(database)
        reading = database.reading()
        read = reading.__enter__()
        opened.append(reading)
        return read

    yield make
    for item in reversed(opened):
        item.close() if isinstance(item, Database) else item.__exit__(None, None, None)


def said(value) -> str:
    """An answer as text to search in."""
    return json.dumps(value, default=str, ensure_ascii=False).replace("\u00a0", " ")


def shown(read, path, filters=None, look="light") -> dict:
    """The answer of a page as the browser gets it, after checking that it fits the layout."""
    page = PAGES[path]
    answer = page.answer(read, filters or Filters(), [], look)
    layout = page.layout(read)
    present = {getattr(part, "id", None) for part in (layout, *layout._traverse()) if isinstance(part, Component)}
    assert set(answer) <= present
    fill(layout, answer).to_plotly_json()
    return jsonable(answer)


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_a_database_with_reports_alone(report, path, look):
    answer = shown(report(), path, look=look)
    text = said(answer)
    if path in ("/countries", "/sources"):
        assert "filters do not apply" in text and "Totals from a report · 1–31 January 2025" in text
        assert "BigQuery links" in text
    elif path == "/data":
        assert answer["page-body"]["className"] == "body" and "report.csv" in text
    else:
        assert "This page needs sessions" in text and "BigQuery links, daily export" in text


def test_rates_with_intervals_where_sessions_are_counted(report):
    text = said(shown(report(), "/countries"))
    assert "22 of 1,090 sessions converted" in text and "3.00" in text and "95 % interval" in text


def test_key_events_have_neither_interval_nor_map(report):
    answer = shown(report(counts="key_events"), "/countries")
    text = said(answer["page-reports"])
    assert "The report counts key events, 22 in 1,090 sessions" in text and "no interval" in text
    assert "report-map" not in text and "–" not in text.replace("1–31 January 2025", "")


def test_reports_of_other_days_stand_below_the_sessions(report):
    answer = shown(report(sessions=500), "/sources")
    assert answer["page-body"]["className"] == "body" and answer["page-empty"]["children"] is None
    assert "500 sessions" in answer["page-subtitle"]["children"]
    assert len(answer["page-reports"]["children"]) == 2


def test_reports_of_the_days_of_sessions_are_not_shown(report):
    read = report(sessions=500, days=("2024-03-02", "2024-03-08"))
    assert "page-reports" not in shown(read, "/sources")
    assert "sessions of these days are loaded" in said(shown(read, "/data"))


def test_filters_change_nothing_about_reports(report):
    read = report(sessions=500)
    whole, filtered = (shown(read, "/countries", filters)["page-reports"] for filters in (Filters(), Filters(devices=("mobile",))))
    assert said(whole) == said(filtered)


def test_labels_of_strangers_stay_text(report):
    text = said(shown(report(), "/sources")["page-reports"])
    assert '"children": "<a href=x>spam</a>"' in text  # a text node for React; nothing here is HTML
