"""Invariants of the metric relations under any filter."""

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import schema
from tests.conftest import insert_sessions, records

DEVICES = ["desktop", "mobile", "tablet"]
COUNTRIES = ["Canada", "Japan", "Malta"]
CHANNELS = ["Direct", "Referral"]
BUCKETS = ["<10s", "10s–1m", "1–5m", "5–10m", "10–20m", "20–30m", ">30m"]
FIRST = date(2025, 11, 20)
DAYS = 140
RARE = [f"rare-{number:03}.example" for number in range(330)]
SOURCES = ["google", "(direct)", "o'brien\"; drop", "nobody", *RARE[:3], *RARE[-3:]]

ADDITIVE = ["kpis", "country_rates", "funnel_by_device", "duration_rates", "daily_rates", "revenue_at_stake", "midfunnel_comparison"]
RATES = ["kpis", "country_rates", "duration_rates", "source_device_rates", "device_benchmarks", "daily_rates"]


@pytest.fixture(scope="module")
def con():
    """A site of more sources than the cubes keep by name, over several months; every value is decided by its number."""
    connection = duckdb.connect()
    schema.apply(connection)
    sessions = []
    for number in range(4000):
        mixed = (number * 2654435761) % 2**32
        stage = [0, 0, 0, 1, 1, 2, 3][mixed % 7]
        sessions.append(
            {
                "device": DEVICES[mixed // 7 % 3],
                "country": COUNTRIES[mixed // 21 % 3],
                "channel": CHANNELS[mixed // 63 % 2],
                "source": RARE[mixed // 126 % len(RARE)] if mixed % 5 == 0 else ["google", "(direct)", "o'brien\"; drop"][mixed // 126 % 3],
                "session_date": str(FIRST + timedelta(days=mixed // 1000 % DAYS)),
                "stage": stage,
                "pageviews": None if mixed % 11 == 0 else mixed % 30,
                "duration_seconds": None if mixed % 13 == 0 else float(mixed % 2500),
                "revenue": f"{mixed % 9000 / 100:.2f}" if stage == 3 else 0,
                "is_bounce": None if mixed % 3 == 0 else mixed % 2 == 0,
                "visit_number": None if mixed % 17 == 0 else 1 + mixed % 4,
            }
        )
    insert_sessions(connection, sessions)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def scored(con):
    """The same with a probability for every session."""
    con.execute(
        "insert into model_runs values ('run', timestamp '2026-01-01', 'x', 'x', 'retrospective', '{}', '{\"cutoff\": 0.5}', 0.5, ''::blob, null)"
    )
    con.execute(
        "insert into predictions select session_id, 'run', timestamp '2026-01-01', p, p >= 0.9, false, load_id "
        "from (select session_id, load_id, cast((hash(session_id) % 999 + 1) / 1001 as float) as p from sessions)"
    )
    schema.rebuild_probability_cubes(con)
    return con


def subsets(values):
    return st.none() | st.lists(st.sampled_from(values), unique=True, max_size=4)


days = st.none() | st.integers(-10, DAYS + 10).map(lambda offset: FIRST + timedelta(days=offset))
filters = st.fixed_dictionaries(
    {
        "devices": subsets([*DEVICES, "fridge"]),
        "sources": subsets(SOURCES),
        "countries": subsets(COUNTRIES),
        "channels": subsets(CHANNELS),
        "since": days,
        "until": days,
        "durations": subsets([*BUCKETS, "an hour"]),
    }
)


def call(relation: str, given: dict) -> tuple[str, dict]:
    present = {name: value for name, value in given.items() if value is not None}
    return f"{relation}({', '.join(f'{name} := ${name}' for name in present)})", present


CLAUSES = {
    "devices": "list_contains($devices, device::varchar)",
    "sources": "list_contains($sources, source::varchar)",
    "countries": "list_contains($countries, country::varchar)",
    "channels": "list_contains($channels, channel::varchar)",
    "since": "session_date >= $since",
    "until": "session_date <= $until",
    "durations": "list_contains($durations, duration_bucket_name(duration_bucket(duration_seconds)))",
}


def filtered_sessions(con, given: dict) -> None:
    """Leave only the sessions the filter means, with the sources named that are named in all data or by the filter."""
    present = {name: value for name, value in given.items() if value is not None}
    where = " and ".join(CLAUSES[name] for name in present) or "true"
    con.execute("begin")
    con.execute("create temp table kept as select session_id from sessions where " + where, present)
    con.execute("delete from sessions where session_id not in (select session_id from kept)")
    con.execute(
        "update cubes.kept_sources set is_kept = is_kept or list_contains($sources, source::varchar)", {"sources": given["sources"] or []}
    )
    for file in schema.files("cubes"):
        if file.stem != "kept_sources":
            con.execute(file.read_text())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters)
def test_filtered_relation_equals_relation_of_filtered_table(con, given):
    answers = {}
    for relation in [*ADDITIVE, "source_device_rates", "device_benchmarks"]:
        text, parameters = call(relation, given)
        answers[relation] = records(con, f"from {text}", parameters or None)
    try:
        filtered_sessions(con, given)
        for relation, answer in answers.items():
            assert answer == records(con, f"from {relation}"), relation
    finally:
        con.execute("rollback")


@settings(max_examples=60, deadline=None)
@given(filters)
def test_funnels_nest(con, given):
    text, parameters = call("funnel_by_device", given)
    rows = records(con, f"from {text}", parameters or None)
    for here, following in zip(rows, rows[1:], strict=False):
        if here["stage"] < 3:
            assert here["device"] == following["device"]
            assert here["sessions"] == following["sessions"] + here["dropped"]
            assert here["dropped"] >= 0
        else:
            assert here["dropped"] is None


@settings(max_examples=60, deadline=None)
@given(filters)
def test_relations_agree_on_sessions_and_conversions(con, given):
    text, parameters = call("kpis", given)
    (kpis,) = records(con, f"from {text}", parameters or None)
    for relation in ("country_rates", "device_benchmarks", "daily_rates"):
        text, parameters = call(relation, given)
        sums = con.execute(f"select coalesce(sum(sessions), 0), coalesce(sum(conversions), 0) from {text}", parameters).fetchone()
        assert sums == (kpis["sessions"], kpis["conversions"]), relation
    text, parameters = call("revenue_at_stake", given)
    (dropped,) = con.execute(f"select sum(dropped) from {text}", parameters).fetchone()
    assert dropped == kpis["sessions"] - kpis["conversions"]


@settings(max_examples=60, deadline=None)
@given(filters)
def test_rates_lie_in_their_intervals(con, given):
    for relation in RATES:
        text, parameters = call(relation, given)
        for row in records(con, f"from {text}", parameters or None):
            if row["sessions"]:
                assert 0 <= row["ci_low"] <= row["conversion_rate"] <= row["ci_high"] <= 1


def test_cubes_are_equal_to_rows_at_every_grain(con):
    measures = (
        "sum(sessions), sum(transactions), sum(revenue_micros), sum(pageviews), sum(pageviews_known), sum(duration_ms), "
        "sum(duration_known), sum(bounces), sum(bounces_known), sum(visits), sum(returned), sum(visits_known)"
    )
    group = "device, country, channel, stage, bucket"
    of_rows = f"select {group}, {measures} from session_measures group by all"
    for cube in ("days", "months", "totals"):
        of_cube = f"select {group}, {measures} from cubes.{cube} group by all"
        assert con.execute(f"({of_rows} except all {of_cube}) union all ({of_cube} except all {of_rows})").fetchall() == []


def test_a_rare_source_is_shown_where_the_filter_names_it(con):
    (rare, day) = con.execute(
        "select source::varchar, session_date from sessions inner join cubes.kept_sources using (source) where not is_kept limit 1"
    ).fetchone()
    of_the_day = {row["source"] for row in records(con, "from source_device_rates(since := $day, until := $day)", {"day": day})}
    assert rare not in of_the_day and "(all other sources)" not in of_the_day
    named = records(con, "from source_device_rates(sources := [$rare], since := $day, until := $day)", {"rare": rare, "day": day})
    assert {row["source"] for row in named} == {rare}


def test_sources_beyond_the_largest_are_one_level_in_the_cubes(con):
    (kept, level) = con.execute(
        "select count(distinct source), sum(sessions) filter (where cast(source as varchar) = '(all other sources)') from cubes.totals"
    ).fetchone()
    (folded,) = con.execute("select sum(sessions) from cubes.kept_sources where not is_kept").fetchone()
    assert kept == 301
    assert level == folded > 0


PERIODS = {"period_comparison", "period_split", "period_effects"}
UNDATED = sorted({path.stem for path in schema.files("metrics")} - {"top_candidates"} - PERIODS)
UNDATED_SOURCES = [relation for relation in UNDATED if relation != "daily_rates"]


@settings(max_examples=25, deadline=None)
@given(filters)
def test_the_form_without_dates_and_sources_is_the_same_relation(scored, given):
    given = given | {"since": None, "until": None, "sources": None}
    for relation in UNDATED:
        text, parameters = call(relation, given)
        assert records(scored, f"from undated.{text}", parameters) == records(scored, f"from {text}", parameters), relation


@settings(max_examples=25, deadline=None)
@given(filters, st.lists(st.sampled_from([*SOURCES, "(all other sources)"]), min_size=1, max_size=4, unique=True))
def test_the_form_for_sources_without_dates_is_the_same_relation(scored, given, sources):
    given = given | {"since": None, "until": None, "sources": sources}
    for relation in UNDATED_SOURCES:
        text, parameters = call(relation, given)
        assert records(scored, f"from undated_sources.{text}", parameters) == records(scored, f"from {text}", parameters), relation


def test_the_form_for_sources_has_no_sum_over_all_of_them(con):
    """Its totals hold sources beside the level that stands for them."""
    assert con.execute("select sessions from undated_sources.kpis()").fetchone() == (0,)


def test_every_metric_relation_has_its_forms_without_the_arguments_they_lack(con):
    def of(name: str) -> dict:
        return dict(
            con.execute("select function_name, parameters from duckdb_functions() where schema_name = $name", {"name": name}).fetchall()
        )

    assert sorted(of("undated")) == UNDATED
    assert {tuple(parameters) for parameters in of("undated").values()} == {("devices", "countries", "channels", "durations")}
    assert sorted(of("undated_sources")) == UNDATED_SOURCES
    assert {tuple(parameters) for parameters in of("undated_sources").values()} == {
        ("devices", "sources", "countries", "channels", "durations")
    }


def test_sessions_without_a_measured_duration_belong_to_no_bucket(con):
    (of_buckets,) = con.execute("select sessions from kpis(durations := $all)", {"all": BUCKETS}).fetchone()
    measured, unmeasured = con.execute("select count(duration_seconds), count(*) - count(duration_seconds) from sessions").fetchone()
    assert of_buckets == measured and unmeasured > 0
    assert con.execute("select sessions from kpis(durations := [null])").fetchone() == (0,)


@settings(max_examples=25, deadline=None)
@given(filters)
def test_probabilities_follow_every_filter(scored, given):
    text, parameters = call("probability_histogram", given)
    (kpis,) = records(scored, "from " + call("kpis", given)[0], parameters)
    (told,) = scored.execute(f"select coalesce(sum(sessions), 0) from {text}", parameters).fetchone()
    assert told == kpis["sessions"]
    text, _ = call("top_candidates", given)
    (best,) = scored.execute(f"select count(*) from {text}", parameters).fetchone()
    present = {name: value for name, value in given.items() if value is not None}
    where = " and ".join(CLAUSES[name] for name in present) or "true"
    (expected,) = scored.execute(
        f"select count(*) from sessions inner join predictions using (session_id, load_id) where is_top_decile and not is_converted and {where}",
        present,
    ).fetchone()
    assert best == expected
