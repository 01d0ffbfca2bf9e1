"""What the early model may know, and that it knows nothing else."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import audit, early, rows
from models.designs import EARLY
from models.early import CUTS, Events, prefixes, usable
from models.features import Column

START = datetime(2026, 3, 2, 9, 0, 0)
NAMES = [
    "page_view",
    "view_item",
    "add_to_cart",
    "scroll",
    "search",
    "session_start",
    "user_engagement",
    "begin_checkout",
    "purchase",
    "sign_up",
]
PAGES = [None, "/", "/tents", "/basket", "/checkout/delivery"]
SIGN_UP = frozenset({"sign_up"})

event = st.fixed_dictionaries({"event_name": st.sampled_from(NAMES), "page": st.sampled_from(PAGES), "pause": st.integers(0, 90)})
sessions = st.lists(st.lists(event, min_size=1, max_size=30), min_size=1, max_size=6)


def timed(given_events: list[dict]) -> list[dict]:
    at, events = START, []
    for one in given_events:
        at += timedelta(seconds=one["pause"])
        events.append({"event_name": one["event_name"], "page": one["page"], "occurred_at": at})
    return events


def together(many: list[list[dict]]) -> Events:
    flat = [one for events in many for one in events]
    return Events(
        np.repeat(np.arange(len(many)), [len(events) for events in many]),
        np.array([one["occurred_at"].timestamp() for one in flat]),
        Column.of([one["event_name"] for one in flat]),
        Column.of([one["page"] for one in flat]),
    )


def by_hand(events: list[dict], key_events: frozenset[str]) -> list[dict]:
    """The events before the first outcome, one after the other."""
    kept = []
    ends = [one for one in events if one["event_name"] in early.CHECKOUT | key_events or (one["page"] or "").startswith("/checkout")]
    for one in events:
        if ends and (one is ends[0] or one["occurred_at"] >= ends[0]["occurred_at"]):
            break
        kept.append(one)
    return kept


@given(sessions)
def test_prefixes_agree_with_counting_by_hand(many):
    many = [timed(events) for events in many]
    found = prefixes(together(many), SIGN_UP)
    expected = [(number, cut) for number, events in enumerate(many) for cut in CUTS if cut <= len(by_hand(events, SIGN_UP))]
    assert list(zip(found.session.tolist(), found.cut.tolist(), strict=True)) == expected
    for row, (number, cut) in enumerate(expected):
        seen = by_hand(many[number], SIGN_UP)[:cut]
        names = [one["event_name"] for one in seen]
        told = {name: values[row] for name, values in found.numbers.items()}
        assert told["events"] == cut
        assert told["pageviews"] == names.count("page_view")
        assert told["item_views"] == names.count("view_item")
        assert told["other_events"] == names.count("user_engagement")
        assert told["distinct_pages"] == len({one["page"] for one in seen} - {None})
        assert told["seconds"] == (seen[-1]["occurred_at"] - seen[0]["occurred_at"]).total_seconds()
        assert (
            np.isnan(told["last_pause"])
            if cut == 1
            else told["last_pause"] == (seen[-1]["occurred_at"] - seen[-2]["occurred_at"]).total_seconds()
        )
        assert {name: column.levels[column.codes[row]] for name, column in found.labels.items()} == {
            "last_event": names[-1],
            "last_page": seen[-1]["page"],
        }


@given(sessions, st.lists(event, max_size=10))
def test_nothing_after_the_outcome_shows(many, later):
    """Whatever happens once a checkout has begun, the rows stay as they were."""
    many = [timed([*events, {"event_name": "begin_checkout", "page": None, "pause": 1}]) for events in many]
    longer = [events + [one | {"occurred_at": events[-1]["occurred_at"] + timedelta(seconds=5)} for one in timed(later)] for events in many]
    before, after = prefixes(together(many)), prefixes(together(longer))
    assert before.cut.tolist() == after.cut.tolist()
    for name in before.numbers:
        np.testing.assert_array_equal(before.numbers[name], after.numbers[name])


@given(st.lists(event, min_size=1, max_size=30).map(timed))
def test_a_request_sees_what_training_saw(events):
    """A session given as a dictionary with a prefix of its events has the columns of its row at that cut."""
    found = prefixes(together([events]), SIGN_UP)
    for row, cut in enumerate(found.cut.tolist()):
        told = early.at_last(events[:cut], SIGN_UP)
        assert set(told) == set(found.numbers) | set(found.labels)
        for name, values in found.numbers.items():
            assert told[name] == pytest.approx(float(values[row]), nan_ok=True)
    whole = early.at_last(events, SIGN_UP)
    assert (whole is None) == (not len(found.cut))


def test_a_row_of_a_request_has_every_column_of_the_design():
    session = {"device": "mobile", "source": "google", "started_at": "2026-03-02T23:30:00Z", "visit_number": 2, "pageviews": 99}
    events = [{"event_name": "page_view", "page": "/", "occurred_at": "2026-03-02T23:30:00Z"}, {"event_name": "view_item", "page": "/a"}]
    row = rows.early_row(session, events, "Europe/Berlin")
    assert set(row) == set(EARLY.numbers) | set(EARLY.labels)
    assert (row["hour"], row["weekday"]) == (0, 2), "half past midnight on Tuesday in Berlin"
    assert (row["pageviews"], row["events"]) == (1, 2), "the session's own count of pages is not looked at"
    assert rows.early_row(session, [{"event_name": "purchase"}]) is None


def test_events_at_the_moment_of_the_outcome_are_not_known_before_it():
    at = {"occurred_at": START}
    events = [{"event_name": "page_view", "page": "/", **at}]
    last = {"occurred_at": START + timedelta(seconds=9)}
    events += [{"event_name": "page_view", "page": "/pay", **last}, {"event_name": "begin_checkout", "page": "/pay", **last}]
    assert usable(together([events]), frozenset()).tolist() == [True, False, False]


def test_the_audit_catches_a_planted_feature_that_changes_after_the_outcome():
    draw = np.random.default_rng(0)
    many, converted = [], draw.random(300) < 0.3
    for buys in converted:
        middle = [{"event_name": "page_view", "page": f"/{number}", "pause": 10} for number in range(draw.integers(1, 8))]
        end = [{"event_name": "begin_checkout", "page": None, "pause": 5}, {"event_name": "page_view", "page": "/thank-you", "pause": 5}]
        many.append(timed(middle + end * int(buys)))
    events = together(many)
    honest = audit.early_features(frozenset())

    def planted(of: Events) -> dict[str, np.ndarray]:
        count = int(of.session[-1]) + 1
        seen = np.array([page == "/thank-you" for page in of.page.levels], dtype=bool)[of.page.codes]
        return honest(of) | {"thanked": np.bincount(of.session, weights=seen, minlength=count)}

    found = {row["feature"]: row for row in audit.before_and_after(planted, events, converted, frozenset())}
    assert {name for name, row in found.items() if audit.suspicion(row | {"alone": 0.5})} == {"thanked"}
    assert (found["thanked"]["before"], found["thanked"]["after"], found["thanked"]["changed"]) == (0, 1, 1)
    whole = {row["feature"]: row["changed"] for row in audit.before_and_after(audit.whole_features, events, converted, frozenset())}
    assert whole["duration_seconds"] == 1 and whole["pageviews"] == 1
