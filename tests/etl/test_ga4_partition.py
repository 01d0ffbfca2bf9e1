"""However events are divided into files and loads, and in whatever order these come, the sessions and events are the same."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import schema
from tests.etl import ga4_exports as exports

OUTCOMES = ("sessions_new", "sessions_updated", "duplicates", "folded", "bots", "without_consent", "rejected")
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


def build(spec: dict) -> dict:
    """The event that a specification describes."""
    params = {
        "engagement_time_msec": spec["engagement"],
        "session_engaged": spec["flag"],
        "page_location": f"https://a.example/{spec['page']}",
    }
    device = {"category": "desktop", "operating_system": "Linux", "web_info": {"browser": spec["browser"]}}
    common = {
        "visitor": spec["visitor"],
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
        return exports.purchase(spec["second"], spec["order"], spec["amount"], params=params, **common)
    if spec["kind"] == "refund" and spec["order"]:
        return exports.refund(spec["second"], spec["order"], None if spec["is_whole"] else 4.0, **common)
    return exports.event(spec["kind"], spec["second"], params=params, **common)


@st.composite
def divided(draw):
    """Events, and loads of files of them; a few stand in two files."""
    rows = draw(st.lists(specs, min_size=1, max_size=14))
    places = [draw(st.integers(0, 3)) for _ in rows]
    files = [[row for row, place in zip(rows, places, strict=True) if place == number] for number in range(4)]
    if draw(st.booleans()):
        files[draw(st.integers(0, 3))].append(draw(st.sampled_from(rows)))
    files = draw(st.permutations([file for file in files if file]))
    cuts = sorted(draw(st.sets(st.integers(1, max(len(files) - 1, 1)))))
    loads = [files[low:high] for low, high in zip([0, *cuts], [*cuts, len(files)], strict=True) if files[low:high]]
    return rows, loads, draw(st.sampled_from(["lines", "text", "parquet"]))


def state(con) -> dict[str, list]:
    """Everything that must not depend on how the events came."""
    return {
        "sessions": con.execute("select * exclude (load_id) from sessions order by session_id").fetchall(),
        "bots": con.execute("select * exclude (load_id) from bots order by session_id").fetchall(),
        "events": con.execute("from events order by session_id, event_index").fetchall(),
        "refunds": con.execute("select * exclude (load_id) from refunds order by all").fetchall(),
    }


@settings(max_examples=20, deadline=None)
@given(divided())
def test_any_division_gives_the_same(empty_database, case):
    rows, loads, form = case
    rows, loads = [build(spec) for spec in rows], [[[build(spec) for spec in file] for file in files] for files in loads]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(schema, "rebuild_cubes", lambda con: None)
        folder = Path(folder)
        whole = folder / "whole"
        whole.mkdir()
        with exports.fresh(empty_database, whole) as con:
            summaries = exports.load_together(con, whole, [exports.lines(whole / "all.json", rows)])
            expected = state(con)
            (sessions,) = con.execute("select count(*) from sessions").fetchone()
        parts = folder / "parts"
        parts.mkdir()
        with exports.fresh(empty_database, parts) as con:
            for number, files in enumerate(loads):
                written = [exports.FORMS[form](parts / f"{number}_{place}.export", file) for place, file in enumerate(files)]
                summaries += exports.load_together(con, parts, written)
            found = state(con)
            new = con.execute("select sum(sessions_new) from loads").fetchone()[0]
    assert found == expected
    assert new == sessions
    for summary in summaries:
        assert summary["rows_read"] == sum(summary[name] for name in OUTCOMES)
