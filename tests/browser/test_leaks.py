"""The leaks page as a reader uses it: cards, links, copying, the keyboard, the download."""

import csv
import re
from datetime import date

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import fits
from tests.dashapp.building import build
from tests.dashapp.ranking import BROKEN, GAP, INTERACTION, LEAK, rank
from tests.dashapp.serving import serving

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked=1">'
STRANGE = INTERACTION | {"segment": {"source": HOSTILE, "landing_page": "<script>window.hacked=1</script>"}}


@pytest.fixture(scope="module")
def ranked_server(tmp_path_factory):
    """The app over generated sessions with a ranking, one of its labels hostile."""
    database = build(tmp_path_factory.mktemp("ranked") / "leaks.duckdb", sessions=2_000, country="['Canada', 'Japan'][1 + n % 2]")
    rank(database, (LEAK, STRANGE, BROKEN, GAP), events=((date(2024, 3, 5), f"New checkout {HOSTILE}", "release"),))
    with serving(database) as server:
        yield server


def test_cards_are_drawn_in_order(ranked_server, visit):
    page = visit(ranked_server, "/leaks").page
    expect(page.locator("#filter-device")).to_be_hidden()
    expect(page.locator(f"#leak-trend-{LEAK['leak_id']} .main-svg").first).to_be_visible()
    expect(page.locator("#blind-spot-map .main-svg").first).to_be_visible()
    cards = page.locator(".leak[id]")
    expect(cards).to_have_count(4)
    for card, one in zip(cards.all(), (LEAK, STRANGE, BROKEN, GAP), strict=True):
        expect(card).to_have_id(one["leak_id"])
    expect(page.locator(f"[id='{STRANGE['leak_id']}'] h3")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None


def test_its_sessions_are_one_click_away(ranked_server, visit):
    one = visit(ranked_server, "/leaks")
    one.page.locator(f"[id='{LEAK['leak_id']}']").get_by_role("link", name="See these sessions").click()
    expect(one.page).to_have_url(re.compile(r"/funnel\?country=Canada&since=2024-03-31&until=2024-04-29$"))
    expect(one.page.locator("#chips")).to_contain_text("Canada")
    expect(one.page.locator("#filter-device")).to_be_visible()


def test_links_and_statements_are_copied(ranked_server, visit):
    page = visit(ranked_server, "/leaks", permissions=["clipboard-read", "clipboard-write"]).page
    card = page.locator(f"[id='{LEAK['leak_id']}']")
    card.get_by_role("button", name="Copy link").click()
    expect(card.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{ranked_server.url}/leaks#{LEAK['leak_id']}"
    card.locator("summary", has_text="SQL").click()
    card.get_by_role("button", name="Copy", exact=True).click()
    expect(card.locator(".sql button")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == LEAK["segment_sql"]


def test_a_link_leads_to_its_leak(ranked_server, visit):
    page = visit(ranked_server, f"/leaks#{GAP['leak_id']}").page
    card = page.locator(f"[id='{GAP['leak_id']}']")
    expect(card).to_have_class(re.compile("is-target"))
    expect(card).to_be_in_viewport()
    expect(card).to_be_focused()


def test_a_link_to_what_is_gone_says_so(ranked_server, visit):
    page = visit(ranked_server, "/leaks#0123456789ab").page
    expect(page.locator("#leak-missing")).to_be_visible()


def test_the_overview_leads_to_a_leak(ranked_server, visit):
    page = visit(ranked_server, "/?device=mobile").page
    page.locator("#leak-summary a").first.click()
    expect(page).to_have_url(re.compile(rf"/leaks\?device=mobile#{LEAK['leak_id']}$"))
    expect(page.locator(f"[id='{LEAK['leak_id']}']")).to_have_class(re.compile("is-target"))
    expect(page.locator("#page-notes")).to_contain_text("Your filters do not apply here")


def test_the_list_is_downloaded(ranked_server, visit):
    page = visit(ranked_server, "/leaks").page
    with page.expect_download() as download:
        page.click("#leaks-csv")
    with open(download.value.path(), newline="") as file:
        assert [row["leak_id"] for row in csv.DictReader(file)] == [one["leak_id"] for one in (LEAK, STRANGE, BROKEN, GAP)]


def test_the_keyboard_reaches_what_a_card_offers(ranked_server, visit):
    page = visit(ranked_server, "/leaks").page
    card = page.locator(f"[id='{LEAK['leak_id']}']")
    card.get_by_role("link", name="See these sessions").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card.locator(".sql pre")).to_be_visible()
    page.keyboard.press("Escape")
    expect(card.locator(".sql pre")).to_be_hidden()


def test_events_are_marked_on_the_overview(ranked_server, visit):
    page = visit(ranked_server, "/").page
    expect(page.locator("#daily-trend-insight")).to_contain_text(f"Marked: New checkout {HOSTILE[:10]}")
    expect(page.locator("#daily-trend .annotation-text", has_text="▾")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_a_phone_shows_the_whole_card(ranked_server, visit):
    page = visit(ranked_server, "/leaks", viewport={"width": 390, "height": 844}).page
    expect(page.locator(".leak").first).to_be_visible()
    fits(page, 390)
