"""Every page with real data: it draws, nothing complains, nothing leaves the server, and its numbers are the database's."""

import csv
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import expect

from dashapp import theme
from tests.browser.waiting import fits, linked, plotted

pytestmark = pytest.mark.browser
PATHS = ["/", "/leaks", "/countries", "/funnel", "/duration", "/sources", "/candidates", "/model", "/data"]
GRAPHS = {
    "/": ["daily-trend", "funnel-by-device", "duration-conversion", "country-map", "source-device-heatmap", "source-probabilities"],
    "/countries": ["country-map"],
    "/funnel": ["funnel-by-device", "revenue-at-stake", "midfunnel-comparison"],
    "/duration": ["duration-conversion"],
    "/sources": ["source-device-heatmap", "source-probabilities"],
    "/model": ["probability-histogram", "calibration-curve", "lift-by-decile"],
}


def kpis(server, **filters) -> dict:
    arguments = ", ".join(f"{name} := ${name}" for name in filters)
    with duckdb.connect(str(server.database), read_only=True) as con:
        cursor = con.execute(f"from kpis({arguments})", filters or None)
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


@pytest.mark.parametrize("path", PATHS)
def test_page_draws(sample_server, visit, path):
    page = visit(sample_server, path).page
    expect(page.locator("h1")).to_be_visible()
    for graph in GRAPHS.get(path, []):
        expect(page.locator(f"#{graph} .main-svg").first).to_be_visible()
        expect(page.locator(f"#{graph}-insight")).not_to_be_empty()
    if path == "/candidates":
        expect(page.locator("#candidates-grid .ag-row").first).to_be_visible()


@pytest.mark.parametrize(
    "query, filters", [("", {}), ("?device=desktop&country=United+States", {"devices": ["desktop"], "countries": ["United States"]})]
)
def test_tiles_equal_the_database(sample_server, visit, query, filters):
    page = visit(sample_server, "/" + query).page
    truth = kpis(sample_server, **filters)
    expect(page.locator("#kpi-sessions-value")).to_have_text(theme.exact(truth["sessions"]))
    expect(page.locator("#kpi-conversions-value")).to_have_text(theme.exact(truth["conversions"]))
    expect(page.locator("#kpi-rate-value")).to_have_text(theme.rate(truth["conversion_rate"]))
    expect(page.locator("#kpi-revenue-value")).to_have_text(theme.money(truth["revenue"]))
    expect(page.locator("#kpi-rate")).to_have_text(re.compile(re.escape(theme.interval(truth["ci_low"], truth["ci_high"])) + "$"))


def test_sample_as_known(sample_server, visit):
    page = visit(sample_server).page
    expect(page.locator("#kpi-sessions-value")).to_have_text("10,000")
    expect(page.locator("#kpi-conversions-value")).to_have_text("94")
    expect(page.locator("#kpi-conversions-note")).to_have_text("97 transactions")


def test_countries_are_listed_with_intervals(sample_server, visit):
    page = visit(sample_server, "/countries").page
    row = page.locator("#country-table tr", has_text="United States")
    expect(row).to_contain_text("4,136")
    expect(row).to_contain_text(theme.interval(0.018172847, 0.027201223))


@pytest.mark.parametrize("path", PATHS)
def test_phone_does_not_scroll_sideways(sample_server, visit, path):
    page = visit(sample_server, path, viewport={"width": 390, "height": 844}).page
    fits(page, 390)
    if path != "/leaks":  # where filters do not apply
        expect(page.locator("#filter-toggle")).to_be_visible()
    expect(page.locator("#filter-device")).to_be_hidden()


def test_filters_open_on_a_phone(sample_server, visit):
    page = visit(sample_server, viewport={"width": 390, "height": 844}).page
    page.click("#filter-toggle")
    expect(page.locator("#filter-device")).to_be_visible()
    fits(page, 390)


def test_dark_follows_the_system_and_the_reader(sample_server, visit):
    page = visit(sample_server, color_scheme="dark").page
    card = page.locator(".card").first
    expect(card).to_have_css("background-color", rgb(theme.colours("dark")["surface"]))
    plotted(page, "daily-trend", "plot.layout.font.color === given", theme.colours("dark")["ink"])
    page.click("[data-look]")
    expect(card).to_have_css("background-color", rgb(theme.colours("light")["surface"]))
    plotted(page, "daily-trend", "plot.layout.font.color === given", theme.colours("light")["ink"])
    expect(page.locator("#daily-trend .xtick text").first).to_have_attribute("style", re.compile(rgb_text(theme.colours("light")["muted"])))
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_chart_is_saved_as_a_picture(sample_server, visit):
    page = visit(sample_server, "/countries").page
    expect(page.locator("#country-map .choroplethlayer path").first).to_be_attached()
    with page.expect_download() as download:
        page.locator("[data-png=country-map]").click()
    assert download.value.suggested_filename == "country-map.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_rows_of_a_chart_are_downloaded_as_filtered(sample_server, visit):
    page = visit(sample_server, "/countries?device=tablet").page
    linked(page, "#country-map-csv", "?device=tablet")
    with page.expect_download() as download:
        page.click("#country-map-csv")
    with open(download.value.path(), newline="") as file:
        assert sum(int(row["sessions"]) for row in csv.DictReader(file)) == 452


def test_the_statement_of_a_chart_answers_the_same(sample_server, visit):
    page = visit(sample_server, "/?device=tablet&since=2017-07-04").page
    page.locator("section[aria-label='Conversion rate over time'] summary", has_text="SQL").click()
    box = page.locator("#daily-trend-sql")
    expect(box).to_contain_text("2017-07-04")
    statement = box.inner_text()
    with duckdb.connect(str(sample_server.database), read_only=True) as con:
        rows = con.execute(statement).fetchall()
    assert sum(row[1] for row in rows) == kpis(sample_server, devices=["tablet"], since=date(2017, 7, 4))["sessions"]


def test_unknown_page(sample_server, browser):
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{sample_server.url}/nowhere")
    assert answer.status == 404
    expect(page.get_by_role("heading")).to_have_text("No such page")
    context.close()


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


def rgb_text(colour: str) -> str:
    return re.escape(rgb(colour))


def test_the_browser_writes_numbers_as_the_server_does(sample_server, visit):
    page = visit(sample_server, "/candidates").page
    rates, lengths = [0, 0.0000004, 0.00034, 0.0027, 0.0512, 0.881, 0.9992, 0.99999, 1], [0, 59.6, 60, 181, 3600, 25_824]
    write = "([name, values]) => values.map((value) => window.dashAgGridFunctions[name](value))"
    assert page.evaluate(write, ["leaksRate", rates]) == list(map(theme.rate, rates))
    assert page.evaluate(write, ["leaksDuration", lengths]) == list(map(theme.duration, lengths))


def test_running_text_has_no_tabular_hyphens_and_figures_line_up(sample_server, visit):
    page = visit(sample_server).page
    features = "selector => getComputedStyle(document.querySelector(selector)).fontFeatureSettings"
    assert "tnum" not in page.evaluate(features, "p.insight")
    assert "tnum" in page.evaluate(features, "td.number") and "tnum" in page.evaluate(features, ".kpi .value")


def test_only_pages_with_marks_to_click_ask_for_a_click(sample_server, visit):
    page = visit(sample_server).page
    expect(page.locator(".hint")).to_be_visible()
    page.locator(".nav-link", has_text="Data").click()
    expect(page.locator("#data-loads")).to_be_visible()
    expect(page.locator(".hint")).to_be_hidden()
