"""Stage rules: what the file says is what the SQL does."""

import duckdb
import pytest

from etl import stages
from etl.errors import InputError


def by_events(rules, names=(), pages=(), pageviews=1, seconds=0, transactions=0):
    sql = rules.event_stage_sql("names", "pages", "pageviews", "seconds", "transactions")
    columns = "?::varchar[] as names, ?::varchar[] as pages, ?::integer as pageviews, ?::double as seconds, ?::integer as transactions"
    with duckdb.connect() as con:
        return con.execute(
            f"select {sql} from (select {columns})", [list(names), list(pages), pageviews, seconds, transactions]
        ).fetchone()[0]


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        ({}, 0),
        ({"pageviews": None, "seconds": None, "transactions": None}, 0),
        ({"pageviews": 2}, 1),
        ({"seconds": 9.9}, 0),
        ({"seconds": 10}, 1),
        ({"names": ["page_view", "scroll"]}, 1),
        ({"names": ["click"]}, 1),
        ({"names": ["view_item"]}, 2),
        ({"names": ["begin_checkout"]}, 2),
        ({"names": ["video_complete"]}, 2),
        ({"pages": ["/", "/pricing"]}, 2),
        ({"pages": ["/pricing/team", None]}, 2),
        ({"pages": ["/pricing-history"]}, 0),
        ({"names": ["purchase"]}, 3),
        ({"transactions": 1}, 3),
    ],
)
def test_stages_by_events(told, stage):
    assert by_events(stages.load_rules(), **told) == stage


@pytest.mark.parametrize(
    ("pageviews", "transactions", "stage", "expected"),
    [(0, 0, None, 0), (4, 0, None, 0), (5, 0, None, 1), (9, 0, None, 1), (10, 0, None, 2), (1, 1, None, 3), (None, None, None, 0), (50, 0, 0, 0), (1, 0, 3, 3), (1, 2, 1, 3)],
)  # fmt: skip
def test_stages_of_landed_rows(pageviews, transactions, stage, expected):
    with duckdb.connect() as con:
        con.execute(
            "create table landing as select ?::integer as pageviews, ?::integer as transactions, ?::tinyint as stage",
            [pageviews, transactions, stage],
        )
        assert con.execute(f"select {stages.stage_sql()} from landing").fetchone() == (expected,)


def test_own_rules(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(
        '[events.engaged]\nseconds = 60\n[events.deep]\npages = ["/demo"]\n[events.converted]\nnames = ["it\'s"]\n'
        "[thresholds]\nengaged_pageviews = 2\ndeep_pageviews = 3\n"
    )
    rules = stages.load_rules(path)
    assert [by_events(rules, pageviews=9), by_events(rules, seconds=60), by_events(rules, pages=["/demo/x"])] == [0, 1, 2]
    assert by_events(rules, names=["it's"]) == 3
    with duckdb.connect() as con:
        sql = rules.threshold_stage_sql("views", "0")
        assert con.execute(f"select list({sql} order by views) from (select unnest([1, 2, 3]) as views)").fetchone() == ([0, 1, 2],)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[events", "is not valid TOML"),
        ("[stages]\n", r"\[stages\] means nothing here"),
        ("[events.bought]\n", "events.bought has no meaning here"),
        ('[events.deep]\nevents = ["x"]\n', "events.deep.events has no meaning here"),
        ('[events.deep]\nnames = "view_item"\n', "must be a list of texts"),
        ("[events.engaged]\nseconds = -1\n", "whole number of at least 1"),
        ("[thresholds]\nengaged_pageviews = 12\n", "is above deep_pageviews"),
        ("[thresholds]\ndeep_pageviews = true\n", "whole number"),
        ("[events]\nengaged = 3\n", "events.engaged has no meaning here"),
    ],
)
def test_rules_that_mean_nothing(tmp_path, text, said):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        stages.load_rules(path)
    assert str(caught.value).startswith("rules.toml: ")
