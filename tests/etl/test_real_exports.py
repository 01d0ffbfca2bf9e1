"""Real exports give the figures that are known of them."""

import duckdb
import pytest

from tests.conftest import records


@pytest.fixture(scope="module")
def sample(sample_db):
    with duckdb.connect(str(sample_db), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def ga360(load_real):
    with duckdb.connect(str(load_real("ga360_20170801.parquet")), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def kaggle(load_real):
    with duckdb.connect(str(load_real("kaggle_1000.csv")), read_only=True) as con:
        yield con


def one(con, query):
    return con.execute(query).fetchone()


def many(con, query):
    return con.execute(query).fetchall()


class TestSample:
    """The 10,000 sessions of July 2017, and what an earlier dashboard made of them."""

    def test_rows_bots_and_days(self, sample):
        assert one(sample, "select rows_read, sessions_new, bots, rejected, duplicates from loads") == (10_000, 10_000, 0, 0, 0)
        assert one(sample, "select min(session_date)::varchar, max(session_date)::varchar from sessions") == ("2017-07-02", "2017-07-07")
        assert many(sample, "select session_date::varchar from date_coverage where is_missing") == [("2017-07-03",)]

    def test_sessions_and_visitors(self, sample):
        assert one(sample, "select count(distinct session_id), count(distinct visitor_id) from sessions") == (10_000, 9_012)

    def test_devices(self, sample):
        assert many(sample, "select device, sessions, conversions from device_benchmarks") == [
            ("desktop", 6_111, 85),
            ("mobile", 3_437, 7),
            ("tablet", 452, 2),
        ]

    def test_conversions_are_sessions_and_not_transactions(self, sample):
        assert one(sample, "select sessions, conversions, transactions, conversion_rate, revenue from kpis") == (
            10_000,
            94,
            97,
            0.0094,
            13_383.35,
        )
        by_device = "select transactions from kpis(devices := ['{}'])"
        assert [one(sample, by_device.format(device))[0] for device in ("desktop", "mobile", "tablet")] == [88, 7, 2]
        assert one(sample, "select count(*) from sessions where transactions = 2") == (3,)

    def test_countries(self, sample):
        rows = {row["country"]: row for row in records(sample, "from country_rates")}
        counts = {name: (rows[name]["sessions"], rows[name]["conversions"]) for name in ("United States", "Israel", "Canada")}
        assert counts == {"United States": (4_136, 92), "Israel": (60, 1), "Canada": (308, 1)}
        assert rows["United States"]["transactions"] == 95
        assert [round(100 * rows["Israel"][bound], 2) for bound in ("ci_low", "ci_high")] == [0.29, 8.86]
        assert [round(100 * rows["Canada"][bound], 2) for bound in ("ci_low", "ci_high")] == [0.06, 1.82]
        assert [round(100 * rows["United States"][bound], 2) for bound in ("ci_low", "ci_high")] != [1.88, 2.80], "that was of transactions"

    def test_every_country_but_the_unknown_has_its_code(self, sample):
        assert many(sample, "select country from country_rates where iso3 is null") == [("(unknown)",)]

    def test_funnel_nests_where_the_earlier_one_subtracted_groups_that_exclude_each_other(self, sample):
        exclusive = one(
            sample,
            "select count(*) filter (where pageviews = 0), count(*) filter (where pageviews between 1 and 4), "
            "count(*) filter (where pageviews between 5 and 9), count(*) filter (where pageviews >= 10) from sessions",
        )
        assert exclusive == (3, 8_277, 1_038, 682)
        reached = many(sample, "select sum(sessions)::int, sum(dropped)::int from funnel_by_device group by stage order by stage")
        assert reached == [(10_000, 8_279), (1_721, 1_038), (683, 589), (94, None)]
        wrong = (exclusive[1] - exclusive[2], exclusive[2] - exclusive[3], exclusive[3])
        assert wrong == (7_239, 356, 682)
        assert round(sum(wrong) * 134 / 1e6, 2) == 1.11
        by_device = {}
        for device, sessions in many(sample, "select device, sessions from funnel_by_device order by device, stage"):
            by_device.setdefault(device, []).append(sessions)
        assert by_device == {"desktop": [6_111, 1_159, 473, 85], "mobile": [3_437, 489, 184, 7], "tablet": [452, 73, 26, 2]}

    def test_one_buyer_saw_few_pages_and_still_nests(self, sample):
        assert one(sample, "select count(*) from sessions where is_converted and pageviews < 5 and stage = 3 and is_engaged") == (1,)

    def test_single_hit_sessions_have_a_duration_of_zero(self, sample):
        assert one(sample, "select round(100 * avg((duration_seconds = 0)::int)) from sessions") == (57,)

    def test_midfunnel(self, sample):
        rows = {row["metric"]: (row["converted"], row["engaged_not_converted"]) for row in records(sample, "from midfunnel_comparison")}
        assert [round(value, 1) for value in rows["avg_pageviews"]] == [24.4, 10.2]
        assert [round(value) for value in rows["avg_duration_seconds"]] == [1_001, 434]

    def test_the_rate_does_not_fall_after_thirty_minutes(self, sample):
        rows = many(sample, "select bucket, conversions, sessions from duration_rates")
        assert rows[2:] == [("1–5m", 9, 1_591), ("5–10m", 28, 448), ("10–20m", 34, 318), ("20–30m", 10, 122), (">30m", 13, 84)]
        assert [conversions for _, conversions, _ in rows[:2]] == [0, 0]
        low, rate = one(sample, "select ci_low, conversion_rate from duration_rates where bucket = '>30m'")
        earlier = one(sample, "select conversion_rate from duration_rates where bucket = '10–20m'")[0]
        assert rate > earlier
        assert low > 0.05

    def test_rates_of_a_handful_of_sessions_are_shrunk(self, sample):
        pairs = many(
            sample,
            "select source::varchar, count(*), count(*) filter (where is_converted) from sessions "
            "where source in ('calendar.google.com', 'outlook.live.com') and device = 'desktop' group by all order by all",
        )
        assert pairs == [("calendar.google.com", 2, 1), ("outlook.live.com", 4, 1)]
        assert not many(sample, "select source from source_device_rates where source in ('calendar.google.com', 'outlook.live.com')")

    def test_benchmarks_name_their_source(self, sample):
        assert many(sample, "select device, benchmark_rate from benchmarks order by device") == [
            ("desktop", 0.025),
            ("mobile", 0.019),
            ("tablet", 0.022),
        ]
        assert many(sample, "select distinct source like '%could not be confirmed%' from benchmarks") == [(True,)]
        assert {verdict for (verdict,) in many(sample, "select verdict from device_benchmarks")} == {"below"}


class TestGa360:
    """All sessions of one day, with hits."""

    def test_totals(self, ga360):
        assert one(ga360, "select sessions, conversions, transactions, revenue from kpis") == (2_556, 43, 45, 8_890.0)
        assert one(ga360, "select rows_read, sessions_new, stage_basis from loads") == (2_556, 2_556, "events")

    def test_stages_come_from_the_actions_of_hits(self, ga360):
        reached = {
            name: one(ga360, f"select count(distinct session_id) from events where event_name = '{name}'")[0]
            for name in ("view_item", "add_to_cart", "begin_checkout", "purchase")
        }
        assert reached == {"view_item": 430, "add_to_cart": 176, "begin_checkout": 100, "purchase": 43}
        deep = "select distinct session_id from events where event_name in ('view_item', 'add_to_cart', 'begin_checkout')"
        assert one(ga360, f"select count(*) from sessions where stage < 2 and session_id in ({deep})") == (0,)
        assert one(ga360, "select count(*) from sessions where stage = 3") == (43,)

    def test_every_event_belongs_to_a_session(self, ga360):
        assert one(ga360, "select count(*) from events anti join sessions on sessions.session_id = events.session_id") == (0,)
        assert one(ga360, "select count(*) from events") == (13_233,)

    def test_channel_is_the_one_stated_where_source_contradicts_it(self, ga360):
        assert one(
            ga360, "select count(*), count(*) filter (where source = '(direct)') from sessions where channel = 'Organic Search'"
        ) == (1_346, 1_336)


class TestKaggle:
    """The flattened form with JSON in its columns, and damaged ids."""

    def test_totals(self, kaggle):
        assert one(kaggle, "select sessions, conversions from kpis") == (1_000, 16)

    def test_that_no_visit_has_a_length_is_told(self, kaggle, sample):
        lengths = "select is_missing, (select count(duration_seconds) > 0 from sessions) from data_lacks where capability = 'duration'"
        assert one(kaggle, lengths) == (True, False)
        assert one(sample, lengths) == (False, True)

    def test_damaged_ids_are_healed_and_told(self, kaggle):
        assert one(kaggle, "select notes, warnings from loads") == (
            [
                "107 visitor ids were damaged (leading zeros or digits lost) and healed from the session id.",
                "For 218 of 1,000 sessions the start time, in UTC, falls on another day than the date: days are those of the date, "
                "in the time zone of the property.",
            ],
            [],
        )


@pytest.mark.parametrize(
    ("name", "format_", "advice"),
    [
        ("ga4_ui_reports_snapshot.csv", "ga4-report-csv", "Admin → BigQuery links"),
        ("ga4_run_report.json", "ga4-data-api", "sessionKeyEventRate"),
        ("uci_online_shoppers.csv", "visitor id", "rename the columns"),
    ],
)
def test_what_cannot_be_loaded_says_what_to_do_instead(real_data, tmp_path, name, format_, advice):
    from etl.errors import InputError
    from etl.load import load

    with pytest.raises(InputError) as refused:
        load([real_data / name], tmp_path / "leaks.duckdb")
    line = str(refused.value)
    assert line.startswith(f"{name}: ") and format_ in line and advice in line and "\n" not in line
    assert not (tmp_path / "leaks.duckdb").exists()
