"""Leaks in words: what is said, and that no more is said than is known."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp import findings
from dashapp.figures.labels import clean
from dashapp.filters import Filters
from tests.dashapp.ranking import BROKEN, EXCHANGED, GAP, INTERACTION, LEAK, RUN, SITE, SPOTS
from tests.dashapp.sample_rows import HOSTILE

DAYS = {"days": 30}
UNDATED = {"days": None}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def facts(row: dict) -> dict[str, str]:
    return {name: plain(value) for name, value in findings.facts(row, "$")}


def test_a_drop_in_a_sentence():
    assert plain(findings.sentence(LEAK)) == (
        "Since about 31 March, sessions from Canada with Safari that engaged deeply begin the checkout less often than comparable sessions: "
        "41 % instead of about 55 %."
    )


def test_an_interaction_has_no_date():
    assert plain(findings.sentence(INTERACTION)) == (
        "Sessions of returning visitors on mobile sent by newsletter engage less often than comparable sessions: 41 % instead of about 55 %."
    )


def test_a_gap_is_compared_at_equal_mix():
    assert plain(findings.sentence(GAP)) == (
        "Sessions on mobile convert less often than other sessions at the same mix: 1.1 % instead of about 2.2 %."
    )


@pytest.mark.parametrize(
    "segment, words",
    [
        ({"source": "(direct)"}, "sessions that came directly"),
        ({"browser": "(unknown)"}, "sessions with no known browser"),
        ({"medium": "(none)", "landing_page": "/a"}, "sessions without a medium landing on “/a”"),
        ({"device": "other", "operating_system": "iOS"}, "sessions on other devices on iOS"),
        ({"weather": "{rain}"}, "sessions of weather “{rain}”"),
        ({}, "sessions"),
    ],
)
def test_segments_in_words(segment, words):
    assert findings.segment_words(segment) == words


@pytest.mark.parametrize(
    "row, headline, best",
    [
        (LEAK | DAYS, "$2,300 to $7,900 a month", "about $4,600 a month"),
        (LEAK | {"days": 60}, "$1,200 to $3,900 a month", "about $2,300 a month"),
        (LEAK | UNDATED, "$2,300 to $7,900 in the sessions ranked", "about $4,600 in the sessions ranked"),
        (INTERACTION | DAYS, "$0 to $7,900 a month", "about $4,600 a month; that it is next to nothing is not ruled out"),
        (LEAK | DAYS | {"revenue_high": 0}, "30 to 95 conversions a month", "about 60 conversions a month"),
        (
            LEAK | DAYS | {"revenue_high": 0, "lost_high": 0},
            "140 to 420 passes of the step a month",
            "about 280 passes of the step a month",
        ),
    ],
)
def test_amounts_have_two_digits_and_an_interval(row, headline, best):
    worth = findings.loss(row, "$")
    assert (worth.headline, worth.best) == (headline, best)


def test_what_lies_in_recording_has_no_price():
    assert findings.loss(BROKEN | DAYS, "$") is None
    assert findings.loss(LEAK | DAYS | {"cause": "definition change"}, "$") is None


def test_facts_come_with_intervals():
    told = facts(LEAK | DAYS)
    assert told["Observed"] == "41.0 % of 2,000 sessions (95 % interval 38.9–43.2 %)"
    assert told["Expected"] == "55.0 % (interval 48.0–62.0 %, widened for the selection)"
    assert told["Start"] == "The week from 31 March 2024; 90 % range 24 March 2024 to 13 April 2024."
    assert told["Lost"] == "about 60 conversions (interval 30 to 95, widened for the selection) in 30 days"
    assert told["How sure"] == "Of findings at least as sure as this one, about 3 in 100 are expected to be false."


def test_a_gap_is_neither_lost_nor_sure():
    told = facts(GAP | DAYS)
    assert told["Expected"] == "2.20 % (90 % interval 1.85–2.53 %)"
    assert told["Difference"] == "about 550 conversions (90 % interval 380 to 710) in 30 days"
    assert "Lost" not in told and "How sure" not in told


def test_a_start_without_range_says_so():
    row = LEAK | DAYS | {"started_from": LEAK["started_on"], "started_until": LEAK["started_on"]}
    assert facts(row)["Start"] == "The week from 31 March 2024; 90 % range: no other week."


def test_causes_are_likely_ones_with_their_evidence():
    said, told = findings.cause(LEAK)
    assert said == "Behaviour is the likely kind of cause, by exclusion: the page, the offer or the people."
    assert plain(told[0]) == "Its rate fell by 25 % of what it was; a change in who came accounts for about 10 % of that fall."
    assert "tracking looks whole" in told[1]


def test_a_broken_tag_is_told_by_what_is_skipped():
    said, told = findings.cause(BROKEN)
    assert said.startswith("A break in tracking is likely")
    assert plain(told[0]) == "80 % of the sessions that show a later step lack this one, 2.0 % before."


def test_a_change_of_labels_names_both():
    said, told = findings.cause(LEAK | {"cause": "definition change", "evidence": EXCHANGED})
    assert said == "A change of definition is likely: labels changed, not visitors."
    assert (
        plain(told[0]) == "About 14 April 2024, channel “Referral” lost as many sessions as “AI Assistant” gained (4.1 % of all sessions)."
    )


def test_events_are_a_coincidence():
    events = {"events": [{"date": "2024-03-30", "label": "New <b>checkout</b>", "kind": "release"}]}
    told = findings.cause(LEAK | {"evidence": LEAK["evidence"] | events})[1]
    assert told[-1] == "At the same time: “New <b>checkout</b>” (release, 30 Mar). That is a coincidence in time, no proof."


def test_a_change_of_the_whole_site():
    assert plain(findings.site_change(SITE)) == (
        "Since about 7 April, sessions engage less often over the whole site: 20 % against 25 % before."
    )
    assert plain(findings.change_words(-0.2231)) == "−20 %"
    assert plain(findings.change_words(0.0953)) == "+10 %"


def test_nothing_says_what_could_have_been_missed():
    compared, missed = findings.nothing_words(RUN, SPOTS)
    assert compared.startswith("2,345 segments were compared, and in none was a difference")
    assert plain(missed) == (
        "In a segment with 50 expected conversions, a loss of 59 % would be seen four times in five; a smaller one could well be missed."
    )
    none = [spot | {"smallest_loss": None} for spot in SPOTS]
    assert "not even a total loss" in findings.nothing_words(RUN, none)[1]
    assert "cannot be told" in findings.nothing_words(RUN, [])[1]


def test_filters_and_what_they_leave_out():
    filters, left = findings.filters_of(LEAK, RUN)
    assert filters == Filters(countries=("Canada",), since=date(2024, 3, 31), until=date(2024, 4, 29))
    assert left == ["browser"]
    filters, left = findings.filters_of(INTERACTION, RUN)
    assert filters == Filters(devices=("mobile",), sources=("newsletter",), since=date(2024, 3, 1), until=date(2024, 4, 29))
    assert left == ["visitor"]
    assert findings.filters_of(LEAK | {"segment": {"browser": "Safari"}}, RUN) == (None, ["browser"])
    assert findings.filters_of(INTERACTION, {"first_day": None, "last_day": None})[0] == Filters(
        devices=("mobile",), sources=("newsletter",)
    )


def test_labels_of_strangers_are_one_line():
    for label in HOSTILE:
        row = LEAK | {"segment": {"browser": label, "landing_page": label}, "step": f"{label} → {label}"}
        text = findings.sentence(row)
        assert clean(text) == plain(text) and len(text) < 900


@given(st.floats(0, 1e7), st.floats(0, 1), st.floats(0, 1), st.sampled_from([1, 7, 30, 400]), st.sampled_from(["$", "€", "CHF "]))
def test_amounts_keep_their_order(high, low_share, point_share, days, symbol):
    row = LEAK | {"days": days, "revenue_high": high, "revenue_low": high * low_share * point_share, "revenue": high * point_share}
    worth = findings.loss(row, symbol)
    if worth.unit == "money":
        assert worth.low <= worth.point <= worth.high
        assert " to " in worth.headline and worth.headline.endswith(" a month")
