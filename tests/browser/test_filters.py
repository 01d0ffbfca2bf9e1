"""Filters: bar, URL, clicks, Escape, chips, empty results, hostile labels, new data."""

import json
import re
from datetime import date

import duckdb
import pytest
from playwright.sync_api import expect

from dashapp.filters import make
from tests.browser.test_pages import kpis
from tests.browser.waiting import drawn, linked, plotted
from tests.dashapp.building import build
from tests.dashapp.serving import serving

pytestmark = pytest.mark.browser
ALL_FULL = "plot.data[0].marker.opacity === 1"


def sessions(page, number: int) -> None:
    expect(page.locator("#kpi-sessions-value")).to_have_text(f"{number:,}")


def choose(page, field: str, label: str) -> None:
    page.click(f"#filter-{field}")
    page.locator(".dash-dropdown-option", has_text=label).first.click()
    page.keyboard.press("Escape")


def test_filter_goes_to_the_url_and_a_reload_reproduces_it(sample_server, visit):
    page = visit(sample_server).page
    choose(page, "device", "mobile")
    sessions(page, 3437)
    expect(page).to_have_url(sample_server.url + "/?device=mobile")
    choose(page, "country", "United States")
    number = kpis(sample_server, devices=["mobile"], countries=["United States"])["sessions"]
    sessions(page, number)
    expect(page).to_have_url(sample_server.url + "/?device=mobile&country=United+States")
    page.reload()
    sessions(page, number)
    expect(page.locator("#filter-device")).to_contain_text("mobile")
    expect(page.locator(".chip:not(.chip-all)")).to_have_count(2)
    expect(page.locator("#page-subtitle")).to_contain_text("United States")


def test_back_and_forward(sample_server, visit):
    page = visit(sample_server).page
    choose(page, "device", "tablet")
    sessions(page, 452)
    page.go_back()
    sessions(page, 10_000)
    expect(page.locator(".chip")).to_have_count(0)
    page.go_forward()
    sessions(page, 452)
    expect(page.locator("#filter-device")).to_contain_text("tablet")


def test_filters_go_along_to_other_pages(sample_server, visit):
    page = visit(sample_server, "/?device=tablet").page
    linked(page, ".nav-link:text('Countries')", "/countries?device=tablet")
    page.get_by_role("link", name="Countries").click()
    expect(page.locator("h1")).to_have_text("Countries")
    expect(page).to_have_url(sample_server.url + "/countries?device=tablet")
    expect(page.locator("#page-subtitle")).to_contain_text("452 sessions")


def test_dates_in_the_url(sample_server, visit):
    page = visit(sample_server, "/?since=2017-07-04&until=2017-07-05").page
    with duckdb.connect(str(sample_server.database), read_only=True) as con:
        days = "select count(*) from sessions where session_date between '2017-07-04' and '2017-07-05'"
        sessions(page, con.execute(days).fetchone()[0])
    expect(page.locator("#filter-dates")).to_have_value("4 Jul 2017")


def test_dates_are_picked(sample_server, visit):
    page = visit(sample_server).page
    page.click("#filter-dates")
    days = page.locator(".dash-datepicker-calendar-date-inside")
    days.filter(has_text=re.compile("^4$")).first.click()
    days.filter(has_text=re.compile("^5$")).first.click()
    # The second day closes the calendar; Escape after that would clear the filters.
    expect(page.locator(".dash-datepicker-content")).to_have_count(0)
    sessions(page, kpis(sample_server, since=date(2017, 7, 4), until=date(2017, 7, 5))["sessions"])
    expect(page).to_have_url(sample_server.url + "/?since=2017-07-04&until=2017-07-05")
    page.locator(".chip", has_text="4 Jul 2017").click()
    sessions(page, 10_000)


def test_bad_dates_are_explained(sample_server, visit):
    page = visit(sample_server, "/?since=yesterday").page
    sessions(page, 10_000)
    expect(page.locator("#page-notes")).to_contain_text("YYYY-MM-DD")


def press(page, graph: str, middle: str, *given: int) -> None:
    """Click a mark as a hand would, after hovering: Plotly clicks what it knows to be under the pointer.

    `middle` is JavaScript that finds the middle of the mark in `plot`.
    """
    page.mouse.move(0, 0)
    drawn(page)
    plotted(page, graph, "!(plot._hoverdata || []).length")
    x, y = page.evaluate(
        f"""([graph, given]) => {{
            const plot = document.querySelector(`#${{graph}} .js-plotly-plot`);
            plot.scrollIntoView({{block: "center"}});
            {middle}
        }}""",
        [graph, given],
    )
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y, steps=3)
    plotted(page, graph, "plot._hoverdata && plot._hoverdata.length")
    page.mouse.click(x, y)


BAR = """
    const bars = plot.querySelectorAll(".trace.bars")[given[0]].querySelectorAll(".point path");
    const box = bars[given[1]].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
"""


def test_click_on_a_device_filters_the_rest_and_escape_clears(sample_server, visit):
    page = visit(sample_server).page
    expect(page.locator("#funnel-by-device .trace.bars").first).to_be_visible()
    press(page, "funnel-by-device", BAR, 0, 0)
    sessions(page, 6111)
    expect(page).to_have_url(sample_server.url + "/?device=desktop")
    # The clicked chart keeps its context.
    expect(page.locator("#funnel-by-device-count")).to_have_text("n = 10,000 sessions")
    expect(page.locator("#duration-conversion-count")).to_have_text("n = 6,111 sessions")
    page.keyboard.press("Escape")
    sessions(page, 10_000)
    expect(page).to_have_url(sample_server.url + "/")


def test_click_on_a_duration_bar_filters_the_rest_and_escape_clears(sample_server, visit):
    page = visit(sample_server).page
    expect(page.locator("#duration-conversion .trace.bars").first).to_be_visible()
    plotted(page, "duration-conversion", ALL_FULL)
    press(page, "duration-conversion", BAR, 0, 2)
    number = kpis(sample_server, durations=["1–5m"])["sessions"]
    assert 0 < number < 10_000
    sessions(page, number)
    expect(page).to_have_url(sample_server.url + "/?duration=1%E2%80%935m")
    expect(page.locator(".chip")).to_have_attribute("data-value", "1–5m")
    expect(page.locator("#funnel-by-device-count")).to_have_text(f"n = {number:,} sessions")
    # The clicked chart keeps its context, and shows which bar was meant.
    expect(page.locator("#duration-conversion-count")).to_have_text("n = 10,000 sessions")
    plotted(page, "duration-conversion", "plot.data[0].marker.opacity.every((one, place) => (place === 2 ? one === 1 : one < 1))")
    page.keyboard.press("Escape")
    sessions(page, 10_000)
    expect(page).to_have_url(sample_server.url + "/")
    plotted(page, "duration-conversion", ALL_FULL)


def test_a_duration_stays_when_the_bar_of_filters_is_used_and_its_chip_clears_it(sample_server, visit):
    page = visit(sample_server, "/duration?duration=%3E30m").page
    number = kpis(sample_server, durations=[">30m"])["sessions"]
    expect(page.locator("#page-subtitle")).to_contain_text(f"{number:,} sessions")
    expect(page.locator("#duration-table tr.is-selected")).to_contain_text(">30 min")
    choose(page, "device", "desktop")
    number = kpis(sample_server, durations=[">30m"], devices=["desktop"])["sessions"]
    expect(page.locator("#page-subtitle")).to_contain_text(f"{number:,} sessions")
    expect(page).to_have_url(sample_server.url + "/duration?device=desktop&duration=%3E30m")
    expect(page.locator("#filter-count")).to_have_text("2")
    page.locator(".chip", has_text=">30 min").click()
    number = kpis(sample_server, devices=["desktop"])["sessions"]
    expect(page.locator("#page-subtitle")).to_contain_text(f"{number:,} sessions")


def test_second_click_on_the_same_mark_lets_go(sample_server, visit):
    page = visit(sample_server).page
    expect(page.locator("#funnel-by-device .trace.bars").first).to_be_visible()
    press(page, "funnel-by-device", BAR, 0, 0)
    sessions(page, 6111)
    plotted(page, "funnel-by-device", "plot.data[1].marker.opacity < 1")
    press(page, "funnel-by-device", BAR, 0, 0)
    sessions(page, 10_000)


def test_click_on_a_cell_filters_source_and_device(sample_server, visit):
    page = visit(sample_server).page
    expect(page.locator("#source-device-heatmap .trace.bars .point").first).to_be_visible()
    cell = """
        const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
        const axes = plot._fullLayout;
        return [box.x + axes.xaxis.l2p(0), box.y + axes.yaxis.l2p(0)];
    """
    press(page, "source-device-heatmap", cell)
    expect(page.locator(".chip:not(.chip-all)")).to_have_count(2)
    device, source = (page.locator(".chip").nth(i).get_attribute("data-value") for i in (0, 1))
    sessions(page, kpis(sample_server, devices=[device], sources=[source])["sessions"])
    page.keyboard.press("Escape")
    sessions(page, 10_000)


def test_click_on_a_country(sample_server, visit):
    page = visit(sample_server, "/countries").page
    expect(page.locator("#country-map .choroplethlayer path").first).to_be_attached()
    kansas = """
        const box = plot.querySelector("g.geo").closest("svg").getBoundingClientRect();
        const [x, y] = plot._fullLayout.geo._subplot.projection([-98, 39]);
        return [box.x + x, box.y + y];
    """
    press(page, "country-map", kansas)
    expect(page.locator(".chip")).to_have_attribute("data-value", "United States")
    expect(page.locator("#page-subtitle")).to_contain_text("4,136 sessions")
    expect(page.locator("#country-map-count")).to_have_text("n = 10,000 sessions")
    expect(page.locator("#country-table tr.is-selected")).to_contain_text("United States")


def test_click_in_a_table_and_chip_clears(sample_server, visit):
    page = visit(sample_server, "/countries").page
    page.locator("#country-table button", has_text="Canada").click()
    expect(page.locator("#page-subtitle")).to_contain_text("308 sessions")
    page.locator(".chip").click()
    expect(page.locator("#page-subtitle")).to_contain_text("10,000 sessions")


def test_empty_result_offers_a_way_out(sample_server, visit):
    page = visit(sample_server, "/?country=Nowhere").page
    expect(page.get_by_role("heading", name="No session matches these filters")).to_be_visible()
    expect(page.locator(".grid")).to_be_hidden()
    page.get_by_role("button", name="Clear all filters").click()
    sessions(page, 10_000)
    expect(page.locator(".grid")).to_be_visible()


def test_sources_are_searched_on_the_server(made_server, visit):
    page = visit(made_server).page
    with duckdb.connect(str(made_server.database), read_only=True) as con:
        rare = con.execute("select value from filter_options where dimension = 'source' order by sessions, value desc limit 1").fetchone()[
            0
        ]
        assert con.execute("select count(*) from filter_options where dimension = 'source'").fetchone()[0] > 50
    page.click("#filter-source")
    expect(page.locator(".dash-dropdown-option")).to_have_count(50)
    page.locator(".dash-dropdown-search").fill(rare)
    page.locator(".dash-dropdown-option", has_text=rare).first.click()
    sessions(page, kpis(made_server, sources=[rare])["sessions"])


@pytest.mark.parametrize("path", ["/", "/sources", "/candidates", "/?source=%3Cimg+src%3Dx+onerror%3D%22window.hacked%3D1%22%3E"])
def test_hostile_labels_are_text(made_server, visit, path):
    page = visit(made_server, path).page
    if path == "/candidates":
        expect(page.locator("#candidates-grid .ag-row").first).to_be_visible()
    else:
        expect(page.locator("#source-device-heatmap .main-svg").first).to_be_visible()
        expect(page.locator("#source-device-heatmap")).to_contain_text("<img src=x")
        page.click("#filter-source")
        expect(page.locator(".dash-dropdown-option", has_text="onerror")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    expect(page.locator("img[src='x'], #page script")).to_have_count(0)


def test_browser_and_server_write_the_same_url(made_server, visit):
    page = visit(made_server).page
    cases = [
        {"device": ["mobile", "desktop", "mobile"], "source": ["a b+c&d=e%", "~*-._'\"<>", "é😀", "\uffee"]},
        {"country": ["Côte d’Ivoire", "(not set)"], "channel": []},
        {"source": ["x" * 301, "", "ok", "tab\there"]},
        {"source": [f"s{i}" for i in range(120)]},
    ]
    for case in cases:
        given = {"device": [], "source": [], "country": [], "channel": []} | case
        written = page.evaluate("given => window.dash_clientside.leaks.write(given)", json.loads(json.dumps(given)))
        assert written.lstrip("?") == make(given).query()


def test_candidates_follow_filters_and_count_visitors_once(made_server, visit):
    page = visit(made_server, "/candidates?device=mobile").page
    with duckdb.connect(str(made_server.database), read_only=True) as con:
        mobile, visitors = con.execute(
            "select count(*), count(distinct coalesce(visitor_id, session_id)) from top_candidates(devices := ['mobile'])"
        ).fetchone()
        (every,) = con.execute("select count(*) from top_candidates").fetchone()
    assert 0 < visitors < mobile < every
    expect(page.locator("#candidates-count")).to_have_text(f"{mobile:,} sessions listed")
    page.get_by_label("One session a visitor").check()
    expect(page.locator("#candidates-count")).to_have_text(f"{visitors:,} sessions listed")
    page.get_by_label("One session a visitor").uncheck()
    expect(page.locator("#candidates-count")).to_have_text(f"{mobile:,} sessions listed")
    page.keyboard.press("Escape")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#candidates-count")).to_have_text(f"{every:,} sessions listed")


def test_candidates_sort_on_the_server(made_server, visit):
    page = visit(made_server, "/candidates").page
    expect(page.locator("#candidates-grid .ag-row[row-index='0'] [col-id='rank']")).to_have_text("1")
    # The grid draws the columns that are in sight.
    page.locator("#candidates-grid .ag-body-horizontal-scroll-viewport").evaluate("bar => bar.scrollLeft = 700")
    page.locator("#candidates-grid .ag-header-cell-text", has_text="Duration").click()
    page.locator("#candidates-grid .ag-body-horizontal-scroll-viewport").evaluate("bar => bar.scrollLeft = 0")
    with duckdb.connect(str(made_server.database), read_only=True) as con:
        first = con.execute("select rank from top_candidates order by duration_seconds nulls last, rank limit 1").fetchone()[0]
    expect(page.locator("#candidates-grid .ag-row[row-index='0'] [col-id='rank']")).to_have_text(str(first))


def test_new_data_arrives_by_itself(browser, tmp_path, visit):
    database = build(tmp_path / "leaks.duckdb", sessions=500)
    with serving(database) as server:
        page = visit(server).page
        sessions(page, 500)
        with page.expect_response("**/readyz"):
            page.evaluate("window.dispatchEvent(new Event('focus'))")
        fresh = build(tmp_path / "fresh.duckdb", sessions=700)
        fresh.replace(database)
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        sessions(page, 700)
