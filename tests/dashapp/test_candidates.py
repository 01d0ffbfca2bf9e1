"""The candidates grid: what a browser asks for is bound or on a list, never pasted into SQL."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.db import Database
from dashapp.filters import Filters
from dashapp.pages.candidates import expected_range
from dashapp.queries import candidates
from tests.dashapp.building import build


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = build(
        tmp_path_factory.mktemp("candidates") / "leaks.duckdb",
        sessions=2_000,
        visitor_id="left(md5((n // 3)::varchar), 24)",
        source="'it''s \"' || n % 5",
    )
    with Database(path).reading() as read:
        yield read


def ask(read, quick=(), **request):
    return candidates.window(read, Filters(), quick, request)


def test_windows_follow_each_other(read):
    first, total = ask(read, startRow=0, endRow=10)
    second, _ = ask(read, startRow=10, endRow=20)
    assert total == read.rows("select count(*) as n from top_candidates")[0]["n"] > 100
    assert [row["rank"] for row in first + second] == list(range(1, 21))


@pytest.mark.parametrize(
    "window", [{"startRow": -5, "endRow": -1}, {"startRow": "x", "endRow": None}, {"startRow": 10**9, "endRow": 10**9 + 5}, {}]
)
def test_odd_windows_are_answered(read, window):
    rows, total = ask(read, **window)
    assert total == read.rows("select count(*) as n from top_candidates")[0]["n"] > 100
    assert len(rows) <= candidates.LARGEST_WINDOW


def test_sorting(read):
    rows, _ = ask(read, sortModel=[{"colId": "pageviews", "sort": "desc"}])
    views = [row["pageviews"] for row in rows]
    assert views == sorted(views, reverse=True)


@pytest.mark.parametrize("column", ["1; drop table sessions", "p_conversion desc, (select 1)", "", "artefact"])
def test_unknown_columns_are_left_out(column):
    assert candidates.ordering([{"colId": column, "sort": "asc"}]) == "rank"
    assert candidates.selection(Filters(), [], {column: {"type": "equals", "filter": "x"}})[0] == "from top_candidates"


def test_filters_of_the_grid(read):
    rows, total = ask(read, filterModel={"source": {"type": "contains", "filter": "IT'S \"1"}})
    assert 0 < total < 200 and all(row["source"] == "it's \"1" for row in rows)
    rows, _ = ask(read, filterModel={"pageviews": {"type": "inRange", "filter": 3, "filterTo": 5}})
    assert rows and all(3 <= row["pageviews"] <= 5 for row in rows)
    both = {"operator": "OR", "conditions": [{"type": "equals", "filter": "mobile"}, {"type": "equals", "filter": "tablet"}]}
    rows, _ = ask(read, filterModel={"device": both})
    assert {row["device"] for row in rows} == {"mobile", "tablet"}


@pytest.mark.parametrize(
    "entry",
    [
        {"type": ["contains"]},
        {"type": "contains", "filter": "\ud800\x00"},
        {"conditions": "text"},
        [],
        None,
        {"type": "lessThan", "filter": 10**400},
        {"conditions": [None, {"type": "blank"}], "operator": 3},
    ],
)
def test_nonsense_is_answered(read, entry):
    for column in ("source", "pageviews"):
        rows, total = ask(read, filterModel={column: entry}, sortModel=[{"colId": ["source"]}, None, {}])
        assert total in (0, read.rows("select count(*) as n from top_candidates")[0]["n"]) and len(rows) <= total


def test_quick_filters(read):
    rows, total = ask(read, quick=["deep", "nonsense"])
    (every,) = read.rows("select count(*) as n, bool_or(is_converted) as any_converted from top_candidates")
    assert 0 < total < every["n"] and not every["any_converted"]
    assert all(row["stage"] >= 2 for row in rows)


def test_of_each_visitor_only_the_best_session(read):
    (every,) = read.rows("select count(*) as n, count(distinct visitor_id) as visitors from top_candidates")
    rows, total = ask(read, quick=[candidates.BY_VISITOR])
    assert total == every["visitors"] < every["n"]
    best = {row["visitor_id"]: row["rank"] for row in read.rows("select visitor_id, min(rank) as rank from top_candidates group by 1")}
    assert all(best[row["visitor_id"]] == row["rank"] for row in rows)


def test_expected_conversions_are_sums_of_probabilities_with_an_interval_that_covers(read):
    totals = candidates.expected(read, Filters(devices=("mobile",)))
    probabilities = np.array([row["p_conversion"] for row in read.rows("from top_candidates(devices := ['mobile'])")])
    assert (totals["n"], totals["least"]) == (len(probabilities), probabilities.min())
    assert totals["expected"] == pytest.approx(probabilities.sum(), rel=1e-5)
    low, high = expected_range(totals, {})
    drawn = (np.random.default_rng(0).random((2000, len(probabilities))) < probabilities).sum(axis=1)
    assert 0.93 <= np.mean((drawn >= low) & (drawn <= high)) <= 0.975
    wider = expected_range(totals, {"top_tenth": {"ratio_low": 0.7, "ratio_high": 1.3}})
    assert wider[0] < low < high < wider[1]


values = st.none() | st.text(max_size=20) | st.integers() | st.floats(allow_nan=False) | st.lists(st.text(max_size=3), max_size=2)
entries = st.dictionaries(st.sampled_from(["type", "filter", "filterTo", "operator", "conditions"]), values, max_size=5)


@given(st.dictionaries(st.sampled_from(sorted(candidates.SORTABLE)) | st.text(max_size=10), entries | values, max_size=3))
def test_only_known_words_stand_in_the_statement(model):
    text, params = candidates.selection(Filters(), [], model)
    for part in text.replace("(", " ").replace(")", " ").replace(",", " ").split():
        assert (
            part.startswith("$")
            or part in candidates.SORTABLE
            or part
            in {
                "from",
                "top_candidates",
                "where",
                "and",
                "or",
                "not",
                "is",
                "null",
                "between",
                "contains",
                "lower",
                "starts_with",
                "ends_with",
                "=",
                "<>",
                "<",
                "<=",
                ">",
                ">=",
            }
        )
    assert all(f"${name}" in text for name in params)
