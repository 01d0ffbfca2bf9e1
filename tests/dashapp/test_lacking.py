"""What the data lack is said where it would be shown, on every page, and nothing else changes."""

import csv
import re

import duckdb
import pytest
from dash.development.base_component import Component

from dashapp import lacking
from dashapp.app import _layout, create
from dashapp.charts import CHARTS
from dashapp.db import Database
from dashapp.filters import Filters
from dashapp.pages import PAGES
from dashapp.queries import common
from dashapp.settings import Settings
from dashapp.theme import NBSP
from etl import schema
from etl.load import load
from etl.mapping import read_map
from tests.dashapp.building import build

SENTENCE = "Not in this data"


def with_lacks(path, *lacked: list[str] | None, sessions: int = 600):
    """A database whose loads lack these capabilities, one load for each list, the sessions shared among them."""
    build(path, sessions=sessions, model=False)
    with duckdb.connect(str(path)) as con:
        con.execute("create temp table first as from loads; delete from loads")
        for number, lacks in enumerate(lacked, start=1):
            con.execute(
                "insert into loads by name select * replace (? as load_id, ? as lacks, cast(? as bigint) as sessions_new, "
                "cast(? as bigint) as rows_read, ? as file) from first",
                [number, lacks, sessions // len(lacked), sessions // len(lacked), f"{number}.csv"],
            )
    return path


def answered(path, page, **filters) -> tuple[Component, dict]:
    with Database(path).reading() as read:
        layout = lacking.veil(read, PAGES[page].layout(read))
        return layout, lacking.said(read, PAGES[page].answer(read, Filters(**filters), [], "light"))


def words(component) -> str:
    """All text of a layout."""
    if isinstance(component, list | tuple):
        return " ".join(map(words, component))
    if isinstance(component, Component):
        return words(getattr(component, "children", None) or "")
    return str(component or "")


def ids(layout: Component) -> set[str]:
    return {component.id for component in (layout, *layout._traverse()) if isinstance(getattr(component, "id", None), str)}


@pytest.mark.parametrize(
    ("capability", "page", "gone", "stays"),
    [
        ("dates", "/", "daily-trend", "country-map"),
        ("dates", "/data", "data-coverage", "data-loads"),
        ("country", "/", "country-map", "daily-trend"),
        ("country", "/countries", "country-table", "page-notes"),
        ("device", "/sources", "benchmark-table", "source-device-heatmap"),
        ("source", "/sources", "source-device-heatmap", "benchmark-table"),
        ("duration", "/duration", "duration-conversion", "page-notes"),
        ("revenue", "/funnel", "revenue-at-stake", "funnel-by-device"),
        ("conversions", "/", "daily-trend", "funnel-by-device"),
    ],
)
def test_a_card_of_what_is_missing_says_so(tmp_path, capability, page, gone, stays):
    path = with_lacks(tmp_path / "a.duckdb", [capability])
    layout, answer = answered(path, page)
    assert gone not in ids(layout) and gone not in answer
    assert stays in ids(layout)
    assert SENTENCE in words(layout)
    whole, complete = answered(with_lacks(tmp_path / "b.duckdb", []), page)
    assert gone in ids(whole) and gone in complete
    assert SENTENCE not in words(whole)


def test_nothing_is_said_where_nothing_is_missing_or_known(tmp_path):
    for name, lacks in (("a", []), ("b", None)):
        path = with_lacks(tmp_path / f"{name}.duckdb", lacks)
        with Database(path).reading() as read:
            assert common.missing(read) == common.partial(read) == {}


def test_what_some_files_lack_is_told_with_its_share(tmp_path):
    path = with_lacks(tmp_path / "a.duckdb", ["country", "conversions"], [])
    with Database(path).reading() as read:
        assert common.missing(read) == {}
        told = common.partial(read)
        assert told["country"].startswith("300 of 600 sessions were loaded from files without countries")
        notes = words(PAGES["/"].answer(read, Filters(), [], "light")["page-notes"]["children"])
    assert told["conversions"] in notes
    layout, _ = answered(path, "/countries")
    assert "country-map" in ids(layout)


def test_loads_that_brought_no_session_do_not_count(tmp_path):
    path = with_lacks(tmp_path / "a.duckdb", ["country"], [])
    with duckdb.connect(str(path)) as con:
        con.execute("update loads set sessions_new = 0, duplicates = rows_read where load_id = 2")
    with Database(path).reading() as read:
        assert "country" in common.missing(read)


def test_tiles_show_no_zero_for_what_is_missing(tmp_path):
    _, answer = answered(with_lacks(tmp_path / "a.duckdb", ["conversions", "revenue"]), "/")
    for tile in ("kpi-conversions", "kpi-rate", "kpi-revenue"):
        assert answer[f"{tile}-value"] == {"children": "–"}
        assert answer[f"{tile}-note"] == {"children": "not in this data"}
    assert answer["kpi-sessions-value"] == {"children": "600"}
    _, answer = answered(with_lacks(tmp_path / "b.duckdb", []), "/")
    assert "–" not in [answer[f"kpi-{name}-value"]["children"] for name in ("conversions", "rate", "revenue")]


def test_a_missing_device_is_the_only_reason_given(tmp_path):
    path = with_lacks(tmp_path / "a.duckdb", ["device"])
    with duckdb.connect(str(path)) as con:
        con.execute("update sessions set device = 'other'")
        schema.rebuild_cubes(con)
    said = answered(path, "/funnel")[1]["funnel-by-device-insight"]["children"]
    assert SENTENCE in said and "no second device" not in said


def test_filters_that_could_choose_nothing_are_hidden(tmp_path):
    path = with_lacks(tmp_path / "a.duckdb", ["dates", "country"])
    shell = _layout(Database(path), Settings(path, "none"))
    hidden = {
        child.id
        for field in shell._traverse()
        if isinstance(field, Component) and getattr(field, "style", None) == {"display": "none"}
        for child in field.children
        if str(getattr(child, "id", "")).startswith("filter-")
    }
    assert hidden == {"filter-dates", "filter-compare", "filter-country"}
    assert {"filter-dates", "filter-country", "filter-device"} <= ids(shell)


def test_neighbours_that_lack_the_same_share_a_card(tmp_path):
    layout, _ = answered(with_lacks(tmp_path / "a.duckdb", ["country"]), "/")
    assert words(layout).count(SENTENCE) == 1
    layout, _ = answered(with_lacks(tmp_path / "b.duckdb", ["country", "dates"]), "/")
    assert words(layout).count(SENTENCE) == 2


def test_every_part_named_here_is_one_of_the_pages(tmp_path):
    with Database(build(tmp_path / "a.duckdb")).reading() as read:
        known = set().union(*(ids(page.layout(read)) for page in PAGES.values()))
        fields = {column["field"] for column in PAGES["/candidates"].COLUMNS}
    assert lacking.NEEDS.keys() | lacking.TILES.keys() | lacking.ASIDE.keys() <= known
    assert lacking.GRID.keys() <= fields
    told = {name for names in lacking.NEEDS.values() for name in names} | set(lacking.TILES.values()) | set(lacking.FILTERS.values())
    with duckdb.connect() as con:
        schema.apply(con)
        assert told <= {name for (name,) in con.execute("select capability from data_lacks").fetchall()}


def test_columns_of_candidates_follow(tmp_path):
    path = build(tmp_path / "a.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("update loads set lacks = ['country', 'dates', 'visitors']")
    layout, _ = answered(path, "/candidates")
    grid = next(part for part in layout._traverse() if getattr(part, "id", None) == "candidates-grid")
    fields = {column["field"] for column in grid.columnDefs}
    assert not fields & {"country", "started_at"} and {"device", "source"} <= fields
    quick = next(part for part in layout._traverse() if getattr(part, "id", None) == "candidates-quick")
    assert [option["value"] for option in quick.options] == ["deep"]


def test_each_chart_says_what_its_stages_are_told_from(tmp_path):
    path = build(tmp_path / "a.duckdb", model=False)
    with duckdb.connect(str(path)) as con:
        con.execute("update loads set thresholds = 'engaged from 5, deep from 10'")
    with Database(path).reading() as read:
        says = common.definitions(read)
    sentence = "Stages are told from counts of page views (engaged from 5, deep from 10), since the export has no events."
    for chart in CHARTS.values():
        assert says[chart.relation].endswith(sentence)
    assert not says["loads" if "loads" in says else "data_warnings"].endswith(sentence)


def test_mixed_loads_say_of_which_part(tmp_path):
    path = with_lacks(tmp_path / "a.duckdb", ["events"], [], [])
    with duckdb.connect(str(path)) as con:
        con.execute("update loads set stage_basis = 'events', thresholds = null where load_id > 1")
        con.execute("update loads set thresholds = 'engaged from 5, deep from 10' where load_id = 1")
    with Database(path).reading() as read:
        assert common.stage_basis(read) == (
            "Stages of 400 of 600 sessions (2 files) are told from what happened (events). "
            "Stages of 200 of 600 sessions (1.csv) are told from counts of page views (engaged from 5, deep from 10), "
            "since the export has no events."
        )
        warnings = [row["message"] for row in read.rows("from data_warnings")]
    assert any(message.startswith("Stages of 200 of 600") for message in warnings)
    assert any("do not compare stages" in message for message in warnings)


class TestWithoutConversions:
    """A table of visits alone: nothing may read as a conversion rate of 0 %."""

    @pytest.fixture
    def path(self, tmp_path):
        with open(tmp_path / "visits.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["who", "nr", "day", "views"])
            writer.writerows([n, 1, f"2024-03-{1 + n % 9:02d}", n % 14] for n in range(400))
        (tmp_path / "map.toml").write_text('[fields]\nvisitor = "who"\nvisit = "nr"\ndate = "day"\npageviews = "views"\n')
        load([tmp_path / "visits.csv"], tmp_path / "a.duckdb", mapping=read_map(tmp_path / "map.toml"))
        return tmp_path / "a.duckdb"

    def test_no_page_tells_a_rate(self, path):
        for page in ("/", "/countries", "/funnel", "/duration", "/sources"):
            layout, answer = answered(path, page)
            parts = [value.get("children") for name, value in answer.items() if "insight" in name or "kpi" in name]
            told = " ".join(map(str, parts)).replace(NBSP, " ")
            assert "converted" not in told and not re.search(r"(?<![\d.])0 %", told), page
            assert SENTENCE in words(layout) or page == "/sources"
            assert "no purchases or key events" in words(answer["page-notes"]["children"])


def test_without_dates_the_app_still_counts(tmp_path):
    path = with_lacks(tmp_path / "a.duckdb", ["dates"])
    with duckdb.connect(str(path)) as con:
        con.execute("update sessions set session_date = null, started_at = null")
        schema.rebuild_cubes(con)
    from dashapp.about import about

    assert about(Database(path)) == "600 sessions, without dates"
    for page in PAGES:
        _, answer = answered(path, page)
        assert answer["page-subtitle"]["children"].startswith("600 sessions · days unknown")
    app = create(Settings(path, "none"))
    assert app.server.test_client().get("/download/daily_rates.csv").status_code == 200
