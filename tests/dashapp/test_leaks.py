"""The leaks page over given rankings: its cards, its states, its download; and the leaks on the overview and on trends."""

import csv
import io
from datetime import date

import duckdb
import pytest
from dash.development.base_component import Component

from dashapp import figures, insights
from dashapp.app import create, fill
from dashapp.db import Database
from dashapp.figures.leaks import stretches
from dashapp.filters import Filters
from dashapp.pages import PAGES, leaks
from dashapp.queries import leaks as queries
from dashapp.settings import Settings
from tests.dashapp.building import build
from tests.dashapp.ranking import BROKEN, EXCHANGED, GAP, INTERACTION, LEAK, RUN, SITE, insert, rank
from tests.dashapp.sample_rows import HOSTILE, plain
from tests.dashapp.test_figures import assert_harmless

EVERYTHING = Filters()


@pytest.fixture(scope="module")
def unranked(tmp_path_factory):
    return build(tmp_path_factory.mktemp("leaks") / "leaks.duckdb", sessions=900, model=False)


@pytest.fixture
def database(unranked, tmp_path):
    path = tmp_path / "leaks.duckdb"
    path.write_bytes(unranked.read_bytes())
    return path


def parts(component) -> list[Component]:
    return [part for part in (component, *component._traverse()) if isinstance(part, Component)]


def words(component) -> str:
    found = []
    for part in parts(component):
        children = part.children if hasattr(part, "children") else None
        found += [str(one) for one in (children if isinstance(children, list | tuple) else [children]) if isinstance(one, str | int)]
    return " ".join(found).replace("\u00a0", " ")


def shown(path, filters: Filters = EVERYTHING, page: str = "/leaks") -> tuple[Component, dict]:
    with Database(path).reading() as read:
        layout, answer = PAGES[page].layout(read), PAGES[page].answer(read, filters, [], "light")
        return fill(layout, answer), answer


def cards(component) -> dict[str, Component]:
    return {
        part.id: part for part in parts(component) if str(getattr(part, "className", "")).startswith("card leak") and hasattr(part, "id")
    }


def test_the_front_door_comes_first():
    assert list(PAGES)[:2] == ["/leaks", "/"]


def test_leaks_stand_in_the_order_of_their_lower_bound(database):
    cheap = LEAK | {"leak_id": "eeeeeeeeeeee", "revenue_low": 900.0, "segment": {"country": "Japan"}}
    found = cards(shown(rank(database, (INTERACTION, GAP, cheap, BROKEN, LEAK)))[0])
    assert list(found) == [LEAK["leak_id"], "eeeeeeeeeeee", INTERACTION["leak_id"], BROKEN["leak_id"], GAP["leak_id"]]


def test_a_card_says_what_when_how_much_and_where_to_go(database):
    page, answer = shown(rank(database))
    card = cards(page)[LEAK["leak_id"]]
    said = words(card)
    assert "Since about 31 March, sessions from Canada with Safari that engaged deeply begin the checkout less often" in said
    assert "$2,300 to $7,900 a month" in said
    links = [part.href for part in parts(card) if hasattr(part, "href")]
    assert links == ["/funnel?country=Canada&since=2024-03-31&until=2024-04-29"]
    assert "of every browser, since the pages have no filter for that" in said
    statement = next(part for part in parts(card) if getattr(part, "id", "") == f"leak-sql-{LEAK['leak_id']}")
    assert statement.children == LEAK["segment_sql"]
    figure = answer[f"leak-trend-{LEAK['leak_id']}"]["figure"]
    assert any(shape["type"] == "line" and shape["x0"] == "2024-03-31" for shape in figure["layout"]["shapes"])
    assert "at most 10 % of what stands out is expected to be a false alarm" in words(page)
    assert "New since" not in said  # of a first ranking everything is new


def test_status_is_told_from_the_second_ranking_on(database):
    rank(database, (), RUN | {"run_id": "run-1", "ranked_at": RUN["ranked_at"].replace(day=2, month=3)})
    rank(database)
    assert "New since the ranking before" in words(cards(shown(database)[0])[LEAK["leak_id"]])


def test_what_is_gone_is_not_called_mended(database):
    rank(database, (LEAK, INTERACTION), RUN | {"run_id": "run-1", "ranked_at": RUN["ranked_at"].replace(day=2, month=3)})
    said = words(shown(rank(database, (LEAK,)))[0])
    assert "No longer found, which is not the same as mended: sessions of returning visitors on mobile sent by newsletter" in said


def test_gaps_are_upper_bounds_and_events_have_no_price(database):
    page, _ = shown(rank(database))
    said = words(page)
    assert "Lasting differences: upper bounds, not discoveries" in said
    assert "That is an upper bound." in words(cards(page)[GAP["leak_id"]])
    broken = words(cards(page)[BROKEN["leak_id"]])
    assert "Not priced" in broken and "$" not in broken
    assert "channel “Referral” lost as many sessions as “AI Assistant” gained" in said
    assert "Differences of intent" in said


def test_a_change_of_the_whole_site_is_split(database):
    page, _ = shown(rank(database, ()))
    banner = next(part for part in parts(page) if "banner-card" in str(getattr(part, "className", "")))
    told = str(banner.to_plotly_json()).replace("\\xa0", " ")
    for text in ("−20 %", "95 % interval −26 % to −14 %", "−4.9 %", "−16 %"):
        assert text in told, text


def test_an_exchange_told_by_a_finding_is_told_once(database):
    finding = BROKEN | {"cause": "definition change", "evidence": EXCHANGED | {"stage": 0}}
    said = words(shown(rank(database, (finding,), RUN | {"site_changes": [EXCHANGED]}))[0])
    assert said.count("lost as many sessions as") == 1


def test_never_ranked(unranked):
    page, answer = shown(unranked)
    assert "Leaks have not been ranked yet" in words(page) and "python -m models leaks" in words(page)
    assert not [identity for identity in answer if not identity.startswith("page-")]
    assert "not been ranked yet" in words(shown(unranked, page="/")[0])


def test_nothing_stands_out_says_what_could_have_been_missed(database):
    page, _ = shown(rank(database, (), RUN | {"site_changes": []}))
    said = words(page)
    assert "Nothing stands out" in said and "2,345 segments were compared" in said
    assert "a loss of 59 % would be seen four times in five" in said
    assert "Nothing stands out" in words(shown(database, page="/")[0])


def test_nothing_could_be_ranked(database):
    run = RUN | {"candidates": 0, "site_changes": [], "blind_spots": [], "remarks": ["There are no sessions to rank."]}
    said = words(shown(rank(database, (), run))[0])
    assert "Nothing could be ranked" in said and "There are no sessions to rank." in said and "stands out" not in said
    assert "What could have been missed" not in said


def test_differences_of_intent_alone_are_not_announced_as_upper_bounds(database):
    rank(database, (LEAK,))
    assert "upper bounds" not in words(shown(database)[0]) and "Differences of intent" in words(shown(database)[0])


def test_without_dates(database):
    run = RUN | {"first_day": None, "last_day": None, "bin_days": None, "site_changes": []}
    page, answer = shown(rank(database, (INTERACTION,), run))
    said = words(page)
    assert "in the sessions ranked" in said and "a month" not in words(cards(page)[INTERACTION["leak_id"]])
    assert f"leak-trend-{INTERACTION['leak_id']}" not in answer
    assert any(getattr(part, "href", "") == "/funnel?device=mobile&source=newsletter" for part in parts(page))


def test_without_revenue_conversions_are_counted(database):
    poor = LEAK | {"revenue": 0.0, "revenue_low": 0.0, "revenue_high": 0.0}
    assert "30 to 95 conversions a month" in words(cards(shown(rank(database, (poor,)))[0])[LEAK["leak_id"]])


def test_filters_do_not_pretend_to_apply(database):
    rank(database)
    filters = Filters(devices=("mobile",))
    page, answer = shown(database, filters)
    assert any(getattr(part, "className", "") == "unfiltered" for part in parts(page))
    assert "Your filters do not apply here" in str(answer["page-notes"])
    assert answer["page-subtitle"] == shown(database)[1]["page-subtitle"]
    overview = shown(database, filters, "/")[0]
    assert "filters do not apply to them" in words(overview)
    assert any(getattr(part, "href", "") == f"/leaks?device=mobile#{LEAK['leak_id']}" for part in parts(overview))


def test_plans_and_verdicts_where_the_database_has_them(database):
    rank(database)
    with duckdb.connect(str(database)) as con:
        con.execute(
            "create table if not exists experiment_plans (leak_id varchar, run_id varchar, share double, words varchar, expected_value double)"
        )
        con.execute(
            "create table if not exists fix_verdicts "
            "(leak_id varchar, run_id varchar, fixed_on date, note varchar, state varchar, step varchar, segment json, words varchar)"
        )
        for share, text in ((0.5, "Half in 9 weeks."), (1.0, "All in 3 weeks.")):
            row = {"leak_id": LEAK["leak_id"], "run_id": "run-2", "share": share, "words": text, "expected_value": 12_345.0}
            insert(con, "experiment_plans", row | missing(con, "experiment_plans", row))
        for leak_id, text in ((LEAK["leak_id"], "Not yet."), ("ffffffffffff", "It is back.")):
            row = {"leak_id": leak_id, "run_id": "run-2", "fixed_on": date(2024, 4, 10), "note": "<b>tag</b>", "state": "not yet"}
            row |= {"step": "a → b", "segment": {"country": "Peru"}, "words": text}
            insert(con, "fix_verdicts", row | missing(con, "fix_verdicts", row))
    page, _ = shown(database)
    said = words(cards(page)[LEAK["leak_id"]])
    assert said.index("All in 3 weeks.") < said.index("Half in 9 weeks.") and "about $12,000 over 12 months" in said
    assert "Fixed on 10 April 2024 (“<b>tag</b>”): Not yet." in said
    assert "It is back." in words(page) and "sessions from Peru" in words(page)


def missing(con, table: str, given: dict) -> dict:
    """A value for each further column that must have one."""
    columns = con.execute(f"describe {table}").fetchall()
    return {name: False if kind == "BOOLEAN" else 0 for name, kind, null, *_ in columns if null == "NO" and name not in given}


def test_labels_of_strangers_stay_text(database):
    found = [
        LEAK
        | {"leak_id": f"{place:012x}", "segment": {"source": label, "browser": label, "landing_page": label}, "segment_sql": label or ""}
        for place, label in enumerate(HOSTILE)
    ]
    events = [(date(2024, 4, 1), label or "?", label or "?") for label in HOSTILE]
    changes = [EXCHANGED | {"from": HOSTILE[0], "to": HOSTILE[3]}, SITE | {"step": f"{HOSTILE[0]} → {HOSTILE[2]}"}]
    page, answer = shown(rank(database, tuple(found), RUN | {"site_changes": changes}, tuple(events)))
    assert not [part for part in parts(page) if "dangerously_allow_html" in part.to_plotly_json()["props"]]
    drawn = [value["figure"] for value in answer.values() if "figure" in value]
    assert len(drawn) == len(found) + 1
    for figure in drawn:
        assert_harmless(figure)


def test_the_list_is_downloaded_and_no_spreadsheet_runs_it(database):
    rank(database, (LEAK | {"segment_sql": "=cmd|' /C calc'!A0"}, GAP), events=((date(2024, 4, 1), "@launch", "release"),))
    client = create(Settings(database=database, auth="none", on_platform=False)).server.test_client()
    answer = client.get("/download/open_leaks.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["leak_id"] for row in rows] == [LEAK["leak_id"], GAP["leak_id"]]
    assert rows[0]["segment_sql"].startswith("'=") and float(rows[0]["revenue_per_month_low"]) == pytest.approx(2345)
    assert "'@launch" in client.get("/download/site_events.csv").text
    assert client.get("/download/leaks.csv").status_code == 404


def test_events_are_marked_on_trends():
    events = [
        {"occurred_on": date(2026, 3, 5), "label": "<i>New</i> checkout", "kind": "release"},
        {"occurred_on": date(2019, 1, 1), "label": "Long ago", "kind": "other"},
    ]
    rows = plain()["daily_trend"]
    figure = figures.daily_trend(rows, events=events)
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == ["2026-03-05"]
    assert_harmless(figure)
    assert insights.daily_trend(rows, events=events).endswith("Marked: <i>New</i> checkout (5 Mar).")
    assert figures.daily_trend(rows)["layout"]["shapes"] == []


def test_no_stretch_of_a_trend_holds_the_start_within_it():
    rows = [{"bin_start": date(2024, 1, 1 + day), "entrants": 7, "passes": 3, "expected_rate": 0.5} for day in range(30)]
    start = date(2024, 1, 12)
    made = stretches(rows, start)
    assert start in [one.first for one in made]
    assert sum(one.rate.n for one in made) == 7 * 30
    assert sum(not one.rate.is_thin for one in made) >= 4
    assert all(one.expected == pytest.approx(0.5) for one in made)


def test_queries_read_json(database):
    with Database(rank(database)).reading() as read:
        assert queries.latest_run(read)["site_changes"] == [SITE, EXCHANGED]
        assert queries.open_leaks(read)[0]["segment"] == LEAK["segment"]
        assert leaks.sorted_out(queries.open_leaks(read))[1][0]["leak_id"] == BROKEN["leak_id"]


def test_what_is_recoverable_stands_apart_from_the_ceiling(database):
    """On the funnel page: the price of the leaks with its interval, the ceiling called one; under filters neither is made up."""
    before = shown(database, page="/funnel")[1]
    assert "needs the leak ranking" in before["stake-note"]["children"]
    rank(database, (LEAK, GAP))
    whole, part = shown(database, page="/funnel")[1], shown(database, Filters(devices=("mobile",)), "/funnel")[1]
    assert "$4,600 (from $2,300 to $7,900) in the period ranked" in whole["revenue-at-stake-insight"]["children"]
    assert (
        "lasting differences are not in it" in whole["stake-note"]["children"] and "No site reaches it" in whole["stake-note"]["children"]
    )
    assert "of a selection is not estimated" in part["stake-note"]["children"]
    assert "not for a selection" in part["revenue-at-stake-insight"]["children"]
