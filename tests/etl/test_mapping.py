"""Column maps: what they say, what is refused, and what sessions come of them."""

import csv
import json
import tomllib
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import mapping_sql
from etl.__main__ import main
from etl.errors import InputError
from etl.load import load
from etl.mapping import FIELDS, LARGEST_MAP, Column, read_map
from etl.mapping_draft import draft, kind_of

ROOT = Path(__file__).resolve().parents[2]
UCI = ROOT / "data" / "maps" / "uci_online_shoppers.toml"
IDS = 'visitor = "who"\nvisit = "nr"\n'
DAY = 'date = "day"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    return path


def table(tmp_path: Path, rows: list[dict], name: str = "table.csv") -> Path:
    path = tmp_path / name
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def loaded(tmp_path: Path, rows: list[dict] | Path, text: str) -> tuple[dict, duckdb.DuckDBPyConnection]:
    """Load rows (or a file) by a map; the summary of the file and a connection to the database."""
    file = rows if isinstance(rows, Path) else table(tmp_path, rows)
    db = tmp_path / "leaks.duckdb"
    result = load([file], db, mapping=read_map(written(tmp_path, text)))
    return (result["files"] or [{}])[0], duckdb.connect(str(db), read_only=True)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as raised:
        read_map(written(tmp_path, text))
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fields\n", "map.toml: is not valid TOML"),
        ("", "has no [fields]"),
        ("fields = 3", "has no [fields]"),
        ('pageviews = "x"\n[fields]\n' + IDS, "'pageviews' has no meaning here"),
        ('absent = ["idz"]\n[fields]\ndevice = "d"', "absent must be a list"),
        ('absent = "ids"\n[fields]\ndevice = "d"', "absent must be a list"),
        ("[fields]\n" + IDS + DAY + 'devise = "d"', "map.toml, line 5, devise: is no field: did you mean device?"),
        ("[fields]\n" + IDS + DAY + "device = 3", "line 5, device: must be the name of a column"),
        ("[fields]\n" + IDS + DAY + "device = {}", "line 5, device: needs exactly one of column, sum and value"),
        ("[fields]\n" + IDS + DAY + 'device = {column = "d", value = "x"}', "exactly one"),
        ("[fields]\n" + IDS + DAY + 'device = {column = "d", unit = "x"}', "line 5, device: the option 'unit' has no meaning here"),
        ("[fields]\n" + IDS + DAY + 'device = {sum = ["d", "e"]}', "device: cannot be a sum"),
        ("[fields]\n" + IDS + DAY + "pageviews = {sum = []}", "pageviews: sum must be a list"),
        ("[fields]\n" + IDS + DAY + 'pageviews = {sum = ["a", "a"]}', "adds up the same column twice"),
        ("[fields]\n" + IDS + DAY + 'pageviews = {value = "3"}', "pageviews: cannot be the same for every session"),
        ("[fields]\n" + IDS + DAY + 'device = {column = "d", values = {a = 3}}', "device: a translation must be a text in quotes"),
        ("[fields]\n" + IDS + DAY + 'device = {column = "d", other = "x"}', "device: other says"),
        ("[fields]\n" + IDS + DAY + 'revenue = {column = "r", unit = "pence"}', "revenue: unit must be one of units, cents, micros"),
        ("[fields]\n" + IDS + DAY + 'revenue = {column = "r", decimal = ";"}', "revenue: decimal must be"),
        ("[fields]\n" + IDS + DAY + 'converted = {column = "c", true = ["x"], false = ["x"]}', "under both true and false"),
        ("[fields]\n" + IDS + DAY + 'converted = "c"\nkey_events = "k"', "converted: says the same as key_events"),
        ("[fields]\n" + IDS + 'date = {column = "day", format = "%Q"}', "date: format knows"),
        ("[fields]\n" + IDS + 'date = {column = "day", format = "day"}', "date: format names no year"),
        ("[fields]\n" + IDS + DAY + 'device = "day"', "line 5, device: takes the column 'day', which date takes already"),
        ("[fields]\n" + DAY, "names no session id"),
        ('[fields]\nvisitor = "who"\n' + DAY, "names no session id"),
        ("[fields]\n" + IDS, "names neither date nor start_time"),
        ('absent = ["ids"]\n[fields]\n' + IDS + DAY, "is an id, but absent says"),
        ('absent = ["dates"]\n[fields]\n' + IDS + DAY, "is a date, but absent says"),
        ("[fields]\n" + IDS + DAY + 'device = "' + "x" * 400 + '"', "device: column is too long"),
        ("[fields]\n" + IDS + DAY + 'device = "a\\u0000b"', "control characters"),
        ("[fields]\n" + IDS + DAY + "device = " + "[" * 5_000 + "]" * 5_000, "map.toml"),
        ("[fields]\n" + IDS + DAY + "device = " + "{a=" * 3_000 + "1" + "}" * 3_000, "map.toml"),
    ],
)
def test_what_a_map_cannot_say(tmp_path, text, said):
    assert said in refusal(tmp_path, text)


def test_no_map_at_all(tmp_path):
    for path, said in ((tmp_path / "none.toml", "no such map"), (tmp_path, "no such map"), (Path("/dev/zero"), "no such map")):
        with pytest.raises(InputError, match=said):
            read_map(path)
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * (LARGEST_MAP + 1))
    with pytest.raises(InputError, match="larger than a map can be"):
        read_map(huge)
    huge.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_map(huge)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_map_or_one_line(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "map.toml"
    path.write_text("[fields]\n" + text, encoding="utf-8", errors="replace")
    try:
        read_map(path)
    except InputError as error:
        assert "\n" not in str(error)


@settings(deadline=None)
@given(
    st.sampled_from(FIELDS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["column", "sum", "value", "values", "other", "format", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
)
def test_any_value_of_a_field_is_taken_or_refused(tmp_path_factory, field, value):
    def toml(part) -> str:
        if isinstance(part, dict):
            return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in part.items()) + "}"
        if isinstance(part, list):
            return "[" + ", ".join(map(toml, part)) + "]"
        return json.dumps("" if part is None else part).replace("\x7f", "\\u007f")

    path = tmp_path_factory.mktemp("any") / "map.toml"
    path.write_text(f"[fields]\n{field} = {toml(value)}\n", encoding="utf-8", errors="replace")
    try:
        read_map(path)
    except InputError as error:
        assert "\n" not in str(error)


def test_a_column_that_the_file_has_not(tmp_path, capsys):
    file = table(tmp_path, [{"who": "a", "nr": 1, "day": "2024-03-01", "Page Views": 3}])
    text = "[fields]\n" + IDS + DAY + 'pageviews = "PageView"'
    arguments = ["load", str(file), "--db", str(tmp_path / "x.duckdb"), "--map", str(written(tmp_path, text))]
    assert main(arguments) == 1
    assert capsys.readouterr().err == "map.toml, line 5, pageviews: table.csv has no column 'PageView': did you mean 'Page Views'?\n"
    assert not (tmp_path / "x.duckdb").exists()
    written(tmp_path, "[fields]\n" + IDS + DAY + 'device = "zzz"')
    assert main(arguments) == 1
    assert "has no column 'zzz': its columns are who, nr, day, Page Views" in capsys.readouterr().err


ROWS = [
    {"who": "a", "nr": "1", "day": "31.12.2023", "kind": "P", "x": "2", "y": "1.5", "paid": "12,50", "won": "ja"},
    {"who": "b", "nr": "1", "day": "01.01.2024", "kind": "D", "x": "", "y": "3", "paid": "", "won": "nein"},
    {"who": "b", "nr": "2", "day": "02.01.2024", "kind": "?", "x": "1", "y": "", "paid": "1.234,00", "won": "ja"},
]
GERMAN = """
[fields]
visitor = "who"
visit = "nr"
date = {column = "day", format = "%d.%m.%Y"}
device = {column = "kind", values = {P = "mobile", D = "desktop"}, other = "tablet"}
country = {value = "Germany"}
source = {column = "kind", prefix = "kind "}
duration = {sum = ["x", "y"], unit = "minutes"}
revenue = {column = "paid", decimal = ","}
converted = {column = "won", true = ["ja"], false = ["nein"]}
"""


def test_translations_sums_units_and_dates(tmp_path):
    text = GERMAN.replace('source = {column = "kind", prefix = "kind "}\n', "")
    summary, con = loaded(tmp_path, ROWS, text)
    assert (summary["sessions_new"], summary["rejected"]) == (3, 0)
    rows = con.execute(
        "select session_date::varchar, device::varchar, country::varchar, duration_seconds, revenue::double, is_converted from sessions order by 1"
    ).fetchall()
    assert rows == [
        ("2023-12-31", "mobile", "Germany", 210.0, 12.5, True),
        ("2024-01-01", "desktop", "Germany", 180.0, 0.0, False),
        ("2024-01-02", "tablet", "Germany", 60.0, 1234.0, True),
    ]


def test_one_column_serves_one_field(tmp_path):
    assert "source: takes the column 'kind', which device takes already" in refusal(tmp_path, GERMAN)


@pytest.mark.parametrize(("unit", "amount"), [("units", 2_000_000.0), ("cents", 20_000.0), ("micros", 2.0)])
def test_the_unit_of_money_is_the_map_s_to_say(tmp_path, unit, amount):
    rows = [{"who": "a", "nr": 1, "day": "2024-03-01", "paid": "2000000"}]
    _, con = loaded(tmp_path, rows, "[fields]\n" + IDS + DAY + f'revenue = {{column = "paid", unit = "{unit}"}}')
    assert con.execute("select revenue::double from sessions").fetchone() == (amount,)


def test_bad_rows_are_rejected_with_their_reason(tmp_path):
    good = {"day": "Mar", "x": "1", "y": "2", "won": "yes"}
    rows = [good] * 8 + [good | {"won": "maybe"}, good | {"day": "Brumaire"}, good | {"y": "many"}, good | {"y": "-4"}]
    text = 'absent = ["ids"]\n[fields]\ndate = {column = "day", format = "%b"}\npageviews = {sum = ["x", "y"]}\nconverted = "won"'
    summary, con = loaded(tmp_path, rows, text)
    assert (summary["rows_read"], summary["sessions_new"], summary["rejected"]) == (12, 8, 4)
    assert con.execute("select row_number, reason from rejects order by 1").fetchall() == [
        (9, "conversion is neither yes nor no"),
        (10, "date is not a date"),
        (11, "pageviews is not a count"),
        (12, "pageviews is not a count"),
    ]


def test_labels_and_headers_cannot_break_out(tmp_path):
    evil = "x'); drop table sessions; --\""
    rows = [{evil: "a", "nr": 1, "day": "2024-03-01", "kind": evil}]
    text = f'[fields]\nvisitor = {json.dumps(evil)}\nvisit = "nr"\n{DAY}device = {{column = "kind", values = {{{json.dumps(evil)} = "mobile"}}}}\nsource = {{value = {json.dumps(evil)}}}'
    for name in ("table.csv", "table.parquet"):
        file = table(tmp_path, rows)
        if name.endswith("parquet"):
            pl.DataFrame(rows).write_parquet(tmp_path / name)
            file = tmp_path / name
        summary, con = loaded(tmp_path, file, text)
        assert con.execute("select device::varchar, source::varchar from sessions").fetchall() == [("mobile", evil)]
        con.close()
        (tmp_path / "leaks.duckdb").unlink()


def test_the_same_table_in_every_container(tmp_path):
    frame = pl.DataFrame({"who": ["a", "b"], "nr": [1, 2], "day": ["2024-03-01", "2024-03-02"], "views": [12, 3], "won": [True, False]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    frame.write_ndjson(tmp_path / "t.jsonl")
    (tmp_path / "t.json").write_text(json.dumps(frame.to_dicts()))
    mapped = read_map(written(tmp_path, "[fields]\n" + IDS + DAY + 'pageviews = "views"\nconverted = "won"'))
    told, formats = set(), []
    for name in ("t.csv", "t.parquet", "t.jsonl", "t.json"):
        db = tmp_path / f"{name}.duckdb"
        result = load([tmp_path / name], db, mapping=mapped)
        formats.append(result["files"][0]["format"])
        with duckdb.connect(str(db), read_only=True) as con:
            told.add(
                str(con.execute("select visitor_id, session_date, pageviews, stage, is_converted from sessions order by all").fetchall())
            )
    assert formats == ["flat-csv", "flat-parquet", "flat-json", "flat-json"]
    assert len(told) == 1


def test_rows_without_ids_are_sessions_of_their_own(tmp_path):
    rows = [{"views": str(n % 3)} for n in range(500)]
    text = 'absent = ["ids", "dates"]\n[fields]\npageviews = "views"'
    summary, con = loaded(tmp_path, rows, text)
    assert summary["sessions_new"] == 500
    ids = con.execute("select count(distinct session_id), count(visitor_id), count(session_date) from sessions").fetchone()
    assert ids == (500, 0, 0)
    con.close()
    again = load([tmp_path / "table.csv"], tmp_path / "leaks.duckdb", mapping=read_map(tmp_path / "map.toml"), again=True)
    assert (again["files"][0]["sessions_new"], again["files"][0]["duplicates"]) == (0, 500)
    table(tmp_path, [*rows, {"views": "7"}])
    grown = load([tmp_path / "table.csv"], tmp_path / "leaks.duckdb", mapping=read_map(tmp_path / "map.toml"))
    assert grown["files"][0]["sessions_new"] == 501  # a file of other bytes: its rows cannot be told to be the same


def test_a_database_of_an_earlier_version_takes_sessions_without_dates(tmp_path):
    """Where days could not be unknown and loads did not say what they lack, both are mended by the next load."""
    dated = [{"who": "a", "nr": 1, "day": "2024-03-01", "views": 3}]
    _, con = loaded(tmp_path, dated, "[fields]\n" + IDS + DAY + 'pageviews = "views"')
    con.close()
    with duckdb.connect(str(tmp_path / "leaks.duckdb")) as con:
        con.execute("drop view data_warnings; drop view data_lacks; drop view stage_bases")
        con.execute("alter table loads drop column lacks; alter table loads drop column thresholds")
        con.execute("alter table sessions alter column session_date set not null; alter table bots alter column session_date set not null")
    (tmp_path / "undated").mkdir()
    undated = table(tmp_path / "undated", [{"views": "9"}, {"views": "9"}])
    mapped = read_map(written(tmp_path, 'absent = ["ids", "dates"]\n[fields]\npageviews = "views"'))
    assert load([undated], tmp_path / "leaks.duckdb", mapping=mapped)["files"][0]["sessions_new"] == 2
    with duckdb.connect(str(tmp_path / "leaks.duckdb"), read_only=True) as con:
        assert con.execute("select count(*), count(session_date) from sessions").fetchone() == (3, 1)
        assert con.execute("select sessions from daily_rates").fetchall() == [(1,)]
        assert con.execute("select is_missing, is_partial, sessions_without from data_lacks where capability = 'dates'").fetchone() == (
            False,
            True,
            2,
        )
        for filters, sessions in (
            ("", 3),
            ("since := date '2024-01-01'", 1),
            ("until := date '2024-12-31'", 1),
            ("devices := ['other']", 3),
        ):
            assert con.execute(f"select sessions from kpis({filters})").fetchone() == (sessions,)


def test_large_amounts_are_kept_to_the_cent(tmp_path):
    rows = [{"who": "a", "nr": n, "day": "2024-03-01", "paid": paid} for n, paid in enumerate(("99999999999.99", "0.01"))]
    _, con = loaded(tmp_path, rows, "[fields]\n" + IDS + DAY + 'revenue = "paid"')
    assert con.execute("select sum(revenue)::varchar from sessions").fetchone() == ("100000000000.000000",)
    assert con.execute("select revenue from kpis").fetchone() == (100_000_000_000.0,)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(*(st.sampled_from(["", "0", "1", "2.5", "-1", "x", "1e3", " 4 ", "12345678.123456", "NaN"]) for _ in range(3))),
        max_size=12,
    )
)
def test_a_sum_is_that_of_its_known_parts_or_the_text_that_is_none(rows):
    columns = Column("duration", names=("a", "b", "c"), positions=(0, 1, 2))
    with duckdb.connect() as con:
        con.execute("create table t (n integer, c0 varchar, c1 varchar, c2 varchar)")
        for n, row in enumerate(rows):
            con.execute("insert into t values (?, ?, ?, ?)", [n, *row])
        got = [text for (text,) in con.execute(f"select {mapping_sql.expression(columns)} from t order by n").fetchall()]
    for row, text in zip(rows, got, strict=True):
        said = [part for part in row if part.strip() not in ("", "NaN")]
        if any(part == "x" for part in said):
            assert text == "x"
        elif not said:
            assert text is None
        else:
            assert float(text) == pytest.approx(sum(float(part) for part in said))


@pytest.fixture(scope="module")
def con(real_data, tmp_path_factory):
    """The database of the real table whose headers no list knows."""
    db = tmp_path_factory.mktemp("uci") / "uci.duckdb"
    load([real_data / "uci_online_shoppers.csv"], db, mapping=read_map(UCI))
    with duckdb.connect(str(db), read_only=True) as con:
        yield con


class TestUci:
    """12,330 real sessions with headers that no list knows."""

    def test_its_sessions_are_those_of_the_file(self, con, real_data):
        with open(real_data / "uci_online_shoppers.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        kinds = ("Administrative", "Informational", "ProductRelated")
        views = [sum(int(row[kind]) for kind in kinds) for row in rows]
        seconds = sum(float(row[f"{kind}_Duration"]) for row in rows for kind in kinds)
        stages = Counter(
            3 if row["Revenue"] == "TRUE" else 2 if n >= 10 else 1 if n >= 5 else 0 for row, n in zip(rows, views, strict=True)
        )
        assert con.execute("select sessions, conversions from kpis").fetchone() == (12_330, 1_908)
        assert con.execute("select sum(pageviews), sum(duration_seconds) from sessions").fetchone() == (sum(views), pytest.approx(seconds))
        assert dict(con.execute("select stage, count(*) from sessions group by 1").fetchall()) == stages
        sources = Counter(f"traffic type {row['TrafficType']}" for row in rows)
        assert dict(con.execute("select source::varchar, count(*) from sessions group by 1").fetchall()) == sources

    def test_it_lacks_what_it_lacks(self, con):
        missing = {name for (name,) in con.execute("select capability from data_lacks where is_missing").fetchall()}
        assert missing == {"dates", "country", "device", "visitors", "revenue", "events"}
        assert con.execute("select count(*) from daily_rates").fetchone() == (0,)
        assert con.execute("select count(session_date), count(visitor_id) from sessions").fetchone() == (0, 0)
        assert con.execute("select sessions from kpis(since := date '2000-01-01')").fetchone() == (0,)

    def test_a_draft_of_its_map_is_a_map(self, real_data, tmp_path):
        text = draft([real_data / "uci_online_shoppers.csv"])
        mapped = read_map(written(tmp_path, text))
        assert mapped.columns["converted"].names == ("Revenue",)
        assert (mapped.columns["date"].names, mapped.columns["date"].format) == (("Month",), "%b")
        assert mapped.columns["date"].values == {"June": "Jun"}
        assert mapped.absent == {"ids"}
        assert '# duration = {sum = ["Administrative_Duration", "Informational_Duration", "ProductRelated_Duration"]}' in text
        # Every candidate, with its # taken away, is a line that a map can have.
        for line in text.splitlines():
            if line.startswith("# ") and " = " in line and line[2:].split(" = ")[0] in FIELDS:
                assert tomllib.loads(line[2:])


def test_a_draft_of_known_headers_gives_the_sessions_that_the_loader_gives(real_data, tmp_path):
    file = real_data / "sessions_10k.csv"
    mapped = read_map(written(tmp_path, draft([file])))
    load([file], tmp_path / "by_map.duckdb", mapping=mapped)
    load([file], tmp_path / "plain.duckdb")
    with duckdb.connect() as con:
        for name in ("by_map", "plain"):
            con.execute(f"attach '{tmp_path / name}.duckdb' as {name} (read_only)")
        columns = "* exclude (load_id)"
        assert con.execute("select count(*), sum(revenue)::double from by_map.sessions").fetchone() == (10_000, pytest.approx(13_383.35))
        for one, other in (("by_map", "plain"), ("plain", "by_map")):
            query = f"select {columns} replace (device::varchar as device, country::varchar as country, source::varchar as source, channel::varchar as channel)"
            assert con.execute(f"select count(*) from ({query} from {one}.sessions except {query} from {other}.sessions)").fetchone() == (
                0,
            )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, "empty"),
        ({"TRUE": 3, "FALSE": 9}, "yes or no"),
        ({"0": 9, "1": 1}, "flag"),
        ({"0": 900, "3": 1}, "count"),
        ({"0": 900, "0.5": 80}, "number"),
        ({"2024-03-01": 2, "2024-03-02": 1}, "date"),
        ({"20240301": 2}, "date"),
        ({"20249901": 2}, "count"),
        ({"1709251200": 2}, "time"),
        ({"Feb": 3, "June": 1}, "month"),
        ({"Desktop": 3, "tablet": 1}, "device"),
        ({"Germany": 3, "France": 1}, "country"),
        ({"/home": 3, "https://shop.example/": 1}, "path"),
        ({"00:01:30": 3}, "clock"),
        ({"7007041817691781124": 1, "12345678901.2": 1}, "id"),
        ({"google": 3, "newsletter": 1}, "text"),
    ],
)
def test_what_a_column_looks_like(values, kind):
    assert kind_of(values) == kind


def test_a_draft_tells_no_ids(tmp_path, capsys):
    rows = [{"customer": f"70070418176917811{n:02d}", "Land": "Germany", "Datum": "2024-03-01", "Gerät": "mobile"} for n in range(40)]
    file = table(tmp_path, rows)
    assert main(["inspect", str(file), "--suggest-map"]) == 0
    text = capsys.readouterr().out
    assert "7007041817691781" not in text
    mapped = read_map(written(tmp_path, text))
    assert {name: column.names[0] for name, column in mapped.columns.items()} == {"country": "Land", "date": "Datum", "device": "Gerät"}


def test_a_draft_is_of_one_table(tmp_path, capsys):
    rows = [{"a": "1", "b": "2"}]
    table(tmp_path, rows, "one.csv")
    table(tmp_path, rows, "two.csv")
    assert main(["inspect", str(tmp_path), "--suggest-map"]) == 1
    assert "one file, not for 2" in capsys.readouterr().err
