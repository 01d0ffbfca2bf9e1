"""Files that programs cut short, and files that hold only some of the sessions: told where the figures are shown."""

import duckdb
import pytest

from etl.load import load
from etl.notices import NO_CONVERSIONS

from .exports import HEADER, visits, write_flat


def warned(tmp_path, path) -> list[str]:
    """The warnings stored with a load, which must be those printed and those shown beside the figures."""
    db = tmp_path / "leaks.duckdb"
    result = load([path], db)
    with duckdb.connect(str(db), read_only=True) as con:
        (stored,) = con.execute("select warnings from loads").fetchone()
        shown = {message for (message,) in con.execute("select message from data_warnings where severity = 'warning'").fetchall()}
    told = [f"{path.name}: {warning}" for warning in stored]
    assert set(told) <= set(result["warnings"]) and set(told) <= shown
    return stored


@pytest.mark.parametrize(("rows", "said"), [(65_535, "old versions of Excel"), (5_000, "Google Analytics")])
def test_rows_at_which_programs_cut(tmp_path, rows, said):
    (warning,) = warned(tmp_path, write_flat(tmp_path / "a.csv", visits(rows)))
    assert warning.startswith(f"The file has exactly {rows:,} rows") and said in warning


@pytest.mark.parametrize("rows", [4_999, 5_001])
def test_other_numbers_of_rows_mean_nothing(tmp_path, rows):
    assert warned(tmp_path, write_flat(tmp_path / "a.csv", visits(rows))) == []


@pytest.mark.parametrize("cut", [3, 20, 60])
def test_a_last_row_cut_in_the_middle(tmp_path, cut):
    path = write_flat(tmp_path / "a.csv", visits(50))
    path.write_bytes(path.read_bytes()[:-cut])
    (warning,) = warned(tmp_path, path)
    assert "ends in the middle of a row" in warning


def test_a_last_row_without_its_line_end_is_whole(tmp_path):
    path = write_flat(tmp_path / "a.csv", visits(50, transactionRevenue=5))
    path.write_bytes(path.read_bytes()[:-1])
    assert warned(tmp_path, path) == []


def test_a_download_says_that_it_is_sampled(tmp_path):
    path = write_flat(tmp_path / "a.csv", visits(50))
    lines = path.read_text().splitlines()
    for line in ("# This report is based on 12.5 % of sessions.", "containsSampledData: true"):
        path.write_text("\n".join([line, "", *lines]) + "\n")
        (tmp_path / "leaks.duckdb").unlink(missing_ok=True)
        (warning,) = warned(tmp_path, path)
        assert "is sampled" in warning and ("12.5 %" in warning or "%" not in warning)


def test_a_column_says_that_it_is_sampled(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        ",".join([*HEADER, "containsSampledData"])
        + "\n"
        + "".join(f"{n},1499201738,1,20170704,desktop,Peru,google,4,31,,,true\n" for n in range(9))
    )
    (warning,) = warned(tmp_path, path)
    assert "is sampled" in warning


def test_buyers_alone(tmp_path):
    (warning,) = warned(tmp_path, write_flat(tmp_path / "a.csv", visits(300, transactions=1, transactionRevenue=5_000_000)))
    assert "buyers only" in warning


def test_missing_days(tmp_path):
    db = tmp_path / "leaks.duckdb"
    load([write_flat(tmp_path / "a.csv", [*visits(3), *visits(3, first=9, date="20170707", visitId="1499459738")])], db)
    with duckdb.connect(str(db), read_only=True) as con:
        messages = [message for (message,) in con.execute("select message from data_warnings where topic = 'dates'").fetchall()]
    assert messages == ["2 of 4 days have no sessions; the first is 5 July 2017."]


def test_an_export_without_any_outcome_says_so(tmp_path):
    """The totals of Google Analytics 360 leave out what is zero: where nothing tells of purchases, none is not known to be none."""
    nested = tmp_path / "a.csv"
    nested.write_text(
        "fullVisitorId,visitId,date,totals,device\n"
        + "".join(f'{n},1499201738,20170704,"{{""pageviews"": ""3""}}","{{""deviceCategory"": ""mobile""}}"\n' for n in range(30))
    )
    with duckdb.connect() as con:
        con.execute(
            "copy (select i::varchar as fullVisitorId, 1499201738 as visitId, 1499201738 as visitStartTime, '20170704' as date, "
            "{'pageviews': 3, 'visits': 1} as totals, {'source': 'google'} as trafficSource from range(30) as t(i)) "
            f"to '{tmp_path / 'b.parquet'}' (format parquet)"
        )
    for path in (nested, tmp_path / "b.parquet"):
        db = tmp_path / f"{path.stem}.duckdb"
        load([path], db)
        with duckdb.connect(str(db), read_only=True) as con:
            assert con.execute("select list_contains(notes, ?) from loads", [NO_CONVERSIONS]).fetchone() == (True,)
            told = [message for (message,) in con.execute("select message from data_warnings where topic = 'conversions'").fetchall()]
        assert told == ["Not in this data: the exports loaded have no purchases or key events; no conversion rate can be told."]


@pytest.mark.parametrize(("pageviews", "length", "is_missing"), [(3, "", True), (3, "40", False), (1, "", False)])
def test_visits_of_several_views_without_any_length_are_a_gap(tmp_path, pageviews, length, is_missing):
    """Of a visit of one view no length is known anyway: a file of them alone lacks nothing."""
    load([write_flat(tmp_path / "a.csv", visits(30, pageviews=pageviews, timeOnSite=length))], tmp_path / "leaks.duckdb")
    with duckdb.connect(str(tmp_path / "leaks.duckdb"), read_only=True) as con:
        assert con.execute("select is_missing from data_lacks where capability = 'duration'").fetchone() == (is_missing,)
