"""A comparison: chosen in the bar, kept in the address, shown in tiles, cards and trend, and let go of."""

import csv
import io
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import linked, plotted
from tests.dashapp.building import build
from tests.dashapp.serving import serving

pytestmark = pytest.mark.browser

# Ten weeks; the last four have more sessions and convert better.
SESSIONS = """
    select row_number() over () as n, session_date, later
    from (
        select date '2024-01-01' + cast(range as integer) as session_date, range >= 42 as later from range(70)
    ), range(80)
    where range < 50 or later
"""


@pytest.fixture(scope="module")
def ten_weeks(tmp_path_factory):
    database = build(
        tmp_path_factory.mktemp("weeks") / "leaks.duckdb",
        relation=SESSIONS,
        session_date="session_date",
        stage="case when hash(n) % 100 < (case when later then 30 else 10 end) then 3 else 0 end",
        model=False,
    )
    with serving(database) as server:
        yield server


def test_a_comparison_is_one_choice_and_stands_in_the_address(ten_weeks, visit):
    page = visit(ten_weeks).page
    expect(page.locator("#changes-card")).to_be_hidden()
    page.click("#filter-compare")
    page.locator(".dash-dropdown-option", has_text="The days before").click()
    # Without dates it is about the last four weeks, and says so.
    expect(page.locator("#kpi-sessions-value")).to_have_text("2,240")
    expect(page).to_have_url(f"{ten_weeks.url}/?since=2024-02-12&until=2024-03-10&compare=previous")
    expect(page.locator("#page-subtitle")).to_contain_text("compared with 15 January – 11 February 2024")
    expect(page.locator("#changes-card")).to_be_visible()
    expect(page.locator("#changes-insight")).to_contain_text("The conversion rate rose from")
    expect(page.locator("#kpi-sessions-change")).to_contain_text("+840 (+60.0 %)".replace(" %", "\u00a0%"))
    plotted(page, "daily-trend", """plot.data.some((trace) => (trace.line || {}).dash === "dot")""")
    page.reload()
    expect(page.locator("#filter-compare")).to_contain_text("The days before")
    expect(page.locator("#changes table")).to_contain_text("Conversion rate")
    linked(page, ".nav-link:text('Countries')", "compare=previous")
    page.get_by_role("link", name="Countries").click()
    expect(page.locator("#country-table")).to_contain_text("Change")
    expect(page).to_have_url(f"{ten_weeks.url}/countries?since=2024-02-12&until=2024-03-10&compare=previous")
    page.go_back()
    with urllib.request.urlopen(ten_weeks.url + linked(page, "#changes-csv", "compare=previous")) as answer:  # noqa: S310 - always this server
        (row,) = [row for row in csv.DictReader(io.StringIO(answer.read().decode())) if row["metric"] == "sessions"]
    assert (float(row["current"]), float(row["previous"])) == (2240, 1400)
    page.locator(".chip", has_text="the days before").click()
    expect(page.locator("#changes-card")).to_be_hidden()
    expect(page.locator("#kpi-sessions-change")).to_be_empty()
    expect(page).to_have_url(f"{ten_weeks.url}/?since=2024-02-12&until=2024-03-10")


def test_a_year_without_data_is_said(ten_weeks, visit):
    page = visit(ten_weeks, "/?since=2024-02-12&until=2024-03-10&compare=year").page
    expect(page.locator("#page-notes")).to_contain_text("There are no data for 13 February – 12 March 2023, the same days last year")
    expect(page.locator("#changes-card")).to_be_hidden()
    expect(page.locator("#filter-compare")).to_contain_text("Same days last year")
