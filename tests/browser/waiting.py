"""What a page draws in its own time, waited for: its parts are there with the heading, its charts come later."""

import re
from typing import Any

from playwright.sync_api import Page, expect

WIDTH = "document.documentElement.scrollWidth"


def drawn(page: Page) -> None:
    """Wait until every chart of the page is drawn, in its own type."""
    page.wait_for_function(
        """() => document.fonts.status === "loaded" && [...document.querySelectorAll(".chart")].every((one) => one.querySelector(".main-svg"))"""
    )


def plotted(page: Page, graph: str, test: str, given: Any = None) -> None:
    """Wait until what Plotly holds of a chart passes a test: JavaScript, of its `plot` and of what is `given`."""
    page.wait_for_function(
        f"""([graph, given]) => {{
            const plot = document.querySelector(`#${{graph}} .js-plotly-plot`);
            return Boolean(plot && plot.data && plot.layout && ({test}));
        }}""",
        arg=[graph, given],
    )


def fits(page: Page, width: int) -> None:
    """Assert that the page as drawn does not scroll sideways."""
    drawn(page)
    page.wait_for_function(f"width => {WIDTH} <= width", arg=width)


def linked(page: Page, selector: str, words: str) -> str:
    """The address of a link, once it ends with these words."""
    link = page.locator(selector)
    expect(link).to_have_attribute("href", re.compile(re.escape(words) + "$"))
    return link.get_attribute("href")
