"""Tables of sessions: the ways in which exports write the same things."""

import gzip
from datetime import date, datetime

import pytest
import zstandard

from etl.errors import InputError

from .exports import HEADER, ROW, row, visits, write_flat
from .landing import land


def write(path, columns: dict, rows: int = 1, delimiter: str = ","):
    """A table of equal rows with these columns and values."""
    lines = [delimiter.join(columns), *[delimiter.join(map(str, columns.values()))] * rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def one(path) -> dict:
    """The single row of a file."""
    landed = land(path)
    assert landed.rejects == []
    (only,) = landed.rows
    return only


def test_known_row(tmp_path):
    landed = land(write_flat(tmp_path / "a.csv", [row(transactions=2, transactionRevenue=55_990_000)]))
    assert landed.source.format == "flat-csv" and landed.stage_basis == "thresholds" and landed.notes == []
    filled = {name: value for name, value in landed.rows[0].items() if value is not None}
    assert filled == {
        "visitor_key": "7007041817691781124",
        "visit_key": "1499201738",
        "visit_number": 1,
        "started_at": datetime(2017, 7, 4, 20, 55, 38),
        "session_date": date(2017, 7, 4),
        "device": "desktop",
        "country": "Canada",
        "source": "google",
        "pageviews": 4,
        "duration_seconds": 31.0,
        "transactions": 2,
        "revenue_micros": 55_990_000,
    }


def test_real_sample(real_data):
    landed = land(real_data / "sessions_10k.csv")
    assert (landed.rows_read, len(landed.good), landed.rejects) == (10_000, 10_000, [])
    assert sum(session["transactions"] > 0 for session in landed.good) == 94
    assert (landed.total("transactions"), landed.total("revenue_micros")) == (97, 13_383_350_000)
    assert len({session["visitor_key"] for session in landed.good}) == 9_012
    assert sum(session["pageviews"] == 0 for session in landed.good) == 3
    assert sum(session["duration_seconds"] == 0 for session in landed.good) == 5_707
    assert not any(session["session_date"] == date(2017, 7, 3) for session in landed.good)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("latin-1"),
        lambda text: text.encode("utf-16"),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text[:90].encode()) + gzip.compress(text[90:].encode()),
        lambda text: zstandard.compress(text.encode("latin-1")),
    ],
    ids=["utf-8", "byte order mark", "crlf", "latin-1", "utf-16", "gzip", "gzip of two members", "zstd of latin-1"],
)
def test_containers(tmp_path, encode):
    text = write_flat(tmp_path / "plain.csv", visits(3, country="Côte d'Ivoire")).read_text(encoding="utf-8")
    path = tmp_path / "export's name [1] says nothing.xyz"
    path.write_bytes(encode(text))
    landed = land(path)
    assert [session["country"] for session in landed.good] == 3 * ["Côte d'Ivoire"]
    assert landed.rejects == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    assert one(write(tmp_path / "a.csv", dict(ROW), delimiter=delimiter))["pageviews"] == 4


def test_headers_in_any_spelling(tmp_path):
    spelt = {
        "ga:client ID": "12.5",
        "GA_SESSION_ID": "7",
        "Session date": "2026-03-01",
        "device_category": "mobile",
        "geo.country": "Peru",
        "Session source / medium": "google / cpc",
        "Session default channel group": "Paid Search",
        "Landing page + query string": "/a?b=1",
        "Views": "3",
        "Session duration": "00:01:05",
        "E-commerce purchases": "1",
        "Purchase revenue": "12.5",
    }
    session = one(write(tmp_path / "a.csv", spelt))
    told = ("visitor_key", "visit_key", "session_date", "device", "country", "source", "medium", "channel", "landing_page", "pageviews")
    assert [session[name] for name in told] == [
        "12.5", "7", date(2026, 3, 1), "mobile", "Peru", "google", "cpc", "Paid Search", "/a?b=1", 3,
    ]  # fmt: skip
    assert (session["duration_seconds"], session["transactions"], session["revenue_micros"]) == (65, 1, 12_500_000)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20170704", date(2017, 7, 4)),
        ("2017070413", date(2017, 7, 4)),
        ("2017-07-04", date(2017, 7, 4)),
        ("2017-07-04T23:59:59Z", date(2017, 7, 4)),
        ("2017/7/4", date(2017, 7, 4)),
        ("04.07.2017", date(2017, 7, 4)),
        ("4 Jul 2017", date(2017, 7, 4)),
        ("14/07/2017", date(2017, 7, 14)),
        ("07/14/2017", date(2017, 7, 14)),
        ("42920", date(2017, 7, 4)),
        (" 20170704", date(2017, 7, 4)),
    ],
)
def test_days(tmp_path, written, meant):
    assert one(write_flat(tmp_path / "a.csv", [row(date=written, visitId="1")]))["session_date"] == meant


def test_start_times_settle_which_is_the_month(tmp_path):
    assert one(write_flat(tmp_path / "a.csv", [row(date="04/07/2017")]))["session_date"] == date(2017, 7, 4)
    assert one(write_flat(tmp_path / "b.csv", [row(date="07/04/2017")]))["session_date"] == date(2017, 7, 4)


@pytest.mark.parametrize(
    "start", ["1499201738", "1499201738000", "1499201738000000", "1499201738.0", "2017-07-04T20:55:38Z", "2017-07-04 22:55:38+02"]
)
def test_start_times(tmp_path, start):
    columns = {"visitor id": "1", "visit start time": start, "country": "Peru"}
    session = one(write(tmp_path / "a.csv", columns))
    assert (session["started_at"], session["session_date"]) == (datetime(2017, 7, 4, 20, 55, 38), date(2017, 7, 4))


def test_a_visit_id_far_from_the_day_is_no_clock(tmp_path):
    assert one(write_flat(tmp_path / "a.csv", [row(visitId="1299201738")]))["started_at"] is None
    assert one(write_flat(tmp_path / "b.csv", [row(visitId="17")]))["started_at"] is None


@pytest.mark.parametrize(
    ("header", "written", "micros"),
    [
        ("transactionRevenue", "55990000", 55_990_000),
        ("transactionRevenue", "55990000.0", 55_990_000),
        ("totals.transactionRevenue", "5.599e7", 55_990_000),
        ("transactionRevenue", "55.99", 55_990_000),
        ("transactionRevenue", "56", 56_000_000),
        ("Revenue", '"$1,234.50"', 1_234_500_000),
        ("Purchase revenue", "€7.5", 7_500_000),
        ("Total revenue", "0", 0),
    ],
)
def test_money(tmp_path, header, written, micros):
    columns = {name: value for name, value in ROW.items() if name != "transactionRevenue"} | {"transactions": "1", header: written}
    assert one(write(tmp_path / "a.csv", columns))["revenue_micros"] == micros


def test_revenue_alone_is_one_transaction(tmp_path):
    columns = {name: value for name, value in ROW.items() if not name.startswith("transaction")}
    bought = one(write(tmp_path / "a.csv", columns | {"revenue": "5.5"}))
    assert (bought["transactions"], bought["revenue_micros"]) == (1, 5_500_000)
    assert one(write(tmp_path / "b.csv", columns | {"revenue": "0.00"}))["transactions"] == 0


def test_key_events_make_the_last_stage(tmp_path):
    columns = {name: value for name, value in ROW.items() if not name.startswith("transaction")}
    assert one(write(tmp_path / "a.csv", columns | {"Key events": "2"}))["stage"] == 3
    assert one(write(tmp_path / "b.csv", columns | {"converted": "FALSE"}))["stage"] is None


def test_no_conversion_information_is_said_and_not_zero(tmp_path):
    landed = land(write(tmp_path / "a.csv", {name: value for name, value in ROW.items() if not name.startswith("transaction")}))
    assert [landed.rows[0][name] for name in ("transactions", "revenue_micros", "stage")] == [None, None, None]
    assert any("No conversion information" in note for note in landed.notes)


def test_what_is_absent_is_noted(tmp_path):
    landed = land(write(tmp_path / "a.csv", {"visitorId": "1", "visitId": "2", "date": "20170704", "transactions": "0"}))
    for word in ("device", "country", "source", "pageviews", "duration", "revenue"):
        assert any(f"no {word} column" in note for note in landed.notes), word
    assert landed.good[0]["pageviews"] is None and landed.good[0]["duration_seconds"] is None


BAD_VALUES = [
    ({"fullVisitorId": ""}, "visitor id missing"),
    ({"fullVisitorId": "(not set)"}, "visitor id missing"),
    ({"fullVisitorId": "2.82E+18"}, "visitor id damaged by a spreadsheet (scientific notation)"),
    ({"fullVisitorId": "7.007041817691781e+18"}, "visitor id damaged by a spreadsheet (scientific notation)"),
    ({"visitId": ""}, "visit id missing"),
    ({"date": ""}, "date missing"),
    ({"date": "20170231"}, "date is not a date"),
    ({"date": "19700101"}, "date before 2005 or after 2100"),
    ({"pageviews": "many"}, "pageviews is not a count"),
    ({"pageviews": "-1"}, "pageviews is not a count"),
    ({"pageviews": "99999999999"}, "pageviews is not a count"),
    ({"timeOnSite": "-5"}, "duration is not a number of seconds"),
    ({"timeOnSite": "NaN or so"}, "duration is not a number of seconds"),
    ({"timeOnSite": "inf"}, "duration is not a number of seconds"),
    ({"transactions": "yes"}, "transactions is not a count"),
    ({"transactionRevenue": "free"}, "revenue is not an amount"),
    ({"transactionRevenue": "-1000000"}, "revenue is negative (a refund): sessions carry what was bought"),
    ({"transactionRevenue": "9" * 18}, "revenue is not an amount"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_VALUES)
def test_a_bad_value_rejects_its_row(tmp_path, changes, reason):
    rows = [*visits(4, transactions=1, transactionRevenue=20_000_000), row(**changes), *visits(2, first=9)]
    landed = land(write_flat(tmp_path / "a.csv", rows))
    assert len(landed.good) == 6
    ((number, said, raw),) = landed.rejects
    assert (number, said) == (5, reason)
    assert "7007041817691781124" not in raw and "desktop,Canada,google" in raw


@pytest.mark.parametrize("written", ["", "(not set)", "null", "NaN", "not available in demo dataset"])
def test_words_for_missing_are_no_bad_numbers(tmp_path, written):
    session = one(write_flat(tmp_path / "a.csv", [row(pageviews=written, timeOnSite=written, transactions=written)]))
    assert (session["pageviews"], session["duration_seconds"], session["transactions"]) == (0, 0, 0)


def test_rows_that_cannot_be_split_keep_their_numbers(tmp_path):
    good = ",".join(ROW.values())
    lines = [good, "only,two", good, good.replace("20170704", "never"), good + ",one,more", good, good.replace(",4,31", ",x,31")]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(HEADER), *lines]) + "\n")
    landed = land(path)
    assert [(number, reason) for number, reason, _ in landed.rejects] == [
        (2, "row has fewer columns than the header"),
        (4, "date is not a date"),
        (5, "row has more columns than the header"),
        (7, "pageviews is not a count"),
    ]
    assert landed.rows_read == 7
    assert not any("7007041817691781124" in raw or "1499201738" in raw for _, _, raw in landed.rejects)


def test_a_row_too_long_is_rejected_alone(tmp_path):
    landed = land(write_flat(tmp_path / "a.csv", [*visits(2), row(source="x" * 5_000_000), *visits(2, first=5)]))
    assert len(landed.good) == 4
    assert all(len(raw) <= 500 for _, _, raw in landed.rejects)


def test_ids_healed_from_the_session_id(tmp_path):
    columns = {"sessionId": "0523069750702990437_1472834967", "fullVisitorId": "523069750702990437"} | {
        name: value for name, value in ROW.items() if name != "fullVisitorId"
    }
    landed = land(write(tmp_path / "a.csv", columns))
    assert landed.good[0]["visitor_key"] == "0523069750702990437"
    assert landed.notes[-1].startswith("1 visitor ids were damaged")
    damaged = land(write(tmp_path / "b.csv", columns | {"fullVisitorId": "5.23E+17"}))
    assert damaged.good[0]["visitor_key"] == "0523069750702990437"


def test_a_session_id_alone_is_enough(tmp_path):
    session = one(write(tmp_path / "a.csv", {"session_id": "0523069750702990437_1472834967", "date": "20160902", "country": "Peru"}))
    assert (session["visitor_key"], session["visit_key"]) == ("0523069750702990437", "1472834967")
    assert session["started_at"] == datetime(2016, 9, 2, 16, 49, 27)
    other = one(write(tmp_path / "b.csv", {"session_id": "f81d4fae-7dec", "date": "20160902", "country": "Peru"}))
    assert (other["visitor_key"], other["visit_key"]) == (None, "f81d4fae-7dec")


def test_hostile_headers_and_values_are_data(tmp_path):
    columns = dict(ROW) | {"'; drop table sessions; --": "'; drop table sessions; --", "c0": "x", '"a""b"': "y"}
    session = one(write(tmp_path / "a.csv", columns | {"source": "'); drop schema scratch; --"}))
    assert session["source"] == "'); drop schema scratch; --"


def test_files_named_like_patterns_are_read_alone(tmp_path):
    write_flat(tmp_path / "ab.csv", visits(5))
    assert len(land(write_flat(tmp_path / "a*.csv", visits(2))).rows) == 2
    assert len(land(write_flat(tmp_path / "a?.csv", visits(3))).rows) == 3
    assert len(land(write_flat(tmp_path / "[ab]b.csv", visits(4))).rows) == 4


def test_damaged_id_of_every_row_is_no_load(tmp_path):
    landed = land(write_flat(tmp_path / "a.csv", visits(3) + [row(fullVisitorId="7.0E+18")]))
    assert len(landed.good) == 3
    with pytest.raises(InputError, match="nearest here: 'fullVisitor'"):
        land(write(tmp_path / "b.csv", {"fullVisitor": "1", "visitId": "2", "date": "20170704", "country": "x"}))
