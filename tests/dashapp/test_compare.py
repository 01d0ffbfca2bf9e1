"""Comparisons: which periods, what is missing of them, and that no sentence says more than its interval."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp import changes, compare
from dashapp.db import Database
from dashapp.filters import Filters
from dashapp.pages import PAGES
from dashapp.statistics import newcombe
from tests.dashapp.building import build

# 400 days from 1 January 2024, 40 of them without data: the whole of April and ten days of June.
MISSING = "where session_date not between date '2024-04-01' and date '2024-04-30' and session_date not between date '2024-06-01' and date '2024-06-10'"
DAYS = f"select n, session_date from (select range as n, date '2024-01-01' + cast(range % 400 as integer) as session_date from range(48000)) {MISSING}"


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = build(
        tmp_path_factory.mktemp("compare") / "leaks.duckdb",
        relation=f"select n from ({DAYS})",
        session_date="date '2024-01-01' + cast(n % 400 as integer)",
        stage="case when hash(n) % 9 = 0 then 3 else 0 end",
        model=False,
    )
    with Database(path).reading() as reading:
        yield reading


def asked(read, text: str) -> compare.Comparison:
    found, notes = Filters.read(text)
    assert notes == []
    return compare.of(read, found)


def texts(part) -> str:
    """All words of a component or table, joined."""
    if isinstance(part, dict):
        return texts(part.get("props", {}).get("children"))
    if isinstance(part, list | tuple):
        return " ".join(map(texts, part))
    return texts(part.children) if hasattr(part, "children") else str(part or "")


@pytest.mark.parametrize(
    ("query", "now", "before"),
    [
        ("since=2024-03-01&until=2024-03-28&compare=previous", ("2024-03-01", "2024-03-28"), ("2024-02-02", "2024-02-29")),
        ("since=2025-01-06&until=2025-01-12&compare=year", ("2025-01-06", "2025-01-12"), ("2024-01-08", "2024-01-14")),
        ("since=2025-01-21&compare=previous", ("2025-01-21", "2025-02-03"), ("2025-01-07", "2025-01-20")),
        ("since=2025-01-28&until=2030-01-01&compare=previous", ("2025-01-28", "2025-02-03"), ("2025-01-21", "2025-01-27")),
    ],
)
def test_the_periods(read, query, now, before):
    found = asked(read, query)
    ends = [found.now.since, found.now.until, found.before.since, found.before.until]
    assert [str(day) for day in ends] == [*now, *before]
    assert found.problem == "" and found.notes == [] and found.covered == found.covered_before == found.days
    if "year" in query:
        assert found.now.since.weekday() == found.before.since.weekday()


def test_without_being_asked_for_there_is_none(read):
    assert compare.of(read, Filters(since=date(2024, 3, 1))) is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("compare=previous", "choose a first and a last day"),
        ("until=2024-01-20&compare=previous", "no data for 12–31 December 2023"),
        ("since=2024-05-01&until=2024-05-28&compare=year", "the same days last year: nothing is compared"),
        ("since=2024-01-02&until=2025-02-01&compare=year", "overlap with the same days last year"),
        ("since=1999-01-02&until=1999-02-01&compare=year", "no data for the chosen days"),
        ("since=0001-01-01&until=0001-01-02&compare=previous", "no data for the chosen days"),
    ],
)
def test_what_cannot_be_compared_is_said(read, query, words):
    found = asked(read, query)
    assert words in found.problem and found.notes == [found.problem]
    answer = PAGES["/"].answer(read, Filters.read(query)[0], [], "light")
    assert found.problem in texts(answer["page-notes"]["children"])
    assert answer["changes-card"]["style"]["display"] == "none" == answer["changes-split-card"]["style"]["display"]
    assert answer["kpi-rate-change"] == {"children": ""}
    assert "compared with" not in answer["page-subtitle"]["children"]


def test_a_partly_covered_period_is_said_and_its_totals_are_not_compared(read):
    found = asked(read, "since=2024-06-08&until=2024-06-21&compare=previous")
    assert (found.covered, found.covered_before) == (11, 7)
    assert "7 of its 14 days" in found.notes[0] and "totals are not compared" in found.notes[0]
    answer = PAGES["/"].answer(read, Filters.read("since=2024-06-08&until=2024-06-21&compare=previous")[0], [], "light")
    assert texts(answer["kpi-sessions-change"]["children"]) == "not compared: data on 11 and 7 days"
    assert "points" in texts(answer["kpi-rate-change"]["children"])


def test_days_that_are_no_whole_weeks_are_said(read):
    assert "no whole weeks" in asked(read, "since=2024-03-01&until=2024-03-10&compare=previous").notes[0]


def test_the_card_and_its_links_say_what_the_relations_do(read):
    query = "since=2024-03-01&until=2024-03-28&compare=previous"
    filters = Filters.read(f"device=mobile&{query}")[0]
    answer = PAGES["/"].answer(read, filters, [], "light")
    (row,) = read.rows(
        "from period_comparison(devices := ['mobile'], since := '2024-03-01', until := '2024-03-28', previous_since := '2024-02-02', "
        "previous_until := '2024-02-29') where metric = 'sessions'"
    )
    shown = texts(answer["kpi-sessions-change"]["children"])
    assert changes.difference("sessions", row["delta"], "") in shown
    assert answer["changes-csv"] == {"href": f"/download/period_comparison.csv?device=mobile&{query}"}
    sql = answer["changes-sql"]["children"]
    assert "previous_since := date '2024-02-02'" in sql and read.rows(sql.rstrip(";"))[0] == row
    assert "display" not in answer["changes-card"]["style"]
    assert "compared with 2–29 February 2024" in answer["page-subtitle"]["children"]
    lines = [trace for trace in answer["daily-trend"]["figure"]["data"] if trace.get("line", {}).get("dash") == "dot"]
    assert len(lines) == 1 and lines[0]["x"][0] == "2024-03-01" and "2 Feb 2024" in lines[0]["hovertext"][0]


def test_nothing_more_is_read_where_no_comparison_is_asked_for(read, monkeypatch):
    said = []
    kept = type(read).kept
    monkeypatch.setattr(type(read), "kept", lambda self, sql, params=None: said.append(sql) or kept(self, sql, params))
    PAGES["/"].answer(read, Filters(since=date(2024, 3, 1)), [], "light")
    assert said and not [sql for sql in said if "period_" in sql]


@pytest.mark.parametrize(
    ("path", "identity"), [("/countries", "country-table"), ("/sources", "benchmark-table"), ("/duration", "duration-table")]
)
def test_tables_have_a_column_of_changes(read, path, identity):
    plain = PAGES[path].answer(read, Filters(since=date(2024, 3, 1), until=date(2024, 3, 28)), [], "light")
    compared = PAGES[path].answer(read, Filters(since=date(2024, 3, 1), until=date(2024, 3, 28), compare="previous"), [], "light")
    assert "Change" not in texts(plain[identity]["children"])
    assert "Change" in texts(compared[identity]["children"]) and "points" in texts(compared[identity]["children"])


def test_a_page_that_compares_nothing_says_so(read):
    answer = PAGES["/funnel"].answer(read, Filters(since=date(2024, 3, 1), compare="previous"), [], "light")
    assert "the chosen days alone" in texts(answer["page-notes"]["children"])


# ---- sentences


def metric(name: str, current, previous, low, high, days=28, previous_days=28, dispersion=None) -> dict:
    delta = None if None in (current, previous) or days != previous_days and name == "sessions" else current - previous
    return {
        "metric": name,
        "current": current,
        "previous": previous,
        "delta": delta,
        "ci_low": low,
        "ci_high": high,
        "days": days,
        "previous_days": previous_days,
        "dispersion": dispersion,
    }


PERIOD = compare.Comparison(
    Filters(since=date(2024, 3, 1), until=date(2024, 3, 28)), Filters(since=date(2024, 2, 2), until=date(2024, 2, 29))
)


@given(st.integers(30, 5000), st.integers(30, 5000), st.floats(0, 1), st.floats(0, 1))
def test_no_claim_where_the_interval_holds_no_change(n1, n2, p1, p2):
    k1, k2 = round(p1 * n1), round(p2 * n2)
    low, high = newcombe(k1, n1, k2, n2)
    rows = {
        "conversion_rate": metric("conversion_rate", k1 / n1, k2 / n2, low, high, dispersion=1.0),
        "sessions": metric("sessions", n1, n2, n1 - n2 - 100, n1 - n2 + 100),
    }
    rate, sessions = changes.said(rows, PERIOD)
    if low <= 0 <= high:
        assert changes.CHANCE in rate and " rose " not in rate and " fell " not in rate
    else:
        assert (" rose " in rate) == (k1 / n1 > k2 / n2) and changes.CHANCE not in rate
    assert ("beyond how much days differ" in sessions) == (abs(n1 - n2) > 100)


def test_a_missing_interval_is_explained():
    short = metric("sessions", 10, 9, None, None, days=5, previous_days=5)
    alike = metric("sessions", 56, 28, None, None)
    rate = metric("conversion_rate", 0.5, 0.4, -0.1, 0.3)
    assert changes.doubt(short) == "too few days to judge" and changes.doubt(alike) == "all days alike"
    assert "too few to say" in changes.said({"conversion_rate": rate, "sessions": short}, PERIOD)[1]
    assert "on each day as many" in changes.said({"conversion_rate": rate, "sessions": alike}, PERIOD)[1]


def test_few_sessions_are_not_compared():
    rows = {"conversion_rate": metric("conversion_rate", 0.5, 0.0, 0.01, 0.9), "sessions": metric("sessions", 2, 900, -1000, -800)}
    assert "too few to compare" in changes.said(rows, PERIOD)[0]


def effect(
    dimension="device", delta=(-0.02, -0.03, -0.01), mix=(-0.05, -0.06, -0.04), rate=(0.03, 0.02, 0.04), up=2, down=0, paradox=True
) -> dict:
    row = {"dimension": dimension, "segments_up": up, "segments_down": down, "is_simpson": paradox, "delta": delta[0]}
    row |= {"delta_low": delta[1], "delta_high": delta[2], "mix_effect": mix[0], "mix_low": mix[1], "mix_high": mix[2]}
    return row | {"rate_effect": rate[0], "rate_low": rate[1], "rate_high": rate[2]}


SEGMENTS = {
    "device": [
        {"segment": "mobile", "share": 0.7, "previous_share": 0.2, "mix_effect": -0.03},
        {"segment": "desktop", "share": 0.3, "previous_share": 0.8, "mix_effect": -0.02},
    ]
}


def test_simpsons_paradox_in_plain_words():
    text = changes.told([effect()], SEGMENTS)
    assert text.startswith(
        "Simpson’s paradox: overall the rate fell, by 2.00\xa0points, yet in every one of the 2 devices it rose, by 3.00\xa0points"
    )
    assert "Mobile, which converts less often than the whole, grew from 20.0\xa0% to 70.0\xa0% of the sessions." in text
    some = changes.told([effect(up=1, down=1)], SEGMENTS)
    assert "yet within devices it rose" in some


def test_an_effect_within_chance_is_not_told():
    quiet = effect(delta=(0.001, -0.01, 0.01), mix=(0.001, -0.01, 0.01), rate=(0.0, -0.01, 0.01), paradox=False)
    assert "nothing" in changes.told([quiet], {}) and "Simpson" not in changes.told([quiet], {})
    hidden = effect(delta=(0.001, -0.01, 0.01), mix=(-0.029, -0.04, -0.02), paradox=False)
    assert "hides in the total" in changes.told([hidden], SEGMENTS)
    assert "Simpson" not in changes.told([hidden], SEGMENTS)
    mixed = effect(rate=(0.0, -0.01, 0.01), delta=(-0.05, -0.06, -0.04), paradox=False)
    assert "mix of devices by itself would have lowered the rate by 5.00" in changes.told([mixed], SEGMENTS)
    assert changes.told([], {}) == ""


def test_hostile_segments_stay_one_line_of_text():
    name = "line\nbreak\u202e<b>" + "x" * 400
    segments = {"device": [SEGMENTS["device"][0] | {"segment": name}]}
    text = changes.told([effect()], segments)
    assert "\n" not in text and "\u202e" not in text and len(text) < 500


def test_differences_have_their_sign_and_unit():
    assert changes.difference("sessions", -1234, "$") == "−1,234"
    assert changes.difference("conversion_rate", 0.0021, "$") == "+0.21\xa0points"
    assert changes.difference("revenue", -950.4, "€") == "−€950"
    assert changes.difference("sessions", 0, "$") == "±0"
    assert changes.difference("conversion_rate", 3e-17, "$") == "±0\xa0points"
    assert changes.bounds("conversion_rate", -0.0063, 0.0022, "$") == "−0.63 to +0.22\xa0points"
    assert changes.bounds("sessions", None, 3, "$") == ""
    assert changes.relative(metric("sessions", 110, 100, 1, 2)) == "+10.0\xa0%"
    assert changes.relative(metric("sessions", 110, 0, 1, 2)) == ""


def test_a_groups_change_is_newcombes():
    row, earlier = {"sessions": 300, "conversions": 30}, {"sessions": 400, "conversions": 20}
    change, interval = changes.of_group(row, earlier)
    low, high = newcombe(30, 300, 20, 400)
    assert change == "+5.00\xa0points" and interval == changes.bounds("conversion_rate", low, high, "")
    assert changes.of_group(row, {"sessions": 29, "conversions": 2}) == ("–", "too few sessions")
    assert changes.of_group(row, None) == ("–", "no sessions before")
