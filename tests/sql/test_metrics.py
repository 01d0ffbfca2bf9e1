"""Each metric relation: given sessions, expected rows."""

import statistics

import pytest

from etl import schema
from tests.conftest import records


def some(n: int, **columns) -> list[dict]:
    return [dict(columns) for _ in range(n)]


SHOP = [
    *some(6, device="desktop", source="google", pageviews=2, duration_seconds=30.0),
    *some(3, device="desktop", source="google", stage=1, pageviews=6, duration_seconds=120.0, visit_number=2),
    *some(1, device="desktop", source="(direct)", stage=3, pageviews=12, duration_seconds=700.0, revenue="40.50"),
    *some(
        1,
        device="mobile",
        source="(direct)",
        stage=3,
        pageviews=20,
        duration_seconds=1800.0,
        revenue="19.50",
        transactions=2,
        visit_number=5,
    ),
    *some(
        4, device="mobile", source="google", pageviews=1, duration_seconds=0.0, is_bounce=True, country="Japan", session_date="2026-03-05"
    ),
    *some(1, device="mobile", source="news.example", stage=2, pageviews=None, duration_seconds=None, is_bounce=None, visit_number=None),
]


@pytest.fixture
def shop(database):
    return database(SHOP)


def test_kpis(shop):
    (row,) = records(shop, "from kpis")
    assert (row["sessions"], row["conversions"], row["transactions"], row["revenue"]) == (16, 2, 3, 60.0)
    assert row["conversion_rate"] == 2 / 16
    assert row["avg_pageviews"] == pytest.approx((12 + 18 + 12 + 20 + 4) / 15)
    assert row["avg_duration_seconds"] == pytest.approx((180 + 360 + 700 + 1800 + 0) / 15)
    assert row["bounce_rate"] == pytest.approx(4 / 15)
    assert 0 < row["ci_low"] < 2 / 16 < row["ci_high"] < 1


def test_kpis_of_nothing(database):
    (row,) = records(database([]), "from kpis")
    assert (row["sessions"], row["conversions"], row["revenue"], row["conversion_rate"], row["ci_low"]) == (0, 0, 0.0, None, None)


def test_conversion_rate_counts_sessions_and_not_transactions(shop):
    (row,) = records(shop, "from kpis(devices := ['mobile'])")
    assert (row["conversions"], row["transactions"], row["conversion_rate"]) == (1, 2, 1 / 6)


def test_country_rates(shop):
    rows = records(shop, "select country, iso3, sessions, conversions, transactions, conversion_rate from country_rates")
    assert rows == [
        {"country": "Canada", "iso3": "CAN", "sessions": 12, "conversions": 2, "transactions": 3, "conversion_rate": 2 / 12},
        {"country": "Japan", "iso3": "JPN", "sessions": 4, "conversions": 0, "transactions": 0, "conversion_rate": 0.0},
    ]


def test_funnel_by_device_nests(shop):
    rows = records(shop, "select device, stage, stage_name, sessions, share_of_entry, step_rate, dropped from funnel_by_device")
    assert [tuple(row.values()) for row in rows] == [
        ("desktop", 0, "browsed", 10, 1.0, 0.4, 6),
        ("desktop", 1, "engaged", 4, 0.4, 0.25, 3),
        ("desktop", 2, "deep engagement", 1, 0.1, 1.0, 0),
        ("desktop", 3, "converted", 1, 0.1, None, None),
        ("mobile", 0, "browsed", 6, 1.0, 2 / 6, 4),
        ("mobile", 1, "engaged", 2, 2 / 6, 1.0, 0),
        ("mobile", 2, "deep engagement", 2, 2 / 6, 0.5, 1),
        ("mobile", 3, "converted", 1, 1 / 6, None, None),
    ]


def test_revenue_at_stake_is_a_ceiling(shop):
    rows = records(shop, "from revenue_at_stake")
    assert [(row["step"], row["dropped"], row["ceiling_revenue"], row["recoverable_revenue"]) for row in rows] == [
        ("browsed → engaged", 10, 300.0, None),
        ("engaged → deep engagement", 3, 90.0, None),
        ("deep engagement → converted", 1, 30.0, None),
    ]
    assert {row["avg_revenue_per_conversion"] for row in rows} == {30.0}


def test_revenue_at_stake_without_conversions_has_no_price(database):
    rows = records(database(some(3, stage=1)), "from revenue_at_stake")
    assert [(row["dropped"], row["avg_revenue_per_conversion"], row["ceiling_revenue"]) for row in rows] == [
        (0, None, None),
        (3, None, None),
        (0, None, None),
    ]


def test_midfunnel_comparison(shop):
    rows = {row["metric"]: (row["converted"], row["engaged_not_converted"]) for row in records(shop, "from midfunnel_comparison")}
    assert rows == {
        "sessions": (2, 4),
        "avg_pageviews": (16, 6),
        "avg_duration_seconds": (1250, 120),
        "avg_visit_number": (3, 2),
        "share_returned": (0.5, 1),
        "share_mobile": (0.5, 0.25),
    }


def test_duration_rates(shop):
    rows = records(shop, "select bucket, bucket_order, sessions, conversions from duration_rates")
    assert [tuple(row.values()) for row in rows] == [
        ("<10s", 0, 4, 0),
        ("10s–1m", 1, 6, 0),
        ("1–5m", 2, 3, 0),
        ("10–20m", 4, 1, 1),
        (">30m", 6, 1, 1),
    ]


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0, 0), (9.999, 0), (10, 1), (60, 2), (300, 3), (600, 4), (1200, 5), (1799.9, 5), (1800, 6), (None, None)]
)
def test_duration_bucket_edges(shop, seconds, bucket):
    assert shop.execute("select duration_bucket($s)", {"s": seconds}).fetchone() == (bucket,)


def test_source_device_rates_shrink_small_groups_more(database):
    con = database(
        [
            *some(400, source="big"),
            *some(20, source="big", stage=3),
            *some(1, source="small", stage=3),
            *some(1, source="small"),
            *some(300, source="poor"),
        ]
    )
    rows = {row["source"]: row for row in records(con, "from source_device_rates")}
    site = 21 / 722
    assert list(rows) == ["big", "poor", "small"]
    assert rows["small"]["conversion_rate"] == 0.5
    assert site < rows["small"]["shrunk_rate"] < 0.5
    assert abs(rows["big"]["shrunk_rate"] - 20 / 420) < abs(rows["small"]["shrunk_rate"] - 0.5)
    assert rows["poor"]["shrunk_rate"] < site


def test_source_device_rates_keep_the_ten_largest_sources(database):
    sessions = [session for size in range(1, 14) for session in some(size, source=f"s{size:02}")]
    found = [row["source"] for row in records(database(sessions), "from source_device_rates")]
    assert found == [f"s{size:02}" for size in range(13, 3, -1)]


def test_device_benchmarks_judge_by_the_interval(database):
    con = database(
        [
            *some(5000, device="desktop"),
            *some(100, device="mobile", stage=3),
            *some(900, device="mobile"),
            *some(40, device="tablet"),
            *some(1, device="other"),
        ]
    )
    con.execute(
        "delete from benchmarks; insert into benchmarks values ('desktop', .02, 'given', '2026'), ('mobile', .02, 'given', '2026'), ('tablet', .02, 'given', '2026')"
    )
    rows = {row["device"]: row for row in records(con, "from device_benchmarks")}
    assert {device: row["verdict"] for device, row in rows.items()} == {
        "desktop": "below",
        "mobile": "above",
        "tablet": "not distinguishable",
        "other": "no benchmark",
    }
    assert rows["mobile"]["delta"] == pytest.approx(0.08)


def test_daily_rates(shop):
    rows = records(shop, "select session_date::varchar as day, sessions, conversions, revenue from daily_rates")
    assert [tuple(row.values()) for row in rows] == [("2026-03-02", 12, 2, 60.0), ("2026-03-05", 4, 0, 0.0)]


def test_date_coverage_and_warning_tell_missing_days(shop):
    assert [row["is_missing"] for row in records(shop, "from date_coverage")] == [False, True, True, False]
    assert "2 of 4 days have no sessions; the first is 3 March 2026." in [row["message"] for row in records(shop, "from data_warnings")]


def test_filter_options(shop):
    rows = records(shop, "select value, sessions from filter_options where dimension = 'source'")
    assert [tuple(row.values()) for row in rows] == [("google", 13), ("(direct)", 2), ("news.example", 1)]


def test_no_conversions_at_all_is_a_warning_and_not_a_rate_to_trust(database):
    assert [row["topic"] for row in records(database(some(3)), "from data_warnings")] == ["conversions"]


def scored(database, probabilities: dict[str, list[float]]):
    """A database whose sessions, of sources by name, have these probabilities."""
    con = database([{"source": source} for source, values in probabilities.items() for _ in values])
    con.execute(
        "insert into model_runs values ('run', timestamp '2026-01-01', 'x', 'x', 'retrospective', '{}', '{\"cutoff\": 0.5}', 0.5, ''::blob, null)"
    )
    for number, p in enumerate(p for values in probabilities.values() for p in values):
        con.execute("insert into predictions values (?, 'run', timestamp '2026-01-01', ?, false, false, 1)", [f"{number:024x}", p])
    schema.rebuild_probability_cubes(con)
    return con


def test_average_probabilities_carry_the_interval_of_their_mean(database):
    rare = [0.00005, 0.0001, 0.0002, 0.0003]
    con = scored(database, {"single.example": [0.3], "low": rare, "high": [0.1, 0.9, 0.4, 0.7, 0.2]})
    rows = {row["source"]: row for row in records(con, "from source_probabilities")}
    assert rows["single.example"]["avg_probability"] == pytest.approx(0.3)
    assert (rows["single.example"]["ci_low"], rows["single.example"]["ci_high"]) == (None, None)
    margin = 1.959963984540054 * statistics.stdev(rare) / 2
    assert rows["low"]["ci_high"] == pytest.approx(statistics.mean(rare) + margin, rel=1e-3)
    assert rows["low"]["ci_low"] == pytest.approx(statistics.mean(rare) - margin, rel=1e-2)
    margin = 1.959963984540054 * statistics.stdev([0.1, 0.9, 0.4, 0.7, 0.2]) / 5**0.5
    assert rows["high"]["ci_high"] == pytest.approx(0.46 + margin, rel=1e-5)


def test_midfunnel_share_of_mobile_is_zero_where_there_is_none(shop):
    shares = records(shop, "from midfunnel_comparison(devices := ['desktop']) where metric = 'share_mobile'")
    assert shares == [{"metric": "share_mobile", "converted": 0, "engaged_not_converted": 0}]
