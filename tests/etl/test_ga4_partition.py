"""However events are divided into files and loads, and in whatever order these come, the sessions and events are the same."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.etl import divisions
from tests.etl import ga4_exports as exports

SOURCES = [None, {"manual_source": "news", "manual_medium": "email"}, {"gclid": "x"}]


specs = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["page_view", "page_view", "session_start", "scroll", "view_item", "purchase", "refund", "generate_lead"]),
        "second": st.sampled_from([0, 0.5, 1, 30, 4000, 90_000, 8_000_000]),
        "visitor": st.sampled_from(["1.1", "1.1", "2.2", None]),
        "visit": st.sampled_from([100, 100, 200, 300, None]),
        "engagement": st.sampled_from([None, 3, 9_000]),
        "flag": st.sampled_from([None, "0", "1", 1]),
        "page": st.sampled_from("abc"),
        "source": st.sampled_from(SOURCES),
        "country": st.sampled_from(["Peru", "Chile"]),
        "has_device": st.booleans(),
        "browser": st.sampled_from(["Firefox", "(not set)"]),
        "number": st.sampled_from([None, None, 1, 2, 3]),
        "click": st.sampled_from([None, None, None, None, "bing", "ads"]),
        "order": st.sampled_from(["A", "B", None]),
        "amount": st.sampled_from([10.0, 12.5]),
        "is_whole": st.booleans(),
    }
)
"""Events of few visitors, visits, moments and orders, so that they meet."""


def build(world: int, spec: dict) -> dict:
    """The event that a specification describes, of a visitor and an order of its world."""
    order = spec["order"] and f"{spec['order']}{world}"
    params = {
        "engagement_time_msec": spec["engagement"],
        "session_engaged": spec["flag"],
        "page_location": f"https://a.example/{spec['page']}",
    }
    device = {"category": "desktop", "operating_system": "Linux", "web_info": {"browser": spec["browser"]}}
    common = {
        "visitor": spec["visitor"] and f"{world}{spec['visitor']}",
        "visit": spec["visit"],
        "collected_traffic_source": spec["source"],
        "geo": {"country": spec["country"]},
        "device": device if spec["has_device"] else None,
    }
    if spec["number"]:
        common |= {"batch_page_id": 7, "batch_ordering_id": 1, "batch_event_index": spec["number"]}
    if spec["click"]:
        credited = {"source": spec["click"], "medium": "cpc", "campaign_name": "c"}
        common["session_traffic_source_last_click"] = {"cross_channel_campaign": credited}
    if spec["kind"] == "purchase":
        return exports.purchase(spec["second"], order, spec["amount"], params=params, **common)
    if spec["kind"] == "refund" and order:
        return exports.refund(spec["second"], order, None if spec["is_whole"] else 4.0, **common)
    return exports.event(spec["kind"], spec["second"], params=params, **common)


def write(path: Path, rows: list[tuple[int, dict]], form: str) -> Path:
    return exports.FORMS[form](path, [build(world, spec) for world, spec in rows])


@settings(max_examples=divisions.EXAMPLES, deadline=None)
@given(divisions.divisions(divisions.anyhow(specs), ["lines", "text", "parquet"]))
def test_any_division_gives_the_same(empty_database, division):
    found, summaries = divisions.check(empty_database, division, write, "lines")
    assert sum(file["sessions_new"] for file in summaries) == len(found["sessions"])
