"""Rules for automated sessions: each catches what it names and spares people."""

import csv

import duckdb
import pytest

from etl import bots
from etl.readers import COLUMNS

from .landing import land

PERSON = {
    "visitor_key": "1",
    "visit_key": "1",
    "session_date": "2026-03-02",
    "started_at": "2026-03-02 10:00:30",
    "source": "google",
    "pageviews": 1,
    "duration_seconds": 0.0,
    "transactions": 0,
}


def judged(*groups: tuple[int, dict]) -> list[tuple]:
    """Rule and number of sessions, for groups of equal sessions."""
    with duckdb.connect() as con:
        con.execute(f"create table landing ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())}, grp integer)")
        for number, (sessions, changes) in enumerate(groups):
            row = PERSON | changes | {"grp": number}
            con.execute(
                f"insert into landing ({', '.join(row)}) select {', '.join(['?'] * len(row))} from range({sessions})", list(row.values())
            )
        rule = bots.rule_sql(con, "landing")
        return [name for (name,) in con.execute(f"select distinct on (grp) {rule} from landing order by grp").fetchall()]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"pageviews": 40, "duration_seconds": 3}, "impossible speed"),
        ({"pageviews": 20, "duration_seconds": 0}, "impossible speed"),
        ({"pageviews": 40, "duration_seconds": 300}, None),
        ({"pageviews": 40, "duration_seconds": None}, None),
        ({"pageviews": 40, "duration_seconds": 3, "transactions": 1}, None),
        ({"source": "semalt.com"}, "referral spam"),
        ({"source": " www.SEMALT.com"}, "referral spam"),
        ({"source": "notsemalt.com"}, None),
        ({"source": "semalt.com.example"}, None),
        ({"source": None}, None),
        ({"pageviews": None, "duration_seconds": None, "source": None, "started_at": None}, None),
    ],
)
def test_single_sessions(changes, rule):
    assert judged((1, changes)) == [rule]


def test_hosting_networks_need_a_day_of_empty_sessions():
    server = {"network_domain": "ec2.amazonaws.com"}
    assert judged((12, server)) == ["hosting network"]
    assert judged((3, server)) == [None]
    assert judged((12, server), (5, server | {"duration_seconds": 40, "pageviews": 3})) == [None, None]
    assert judged((30, server), (1, server | {"duration_seconds": 40, "pageviews": 3})) == ["hosting network", None]
    assert judged((12, {"network_domain": "comcast.net"})) == [None]
    assert judged((12, server), (9, server | {"session_date": "2026-03-03"})) == ["hosting network", None]


def test_bursts_come_from_one_source_in_one_minute():
    spam = {"source": "loud.example"}
    assert judged((40, spam)) == ["burst"]
    assert judged((20, spam), (20, spam | {"started_at": "2026-03-02 10:07:00"})) == [None, None]
    assert judged((40, spam), (5, spam | {"duration_seconds": 9, "pageviews": 2})) == [None, None]
    assert judged((60, spam), (2, spam | {"duration_seconds": 9, "pageviews": 2})) == ["burst", None]
    assert judged((80, {"source": "google"}), (80, {"source": "(direct)"})) == [None, None]


@pytest.mark.parametrize("name", ["sessions_10k.csv", "ga360_20170801.parquet", "kaggle_1000.csv"])
def test_no_real_session_is_judged_a_bot(real_data, name):
    landed = land(real_data / name)
    rule = bots.rule_sql(landed.con)
    assert landed.con.execute(f"select count({rule}) from scratch.landing as landing").fetchone() == (0,)


def test_rules_are_described_and_lists_have_sources():
    assert len({rule.name for rule in bots.RULES}) == len(bots.RULES) == 4
    assert all(rule.description.endswith(".") for rule in bots.RULES)
    for file in ("spam_referrers.csv", "hosting_networks.csv"):
        with (bots.DATA / file).open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        first = next(iter(rows[0]))
        assert len({row[first] for row in rows}) == len(rows) > 40
        assert all(row["source"] and row[first] == row[first].lower() for row in rows)
