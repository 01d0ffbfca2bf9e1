"""The shapes of exports that can be loaded, each as a few rows with damage done to them.

`make(shape, seed, number, folder)` writes the file of a case. The ids of visitors are long numbers, as Google's are, which must never be
seen again: neither in the database nor in what is said.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.etl import ga4_exports, test_ga360
from tests.etl.answers import answer, older_answer
from tests.etl.exports import HEADER, row
from tests.etl.test_workbooks import open_document
from tests.etl.workbook_files import write_workbook
from tests.fuzz.mutations import change_column, change_table, change_value, cut_bytes

VISITORS = [str(7_123_000_000_000_000_000 + number) for number in range(14)]
CLIENTS = [f"712300{number:04}.1499200000" for number in range(6)]
CANARIES = (*VISITORS, *CLIENTS)


@dataclass
class Case:
    """A damaged file: where it is, the map it is read by, and how many rows it has where that is known without reading it."""

    shape: str
    seed: int
    number: int
    path: Path
    map: Path | None = None
    rows: int | None = None
    done: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.shape} seed {self.seed} case {self.number} ({', '.join(self.done)})"


def make(shape: str, seed: int, number: int, folder: Path) -> Case:
    """Write the file of a case into a folder of its own; the same numbers give the same file."""
    random = Random(f"{shape} {seed} {number}")
    case = Case(shape, seed, number, folder / f"{shape}-{number}")
    SHAPES[shape](random, case)
    return case


def how_much(random: Random) -> tuple[int, int]:
    """How many changes are made to what a file says, and to its bytes: at least one of either."""
    if random.random() < 0.65:
        return random.choice([1, 1, 1, 2, 3, 6]), 0
    return random.choice([0, 0, 0, 1]), random.choice([1, 1, 2, 4])


def finish(random: Random, case: Case, content: bytes, cuts: int, end: str, rows: int | None = None) -> None:
    """Write the content after damage to its bytes."""
    case.rows = rows if not cuts else None
    for _ in range(cuts):
        content = cut_bytes(random, content)
    case.done += [f"{cuts} in bytes"] if cuts else []
    case.path = case.path.with_name(case.path.name + end)
    case.path.write_bytes(content)


# Tables


def sessions_table() -> list[list[str]]:
    """Sessions with and without purchases."""
    names = [*HEADER, "medium", "landingPage", "visitStartTime"]
    sources = ["google", "(direct)", "mall.example", "l.facebook.com"]
    given = [
        row(
            fullVisitorId=visitor,
            visitId=1_499_201_000 + place,
            date=f"2017070{1 + place % 6}",
            source=sources[place % 4],
            pageviews=1 + 3 * (place % 5),
            timeOnSite=7 * place or "",
            transactions=place % 5 == 4 or "",
            transactionRevenue=5_990_000 if place % 5 == 4 else "",
        )
        | {
            "medium": "organic",
            "landingPage": f"/shop/{place}?sid={visitor}",
            "visitStartTime": str(1_498_900_000 + 86_400 * (place % 6)),
        }
        for place, visitor in enumerate(VISITORS)
    ]
    return [names, *([str(int(each[name])) if each[name] is True else str(each[name]) for name in names] for each in given)]


def hits_table() -> list[list[str]]:
    """Items bought in sessions, a row each."""
    header = ["fullVisitorId", "visitId", "date", "hits.hitNumber", "transactionId", "productSku", "productRevenue", "country", "pageviews"]
    return [
        header,
        *(
            [
                VISITORS[place // 3],
                "149920100" + str(place // 3),
                "20170702",
                str(place),
                f"T{place // 2}",
                f"S{place}",
                "1500000",
                "Peru",
                "4",
            ]
            for place in range(12)
        ),
    ]


def competition_table() -> list[list[str]]:
    """Sessions with four columns of JSON."""
    header = [
        "channelGrouping", "date", "device", "fullVisitorId", "geoNetwork", "totals", "trafficSource", "visitId", "visitNumber", "visitStartTime"
    ]  # fmt: skip
    return [
        header,
        *(
            [
                "Organic Search",
                f"2017070{1 + place % 6}",
                json.dumps({"browser": "Chrome", "operatingSystem": "Android", "deviceCategory": "mobile", "isMobile": True}),
                visitor,
                json.dumps({"country": "Peru", "networkDomain": "x.example"}),
                json.dumps({"visits": "1", "hits": str(place + 1), "pageviews": str(place + 1), "bounces": "1"})
                if place % 5
                else str({"hits": "9", "pageviews": "9", "transactions": "1", "totalTransactionRevenue": "5990000"}),
                json.dumps({"source": "google", "medium": "organic", "campaign": "(not set)"}),
                str(1_499_201_000 + place),
                "1",
                str(1_498_900_000 + 86_400 * (place % 6)),
            ]
            for place, visitor in enumerate(VISITORS)
        ),
    ]


def dotted_table() -> list[list[str]]:
    """The same with a column for each field."""
    names = ["totals.pageviews", "totals.hits", "totals.transactions", "totals.totalTransactionRevenue", "device.deviceCategory"]
    header = ["fullVisitorId", "visitId", "date", *names, "geoNetwork.country", "trafficSource.source", "hits.page.pagePath"]
    rows = [
        [visitor, str(1_499_201_000 + place), "20170703", str(place), str(place + 1), "", "", "tablet", "Peru", "google", f"/p/{place}"]
        for place, visitor in enumerate(VISITORS)
    ]
    rows[3][5:7] = ["1", "5990000"]
    return [header, *rows]


def shop_table() -> list[list[str]]:
    """A table whose headers only a map explains."""
    header = ["who", "nr", "day", "pages", "seconds", "paid", "kind", "land"]
    return [
        header,
        *(
            [visitor, str(place), f"2026-03-{place + 1:02}", str(place), "12.5", "1.234,50" if place % 4 == 3 else "", "PC", "Peru"]
            for place, visitor in enumerate(VISITORS)
        ),
    ]


MAP = """\
[fields]
visitor = "who"
visit = "nr"
date = {column = "day", format = "%Y-%m-%d"}
pageviews = "pages"
duration = {column = "seconds", unit = "seconds"}
revenue = {column = "paid", unit = "units", decimal = ","}
device = {column = "kind", values = {PC = "desktop"}, other = "mobile"}
country = "land"
source = {value = "shop"}
"""

ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "latin-1"]


def encoded(random: Random, case: Case, text: str) -> bytes:
    """A text in one of the encodings that exports have, or in one that they have not but say they have."""
    encoding = random.choice(ENCODINGS)
    case.done.append(encoding)
    errors = "surrogatepass" if encoding.startswith("utf") else "replace"
    content = text.encode(encoding, errors)
    if encoding == "utf-16-be":
        content = b"\xfe\xff" + content
    if random.random() < 0.1:
        case.done.append("compressed")
        content = random.choice([gzip.compress, zstandard.compress])(content)
    return content


def table_text(random: Random, table: list[list[str]]) -> str:
    """A table as CSV."""
    text = io.StringIO(newline="")
    ending = random.choice(["\n", "\n", "\r\n"])
    csv.writer(text, delimiter=random.choice(",,;\t|"), lineterminator=ending).writerows(table)
    return text.getvalue()


def changed_table(random: Random, case: Case, table: list[list[str]], changes: int) -> list[list[str]]:
    for _ in range(changes):
        change_table(random, table)
    case.done += [f"{changes} in the table"] if changes else []
    return table


def text_table(build: Callable[[], list[list[str]]], mapped: bool = False) -> Callable[[Random, Case], None]:
    """A shape that is a table as text."""

    def write(random: Random, case: Case) -> None:
        changes, cuts = how_much(random)
        table = changed_table(random, case, build(), changes)
        rows = len([each for each in table[1:] if each])
        content = encoded(random, case, table_text(random, table))
        finish(random, case, content, cuts, ".csv", rows if "cp1252" not in case.done else None)
        if mapped:
            case.map = case.path.with_name(f"{case.path.name}.toml")
            case.map.write_text(MAP)

    return write


def report_lines(build: Callable[[], str]) -> Callable[[Random, Case], None]:
    """A shape that is a download of the interface: lines above the headers, tables below one another."""

    def write(random: Random, case: Case) -> None:
        changes, cuts = how_much(random)
        table = list(csv.reader(io.StringIO(build())))
        for _ in range(changes):
            start = random.choice([0, 0, next(place for place, line in enumerate(table) if len(line) > 2)])
            part = table[start:] or [[]]
            change_table(random, part)
            table[start:] = part
        case.done.append(f"{changes} in the lines")
        finish(random, case, encoded(random, case, table_text(random, table)), cuts, ".csv")

    return write


def exploration() -> str:
    from tests.etl.test_reports import EXPLORATION

    return EXPLORATION + "newsletter,tablet,Peru,10,0.1,0\nmall.example,mobile,Peru,90,0,0\n"


def universal() -> str:
    from tests.etl.test_reports import UNIVERSAL

    return UNIVERSAL


# Nested records


def google_sessions() -> list[dict]:
    """Sessions of Google Analytics 360 with hits."""
    rows = [test_ga360.session(fullVisitorId=visitor, visitId=1_499_206_000 + place) for place, visitor in enumerate(VISITORS[:6])]
    bought = test_ga360.hit(2, eCommerceAction={"action_type": "6"}, transaction={"transactionRevenue": 5_500_000})
    rows[2]["hits"] = [test_ga360.hit(1, eventInfo={"eventCategory": "Video", "eventAction": "Play", "eventValue": 3}), bought]
    rows[2]["totals"] |= {"transactions": 1, "totalTransactionRevenue": 6_500_000}
    return rows


def google_events() -> list[dict]:
    """Events of Google Analytics 4: visits of several events, a purchase and its refund."""
    rows = []
    for place, client in enumerate(CLIENTS):
        visit = {"visitor": client, "visit": 1_780_000_000 + place}
        rows.append(ga4_exports.event("session_start", 10 * place, **visit))
        rows.append(ga4_exports.event("page_view", 10 * place + 1, params={"engagement_time_msec": 900, "source": "google"}, **visit))
    rows.append(ga4_exports.purchase(30, "T-1", 12.5, **visit))
    rows.append(ga4_exports.refund(40, "T-1", 2.5, **visit))
    rows[2] |= {"batch_page_id": 1, "batch_ordering_id": 2, "batch_event_index": 3, "collected_traffic_source": {"manual_source": "x"}}
    for each in rows:
        each["items"] = [{"item_id": "S1", "item_name": "Cup", "quantity": 1}]
    return rows


def map_rows() -> list[dict]:
    header, *rows = shop_table()
    return [dict(zip(header, each, strict=True)) | {"pages": place} for place, each in enumerate(rows)]


def changed_rows(random: Random, case: Case, rows: list[dict], changes: int) -> list:
    for _ in range(changes):
        if random.random() < 0.3:
            change_column(random, [each for each in rows if isinstance(each, dict)])
        else:
            change_value(random, rows)
    case.done += [f"{changes} in the values"] if changes else []
    return rows


def json_records(build: Callable[[], list[dict]], mapped: bool = False) -> Callable[[Random, Case], None]:
    """A shape of JSON: lines or an array, plain or compressed, numbers as they are or as text."""

    def write(random: Random, case: Case) -> None:
        changes, cuts = how_much(random)
        rows = changed_rows(random, case, build(), changes)
        if random.random() < 0.4:
            case.done.append("as text")
            rows = [ga4_exports.as_text(each) for each in rows]
        ascii_only = random.random() < 0.8
        texts = [json.dumps(each, ensure_ascii=ascii_only) for each in rows]
        form = random.choice(["lines", "lines", "array", "pretty", "gzip", "zstd", "encoded"])
        case.done.append(form)
        known = len(rows)
        if form == "array":
            content = f"[{','.join(texts)}]".encode(errors="surrogatepass")
        elif form == "pretty":
            content = json.dumps(rows, indent=1, ensure_ascii=ascii_only).encode(errors="surrogatepass")
        else:
            text = "".join(f"{each}\n" for each in texts)
            content = text.encode(errors="surrogatepass")
            if form == "encoded":
                content = encoded(random, case, text)
            elif form != "lines":
                content = {"gzip": gzip.compress, "zstd": zstandard.compress}[form](content)
        finish(random, case, content, cuts, ".json", known)
        if mapped:
            case.map = case.path.with_name(f"{case.path.name}.toml")
            case.map.write_text(MAP)

    return write


def wrapped(value):
    """Lists as BigQuery's Parquet has them."""
    if isinstance(value, dict):
        return {name: wrapped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return {"list": [{"element": wrapped(inner)} for inner in value]}
    return value


def as_columns(rows: list[dict]) -> pa.Table:
    """Rows as typed columns; a column whose values have no type in common, or none that Parquet has, as text."""
    columns = {}
    for name in dict.fromkeys(name for each in rows for name in each):
        values = [each.get(name) for each in rows]
        try:
            columns[name] = pa.array(values)
            pq.write_table(pa.table({"a": columns[name]}), io.BytesIO())
        except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError):
            columns[name] = pa.array([None if value is None else json.dumps(value, default=str) for value in values], pa.string())
    clean = {name.encode(errors="replace").decode(): column for name, column in columns.items()}
    return pa.table(clean)


def parquet_records(build: Callable[[], list[dict]], mapped: bool = False) -> Callable[[Random, Case], None]:
    """A shape of Parquet: lists plain or wrapped, columns of other types than usual."""

    def write(random: Random, case: Case) -> None:
        changes, cuts = how_much(random)
        rows = build()
        for _ in range(changes):
            (change_column if random.random() < 0.75 else change_value)(random, rows)
        case.done += [f"{changes} in the columns"] if changes else []
        rows = [each for each in rows if isinstance(each, dict)]
        if random.random() < 0.4:
            case.done.append("wrapped")
            rows = [wrapped(each) for each in rows]
        table = as_columns(rows)
        if random.random() < 0.3 and table.num_columns:
            table = with_another_type(random, case, table)
        file = io.BytesIO()
        pq.write_table(table, file, compression=random.choice(["snappy", "zstd", "none"]), row_group_size=random.choice([3, 1000]))
        finish(random, case, file.getvalue(), cuts, ".parquet", table.num_rows)
        if mapped:
            case.map = case.path.with_name(f"{case.path.name}.toml")
            case.map.write_text(MAP)

    return write


TYPES = [
    pa.string(), pa.large_string(), pa.binary(), pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us"),
    pa.timestamp("ns", "UTC"), pa.time64("us"), pa.decimal128(38, 9), pa.decimal128(18, 0), pa.null(), pa.dictionary(pa.int32(), pa.string()),
]  # fmt: skip


def with_another_type(random: Random, case: Case, table: pa.Table) -> pa.Table:
    """One column cast to another type, where that can be; else filled with nulls of it."""
    place = random.randrange(table.num_columns)
    kind = random.choice(TYPES)
    case.done.append(f"{table.column_names[place]} as {kind}")
    try:
        column = table.column(place).cast(kind)
    except (pa.ArrowException, ValueError):
        column = pa.nulls(table.num_rows, kind)
    return table.set_column(place, table.column_names[place], column)


# Answers


def google_answer() -> dict:
    rows = [("google", "20240101", "France", 600, 18, 40.5), ("mall.example", "20240102", "Peru", 400, 3, 0)]
    more = {"rowCount": 2, "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Paris"}, "kind": "analyticsData#runReport"}
    return answer(["sessionSource", "date", "country"], ["sessions", "keyEvents", "totalRevenue"], rows, totals=[], **more)


def universal_answer() -> dict:
    return {
        "reports": [
            {
                "columnHeader": {
                    "dimensions": ["ga:source", "ga:date"],
                    "metricHeader": {"metricHeaderEntries": [{"name": "ga:sessions"}, {"name": "ga:transactions"}]},
                },
                "data": {
                    "rows": [
                        {"dimensions": ["google", "20180102"], "metrics": [{"values": ["9", "1"]}]},
                        {"dimensions": ["bing", "20180103"], "metrics": [{"values": ["7", "2"]}]},
                    ],
                    "totals": [{"values": ["16", "3"]}],
                    "rowCount": 2,
                },
            }
        ]
    }


def api_answer(*builds: Callable[[], dict]) -> Callable[[Random, Case], None]:
    """A shape that is an answer of an API."""

    def write(random: Random, case: Case) -> None:
        changes, cuts = how_much(random)
        value = random.choice(builds)()
        for _ in range(changes):
            change_value(random, value)
        case.done.append(f"{changes} in the values")
        finish(random, case, json.dumps(value).encode(), cuts, ".json")

    return write


# Maps and containers


def map_text(random: Random, case: Case) -> None:
    """A table read by a map that is damaged."""
    from tests.fuzz.mutations import TEXTS

    case.path = case.path.with_name(f"{case.path.name}.csv")
    case.path.write_text(table_text(Random(0), shop_table()))
    content = MAP.encode()
    if random.random() < 0.5:
        lines = MAP.splitlines()
        for _ in range(random.choice([1, 2, 3])):
            place = random.randrange(len(lines))
            name, _, value = lines[place].partition(" = ")
            other = random.choice(lines).rpartition(" = ")[2]
            name_of_other = random.choice(lines).partition(" = ")[0]
            lines[place] = random.choice(
                [
                    "",
                    f"{name} = {other}",
                    f"{name_of_other} = {value}",
                    f"{name} = {json.dumps(random.choice(TEXTS))}",
                    f'{name} = {{sum = ["pages", "seconds"]}}',
                    f"{name} = {{column = {json.dumps(random.choice(shop_table()[0]))}, format = {json.dumps(random.choice(['%Y', '%d.%m.%y', '%s', '%q', '%Y-%m-%d %H']))}}}",
                    f"{name} = {{column = {json.dumps(random.choice(shop_table()[0]))}, values = {{{json.dumps(random.choice(TEXTS))} = {json.dumps(random.choice(TEXTS))}}}}}",
                    'absent = ["ids", "dates"]\n' + lines[place],
                ]
            )
        content = "\n".join(lines).encode()
        case.done.append("lines of the map")
    else:
        for _ in range(random.choice([1, 2])):
            content = cut_bytes(random, content)
        case.done.append("bytes of the map")
    case.map = case.path.with_name(f"{case.path.name}.toml")
    case.map.write_bytes(content)


MEMBERS = [
    "a.csv", "b/a.csv", "../a.csv", "/a.csv", "C:\\a.csv", "a\\b.csv", "a.csv/../../b", "con.csv", ".hidden", "__MACOSX/a.csv", "x" * 250, "é.csv",
    "a\nb.csv", "a b'c.csv", "~/a", "./a.csv", "truth.json", "a.csv.gz", " ", "a/", "[1].csv", "%2e%2e/a.csv", "712300000.1499200000.csv",
]  # fmt: skip


def zip_archive(random: Random, case: Case) -> None:
    """An archive of some exports, damaged itself or in its members."""
    changes, cuts = how_much(random)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        named = set()
        for place in range(random.choice([1, 2])):
            inner = Case(case.shape, case.seed, case.number, case.path.with_name(f"member-{place}"))
            SHAPES[random.choice(["flat-csv", "ga4-json"])](random, inner)
            name = random.choice(MEMBERS) if changes and random.random() < 0.6 else inner.path.name
            case.done += [f"{name!r}: {', '.join(inner.done)}"]
            if name not in named:
                archive.writestr(name, inner.path.read_bytes())
            named.add(name)
            inner.path.unlink()
    finish(random, case, file.getvalue(), cuts, ".zip")


def repacked(random: Random, path: Path) -> bytes:
    """A workbook with damage to the bytes of one of its parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(file, "w") as after:
        names = before.namelist()
        chosen = random.choice([*names, *[name for name in names if "sheet1" in name or "content" in name] * 3])
        for name in names:
            content = before.read(name)
            after.writestr(name, cut_bytes(random, content) if name == chosen else content)
    return file.getvalue()


def workbook(kind: str) -> Callable[[Random, Case], None]:
    """A workbook, its cells, its parts or its bytes damaged."""

    def write(random: Random, case: Case) -> None:
        changes, cuts = how_much(random)
        table = changed_table(random, case, sessions_table(), changes)
        table = [
            ["".join(letter for letter in cell if letter >= " " and not "\ud800" <= letter <= "\udfff") for cell in each] for each in table
        ]
        path = case.path.with_name(f"{case.path.name}.book")
        if kind == "xlsx":
            write_workbook(path, {"Sessions": table})
        else:
            open_document(path, [[escape(cell) for cell in each] for each in table])
        content = path.read_bytes()
        if cuts and random.random() < 0.6:
            content, cuts = repacked(random, path), 0
            case.done.append("a part of the workbook")
        path.unlink()
        finish(random, case, content, cuts, f".{kind}")

    return write


SHAPES: dict[str, Callable[[Random, Case], None]] = {
    "flat-csv": text_table(sessions_table),
    "flat-items": text_table(hits_table),
    "ga360-csv": text_table(competition_table),
    "ga360-dotted": text_table(dotted_table),
    "ga360-json": json_records(google_sessions),
    "ga360-parquet": parquet_records(google_sessions),
    "ga4-json": json_records(google_events),
    "ga4-parquet": parquet_records(google_events),
    "ga4-report-csv": report_lines(exploration),
    "ua-report-csv": report_lines(universal),
    "ga4-data-api": api_answer(google_answer),
    "ua-report-api": api_answer(universal_answer, older_answer),
    "mapped-csv": text_table(shop_table, mapped=True),
    "mapped-json": json_records(map_rows, mapped=True),
    "mapped-parquet": parquet_records(map_rows, mapped=True),
    "maps": map_text,
    "zip": zip_archive,
    "xlsx": workbook("xlsx"),
    "ods": workbook("ods"),
}
