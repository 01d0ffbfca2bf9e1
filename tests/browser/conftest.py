"""A real server over a real database, and a real browser in front of it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.dashapp.building import build, from_sample
from tests.dashapp.serving import Server, serving

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sample_server(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over the real sample of 10,000 sessions, with made-up predictions."""
    database = from_sample(tmp_path_factory.mktemp("sample") / "leaks.duckdb", real_data / "sessions_10k.csv")
    with serving(database) as server:
        yield server


@pytest.fixture(scope="session")
def made_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over generated sessions, some of them with hostile labels."""
    hostile = ['<img src=x onerror="window.hacked=1">', "=cmd|' /C calc'!A0", 'it\'s "quoted"', "google"]
    listed = ", ".join("'" + text.replace("'", "''") + "'" for text in hostile)
    database = build(
        tmp_path_factory.mktemp("made") / "leaks.duckdb",
        sessions=4_000,
        visitor_id="printf('%024x', n % 999)",
        source=f"case when n % 3 = 0 then 'site-' || n % 211 else [{listed}][1 + n % 4] end",
        landing_page="'<script>window.hacked=1</script>'",
    )
    with serving(database) as server:
        yield server


class Visit:
    """A page that remembers what went wrong on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.troubles: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("requestfinished", self._check)
        page.on("response", lambda response: self.troubles.append(f"{response.status} {response.url}") if response.status >= 400 else None)

    def _check(self, request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.troubles.append(f"left the server: {request.url}")

    def open(self, path: str) -> "Visit":
        self.page.goto(self.url + path)
        return self.ready()

    def ready(self) -> "Visit":
        expect(self.page.locator("#page-subtitle")).not_to_be_empty()
        return self


@pytest.fixture
def visit(browser: Browser) -> Iterator:
    """`visit(server, path)` opens a page in a fresh browser context; the test fails if anything on it went wrong."""
    contexts, visits = [], []

    def go(server: Server, path: str = "/", **options) -> Visit:
        context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        contexts.append(context)
        visits.append(Visit(context.new_page(), server.url))
        return visits[-1].open(path)

    yield go
    troubles = [trouble for one in visits for trouble in one.troubles]
    for context in contexts:
        context.close()
    assert not troubles
