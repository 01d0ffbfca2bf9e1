import numpy as np
import pytest

from models.designs import DESIGNS, RETROSPECTIVE
from models.features import Sessions
from models.reasons import TOPICS, Reason, label, odds, reasons, topics, words

ROW = {
    "pageviews": 24.0,
    "duration_seconds": 960.0,
    "visit_number": 3.0,
    "hour": 20.0,
    "weekday": 2.0,
    "device": "desktop",
    "source": "google",
    "country": "Canada",
    "channel": "Organic Search",
    "landing_page": "/tents",
}


@pytest.mark.parametrize("kind", DESIGNS)
def test_every_feature_belongs_to_one_topic(kind):
    design = DESIGNS[kind]
    places = [place for each in topics(design).values() for place in each]
    assert sorted(places) == list(range(len(design.features)))
    assert set(topics(design)) <= set(TOPICS)


def test_words():
    said = {topic: words(topic, ROW) for topic in topics(RETROSPECTIVE)}
    assert said == {
        "pageviews": "24 pages seen",
        "time": "stayed 16 min",
        "visit": "3rd visit",
        "clock": "on Tuesday at 20 h",
        "device": "on desktop",
        "source": "came from google",
        "country": "from Canada",
        "landing_page": "landed on /tents",
    }


def test_unknown_values_have_words():
    row = dict.fromkeys(ROW, np.nan) | dict.fromkeys(("device", "source", "country", "channel", "landing_page"))
    for topic in topics(RETROSPECTIVE):
        assert "nan" not in words(topic, row).lower() and "None" not in words(topic, row)


def test_hostile_labels_are_short_plain_text():
    told = label("<script>\x00\x1b[31m" + "x" * 500 + "\u202e")
    assert len(told) <= 60
    assert all(character.isprintable() for character in told)


def test_the_strongest_topics_come_first_and_features_of_one_topic_are_added():
    sessions = Sessions.from_rows([ROW, ROW])
    contributions = np.zeros((2, len(RETROSPECTIVE.features)), dtype=np.float32)
    place = {name: number for number, name in enumerate(RETROSPECTIVE.features)}
    contributions[0, place["duration_seconds"]], contributions[0, place["duration_bucket"]] = 0.7, 0.7
    contributions[0, place["pageviews"]], contributions[0, place["country"]] = 1.2, -0.2
    found = reasons(sessions, contributions)
    assert [(reason.topic, round(reason.contribution, 3)) for reason in found[0]] == [("time", 1.4), ("pageviews", 1.2), ("country", -0.2)]
    assert found[0][0].sentence == "stayed 16 min (odds × 4.1)"
    assert found[0][2].sentence == "from Canada (odds ÷ 1.2)"
    assert found[1] == []


def test_odds_stay_readable():
    assert odds(0) == "odds × 1.0"
    assert odds(-3) == "odds ÷ 20"
    assert odds(1e6).endswith("485,165,195")
    assert Reason("visit", "first visit", 0.5).sentence == "first visit (odds × 1.6)"


def test_contributions_add_up_to_the_score(trained, known_world):
    """TreeSHAP's own promise: with the mean, the contributions of a session are its log-odds."""
    sessions = Sessions.from_arrow(known_world[0].slice(0, 300))
    scorer = trained.model.final
    rest = scorer.margins(sessions) - scorer.contributions(sessions).sum(axis=1)
    assert np.ptp(rest) < 1e-4


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (89, "89 s"), (90, "2 min"), (3_599, "60 min"), (5_399, "1 h 30 min"), (7_200, "2 h"), (25_800, "7 h 10 min")],
)
def test_lengths_are_told_in_units_one_can_picture(seconds, said):
    assert words("time", ROW | {"duration_seconds": seconds}) == f"stayed {said}"
