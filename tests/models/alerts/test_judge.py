"""Which rankings raise alarms, and about what."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.alerts import budget
from models.alerts.judge import Judged, Ranking, Seen, judge, lasting, p_of_growth, quarter

FIRST = date(2026, 1, 1)


def ranking(night, *found, data=None):
    return Ranking(f"run {night}", FIRST + timedelta(days=night), data or f"data {night}", tuple(found))


def told(judged):
    return [[(alarm.leak_id, alarm.status) for alarm in one.alarms] for one in judged]


def test_a_leak_is_told_when_it_is_sure_and_then_no_more():
    nights = [ranking(0, Seen("a", 0.04)), ranking(1, Seen("a", 1e-8)), ranking(2, Seen("a", 1e-9))]
    judged = judge(nights)
    assert told(judged) == [[], [("a", "new")], []]
    assert [one.p for one in judged] == [pytest.approx(0.2), pytest.approx(1e-4), 1.0]


def test_what_is_not_gross_is_told_when_it_has_lasted_three_rankings():
    sure = [Seen("a", q) for q in (2e-5, 3e-5, 1e-5)]
    judged = judge([ranking(night, one) for night, one in enumerate(sure)])
    assert told(judged) == [[], [], [("a", "new")]] and judged[2].p == 3e-5
    broken = judge([ranking(0, sure[0]), ranking(1), ranking(2, sure[1]), ranking(3, sure[2]), ranking(4, sure[2])])
    assert told(broken) == [[], [], [], [], [("a", "new")]]


@given(st.floats(0, 1), st.lists(st.floats(0, 1), max_size=2))
def test_p_is_never_smaller_than_the_q_value(q, before):
    assert q <= lasting(q, before) <= 1


def test_only_findings_at_the_level_are_told():
    judged = judge([ranking(0, Seen("a", 1e-8), Seen("b", 0.09))])
    assert told(judged) == [[("a", "new")]]


def test_levels_are_those_of_the_budget_and_a_quarter_starts_anew():
    nights = [ranking(0), ranking(1, Seen("a", 1e-9)), ranking(2), Ranking("later", date(2026, 4, 1), "later")]
    judged = judge(nights)
    assert [one.level for one in judged] == [
        budget.level([]),
        budget.level([False]),
        budget.level([False, True]),
        budget.level([]),
    ]
    assert quarter(date(2026, 3, 31)) != quarter(date(2026, 4, 1)) == quarter(date(2026, 6, 30))


def test_the_same_data_ranked_again_are_no_test():
    judged = judge([ranking(0, data="same"), ranking(1, Seen("a", 1e-9), data="same"), ranking(2, Seen("a", 1e-9))])
    assert judged[1] == Judged("run 1", None, None)
    assert judged[2].level == budget.level([False]) and told(judged)[2] == [("a", "new")]


def test_a_leak_that_flickers_is_not_told_again_but_one_that_was_gone_for_a_week_is():
    a = Seen("a", 1e-9)
    judged = judge([ranking(0, a), ranking(1), ranking(5, a), ranking(6), ranking(14, a)])
    assert told(judged) == [[("a", "new")], [], [], [], [("a", "back")]]


def test_growth_is_told_when_it_is_sure_that_it_is_growth():
    small, more, much = (10.0, 8.0, 12.0), (13.0, 11.0, 15.0), (40.0, 36.0, 44.0)
    judged = judge([ranking(0, Seen("a", 1e-9, small)), ranking(1, Seen("a", 1e-9, more)), ranking(2, Seen("a", 1e-9, much))])
    assert told(judged) == [[("a", "new")], [], [("a", "growing")]]
    assert judged[1].p == pytest.approx(p_of_growth(small, more)) and 0.001 < judged[1].p < 0.5
    assert told(judge([ranking(0, Seen("a", 1e-9, much)), ranking(1, Seen("a", 1e-9, small))]))[1] == []


def test_a_leak_without_a_price_never_grows():
    assert told(judge([ranking(0, Seen("a", 1e-9)), ranking(1, Seen("a", 1e-9, (9.0, 8.0, 10.0)))]))[1] == []


@st.composite
def histories(draw):
    nights = []
    for night in range(draw(st.integers(1, 12))):
        names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
        found = [
            Seen(name, draw(st.sampled_from([1e-12, 1e-4, 0.002, 0.09])), draw(st.sampled_from([None, (1.0, 0.5, 2.0), (9.0, 8.0, 10.0)])))
            for name in names
        ]
        nights.append(ranking(night * draw(st.sampled_from([1, 4])), *found, data=draw(st.sampled_from(["x", "y", "z"]))))
    days = sorted(range(len(nights)), key=lambda place: nights[place].day)
    return [Ranking(f"run {number}", nights[place].day, nights[place].data_hash, nights[place].found) for number, place in enumerate(days)]


@given(histories(), st.integers(0, 12))
def test_judging_night_by_night_gives_what_judging_all_at_once_gives(history, place):
    whole = judge(history)
    first = judge(history[:place])
    assert judge(history, {one.run_id: one for one in first}) == whole
    assert whole[:place] == first
    assert judge(history, {one.run_id: one for one in whole}) == whole


@given(histories())
def test_alarms_are_those_at_the_level(history):
    for one in judge(history):
        assert all(alarm.p <= one.level for alarm in one.alarms)
        assert one.is_alarm == (one.p is not None and one.p <= one.level)
