"""Filters: to the URL and back, and to calls that only ever bind what strangers wrote."""

from dataclasses import replace
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.filters import ARGUMENTS, COMPARISONS, DIMENSIONS, FILTERED, MOST_VALUES, RELATIONS, Filters, make
from tests.dashapp.building import build

values = st.lists(st.text(max_size=40), max_size=6)
days = st.none() | st.dates()


@st.composite
def filters(draw) -> Filters:
    since, until = draw(days), draw(days)
    if since and until and since > until:
        since, until = until, since
    chosen = make({dimension: draw(values) for dimension in DIMENSIONS}, since, until)
    return replace(chosen, compare=draw(st.sampled_from(["", *COMPARISONS])))


@given(filters())
def test_round_trip(given_filters):
    again, notes = Filters.read("?" + given_filters.query())
    assert again == given_filters
    assert again.query() == given_filters.query()
    assert notes == []


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    found, _ = Filters.read(text)
    assert Filters.read(found.query())[0] == found


def test_order_and_repetition_do_not_matter():
    one, _ = Filters.read("?device=mobile&device=desktop&device=mobile&country=Japan")
    other, _ = Filters.read("country=Japan&device=desktop&device=mobile")
    assert one == other
    assert one.query() == "device=desktop&device=mobile&country=Japan"


@pytest.mark.parametrize("text", ["tomorrow", "2024-13-01", "20240301", "2024-W05-1", "2024-03-01T00:00", "٢٠٢٤-٠٣-٠١", "0000-01-01"])
def test_bad_dates_are_ignored_with_a_note(text):
    found, notes = Filters.read(f"since={text}")
    assert found == Filters()
    assert len(notes) == 1 and "YYYY-MM-DD" in notes[0]


def test_reversed_dates_are_swapped_with_a_note():
    found, notes = Filters.read("since=2024-03-05&until=2024-03-01")
    assert (found.since, found.until) == (date(2024, 3, 1), date(2024, 3, 5))
    assert notes


def test_a_comparison_is_read_and_an_unknown_one_is_ignored_with_a_note():
    assert Filters.read("compare=year&device=mobile") == (Filters(devices=("mobile",), compare="year"), [])
    assert Filters(compare="previous", until=date(2024, 3, 1)).query() == "until=2024-03-01&compare=previous"
    assert Filters.read("compare=") == (Filters(), [])
    found, notes = Filters.read("compare=<b>tomorrow</b>")
    assert found == Filters() and len(notes) == 1 and "<b>" not in notes[0]


def test_floods_are_cut_with_a_note():
    found, notes = Filters.read("&".join(f"source=s{n}" for n in range(500)) + "&source=" + "x" * 5_000)
    assert len(found.sources) == MOST_VALUES
    assert notes


def test_call_names_only_what_is_set():
    assert Filters().call("kpis") == ("kpis", {})
    assert Filters(devices=("mobile",), since=date(2024, 3, 1)).call("kpis") == (
        "kpis(devices := $devices, since := $since)",
        {"devices": ["mobile"], "since": date(2024, 3, 1)},
    )
    assert Filters(devices=("mobile",)).call("date_coverage") == ("date_coverage", {})


@pytest.mark.parametrize("name", ["sessions; drop table sessions", "kpis()", "", "duckdb_tables", "predictions"])
def test_unknown_relations_are_refused(name):
    with pytest.raises(ValueError, match="unknown relation"):
        Filters().call(name)
    with pytest.raises(ValueError, match="unknown relation"):
        Filters().sql(name)


@given(filters())
def test_no_label_stands_in_a_call(given_filters):
    text, _ = given_filters.call("kpis")
    assert set(text.replace("kpis", "").replace("since", "").replace("until", "")) <= set("(), :=$" + "".join(ARGUMENTS))


def test_without_keeps_the_rest():
    chosen = Filters(devices=("mobile",), countries=("Japan",), since=date(2024, 3, 1))
    assert chosen.without("device") == Filters(countries=("Japan",), since=date(2024, 3, 1))


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    path = build(tmp_path_factory.mktemp("filters") / "leaks.duckdb", sessions=600, source="['it''s', 'a', '\"; drop']" + "[1 + n % 3]")
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


HARD = [
    Filters(),
    Filters(devices=("mobile",)),
    Filters(sources=("it's",)),
    Filters(sources=("it's", '"; drop'), countries=("Nowhere",)),
    Filters(since=date(2024, 3, 2), until=date(2024, 3, 4)),
    Filters(channels=("Organic Search",), until=date(2024, 3, 3)),
]


@pytest.mark.parametrize("chosen", HARD)
@pytest.mark.parametrize("relation", sorted(RELATIONS))
def test_every_call_runs_and_its_text_says_the_same(connection, relation, chosen):
    call, params = chosen.call(relation)
    bound = connection.execute(f"from {call}", params or None).fetchall()
    assert connection.execute(chosen.sql(relation)).fetchall() == bound


def test_filtered_relations_all_take_filters(connection):
    known = {
        name
        for (name,) in connection.execute(
            "select function_name from duckdb_functions() where function_type = 'table_macro' and list_contains(parameters, 'devices') "
            "and schema_name = 'main'"
        ).fetchall()
    }
    assert known >= FILTERED
