"""The three forms of the demo describe the same sessions, in the true shapes of the exports."""

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.demo import writing
from etl.demo.writing import write_demo
from tests.etl import demo_sql

SESSIONS, DAYS = 12_000, 21
FORMS = ("flat", "ga360", "ga4")
# The switch of Google's channel for assistants lies within these days.
END = date(2026, 5, 25)


class Demo(NamedTuple):
    con: duckdb.DuckDBPyConnection
    truths: dict[str, dict]
    folders: dict[str, Path]

    def execute(self, *query):
        return self.con.execute(*query)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One table of sessions for each form, and the truths."""
    with duckdb.connect() as con:
        loaded = Demo(con, {}, {})
        for form in FORMS:
            folder = tmp_path_factory.mktemp(form)
            loaded.truths[form] = write_demo(folder, format=form, sessions=SESSIONS, days=DAYS, seed=11, end=END)
            loaded.folders[form] = folder
            con.execute(f"create table {form} as {getattr(demo_sql, form.upper()).format(folder=folder)}")
        yield loaded


def one(con, query):
    return con.execute(query).fetchone()


@pytest.mark.parametrize(("left", "right"), [("flat", "ga360"), ("ga360", "flat"), ("ga360", "ga4"), ("ga4", "ga360")])
def test_forms_hold_the_same_sessions(demo, left, right):
    key = "client" if "ga4" in (left, right) else "visitor"
    query = "select {key}, {columns} from {form}"
    missing = demo.execute(
        f"{query.format(key=key, columns=demo_sql.COLUMNS, form=left)} except all "
        f"{query.format(key=key, columns=demo_sql.COLUMNS, form=right)} limit 3"
    ).fetchall()
    assert missing == []
    assert one(demo, f"select count(*) from {left}") == (SESSIONS,)


def test_stages_agree_and_are_the_truth(demo):
    assert one(demo, "select count(*) from ga360 join ga4 using (client, visit_id) where ga360.stage <> ga4.stage") == (0,)
    stages = demo.truths["ga360"]["stages"]
    for stage in (2, 3):
        assert one(demo, f"select count(*) from ga4 where stage >= {stage}") == (stages[stage],)
    crawlers = demo.truths["ga360"]["totals"]["bots_by_kind"]["crawler"]
    assert one(demo, "select count(*) from ga4 where stage >= 1") == (stages[1] + crawlers,)


@pytest.mark.parametrize("form", FORMS)
def test_truth_adds_up_with_the_export(demo, form):
    totals = demo.truths[form]["totals"]
    assert one(demo, f"select count(*), count_if(transactions > 0), sum(transactions), sum(revenue_micros) from {form}") == (
        totals["rows"],
        totals["conversions"],
        totals["transactions"],
        round(totals["revenue"] * 1_000_000),
    )
    for device, expected in demo.truths[form]["devices"].items():
        on_device = f"from {form} where device = '{device}'"
        found = one(demo, f"select count_if(transactions > 0), sum(transactions), sum(revenue_micros) {on_device}")
        assert found == (expected["conversions"], expected["transactions"], round(expected["revenue"] * 1_000_000))


def test_truth_is_the_same_for_each_form(demo):
    truths = [{k: v for k, v in demo.truths[form].items() if k not in ("format", "files")} for form in FORMS]
    assert truths[0] == truths[1] == truths[2]
    for form in FORMS:
        assert json.loads((demo.folders[form] / "truth.json").read_text()) == demo.truths[form]
        written = {path.name for path in demo.folders[form].iterdir()}
        assert written == {*demo.truths[form]["files"], "truth.json", "true_probabilities.parquet"}


def test_hits_agree_with_totals(demo):
    wrong = one(
        demo,
        """
        select count(*) from ga360
        where hit_count <> len(hits)
            or pageviews <> len(list_filter(hits, lambda h: h.type = 'PAGE'))
            or duration * 1000 <> hits[-1].time
            or hits[1].time <> 0
            or list_transform(hits, lambda h: h.time) <> list_sort(list_transform(hits, lambda h: h.time))
            or list_transform(hits, lambda h: h.hitNumber) <> range(1, len(hits) + 1)
            or (bounces is not null) <> (len(hits) = 1)
            or revenue_micros <> coalesce(list_sum(list_transform(hits, lambda h: h.transaction.transactionRevenue)), 0)
            or revenue_micros <> coalesce(list_sum(list_transform(flatten(list_transform(hits, lambda h: h.product)),
                                                                  lambda p: p.productRevenue)), 0)
    """,
    )
    assert wrong == (0,)


def test_no_pause_within_a_session_ends_it(demo):
    longest = one(
        demo,
        """
        select max(h.time - before) from (
            select h, lag(h.time) over (partition by visitor, visit_id order by h.hitNumber) as before
            from (select visitor, visit_id, unnest(hits) as h from ga360)
        )
    """,
    )[0]
    assert longest < 30 * 60 * 1000


def test_no_session_crosses_midnight_of_the_property(demo):
    demo.execute("set TimeZone = 'America/New_York'")
    day = "strftime({}, '%Y%m%d')"
    begin = day.format("to_timestamp(visit_id)")
    end = day.format("to_timestamp(visit_id + duration)")
    assert one(demo, f"select count(*) from ga360 where date <> {begin} or date <> {end}") == (0,)
    assert one(demo, "select count(*) from ga4 where date <> last_date or fraction <> 0 or started <> visit_id * 1000000") == (0,)
    hour = "extract(hour from to_timestamp(visit_id))"
    assert one(demo, f"select count(*) from ga360 where hits[1].hour <> {hour}") == (0,)


def test_visits_of_a_visitor_are_counted_in_order_and_apart(demo):
    wrong = one(
        demo,
        """
        select count(*) from (
            select
                visit_number - lag(visit_number) over visits as step,
                visit_id - lag(visit_id + duration) over visits as apart
            from ga360
            window visits as (partition by visitor order by visit_id)
        )
        where step <> 1 or apart < 1800
    """,
    )
    assert wrong == (0,)
    assert one(demo, "select count(*) > 500 from ga360 where visit_number > 1") == (True,)
    assert one(demo, "select count(distinct visitor) = count(distinct client) from ga360") == (True,)
    assert one(demo, "select count(distinct (device, country, browser)) from ga360 group by visitor order by 1 desc limit 1") == (1,)


def test_ga4_events_are_ordered_and_name_their_session(demo):
    assert one(demo, "select count(*) from ga4 where starts <> 1 or first_visits <> (visit_number = 1)::integer") == (0,)
    events = f"read_parquet('{demo.folders['ga4']}/events_*.parquet')"
    ties = one(
        demo,
        f"""
        select count(*) from (
            select 1 from {events} where user_pseudo_id is not null
            group by user_pseudo_id, event_timestamp, batch_event_index, batch_page_id having count(*) > 1
        )
    """,
    )
    assert ties == (0,)
    without = one(
        demo,
        f"""
        select count(*), count(privacy_info.analytics_storage) filter (privacy_info.analytics_storage = 'No'),
            count(list_filter(event_params, lambda p: p.key = 'ga_session_id')[1])
        from {events} where user_pseudo_id is null
    """,
    )
    expected = demo.truths["ga4"]["totals"]["ga4_events_without_consent"]
    assert without == (expected, expected, 0) and expected > 0
    kinds = demo.execute(f"select distinct event_name from {events} order by 1").fetchall()
    assert [kind for (kind,) in kinds] == [
        "add_to_cart",
        "begin_checkout",
        "first_visit",
        "page_view",
        "purchase",
        "scroll",
        "session_start",
        "user_engagement",
        "view_item",
    ]


def test_ga4_engagement_is_either_text_or_number_and_matches_the_stage(demo):
    events = f"read_parquet('{demo.folders['ga4']}/events_*.parquet')"
    demo.execute(f"""
        create or replace temp table engaged as
        select user_pseudo_id as client, list_filter(event_params, lambda p: p.key = 'ga_session_id')[1].value.int_value as visit_id,
            max(coalesce(flag.string_value::integer, flag.int_value)) as is_engaged, count(flag.int_value) as numbers
        from (select *, list_filter(event_params, lambda p: p.key = 'session_engaged')[1].value as flag from {events})
        where user_pseudo_id is not null
        group by all
    """)
    assert one(demo, "select count(*) from engaged where numbers <> 1") == (0,)
    assert one(demo, "select count(*) from engaged join ga4 using (client, visit_id) where is_engaged <> (stage > 0)::integer") == (0,)


def test_repeated_purchase_event_is_one_transaction(demo):
    events = f"read_parquet('{demo.folders['ga4']}/events_*.parquet')"
    purchases, orders = one(demo, f"select count(*), count(distinct ecommerce.transaction_id) from {events} where event_name = 'purchase'")
    assert orders == demo.truths["ga4"]["totals"]["transactions"]
    assert purchases > orders


def test_items_of_a_purchase_make_up_its_revenue(demo):
    events = f"read_parquet('{demo.folders['ga4']}/events_*.parquet')"
    wrong = one(
        demo,
        f"""
        select count(*) from {events}
        where event_name = 'purchase' and (
            abs(list_sum(list_transform(items, lambda i: i.item_revenue)) - ecommerce.purchase_revenue) > 0.001
            or list_sum(list_transform(items, lambda i: i.quantity)) <> ecommerce.total_item_quantity
        )
    """,
    )
    assert wrong == (0,)


def test_assistants_change_channel_on_the_day_google_changed_it(demo):
    [change] = [c for c in demo.truths["flat"]["definition_changes"] if c["dimension"] == "channel"]
    rows = demo.execute(
        "select distinct date < ?, medium, channel from flat where source = 'chatgpt.com'", [change["changed_on"].replace("-", "")]
    ).fetchall()
    assert sorted(rows) == [(False, "ai-assistant", "AI Assistant"), (True, "referral", "Referral")]


def same_type(ours: pa.DataType, theirs: pa.DataType, path: str, differences: list[str], *, known_only: bool) -> None:
    """Collect the places where our type has another name, type or nesting."""
    if pa.types.is_struct(ours) and pa.types.is_struct(theirs):
        for field in ours:
            position = theirs.get_field_index(field.name)
            if position >= 0:
                same_type(field.type, theirs.field(position).type, f"{path}.{field.name}", differences, known_only=known_only)
            elif not known_only:
                differences.append(f"{path}.{field.name}: not in the real export")
    elif pa.types.is_list(ours) and pa.types.is_list(theirs):
        same_type(ours.value_type, theirs.value_type, path + "[]", differences, known_only=known_only)
    elif ours != theirs:
        differences.append(f"{path}: {ours} where the real export has {theirs}")


# Where the real file held nothing, its writer guessed a number; BigQuery's own schema says text.
GUESSED = {"privacy_info.analytics_storage", "privacy_info.ads_storage", "stream_id", "device.mobile_os_hardware_model", "device.vendor_id",
           "device.advertising_id", "user_properties[].key", "user_properties[].value.string_value", "user_properties[].value.float_value",
           "user_properties[].value.double_value", "user_properties[].value.int_value"}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "real_file", "known_only"),
    [
        ("ga360", "ga360_20170801.parquet", False),
        ("ga4", "ga4_events_sampled.parquet", True),
    ],
)
def test_schema_is_that_of_the_real_export(demo, real_data, form, real_file, known_only):
    ours = pq.read_schema(next(demo.folders[form].glob("*_2026*.parquet")))
    theirs = pq.read_schema(real_data / real_file)
    differences = []
    same_type(pa.struct(list(ours)), pa.struct(list(theirs)), "", differences, known_only=known_only)
    assert [d for d in differences if d.split(":")[0].strip(".") not in GUESSED] == []


def test_flat_headers_hold_those_of_the_real_sample(demo, real_data):
    ours = (demo.folders["flat"] / "sessions.csv").read_text().splitlines()[0].split(",")
    theirs = (real_data / "sessions_10k.csv").read_text().splitlines()[0].split(",")
    assert set(theirs) <= set(ours)


def test_a_busy_day_written_in_pieces_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SESSIONS_AT_ONCE", 150)
    seen = []
    for form in FORMS:
        write_demo(tmp_path / form, format=form, sessions=1_000, days=2, end=END, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)] * 3
    with duckdb.connect() as con:
        for form in FORMS:
            con.execute(f"create table {form} as {getattr(demo_sql, form.upper()).format(folder=tmp_path / form)}")
        assert pq.ParquetFile(next((tmp_path / "ga360").glob("ga_sessions_*"))).num_row_groups > 2
        columns = f"select {demo_sql.COLUMNS} from"
        for left, right in (("flat", "ga360"), ("ga360", "ga4"), ("ga4", "flat")):
            assert con.execute(f"{columns} {left} except all {columns} {right}").fetchall() == []
        assert con.execute("select count(*), count(distinct (visitor, visit_id)) from flat").fetchone() == (1_000, 1_000)
