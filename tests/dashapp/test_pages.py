"""Pages as plain functions: every id of an answer is in its layout, sums agree, and the empty and model-less cases hold."""

import re
from datetime import date

import duckdb
import pytest
from dash.development.base_component import Component

from dashapp import charts
from dashapp.app import fill
from dashapp.components.kpi import trend
from dashapp.days import span
from dashapp.db import Database
from dashapp.download import safe
from dashapp.filters import Filters
from dashapp.pages import PAGES, overview
from etl import schema
from tests.dashapp.building import build

CASES = [
    Filters(),
    Filters(devices=("mobile",)),
    Filters(sources=("google",), devices=("mobile", "tablet")),
    Filters(countries=("Nowhere",)),
    Filters(since=date(2024, 3, 3), until=date(2024, 3, 3)),
    Filters(since=date(1990, 1, 1), until=date(1990, 1, 2)),
    Filters(since=date(2024, 3, 6), until=date(2024, 3, 10), compare="previous"),
    Filters(devices=("mobile",), compare="year"),
]


@pytest.fixture(scope="module", params=["model", "no model", "no sessions"])
def read(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "leaks.duckdb"
    build(path, sessions=0 if request.param == "no sessions" else 1_500, model=request.param == "model")
    with Database(path).reading() as read:
        yield read


def ids(layout: Component) -> set[str]:
    return {getattr(part, "id", None) for part in (layout, *layout._traverse()) if isinstance(part, Component)} - {None}


@pytest.mark.parametrize("filters", CASES)
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_answers_fit_their_layout(read, path, look, filters):
    page = PAGES[path]
    answer = page.answer(read, filters, ["a note"], look)
    layout = page.layout(read)
    assert set(answer) <= ids(layout)
    fill(layout, answer).to_plotly_json()
    is_empty = answer["page-body"]["className"] == "body is-empty"
    # Leaks are ranked over all sessions, whatever the filters.
    seen = Filters() if path == "/leaks" else filters
    sessions = read.rows("select sessions from " + seen.call("kpis")[0], seen.params())[0]["sessions"]
    if path != "/data":
        assert is_empty == (sessions == 0)


@pytest.mark.parametrize("filters", CASES)
@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_asks_for_was_read_together(read, monkeypatch, path, filters):
    known, asked = [], []
    together, kept = read.together, read.kept
    monkeypatch.setattr(read, "together", lambda statements: known.extend(statements := list(statements)) or together(statements))
    monkeypatch.setattr(read, "kept", lambda sql, params=None: asked.append((sql, params or {})) or kept(sql, params))
    PAGES[path].answer(read, filters, [], "light")
    assert all(statement in asked for statement in known)
    if known:
        slow = [statement for statement in asked if re.match(r"from (\w+\.)?(\w+)\(", statement[0])]
        assert [statement for statement in slow if statement not in known and "period_split" not in statement[0]] == []


def test_a_chart_ignores_its_own_clicks(tmp_path):
    build(tmp_path / "leaks.duckdb", sessions=900)
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        chosen = Filters(devices=("mobile",), countries=("Japan",))
        rows = charts.rows_of(charts.FUNNEL, read, chosen)
        assert rows == read.rows("from funnel_by_device(countries := ['Japan'])")
        parts = charts.answer(charts.FUNNEL, rows, chosen, "light")
        assert parts["funnel-by-device-sql"]["children"] == "from funnel_by_device(countries := ['Japan']);"
        assert parts["funnel-by-device-csv"]["href"] == "/download/funnel_by_device.csv?country=Japan"


@pytest.mark.parametrize(
    "first, last, words",
    [
        (date(2017, 7, 2), date(2017, 7, 7), "2–7 July 2017"),
        (date(2017, 7, 2), date(2017, 7, 2), "2 July 2017"),
        (date(2017, 7, 30), date(2017, 8, 1), "30 July – 1 August 2017"),
        (date(2016, 12, 31), date(2017, 1, 1), "31 December 2016 – 1 January 2017"),
        (None, None, "no days"),
    ],
)
def test_days_in_words(first, last, words):
    assert span(first, last) == words


def test_trends():
    assert trend([1, 2], "light") == ""
    assert trend([None, 1, None], "light") == ""
    assert trend([1, 1, 1], "light").startswith("data:image/svg+xml,")
    assert "NaN" not in trend([0, None, 5, 2], "dark")


def test_trend_groups_are_whole():
    days = [{"sessions": 1, "conversions": 0} for _ in range(200)]
    groups = overview._groups(days)
    assert len(groups) <= 30 and {len(group) for group in groups} == {7}
    assert overview._groups([]) == []
    assert [len(group) for group in overview._groups(days[:5])] == [1] * 5


@pytest.mark.parametrize(
    "cell, written",
    [
        ("=1", "'=1"),
        ("-1", "'-1"),
        ("+", "'+"),
        ("@a", "'@a"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=1", "a=1"),
        (-1, -1),
        (-0.5, -0.5),
        (None, None),
        (["=a", "b"], "'=a; b"),
    ],
)
def test_cells(cell, written):
    assert safe(cell) == written


def words(part) -> str:
    """Every text in an answer, however deep."""
    if isinstance(part, str):
        return part
    if isinstance(part, Component):
        return words(part.to_plotly_json())
    if isinstance(part, dict):
        return "\n".join(words(value) for value in part.values())
    return "\n".join(map(words, part)) if isinstance(part, list | tuple) else ""


@pytest.mark.parametrize("path", PAGES)
def test_one_is_not_many(tmp_path, path):
    build(tmp_path / "leaks.duckdb", sessions=1, stage="3")
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        told = words(PAGES[path].answer(read, Filters(), [], "light"))
    assert "1 session" in told
    assert not re.findall(r"(?<![\d,.])1 (?:sessions|countries|transactions|conversions|days|rows|files)\b", told)


def test_revenue_is_in_the_currency_of_the_data(tmp_path):
    build(tmp_path / "leaks.duckdb", sessions=400)
    with duckdb.connect(str(tmp_path / "leaks.duckdb")) as con:
        schema.set_setting(con, "currency", "EUR")
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        answer = overview.answer(read, Filters(), [], "light")
    assert answer["kpi-revenue-value"] == {"children": "€500"}
    assert answer["kpi-revenue-note"] == {"children": "€50 per conversion"}


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (Filters(), "100 a day"),
        (Filters(countries=("Fiji",)), "0.3 a day"),
        (Filters(countries=("Fiji",), since=date(2024, 3, 1), until=date(2024, 3, 4)), "0.8 a day"),
    ],
)
def test_sessions_a_day_count_the_days_without_a_match(tmp_path, filters, said):
    """Ten days have data, and the three sessions from Fiji fell on two of them."""
    build(tmp_path / "leaks.duckdb", sessions=1_000, country="case when n in (0, 1, 10) then 'Fiji' else 'Japan' end")
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        assert overview.answer(read, filters, [], "light")["kpi-sessions-note"] == {"children": said}


def test_charts_of_the_largest_sources_say_so(tmp_path):
    for sources, said in ((30, "n = 340 sessions of 10 sources"), (4, "n = 1,000 sessions")):
        build(tmp_path / f"{sources}.duckdb", sessions=1_000, source=f"'site-' || n % {sources}")
        with Database(tmp_path / f"{sources}.duckdb").reading() as read:
            rows = charts.rows_of(charts.HEATMAP, read, Filters())
            assert charts.answer(charts.HEATMAP, rows, Filters(), "light")["source-device-heatmap-count"] == {"children": said}


@pytest.mark.parametrize(
    ("source", "published", "said"),
    [("A study of 2024", "2024", "Benchmarks: A study of 2024."), ("A study.", "2023", "Benchmarks: A study (2023).")],
)
def test_benchmarks_name_their_year_once(tmp_path, source, published, said):
    build(tmp_path / "leaks.duckdb", sessions=100)
    with duckdb.connect(str(tmp_path / "leaks.duckdb")) as con:
        con.execute("update benchmarks set source = ?, published = ?", [source, published])
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        told = PAGES["/sources"].answer(read, Filters(), [], "light")["benchmark-table-insight"]["children"]
    assert told.startswith(said)


def test_the_data_page_counts_all_sessions_whatever_the_filters(tmp_path):
    build(tmp_path / "leaks.duckdb", sessions=300)
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        answer = PAGES["/data"].answer(read, Filters(devices=("mobile",), since=date(1990, 1, 1), until=date(1990, 1, 2)), [], "light")
    assert answer["page-subtitle"] == {"children": "300 sessions · 1–10 March 2024"}
    assert "Filters do not apply to this page" in words(answer["page-notes"])


def test_the_data_page_tells_outcomes_that_happened_and_each_note_once(tmp_path):
    build(tmp_path / "leaks.duckdb", sessions=300)
    with duckdb.connect(str(tmp_path / "leaks.duckdb")) as con:
        con.execute(
            "update loads set rows_read = 307, rejected = 7, notes = ['Seven rows are odd.', 'There is no device column: so be it.']"
        )
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        answer = PAGES["/data"].answer(read, Filters(), [], "light")
    assert words(answer["data-loads-insight"]) == "307 rows read from 1 file, 300 new sessions; every other row has its reason."
    table = words(answer["data-loads"]).split("\n")
    assert "Rejected" in table and "7" in table and "Bots" not in table and "No consent" not in table
    assert words(answer).count("Seven rows are odd.") == 1 and "There is no device column: so be it." in table


@pytest.mark.parametrize("path", PAGES)
def test_a_database_without_sessions_offers_no_filters(tmp_path, path):
    build(tmp_path / "leaks.duckdb", sessions=0, model=False)
    with Database(tmp_path / "leaks.duckdb").reading() as read:
        assert "unfiltered" in words(PAGES[path].answer(read, Filters(), [], "light")["page-empty"])
