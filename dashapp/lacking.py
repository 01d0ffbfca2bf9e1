"""What the data lack: cards, tiles and filters that would show nothing real say so instead, on every page alike.

The view data_lacks says what is missing. Pages are written as if all were there; `veil` and `said` mend what came of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashapp.charts import Answer
from dashapp.db import Reading
from dashapp.insights import NO_SECOND_DEVICE, OTHER_DEVICES
from dashapp.queries import common

HEADING = "Not in this data"

# Parts of pages that mean nothing without a capability, by the id of their chart or table. The first that is missing is named.
NEEDS = {
    "daily-trend": ("dates", "conversions"),
    "country-map": ("country", "conversions"),
    "country-table": ("country", "conversions"),
    "top-countries": ("country", "conversions"),
    "revenue-at-stake": ("conversions", "revenue"),
    "midfunnel-comparison": ("conversions",),
    "duration-conversion": ("duration", "conversions"),
    "duration-table": ("duration", "conversions"),
    "source-device-heatmap": ("source", "conversions"),
    "source-probabilities": ("source", "conversions"),
    "benchmark-table": ("device", "conversions"),
    "data-coverage": ("dates",),
}
TILES = {"kpi-conversions": "conversions", "kpi-rate": "conversions", "kpi-revenue": "revenue"}
FILTERS = {
    "filter-device": "device",
    "filter-source": "source",
    "filter-country": "country",
    "filter-dates": "dates",
    "filter-compare": "dates",
}
GRID = {
    "device": "device",
    "country": "country",
    "source": "source",
    "duration_seconds": "duration",
    "visit_number": "visitors",
    "started_at": "dates",
}
QUICK = {"returning": "visitors", "visitors": "visitors"}
# Charts that still say something without a capability: the sentence that it is missing stands beside theirs.
ASIDE = {"funnel-by-device": "device"}
PAIRED_WITH_DEVICE = ("source-device-heatmap", "source-probabilities")


def veil(read: Reading, layout: Component) -> Component:
    """A page's layout with the cards of what is missing replaced by one that says so; neighbours that lack the same share it."""
    missing = common.missing(read)
    if not missing:
        return layout
    for component in _all(layout):
        if getattr(component, "className", None) == "grid":
            component.children = _veiled(_list(component.children), missing)
        if getattr(component, "id", None) == "candidates-grid":
            component.columnDefs = [column for column in component.columnDefs if GRID.get(column["field"]) not in missing]
        if getattr(component, "id", None) == "candidates-quick":
            component.options = [option for option in component.options if QUICK.get(option["value"]) not in missing]
    return layout


def veil_filters(read: Reading, layout: Component) -> Component:
    """The filter bar without the filters that could choose nothing."""
    missing = common.missing(read)
    for component in _all(layout) if missing else ():
        if str(getattr(component, "className", "")).startswith("field"):
            chosen = [FILTERS.get(getattr(child, "id", None)) for child in _list(component.children)]
            if any(capability in missing for capability in chosen):
                component.style = {"display": "none"}
    return layout


def said(read: Reading, answer: Answer) -> Answer:
    """A page's answer with the figures that mean nothing taken out, and what is missing said beside those that remain."""
    missing = common.missing(read)
    if not missing:
        return answer
    parts = {f"{identity}{suffix}" for identity in NEEDS if _lacked(identity, missing) for suffix in ("", "-insight")}
    mended = {identity: properties for identity, properties in answer.items() if identity not in parts}
    for tile, capability in TILES.items():
        if capability in missing and f"{tile}-value" in mended:
            mended |= {
                f"{tile}-value": {"children": "–"},
                f"{tile}-note": {"children": HEADING.lower()},
                f"{tile}-change": {"children": ""},
                f"{tile}-trend": {"src": "", "style": {"display": "none"}},
            }
    for identity, capability in ASIDE.items():
        insight = mended.get(f"{identity}-insight")
        if capability in missing and insight:
            said_already = str(insight["children"]).replace(f"; {NO_SECOND_DEVICE}", "", 1)
            mended[f"{identity}-insight"] = {"children": f"{said_already} {missing[capability]}"}
    for identity in PAIRED_WITH_DEVICE if "device" in missing else ():
        if f"{identity}-insight" in mended:
            text = str(mended[f"{identity}-insight"]["children"])
            mended[f"{identity}-insight"] = {"children": text.replace(f" on {OTHER_DEVICES}", "", 1)}
    return mended


def _lacked(identity: str | None, missing: Mapping[str, str]) -> str | None:
    """The capability without which a part means nothing, if it is missing."""
    return next((capability for capability in NEEDS.get(identity or "", ()) if capability in missing), None)


def _veiled(cards: list[Any], missing: Mapping[str, str]) -> list[Any]:
    shown: list[Any] = []
    before: str | None = None
    for card in cards:
        capability = next((found for child in _all(card) if (found := _lacked(getattr(child, "id", None), missing))), None)
        if capability is None or getattr(card, "className", "") != "card":
            shown.append(card)
            before = None
        elif capability == before:
            _widen(shown[-1], _width(card))
        else:
            shown.append(_empty_card(_title(card), missing[capability], _width(card)))
            before = capability
    return shown


def _empty_card(title: str, sentence: str, width: int) -> html.Section:
    return html.Section(
        [html.H2(title), html.Div([html.P(HEADING, className="lead"), html.P(_after_heading(sentence))], className="lacking")],
        className="card",
        style={"gridColumn": f"span {width}"},
        **{"aria-label": title},
    )


def _after_heading(sentence: str) -> str:
    """The sentence without the words that the card's heading says already."""
    rest = sentence.removeprefix(f"{HEADING}: ")
    return rest[:1].upper() + rest[1:]


def _title(card: Component) -> str:
    return next((str(child.children) for child in _all(card) if isinstance(child, html.H2)), "")


def _width(card: Component) -> int:
    return int(str((getattr(card, "style", None) or {}).get("gridColumn", "span 12")).removeprefix("span "))


def _widen(card: Component, more: int) -> None:
    card.style = {"gridColumn": f"span {min(12, _width(card) + more)}"}


def _list(children: Any) -> list[Any]:
    return list(children) if isinstance(children, list | tuple) else [children]


def _all(component: Any) -> Iterator[Component]:
    if isinstance(component, Component):
        yield component
        yield from (child for child in component._traverse() if isinstance(child, Component))
