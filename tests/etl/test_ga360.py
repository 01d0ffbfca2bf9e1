"""Google Analytics 360, nested as BigQuery exports it and flattened to CSV."""

import csv
import gzip
import json
from collections import Counter
from datetime import date, datetime

import duckdb
import pytest
import zstandard

from .landing import land


def hit(number: int, **changes) -> dict:
    base = {
        "hitNumber": number,
        "time": 1000 * (number - 1),
        "type": "PAGE",
        "page": {"pagePath": f"/page{number}?q=1", "hostname": "a.example"},
    }
    return base | {"eCommerceAction": {"action_type": "0"}, "transaction": None, "eventInfo": None} | changes


def session(**changes) -> dict:
    base = {
        "fullVisitorId": "0312226371899637611",
        "visitId": 1499206032,
        "visitNumber": 6,
        "visitStartTime": 1499206032,
        "date": "20170704",
        "channelGrouping": "Organic Search",
        "totals": {"hits": 2, "pageviews": 2, "timeOnSite": 9, "bounces": None, "transactions": None, "totalTransactionRevenue": None},
        "trafficSource": {"source": "google", "medium": "organic", "campaign": "(not set)"},
        "device": {"deviceCategory": "mobile", "browser": "Chrome", "operatingSystem": "Android"},
        "geoNetwork": {"country": "Peru", "networkDomain": "x.example"},
        "hits": [hit(1), hit(2)],
    }
    return base | changes


def as_text(value):
    """Numbers as text and without what is null, as BigQuery writes JSON."""
    if isinstance(value, dict):
        return {name: as_text(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return value if isinstance(value, bool) else str(value)


def write_lines(path, sessions: list[dict]):
    path.write_text("\n".join(json.dumps(one) for one in sessions) + "\n")
    return path


def test_real_day(real_data):
    landed = land(real_data / "ga360_20170801.parquet")
    assert (landed.source.format, landed.stage_basis, landed.rows_read, landed.rejects) == ("ga360-bigquery", "events", 2_556, [])
    assert (landed.total("transactions"), landed.total("revenue_micros")) == (45, 8_890_000_000)
    assert Counter(one["stage"] for one in landed.good)[3] == 43
    assert len(landed.events) == 13_233
    reached = {name: len({one["visit_key"] + one["visitor_key"] for one in landed.events if one["event_name"] == name}) for name in EVENTS}
    assert reached == EVENTS


EVENTS = {"view_item": 430, "add_to_cart": 176, "begin_checkout": 100, "purchase": 43}


def parquet(path, source, wrapped: bool = False):
    with duckdb.connect() as con:
        hits = "{'list': list_transform(hits, lambda hit: {'element': hit})}" if wrapped else "hits"
        rows = f"select * replace ({hits} as hits) from read_json('{source}')" if wrapped else f"from read_json('{source}')"
        con.execute(f"copy ({rows}) to '{path}' (format parquet)")
    return path


FORMS = {
    "lines": lambda folder, lines: lines,
    "lines without an extension": lambda folder, lines: lines.rename(folder / "export"),
    "gzip": lambda folder, lines: _written(folder / "a.txt", gzip.compress(lines.read_bytes())),
    "zstd": lambda folder, lines: _written(folder / "a.csv", zstandard.compress(lines.read_bytes())),
    "array": lambda folder, lines: _written(folder / "a.json", b"[" + b",".join(lines.read_bytes().splitlines()) + b"]"),
    "numbers as text": lambda folder, lines: write_lines(
        folder / "t.json", [as_text(json.loads(line)) for line in lines.read_text().splitlines()]
    ),
    "parquet": lambda folder, lines: parquet(folder / "a.parquet", lines),
    "parquet with list.element": lambda folder, lines: parquet(folder / "w.parquet", lines, wrapped=True),
}


def _written(path, content: bytes):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path, form):
    purchase = hit(2, eCommerceAction={"action_type": "6"}, transaction={"transactionRevenue": 5_500_000})
    bought = session(
        fullVisitorId="12",
        totals={"hits": 2, "pageviews": 2, "timeOnSite": 9, "bounces": None, "transactions": 1, "totalTransactionRevenue": 6_500_000},
        hits=[hit(1, eCommerceAction={"action_type": "2"}), purchase],
    )
    landed = land(FORMS[form](tmp_path, write_lines(tmp_path / "lines.json", [session(), bought])))
    first, second = sorted(landed.good, key=lambda one: one["visitor_key"])
    assert first["visitor_key"] == "0312226371899637611"
    assert (first["session_date"], first["started_at"]) == (date(2017, 7, 4), datetime(2017, 7, 4, 22, 7, 12))
    assert (first["device"], first["country"], first["source"], first["medium"]) == ("mobile", "Peru", "google", "organic")
    assert (first["landing_page"], first["hostname"], first["network_domain"]) == ("/page1", "a.example", "x.example")
    assert (first["pageviews"], first["duration_seconds"], first["stage"], first["is_bounce"]) == (2, 9, 1, False)
    assert (second["stage"], second["transactions"], second["revenue_micros"]) == (3, 1, 6_500_000)
    told = [(one["event_index"], one["event_name"], one["page"], one["value"]) for one in landed.events if one["visitor_key"] == "12"]
    assert sorted(told) == [(1, "view_item", "/page1", None), (2, "purchase", "/page2", 5.5)]
    assert max(one["occurred_at"] for one in landed.events) == datetime(2017, 7, 4, 22, 7, 13)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"type": "APPVIEW"}, "screen_view"),
        ({"type": "TRANSACTION"}, "purchase"),
        ({"type": "SOCIAL"}, "share"),
        ({"type": "EVENT", "eventInfo": {"eventCategory": "Video", "eventAction": "Complete"}}, "video_complete"),
        ({"type": "EVENT", "eventInfo": {"eventCategory": "Contact", "eventAction": "Onsite Click"}}, "click"),
        ({"type": "EVENT", "eventInfo": {"eventCategory": "Filter", "eventAction": "Price: Low-High 2"}}, "price_low_high"),
        ({"type": "EVENT", "eventInfo": {"eventCategory": "User", "eventAction": "joe@example.com"}}, "event"),
        ({"eCommerceAction": {"action_type": "4"}}, "remove_from_cart"),
        ({"eCommerceAction": {"action_type": "99"}}, "page_view"),
    ],
)
def test_names_of_hits(tmp_path, changes, name):
    landed = land(write_lines(tmp_path / "a.json", [session(hits=[hit(1, **changes)])]))
    assert landed.events[0]["event_name"] == name


def test_bad_records_are_rejected_alone(tmp_path):
    lines = [
        json.dumps(session()),
        '{"visitId": 1, "broken',
        json.dumps(session(date="never")),
        json.dumps(session(totals="none")),
        json.dumps(session(fullVisitorId=None)),
        json.dumps(session(fullVisitorId="3")),
    ]
    path = tmp_path / "a.json"
    path.write_text("\n".join(lines))
    landed = land(path)
    assert [(number, reason) for number, reason, _ in landed.rejects] == [
        (2, "record cannot be read"),
        (3, "date is not a date"),
        (4, "totals missing"),
        (5, "visitor id missing"),
    ]
    assert len(landed.good) == 2


def test_without_hits_stages_come_from_counts(tmp_path):
    landed = land(write_lines(tmp_path / "a.json", [{name: value for name, value in session().items() if name != "hits"}]))
    assert (landed.stage_basis, landed.good[0]["stage"], landed.events) == ("thresholds", None, [])


def test_pages_of_events_are_scrubbed(tmp_path):
    pages = ["/reset?token=abc", "/u/joe%40example.com/x", "https://a.example/p/1234567890123#top"]
    landed = land(write_lines(tmp_path / "a.json", [session(hits=[hit(n, page={"pagePath": page}) for n, page in enumerate(pages, 1)])]))
    assert [one["page"] for one in sorted(landed.events, key=lambda one: one["event_index"])] == ["/reset", "/u/(e-mail)/x", "/p/(id)"]


def test_competition_sample(real_data):
    landed = land(real_data / "kaggle_1000.csv")
    assert (landed.source.format, landed.rows_read, landed.rejects) == ("ga360-csv", 1_000, [])
    assert sum(one["transactions"] > 0 for one in landed.good) == 16
    assert landed.total("revenue_micros") == 2_398_900_000
    assert len({one["visitor_key"] for one in landed.good}) == 944
    assert any(note.startswith("107 visitor ids were damaged") for note in landed.notes)
    assert {one["visitor_key"][0] for one in landed.good} == set("0123456789")


FLAT = {
    "channelGrouping": "Direct",
    "date": "20160902",
    "device": {"browser": "Chrome", "deviceCategory": "tablet", "isMobile": True},
    "fullVisitorId": "523069750702990437",
    "geoNetwork": {"country": "Côte d'Ivoire", "networkDomain": "(not set)"},
    "sessionId": "0523069750702990437_1472834967",
    "totals": {"hits": "4", "pageviews": "3", "transactionRevenue": "37860000"},
    "trafficSource": {"source": "(direct)", "medium": "(none)", "campaign": "(not set)"},
    "visitId": "1472834967",
    "visitStartTime": "1472834967",
}


@pytest.mark.parametrize("form", ["json", "repr", "dotted"])
def test_forms_of_flattened_exports_say_the_same(tmp_path, form):
    path = tmp_path / "a.csv"
    if form == "dotted":
        table = {"": "0"}
        for name, value in FLAT.items():
            table |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    else:
        write = json.dumps if form == "json" else repr
        table = {name: write(value) if isinstance(value, dict) else value for name, value in FLAT.items()}
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([table.keys(), table.values()])
    landed = land(path)
    assert landed.source.format == "ga360-csv" and landed.rejects == []
    (only,) = landed.good
    assert only["visitor_key"] == "0523069750702990437"
    assert (only["device"], only["browser"], only["country"]) == ("tablet", "Chrome", "Côte d'Ivoire")
    assert (only["source"], only["medium"], only["channel"]) == ("(direct)", "(none)", "Direct")
    assert (only["pageviews"], only["hits"], only["transactions"], only["revenue_micros"]) == (3, 4, 1, 37_860_000)


def test_broken_json_cells_reject_their_row(tmp_path):
    table = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in FLAT.items()}
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([table.keys(), table.values(), (table | {"totals": '{"hits": '}).values(), table.values()])
    landed = land(path)
    assert [(number, reason) for number, reason, _ in landed.rejects] == [(2, "totals missing")]
