"""GA4 events: every form and year of the export, what sessions are made of them, and what becomes of each row."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from etl import load as loading
from etl import schema, stages
from etl.errors import InputError
from etl.inspect import inspect
from etl.load import load
from tests.conftest import records
from tests.etl import ga4_exports as exports
from tests.etl.ga4_exports import event, purchase, refund

OUTCOMES = ("sessions_new", "sessions_updated", "duplicates", "folded", "bots", "without_consent", "rejected")


@pytest.fixture
def con(empty_database, tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "rebuild_cubes", lambda con: None)
    folder = tmp_path / "database"
    folder.mkdir()
    with exports.fresh(empty_database, folder) as con:
        yield con


@pytest.fixture
def load_events(con, tmp_path):
    """A function that loads lists of events, each a file of one load, and gives what came of the files."""
    number = 0

    def load_them(*files: list[dict], form: str = "lines") -> list[dict]:
        nonlocal number
        paths = []
        for events in files:
            number += 1
            paths.append(exports.FORMS[form](tmp_path / f"events_{number}.export", events))
        found = exports.load_together(con, tmp_path, paths)
        for file in found:
            assert file["rows_read"] == sum(file[name] for name in OUTCOMES)
        return [
            {name: file[name] for name in OUTCOMES if file[name]} | {"notes": file["notes"], "warnings": file["warnings"]} for file in found
        ]

    return load_them


def counts(file: dict) -> dict:
    return {name: value for name, value in file.items() if name not in ("notes", "warnings")}


def sessions(con) -> list[dict]:
    return records(
        con, "select * replace (device::varchar as device, revenue::double as revenue) from sessions order by started_at, session_id"
    )


VISIT = [
    event("first_visit", 0),
    event("session_start", 0),
    event("page_view", 0, params={"session_engaged": 0}),
    event("user_engagement", 5.5, params={"engagement_time_msec": 5_000}),
    event("page_view", 6, params={"page_location": "https://a.example/p/7?gclid=1#x", "session_engaged": "1"}),
    purchase(42, "T1", 19.9, params={"engagement_time_msec": 2_500}),
]


@pytest.mark.parametrize("form", exports.FORMS)
def test_every_form_says_the_same(con, load_events, form):
    source = {"collected_traffic_source": {"manual_source": "news", "manual_medium": "email", "manual_campaign_name": "may"}}
    rows = [one | (source if number == 2 else {"collected_traffic_source": None}) for number, one in enumerate(VISIT)]
    (file,) = load_events(rows, form=form)
    assert counts(file) == {"sessions_new": 1, "folded": 5}
    (only,) = sessions(con)
    assert (only["device"], only["browser"], only["operating_system"]) == ("mobile", "Chrome", "Android")
    assert (only["source"], only["medium"], only["campaign"], only["channel"]) == ("news", "email", "may", "Email")
    assert (only["source_basis"], only["landing_page"], only["visit_number"]) == ("collected", "/start", 1)
    assert (only["pageviews"], only["duration_seconds"], only["engagement_seconds"], only["is_bounce"]) == (2, 42, 7.5, False)
    assert (only["stage"], only["transactions"], only["revenue"], only["session_date"]) == (3, 1, 19.9, date(2026, 5, 28))
    told = con.execute("select event_index, event_name, page, value from events order by all").fetchall()
    assert told == [
        (1, "first_visit", "/start", None),
        (2, "session_start", "/start", None),
        (3, "page_view", "/start", None),
        (4, "user_engagement", "/start", None),
        (5, "page_view", "/p/7", None),
        (6, "purchase", "/start", 19.9),
    ]


def test_forms_meet_as_the_same_events(con, load_events):
    load_events(VISIT, form="parquet")
    for form in ("text", "wrapped", "array"):
        (again,) = load_events([VISIT[0] | {"geo": {"country": "Chile"}}, *VISIT[1:]] if form == "text" else VISIT, form=form)
        assert counts(again) == {"duplicates": 6}
    assert len(sessions(con)) == 1


def test_years_of_different_columns_load_together(con, load_events):
    old = [event("page_view", 0, visitor="3.3", params={"source": "bing", "medium": "organic"})]
    middle = [event("page_view", 0, visitor="4.4", is_active_user=True, collected_traffic_source={"gclid": "abc"})]
    click = {
        "manual_campaign": {"source": "(not set)"},
        "cross_channel_campaign": {"source": "yahoo", "medium": "cpc", "campaign_name": "y"},
    }
    new = [event("page_view", 0, visitor="5.5", batch_event_index=1, batch_page_id=1, session_traffic_source_last_click=click)]
    files = load_events(old, middle, new, form="parquet")
    assert [counts(file) for file in files] == [{"sessions_new": 1}] * 3
    found = con.execute("select source::varchar, medium, campaign, source_basis from sessions order by source::varchar").fetchall()
    assert found == [("bing", "organic", None, "collected"), ("google", "cpc", None, "collected"), ("yahoo", "cpc", "y", "last click")]


def test_a_session_goes_on_over_midnight_and_over_files(con, load_events):
    evening = [event("page_view", 12_000), event("page_view", 12_790)]
    morning = [event("page_view", 12_810), event("page_view", 13_000)]
    assert evening[0]["event_date"] != morning[0]["event_date"]
    (first, second) = load_events(morning, evening)
    assert (counts(first), counts(second)) == ({"folded": 2}, {"sessions_new": 1, "folded": 1})
    (only,) = sessions(con)
    assert (only["pageviews"], only["duration_seconds"], only["session_date"]) == (4, 1000, date(2026, 5, 28))


def test_late_events_update_their_session(con, load_events):
    load_events([event("page_view", 100), event("page_view", 100, visitor="2.2")])
    assert [row["stage"] for row in sessions(con)] == [0, 0]
    before = {row["session_id"] for row in sessions(con)}
    (late,) = load_events([event("page_view", 0, geo={"country": "Chile"}), purchase(90, "T", 5), event("scroll", 50)])
    assert counts(late) == {"sessions_updated": 1, "folded": 2}
    assert {row["session_id"] for row in sessions(con)} == before
    updated = sessions(con)[0]
    assert (updated["country"], updated["pageviews"], updated["duration_seconds"], updated["stage"], updated["revenue"]) == (
        "Chile",
        2,
        100,
        3,
        5,
    )
    assert con.execute("select count(*) from events").fetchone() == (5,)


def test_an_event_that_changes_nothing_is_folded(con, load_events):
    load_events([event("page_view", 0), event("page_view", 60)])
    (late,) = load_events([event("my_own", 30)])
    assert counts(late) == {"folded": 1}
    assert con.execute("select event_name from events order by event_index").fetchall() == [("page_view",), ("my_own",), ("page_view",)]


def test_events_without_consent_are_counted_and_in_no_session(con, load_events):
    denied = [event("page_view", number, visitor=None, visit=None) for number in range(3)]
    (file,) = load_events([event(), *denied, event("page_view", 9, visit=None)])
    assert counts(file) == {"sessions_new": 1, "without_consent": 4}
    assert any("carry no visitor or session id" in note for note in file["notes"])
    assert con.execute("select without_consent from loads").fetchall() == [(4,)]


@pytest.mark.parametrize(
    ("flag", "events", "stage"),
    [
        ("1", [event()], 1),
        (1, [event()], 1),
        ("0", [event()], 0),
        (0, [event(), event("my_own", 10)], 1),
        (None, [event(params={"engagement_time_msec": 10_000})], 1),
        (None, [event(params={"engagement_time_msec": 9_999})], 0),
        (None, [event("screen_view", 0, params={"page_location": None, "firebase_screen": "home"}), event("screen_view", 1)], 1),
    ],
)
def test_engaged_by_flag_or_by_definition(con, load_events, flag, events, stage):
    events = [json.loads(json.dumps(one)) for one in events]
    if flag is not None:
        events[0]["event_params"].append({"key": "session_engaged", "value": exports.value(flag)})
    (file,) = load_events(events)
    assert [row["stage"] for row in sessions(con)] == [stage]
    differs = flag is not None and (str(flag) == "1") != (stage == 1 and len(events) > 1)
    assert any("GA4's flag" in note for note in file["notes"]) == differs


def test_screens_are_pages(con, load_events):
    load_events([event("screen_view", 0, params={"page_location": None, "firebase_screen": "home/start"}, platform="ANDROID")])
    (only,) = sessions(con)
    assert (only["landing_page"], only["pageviews"]) == ("home/start", 1)


GCLID = {"collected_traffic_source": {"manual_source": "x", "manual_medium": "y", "manual_campaign_name": "sale", "gclid": "abc"}}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([event("session_start", params={"source": "no", "medium": "no"}), event("page_view", 1)], ("(direct)", "(none)", "none")),
        ([event("page_view", params={"source": "a", "medium": "b"}), event("page_view", 1, **GCLID)], ("a", "b", "collected")),
        ([event("page_view"), event("scroll", 1, **GCLID)], ("google", "cpc", "collected")),
        ([event("page_view", params={"medium": "email"})], ("(unknown)", "email", "collected")),
        (
            [event(**GCLID), event("scroll", 1, session_traffic_source_last_click={"manual_campaign": {"source": "m", "medium": "n"}})],
            ("m", "n", "last click"),
        ),
        (
            [
                event(
                    session_traffic_source_last_click={
                        "google_ads_campaign": {"campaign_name": "brand"},
                        "manual_campaign": {"source": "m"},
                    }
                )
            ],
            ("google", "cpc", "last click"),
        ),
    ],
)
def test_the_source_of_a_session(con, load_events, events, told):
    load_events(events)
    assert con.execute("select source::varchar, medium, source_basis from sessions").fetchall() == [told]


DAY = 86_400
PINNED = (11924808940034752507, 15146089508362878050)


def test_a_direct_visit_is_credited_to_the_last_source_of_ninety_days(con, load_events):
    news = {"collected_traffic_source": {"manual_source": "news", "manual_medium": "email"}}
    load_events([event(visit=2, second=DAY), event(visit=3, second=91 * DAY), event(visit=4, second=2 * DAY, visitor="2.2")])
    assert {row["source_basis"] for row in sessions(con)} == {"none"}
    # The earlier day comes later: what depends on it follows, and no row is counted twice.
    (file,) = load_events([event(visit=1, second=0, **news)])
    assert counts(file) == {"sessions_new": 1}
    found = con.execute("select source::varchar, medium, source_basis from sessions order by started_at").fetchall()
    assert found == [("news", "email", "collected"), ("news", "email", "earlier session"), *[("(direct)", "(none)", "none")] * 2]


def test_assistants_have_their_channel_at_any_date(con, load_events):
    def visit(number: int, source: str, medium: str, campaign: str | None = None) -> dict:
        said = {"manual_source": source, "manual_medium": medium, "manual_campaign_name": campaign}
        return event(visitor=f"{number}.1", collected_traffic_source=said)

    load_events(
        [
            visit(1, "chatgpt.com", "referral"),
            visit(2, "chatgpt.com", "cpc"),
            visit(3, "blog.chatgpt.com", "referral"),
            visit(4, "x", "ai-assistant"),
            visit(5, "google", "cpc", "Cross-network sale"),
            visit(6, "google", "cpc", "shopping all"),
            visit(7, "partner", "cpm"),
        ]
    )
    found = con.execute("select channel::varchar from sessions").fetchall()
    assert sorted(channel for (channel,) in found) == sorted(
        ["AI Assistant", "Paid Other", "Referral", "AI Assistant", "Cross-network", "Paid Shopping", "Display"]
    )


def test_an_order_is_one_however_often_it_is_reported(con, load_events):
    first = [purchase(0, "T1", 10), purchase(5, "T1", 10), purchase(9, "T2", 3)]
    load_events(first)
    assert [(row["transactions"], row["revenue"]) for row in sessions(con)] == [(2, 13)]
    # The confirmation reloaded the next day, and the same number of another visitor's order.
    (file,) = load_events([purchase(DAY, "T1", 10, visit=200), purchase(DAY, "T1", 7, visitor="2.2", visit=5)])
    assert sorted((row["transactions"], row["revenue"], row["stage"]) for row in sessions(con)) == [(0, 0, 0), (1, 7, 3), (2, 13, 3)]


def test_purchases_without_a_number_each_count(con, load_events):
    (file,) = load_events([purchase(0, None, 10), purchase(5, "(not set)", 10)])
    assert [(row["transactions"], row["revenue"]) for row in sessions(con)] == [(2, 20)]
    assert "2 of 2 purchases name no transaction_id: each counts as one." in file["notes"]


@pytest.mark.parametrize(
    ("refunds", "revenue"),
    [
        ([refund(DAY, "T1", 4, visit=300)], 9),
        ([refund(DAY, "T1", None, visit=300)], 3),
        ([refund(DAY, "T1", 4, visitor=None, visit=None), refund(2 * DAY, "T1", 4, visitor="9.9", visit=None)], 5),
        ([refund(DAY, "T1", 400, visit=300)], 3),
        ([refund(DAY, "other", 4, visit=300)], 13),
    ],
)
@pytest.mark.parametrize("is_late", [True, False])
def test_refunds_take_from_the_session_that_bought(con, load_events, refunds, revenue, is_late):
    bought = [purchase(0, "T1", 10), purchase(9, "T2", 3)]
    for events in (bought, refunds) if is_late else (refunds, bought):
        load_events(events)
    (converted,) = [row for row in sessions(con) if row["is_converted"]]
    assert (converted["transactions"], converted["revenue"]) == (2, revenue)
    (again,) = load_events([*refunds, *bought, event("page_view", 99, visit=7)])
    assert again["duplicates"] == len(refunds) + 2
    assert [row["revenue"] for row in sessions(con) if row["is_converted"]] == [revenue]


@pytest.mark.parametrize(
    ("currency", "revenue", "says"), [("USD", 11.0, "as Google converts"), ("EUR", 10.0, None), ("GBP", 10.0, "taken as they stand")]
)
def test_currencies(con, load_events, currency, revenue, says):
    schema.set_setting(con, "currency", currency)
    euros = purchase(0, "T1", 10.0, params={"currency": "EUR"})
    euros["ecommerce"]["purchase_revenue_in_usd"] = 11.0
    (file,) = load_events([euros])
    assert [row["revenue"] for row in sessions(con)] == [revenue]
    assert [says in note for note in file["warnings"] if "Purchases are in EUR" in note] == ([True] if says else [])


def test_key_events_are_those_of_the_rules(con, load_events, monkeypatch, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(stages.RULES.read_text().replace('["purchase", ', '["generate_lead", "purchase", '))
    load_events([event("generate_lead", visit=1)])
    monkeypatch.setattr(stages, "RULES", rules)
    load_events([event("generate_lead", visitor="2.2"), event("view_item", visitor="3.3", second=99)])
    assert sorted((row["stage"], row["transactions"]) for row in sessions(con)) == [(0, 0), (2, 0), (3, 0)]


def test_bots_keep_their_events_apart_and_may_turn_out_people(con, load_events):
    views = [event("page_view", number / 100) for number in range(40)]
    (file,) = load_events(views)
    assert counts(file) == {"bots": 1, "folded": 39}
    assert con.execute("select count(*) from events").fetchone() == (0,)
    load_events([purchase(2, "T", 1)])
    assert con.execute("select count(*) from bots").fetchone() == (0,)
    assert [(row["pageviews"], row["transactions"]) for row in sessions(con)] == [(40, 1)]
    assert con.execute("select count(*) from events").fetchone() == (41,)


def broken(**changes) -> dict:
    return event("page_view", 5) | changes


BAD = [
    (broken(event_timestamp="soon"), "event_timestamp is not a number"),
    (broken(event_timestamp=None), "event_timestamp missing"),
    (broken(event_timestamp=1_780_000_000), "event_timestamp is not in microseconds since 1970"),
    (broken(event_date="someday"), "event_date is not a date"),
    (broken(event_date=None), "event_date missing"),
    (broken(event_name=None), "event_name missing"),
    (event(params={"ga_session_id": "abc"}), "parameter ga_session_id is not a number"),
    (event(params={"engagement_time_msec": "long"}), "parameter engagement_time_msec is not a number"),
    (event("purchase", params={"value": "much"}), "parameter value is not an amount"),
    (purchase(0, "T", 1e15), "amount is out of range"),
]


@pytest.mark.parametrize("form", ["lines", "text"])
def test_bad_rows_are_rejected_with_their_place_and_reason(con, load_events, form):
    good = [event("page_view", number) for number in range(20)]
    rows = [*good[:3], *[row for row, _ in BAD], *good[3:]]
    (file,) = load_events(rows, form=form)
    assert (file["rejected"], file["sessions_new"], file["folded"]) == (len(BAD), 1, 19)
    assert con.execute("select row_number, reason from rejects order by row_number").fetchall() == [
        (number, reason) for number, (_, reason) in enumerate(BAD, start=4)
    ]
    assert not con.execute("select count(*) from rejects where contains(raw, '1.1') or contains(raw, 'T1')").fetchone()[0]


def test_a_broken_line_is_one_row(con, load_events, tmp_path):
    path = tmp_path / "cut.json"
    path.write_text("\n".join([json.dumps(event()), '{"event_name": "page', json.dumps(event("scroll", 3))]))
    (file,) = exports.load_together(con, tmp_path, [path])
    assert (file["rows_read"], file["sessions_new"], file["folded"], file["rejected"]) == (3, 1, 1, 1)
    assert con.execute("select row_number, reason from rejects").fetchall() == [(2, "record cannot be read")]


def test_mostly_bad_files_are_refused(tmp_path):
    path = exports.lines(tmp_path / "bad.json", [event(), broken(event_date="x"), broken(event_date="y")])
    with pytest.raises(
        InputError, match=r"^bad\.json: 2 of 3 rows cannot be loaded, mostly since event_date is not a date \(first in row 2\)"
    ):
        load([path], tmp_path / "leaks.duckdb")
    assert not (tmp_path / "leaks.duckdb").exists()


def test_what_is_missing_or_no_export_of_events_is_named(tmp_path):
    with duckdb.connect() as con:
        con.execute(
            f"copy (select '20260101' as event_date, 'a' as event_name, 1 as user_pseudo_id, [1] as items) to '{tmp_path}/a.parquet'"
        )
        con.execute(f"copy (select 'a' as pseudo_user_id, 1 as stream_id, [1] as audiences) to '{tmp_path}/users.parquet'")
    with pytest.raises(InputError, match=r"^a\.parquet: is a ga4-bigquery export without event_timestamp, event_params: "):
        load([tmp_path / "a.parquet"], tmp_path / "x.duckdb")
    with pytest.raises(InputError, match=r"^users\.parquet: is a GA4 export of users .* export the tables events_YYYYMMDD instead"):
        load([tmp_path / "users.parquet"], tmp_path / "x.duckdb")


def test_no_raw_id_is_stored(con, load_events):
    load_events(
        [purchase(0, "ORDER-123456", 5, visitor="987654321.1234567890"), refund(1, "ORDER-123456", 1, visitor="987654321.1234567890")]
    )
    tables = con.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()").fetchall()
    for (table,) in tables:
        text = str(con.execute(f"from {table}").fetchall())
        assert "987654321" not in text and "ORDER-123456" not in text


def test_real_sample(load_real):
    with duckdb.connect(str(load_real("ga4_events_sampled.parquet")), read_only=True) as con:
        (loaded,) = records(con, "from loads")
        assert (loaded["rows_read"], loaded["sessions_new"], loaded["folded"], loaded["stage_basis"]) == (24_219, 20_705, 3_514, "events")
        assert con.execute("select count(*), count_if(is_converted), count_if(transactions > 0) from sessions").fetchone() == (
            20_705,
            604,
            604,
        )
        assert con.execute("select count(*) from events").fetchone() == (24_219,)
        sampled = con.execute("select severity, message from data_warnings where contains(message, 'unfit for rates')").fetchall()
    assert [severity for severity, _ in sampled] == ["warning"]
    assert "18,104 of 20,705 sessions" in sampled[0][1] and "only 1,937" in sampled[0][1]


def test_real_events_of_2023(real_data, tmp_path):
    (found,) = inspect([real_data / "ga4_events_2023.jsonl"])
    # Two rows are one purchase, written with and without the colours of its items.
    assert (found["format"], found["rows_read"], found["sessions_new"], found["folded"], found["duplicates"]) == (
        "ga4-bigquery",
        12,
        6,
        5,
        1,
    )
    load([real_data / "ga4_events_2023.jsonl"], tmp_path / "own.duckdb", settings={"currency": "EUR"})
    with duckdb.connect(str(tmp_path / "own.duckdb"), read_only=True) as con:
        assert con.execute("select sum(transactions), sum(revenue)::double from sessions").fetchone() == (1, 31.0)


def test_days_come_one_by_one(tmp_path: Path):
    """Only new files are read, whole folders may be named again and again."""
    folder, db = tmp_path / "exports", tmp_path / "leaks.duckdb"
    folder.mkdir()
    for day in range(3):
        exports.parquet(
            folder / f"events_2026060{day}.parquet", [event("page_view", day * DAY, visit=day), event("scroll", day * DAY + 3, visit=day)]
        )
        result = load([folder], db)
        assert [file["file"] for file in result["files"]] == [f"events_2026060{day}.parquet"]
        assert len(result["already_loaded"]) == day
    with duckdb.connect(str(db), read_only=True) as con:
        assert con.execute("select count(*), count(distinct session_date) from sessions").fetchone() == (3, 3)
        assert con.execute("select count(*) from events").fetchone() == (6,)


def test_parts_of_a_load_make_the_same_sessions(con, load_events, monkeypatch):
    """However few files are worked on at once: a visit over midnight stands in two parts."""
    monkeypatch.setattr(loading, "MOST_AT_ONCE", 1)
    files = load_events([event("page_view", 12_790)], [event("page_view", 12_810)], [event("page_view", 12_810), event(visitor="2.2")])
    assert [counts(file) for file in files] == [{"sessions_new": 1}, {"sessions_updated": 1}, {"sessions_new": 1, "duplicates": 1}]
    assert [row["pageviews"] for row in sessions(con)] == [1, 2]


def test_the_hash_that_known_events_are_told_by_is_the_same_in_each_version_of_duckdb(con, load_events):
    """Where it changes, events loaded before would be taken for new ones: see docs/decisions/ga4-sessions.md."""
    load_events([event(), event("scroll", 1, batch_event_index=2, batch_page_id=1, batch_ordering_id=3)])
    assert con.execute("select event_key from events order by event_index").fetchall() == [(key,) for key in PINNED]


def test_a_late_first_event_moves_its_session_to_an_earlier_day(con, load_events):
    load_events([event("page_view", 12_810)])
    (late,) = load_events([event("page_view", 12_790)])
    assert counts(late) == {"sessions_updated": 1}
    assert [(row["session_date"], row["pageviews"]) for row in sessions(con)] == [(date(2026, 5, 28), 2)]
