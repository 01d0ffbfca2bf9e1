"""Files that cannot be loaded: one clear line each, whatever they hold."""

import gzip
import json

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import InputError

from .exports import HEADER, ROW
from .landing import land

HEAD = ",".join(HEADER) + "\n"
LINE = ",".join(ROW.values()) + "\n"
GOOD = HEAD + 3 * LINE
GA360 = {"visitId": 1, "visitStartTime": 1, "totals": {}, "trafficSource": {}, "hits": []}

UNUSABLE = {
    "empty": (b"", "is empty"),
    "blanks": (b" \n\n  \n", "holds no text"),
    "zeros": (bytes(300), "holds no text"),
    "web page": (b"<!DOCTYPE html><html><title>Sign in</title>", "is a web page (HTML)"),
    "web page after a byte order mark": (b"\xef\xbb\xbf\n<html>", "is a web page (HTML)"),
    "xml": (b'<?xml version="1.0"?><Error/>', "is XML"),
    "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n", "git lfs pull"),
    "excel": (b"PK\x03\x04" + b"...[Content_Types].xml...xl/workbook.xml", "is an Excel workbook (.xlsx)"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel workbook (.xls)"),
    "zip": (b"PK\x03\x04....__MACOSX/a.csv", "is a zip archive"),
    "pdf": (b"%PDF-1.7", "is a PDF"),
    "bzip2": (b"BZh91AY", "is compressed with bzip2"),
    "avro": (b"Obj\x01\x04", "is an Avro file"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "is a binary file"),
    "truncated gzip": (gzip.compress(GOOD.encode() * 500)[:120], "is cut off"),
    "truncated gzip, headers whole": (gzip.compress(bytes(range(256)) * 9000)[:-9], "is cut off"),
    "damaged gzip": (b"\x1f\x8b\x08" + b"damaged" * 40, "is damaged"),
    "gzip with a wrong checksum": (gzip.compress(GOOD.encode())[:-8] + b"\0\0\0\0" + gzip.compress(GOOD.encode())[-4:], "is damaged"),
    "gzip of nothing": (gzip.compress(b""), "nothing but an empty gzip stream"),
    "gzip of gzip": (gzip.compress(gzip.compress(GOOD.encode())), "is compressed twice"),
    "gzip of a web page": (gzip.compress(b"<html>"), "is a web page (HTML)"),
    "truncated zstd": (zstandard.compress(GOOD.encode() * 500)[:60], "is cut off"),
    "zstd with something behind": (zstandard.compress(GOOD.encode()) + b"trailing", "is damaged"),
    "big-endian": (b"\xfe\xff" + GOOD.encode("utf-16-be"), "UTF-16 big-endian"),
    "report": (b"# -----\n# Report\n# -----\nDate,Sessions\n20170101,5\n", "is a report downloaded from the Analytics interface"),
    "totals": (b"Source,Sessions,Users\ngoogle,5,4\n", "one row for many sessions"),
    "title above the headers": (b"My export\nof sessions\n\n" + GOOD.encode(), "its headers stand on line 4, after 3 other lines"),
    "headers alone": (HEAD.encode(), "has headers but no rows"),
    "wrong delimiter": (GOOD.replace(",", ":").encode(), "without a delimiter"),
    "no visitor": (GOOD.replace("fullVisitorId", "fullVisitorsId2").encode(), "a visitor id (fullVisitorId, clientId), nearest here: 'fullVisitorsId2'"),
    "no visit": (GOOD.replace("visitId", "vizitId").encode(), "nearest here: 'vizitId'"),
    "no date": (GOOD.replace("date", "dates").encode(), "a date (date) or the start of the visit (visitStartTime), nearest here: 'dates'"),
    "no headers": (3 * LINE.encode(), "its header row"),
    "prose": (b"Dear all,\nplease find the numbers attached.\n", "is no table"),
    "program": (b"import os\nprint(os.name)\n", "is no table"),
    "too many columns": (b",".join(b"c%d" % n for n in range(3000)) + b"\n1\n", "has 3000 columns"),
    "dates in words": (GOOD.replace("20170704", "Feb").encode(), "its dates cannot be read (such as 'Feb')"),
    "dates of two readings": (GOOD.replace("20170704", "03/04/2017").replace("1499201738", "17").encode(), "may be day-month or month-day"),
    "dates of both readings": (
        (HEAD + LINE.replace("20170704", "14/07/2017") + LINE.replace("20170704", "07/14/2017")).encode(), "both as day-month and month-day",
    ),
    "json of something else": (b'{"a": 1}', "is JSON of no known export (fields: a)"),
    "json cut off": (b'{"visitId": 1', "its first record is not valid JSON"),
    "json error": (b'{"error": {"code": 403, "message": "denied"}}', "is an error message"),
    "json of numbers": (b"[1, 2]", "not one object a session"),
    "json without end": (b"[" * 50_000, "is not valid JSON"),
    "json in utf-16": (json.dumps(GA360).encode("utf-16"), "UTF-16"),
    "json with a byte order mark": (b"\xef\xbb\xbf" + json.dumps(GA360).encode(), "byte order mark"),
    "ga4 events as csv": (b"event_date,event_name,event_timestamp,user_pseudo_id\n1,2,3,4\n", "holds GA4 events (one row an event) as CSV"),
    "ga4 users": (b'{"pseudo_user_id": "1", "stream_id": "2"}', "is a GA4 export of users"),
    "ga4 data api": (json.dumps({"dimensionHeaders": [], "metricHeaders": [], "rows": []}).encode(), "an answer of the Analytics API (ga4-data-api)"),
    "ga360 without ids": (json.dumps(GA360).encode(), "without date, fullVisitorId"),
    "parquet cut off": (b"PAR1" + bytes(90), "is a damaged or cut-off Parquet file"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_file_is_told_in_one_line(tmp_path, kind):
    content, expected = UNUSABLE[kind]
    path = tmp_path / "export it's [1].csv"  # the name must not matter, nor its quotes and brackets
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        land(path)
    message = str(caught.value)
    assert expected in message
    assert message.startswith("export it's [1].csv: ")
    assert len(message.splitlines()) == 1 and len(message) < 420
    assert message.count(": ") >= 2 or ", " in message  # file, what is wrong, what to do
    assert caught.value.__cause__ is None


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        land(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder"):
        land(tmp_path)


def test_refused_real_files(real_data):
    for name, expected in {
        "ga4_ui_reports_snapshot.csv": "ga4-report-csv",
        "ga4_run_report.json": "ga4-data-api",
        "ga4_events_2023.jsonl": "ga4-bigquery",
        "ga4_events_sampled.parquet": "ga4-bigquery",
        "uci_online_shoppers.csv": "whose headers lack a visitor id",
    }.items():
        with pytest.raises(InputError) as caught:
            land(real_data / name)
        assert expected in str(caught.value)
        assert str(caught.value).startswith(f"{name}: ")


def test_parquet_damaged_inside(real_data, tmp_path):
    content = bytearray((real_data / "ga360_20170801.parquet").read_bytes())
    content[30_000:34_000] = bytes(4_000)
    path = tmp_path / "broken.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"^broken\.parquet: cannot be read as ga360-bigquery"):
        land(path)


BASE = (HEAD + LINE + LINE.replace(",4,31,,", ',"4",31,1,5000000') + LINE.replace("google", '"a, ""b"""')).encode()
NASTY = [
    b'"',
    b"\n",
    b"\r",
    b",",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"'",
    b"--",
    b"{",
    b"1e999",
    b"-1",
    b"nan",
    b"99999999999999999999",
    b";",
    b"\xc3",
]


@given(
    st.lists(
        st.tuples(st.integers(0, len(BASE)), st.integers(0, 12), st.sampled_from(NASTY) | st.binary(max_size=6)), min_size=1, max_size=5
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_file_lands_or_is_refused(tmp_path, mutations):
    content = BASE
    for place, cut, text in mutations:
        content = content[:place] + text + content[place + cut :]
    path = tmp_path / "mutated.csv"
    path.write_bytes(content)
    try:
        landed = land(path)
    except InputError as refused:
        assert str(refused).startswith("mutated.csv: ")
        return
    for row in landed.good:
        assert row["visitor_key"] and row["visit_key"] and row["session_date"]
        assert row["pageviews"] is None or row["pageviews"] >= 0
        assert row["duration_seconds"] is None or 0 <= row["duration_seconds"] < 1e8
        assert row["revenue_micros"] is None or row["revenue_micros"] >= 0


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused(tmp_path, content):
    path = tmp_path / "noise.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"^noise\.csv: "):
        land(path)


def test_messages_hold_no_ids(tmp_path):
    path = tmp_path / "no headers.csv"
    path.write_text(3 * LINE)
    with pytest.raises(InputError) as caught:
        land(path)
    assert ROW["fullVisitorId"] not in str(caught.value) and ROW["visitId"] not in str(caught.value)


@pytest.mark.parametrize("letter", ["\u202e", "\x1b", "\ue000", "\u200b", "\x85"])
def test_messages_can_be_printed(tmp_path, letter):
    path = tmp_path / "odd.csv"
    path.write_text(f"Dear {letter}all\nplease find the numbers attached\n", encoding="utf-8")
    with pytest.raises(InputError, match="Dear +all") as caught:
        land(path)
    assert str(caught.value).isprintable()


def test_a_first_record_longer_than_what_is_looked_at(tmp_path):
    long = {"visitId": "1499206032", "visitStartTime": "1499206032", "date": "20170704", "totals": {"hits": "1"}, "trafficSource": {}}
    long |= {
        "hits": [{"hitNumber": "1", "type": "PAGE", "page": {"pagePath": "/", "pageTitle": "x" * 3_000_000}}],
        "fullVisitorId": "12345",
    }
    path = tmp_path / "long.json"
    path.write_text(json.dumps(long))
    (only,) = land(path).good
    assert (only["visitor_key"], only["landing_page"]) == ("12345", "/")
