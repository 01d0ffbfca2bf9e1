"""The scalar macros against published values and their own invariants."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.schema import SQL


@pytest.fixture(scope="module")
def con():
    connection = duckdb.connect()
    for name in ("wilson_low", "wilson_high", "safe_rate", "month_factor"):
        connection.execute((SQL / "macros" / f"{name}.sql").read_text())
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(95, 4136, 1.88, 2.80), (1, 60, 0.29, 8.86), (1, 308, 0.06, 1.82), (7, 3437, 0.10, 0.42), (88, 6111, 1.17, 1.77)],
)
def test_agrees_with_published_percentages(con, k, n, low, high):
    found = con.execute("select round(100 * wilson_low($k, $n), 2), round(100 * wilson_high($k, $n), 2)", {"k": k, "n": n}).fetchone()
    assert found == (low, high)


def test_totals_are_told_for_thirty_days_with_both_ends_counted(con):
    days = con.execute(
        "select month_factor(date '2026-01-01', date '2026-01-30'), month_factor(date '2026-01-01', date '2026-01-01'), "
        "month_factor(date '2026-01-01', date '2026-03-01'), month_factor(null, date '2026-01-30')"
    ).fetchone()
    assert days == (1, 30, 0.5, None)


def test_nothing_is_known_of_an_unknown_count(con):
    assert (
        con.execute("select wilson_low(null, 9), wilson_high(null, 9), wilson_low(null, 9, 2.5), wilson_high(null, 9, 2.5)").fetchone()
        == (None,) * 4
    )


def test_nothing_is_known_from_no_trials(con):
    assert con.execute("select wilson_low(0, 0), wilson_high(0, 0), safe_rate(0, 0), wilson_low(null, null)").fetchone() == (None,) * 4


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_enclose_the_rate_within_the_unit_interval(con, counts):
    k, n = counts
    low, rate, high = con.execute("select wilson_low($k, $n), safe_rate($k, $n), wilson_high($k, $n)", {"k": k, "n": n}).fetchone()
    assert 0 <= low <= rate <= high <= 1
    assert (low == 0) == (k == 0)
    assert (high == 1) == (k == n)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_are_mirrored(con, counts):
    k, n = counts
    low, mirrored = con.execute("select wilson_low($k, $n), 1 - wilson_high($n - $k, $n)", {"k": k, "n": n}).fetchone()
    assert low == pytest.approx(mirrored, abs=1e-12)


def test_a_higher_level_is_wider(con):
    assert con.execute("select wilson_low(5, 50, 2.576) < wilson_low(5, 50) and wilson_high(5, 50, 2.576) > wilson_high(5, 50)").fetchone()[
        0
    ]
