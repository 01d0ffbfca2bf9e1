"""Days and start times in every form that exports write, and the order of day and month told from the whole column."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import InputError
from etl.readers import dates

from .exports import row, visits, write_flat
from .landing import land

DAY = date(2017, 7, 4)


def days(tmp_path, *written: str, visit: str = "1") -> list[date]:
    """The days read from a column of these texts, one row each."""
    rows = [row(date=text, visitId=visit, fullVisitorId=str(7_000_000_000_000_000_000 + number)) for number, text in enumerate(written)]
    landed = land(write_flat(tmp_path / "a.csv", rows))
    assert landed.rejects == []
    by_visitor = sorted(landed.good, key=lambda session: session["visitor_key"])
    return [session["session_date"] for session in by_visitor]


@pytest.mark.parametrize(
    "written",
    [
        "20170704",
        "2017070413",
        "201707041359",
        "2017-07-04",
        "2017-07-04T13:00:00Z",
        "2017-07-04 13:00:00 UTC",
        "2017-7-4",
        "2017/07/04",
        "2017.07.04",
        "2017/7/4 9:05",
        "04.07.2017",
        "4.7.2017 13:05",
        "04.07.17",
        "4 Jul 2017",
        "04-Jul-2017",
        "Jul 4, 2017",
        "Tuesday, July 4, 2017",
        "42920",
        "42920.75",
        "1499173200",
        "1499173200000",
        "1499173200000000",
        "1499173200.0",
    ],
)
def test_forms(tmp_path, written):
    assert days(tmp_path, written) == [DAY]


def test_forms_of_one_column_may_differ(tmp_path):
    assert days(tmp_path, "20170704", "2017-07-04", " 20170704 ") == 3 * [DAY]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (("04/07/2017", "14/07/2017"), [DAY, date(2017, 7, 14)]),
        (("07/04/2017", "07/14/2017"), [DAY, date(2017, 7, 14)]),
        (("4-7-2017", "14-7-2017"), [DAY, date(2017, 7, 14)]),
        (("04/07/17", "14/07/17", "31/07/17"), [DAY, date(2017, 7, 14), date(2017, 7, 31)]),
        (("07/04/17", "07/31/17", "07/14/17"), [DAY, date(2017, 7, 31), date(2017, 7, 14)]),
        (("26-07-04", "26-07-31"), [date(2026, 7, 4), date(2026, 7, 31)]),
        (("25-07-06", "24-08-07"), None),
        (("55-07-04", "26-07-31"), None),
    ],
)
def test_the_whole_column_decides_the_order(tmp_path, written, meant):
    if meant is None:
        with pytest.raises(InputError, match="may be day-month or month-day|both as day-month"):
            days(tmp_path, *written)
    else:
        assert days(tmp_path, *written) == meant


def test_short_years_first_where_nothing_else_can_be(tmp_path):
    assert days(tmp_path, "17-07-04", "17-07-31", "17-08-02") == [DAY, date(2017, 7, 31), date(2017, 8, 2)]


@pytest.mark.parametrize("written", [("03/04/2017",), ("03/04/2017", "05/06/2017"), ("03/04/05",), ("3-4-17 10:00",)])
def test_an_order_that_nothing_decides_is_refused(tmp_path, written):
    with pytest.raises(
        InputError, match=r"^a\.csv: a date such as '.*' may be day-month or month-day: export dates as YYYY-MM-DD or YYYYMMDD$"
    ):
        days(tmp_path, *written)


def test_start_times_decide_it(tmp_path):
    assert days(tmp_path, "04/07/17", visit="1499201738") == [DAY]
    assert days(tmp_path, "07/04/2017", visit="1499201738") == [DAY]


def test_orders_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(InputError, match="both as day-month and month-day"):
        days(tmp_path, "14/07/2017", "07/14/2017")
    with pytest.raises(InputError, match="two digits and with four"):
        days(tmp_path, "14/07/2017", "14/07/17")


def test_one_impossible_day_costs_its_row_only(tmp_path):
    rows = visits(3, date="14/07/2017", visitId="1") + visits(1, first=9, date="31/02/2017", visitId="1")
    landed = land(write_flat(tmp_path / "a.csv", rows))
    assert [session["session_date"] for session in landed.good] == 3 * [date(2017, 7, 14)]
    assert [reason for _, reason, _ in landed.rejects] == ["date is not a date"]


def test_numbers_of_days_are_refused_with_advice(tmp_path):
    with pytest.raises(InputError, match=r"counts its days instead of dating them \(such as '0003'"):
        days(tmp_path, "0003", "0004")


@pytest.mark.parametrize(
    "start",
    [
        "1499201738",
        "1499201738000",
        "1499201738000000",
        "2017-07-04T20:55:38Z",
        "2017-07-04 20:55:38 UTC",
        "2017-07-04 22:55:38+02:00",
        "2017-07-04 20:55:38",
        "04.07.2017 20:55:38",
        "04.07.17 20:55:38",
        "42920.871967593",
    ],
)
@pytest.mark.parametrize("with_date", [True, False])
def test_start_times(tmp_path, start, with_date):
    columns = {"visitor id": "1", "visit start time": start, "country": "Peru"} | ({"date": "20170704"} if with_date else {})
    path = tmp_path / "a.csv"
    path.write_text(",".join(columns) + "\n" + ",".join(columns.values()) + "\n")
    (session,) = land(path).good
    assert abs(session["started_at"] - datetime(2017, 7, 4, 20, 55, 38)) < timedelta(seconds=1)
    assert session["session_date"] == DAY


def test_start_times_of_a_clock_by_the_hour(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("visitor id,session id,start time,date\n1,a,2017070420,20170704\n")
    (session,) = land(path).good
    assert session["started_at"] == datetime(2017, 7, 4, 20)


WRITTEN = {
    "%Y%m%d": lambda day: f"{day:%Y%m%d}",
    "iso": lambda day: day.isoformat(),
    "day first": lambda day: f"{day:%d/%m/%Y}",
    "month first": lambda day: f"{day:%m/%d/%Y}",
    "short": lambda day: f"{day.day}/{day.month}/{day:%y}",
    "excel": lambda day: str((day - date(1899, 12, 30)).days),
}


@given(st.sampled_from(sorted(WRITTEN)), st.dates(date(2010, 1, 1), date(2035, 1, 1)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_month_reads_back(tmp_path, form, first):
    """Thirty days in a row hold one beyond the 12th, which settles the order of day and month."""
    run = [first + timedelta(days=number) for number in range(30)]
    assert days(tmp_path, *map(WRITTEN[form], run)) == run


@given(st.lists(st.dates(date(2006, 1, 1), date(2049, 12, 31)), min_size=1, max_size=8), st.sampled_from(sorted(dates.ORDERS)))
@settings(max_examples=200, deadline=None)
def test_an_order_told_is_one_that_fits_every_day(run, order):
    places = dates.ORDERS[order]

    def write(day):
        parts = [""] * 3
        for value, place in zip((f"{day:%y}" if "short" in order else f"{day:%Y}", f"{day:%m}", f"{day:%d}"), places, strict=True):
            parts[place] = value
        return "/".join(parts)

    texts = [write(day) for day in run]
    try:
        told = dates.day_month_order("a.csv", [(text, None) for text in texts])
    except InputError as error:
        assert "may be day-month or month-day" in str(error)
        return
    if told != order:
        assert {text: dates._day([int(part) for part in text.split("/")], told) for text in texts}.keys() == set(texts)
        raise AssertionError(f"{texts} were told as {told}")
