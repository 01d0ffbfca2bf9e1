"""However sessions of Google Analytics 360 are divided into files and loads, what is stored is the same."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.etl import divisions, test_ga360

HITS = {
    "page": {},
    "product": {"eCommerceAction": {"action_type": "2"}},
    "checkout": {"eCommerceAction": {"action_type": "5"}},
    "purchase": {"eCommerceAction": {"action_type": "6"}, "transaction": {"transactionRevenue": 5_500_000}},
    "event": {"type": "EVENT", "eventInfo": {"eventCategory": "video", "eventAction": "play", "eventValue": 3}},
}

specs = st.fixed_dictionaries(
    {
        "visitor": st.sampled_from(["1", "1", "02"]),
        "visit": st.sampled_from([1499206032, 1499206032, 1499209999]),
        "date": st.sampled_from(["20170704", "20170704", "20170705"]),
        "number": st.sampled_from([1, 2, None]),
        "country": st.sampled_from(["Peru", "Chile"]),
        "source": st.sampled_from(["google", "(direct)", "semalt.com"]),
        "campaign": st.sampled_from(["(not set)", "spring"]),
        "pageviews": st.sampled_from([1, 6, 40]),
        "seconds": st.sampled_from([None, 3, 31]),
        "bounces": st.sampled_from([None, 1]),
        "transactions": st.sampled_from([None, None, 1, 2]),
        "hits": st.lists(st.sampled_from(list(HITS)), min_size=1, max_size=3),
    }
)
"""Sessions of few visitors, visits and days; some are bots."""


def key(spec: dict) -> tuple:
    return spec["visitor"], spec["visit"], spec["date"]


def build(world: int, spec: dict, *, has_hits: bool = True) -> dict:
    """The session that a specification describes, of a visitor of its world."""
    session = test_ga360.session(
        fullVisitorId=f"{spec['visitor']}00{world:02d}",
        visitId=spec["visit"],
        visitStartTime=spec["visit"],
        visitNumber=spec["number"],
        date=spec["date"],
        totals={
            "hits": len(spec["hits"]),
            "pageviews": spec["pageviews"],
            "timeOnSite": spec["seconds"],
            "bounces": spec["bounces"],
            "transactions": spec["transactions"],
            "totalTransactionRevenue": spec["transactions"] and spec["transactions"] * 7_000_000,
        },
        trafficSource={"source": spec["source"], "medium": "organic", "campaign": spec["campaign"]},
        geoNetwork={"country": spec["country"], "networkDomain": "x.example"},
        hits=[test_ga360.hit(number, **HITS[kind]) for number, kind in enumerate(spec["hits"], start=1)],
    )
    return session if has_hits else {name: value for name, value in session.items() if name != "hits"}


def write(path: Path, rows: list[tuple[int, dict]], form: str) -> Path:
    """Write a file; of the form "some without hits" every other one has no hits."""
    if form == "some without hits":
        return test_ga360.write_lines(path, [build(world, spec, has_hits=int(path.stem) % 2 == 0) for world, spec in rows])
    sessions = [build(world, spec) for world, spec in rows]
    if form == "parquet":
        return test_ga360.parquet(path, test_ga360.write_lines(path.with_suffix(".lines"), sessions))
    return test_ga360.write_lines(path, [test_ga360.as_text(one) for one in sessions] if form == "text" else sessions)


@settings(max_examples=divisions.EXAMPLES, deadline=None)
@given(divisions.divisions(divisions.anyhow_once(specs, key), ["lines", "text", "parquet"]))
def test_any_division_gives_the_same(empty_database, division):
    divisions.check(empty_database, division, write, "lines")


@settings(max_examples=divisions.EXAMPLES, deadline=None)
@given(divisions.divisions(divisions.versions(specs), ["some without hits"]))
def test_versions_may_come_in_one_load_or_in_several(empty_database, division):
    divisions.check(empty_database, division, write, "some without hits")
