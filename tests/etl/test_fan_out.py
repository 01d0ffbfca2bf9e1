"""Rows that are hits, products or items: folded into their sessions, or refused where nothing says which session they belong to."""

from collections.abc import Iterable

import duckdb
import pytest

from etl.errors import InputError
from etl.load import load


def table(path, header: str, rows: Iterable[Iterable]):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def loaded(tmp_path, path) -> tuple[list[tuple], dict]:
    """Sessions as (pageviews, transactions, revenue), in the order of their pageviews and revenue, and the summary of the file."""
    db = tmp_path / "leaks.duckdb"
    (file,) = load([path], db)["files"]
    with duckdb.connect(str(db), read_only=True) as con:
        sessions = con.execute("select pageviews, transactions, revenue::double from sessions order by pageviews, revenue").fetchall()
        (balance,) = con.execute(
            "select rows_read - sessions_new - sessions_updated - duplicates - folded - bots - without_consent - rejected from loads"
        ).fetchone()
    assert balance == 0
    return sessions, file


def test_totals_repeated_in_every_hit_count_once(tmp_path):
    header = "fullVisitorId,visitId,date,hits.hitNumber,hits.type,totals.pageviews,totals.transactions,totals.totalTransactionRevenue"
    rows = [(v, 1499201738 + v, 20170704, hit, "PAGE", 7, 2, 25_000_000) for v in (1, 2) for hit in range(1, 11)]
    sessions, file = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert sessions == [(7, 2, 25.0), (7, 2, 25.0)]
    assert (file["rows_read"], file["sessions_new"], file["folded"] + file["duplicates"]) == (20, 2, 18)
    assert "The rows are hits, not sessions: those of one session are folded into one." in file["notes"]
    assert file["warnings"] == []


def test_views_are_counted_where_no_total_says_them(tmp_path):
    header = "fullVisitorId,visitId,date,hits.hitNumber,hits.type,hits.page.pagePath"
    kinds = ["PAGE", "EVENT", "PAGE", "PAGE", "EVENT"]
    rows = [(1, 1499201738, 20170704, number, kind, f"/{number}") for number, kind in enumerate(kinds)]
    rows += [(1, 1499201738, 20170704, 0, "PAGE", "/0")]
    sessions, _ = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert [views for views, _, _ in sessions] == [3]


def test_revenue_of_items_is_added_up(tmp_path):
    header = "user_pseudo_id,ga_session_id,date,transaction_id,item_name,item_revenue,quantity"
    rows = [
        ("1.2", 11, 20240105, "T1", "hat", 10.5, 1),
        ("1.2", 11, 20240105, "T1", "sock", 4.5, 2),
        ("1.2", 11, 20240105, "T2", "scarf", 20.25, 1),
        ("3.4", 12, 20240105, "T3", "hat", 10.5, 1),
        ("5.6", 13, 20240105, "", "hat", "", ""),
    ]
    sessions, file = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert sorted((transactions, revenue) for _, transactions, revenue in sessions) == [(0, 0.0), (1, 10.5), (2, 35.25)]
    assert (file["sessions_new"], file["folded"] + file["duplicates"]) == (3, 2)
    assert "Revenue is the sum of the column item_revenue over a session." in file["notes"]
    assert not any("no revenue column" in note for note in file["notes"])


def test_product_revenue_of_universal_analytics_is_in_micros(tmp_path):
    header = "fullVisitorId,visitId,date,productSku,productRevenue"
    rows = [(1, 1499201738, 20170704, "A", 10_500_000), (1, 1499201738, 20170704, "B", 4_500_000)]
    sessions, _ = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert sessions == [(None, 1, 15.0)]


def test_a_transaction_repeated_for_each_product_counts_once(tmp_path):
    header = "fullVisitorId,visitId,date,transactionId,productSku,revenue"
    rows = [(1, 1499201738, 20170704, transaction, sku, amount) for transaction, amount in (("T1", 30), ("T2", 12.5)) for sku in "abc"]
    rows += [(2, 1499201800, 20170704, "T9", "a", 30)]
    sessions, _ = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert sorted((transactions, revenue) for _, transactions, revenue in sessions) == [(1, 30.0), (2, 42.5)]


def test_the_same_transaction_in_two_sessions_is_one_purchase(tmp_path):
    """The page of thanks opened again the next day."""
    header = "fullVisitorId,visitId,date,transactionId,revenue,pageviews"
    rows = [(1, 1499287000, 20170705, "T1", 30, 2), (1, 1499201738, 20170704, "T1", 30, 9), (2, 1499201739, 20170704, "", "", 4)]
    sessions, file = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert sessions == [(2, 0, 0.0), (4, 0, 0.0), (9, 1, 30.0)]
    assert any(note.startswith("Purchases are told apart by their transaction id") for note in file["notes"])


def test_revenue_that_differs_by_hit_is_added_up_and_repeated_revenue_is_not(tmp_path):
    header = "fullVisitorId,visitId,date,hitNumber,revenue"
    sessions, _ = loaded(
        tmp_path, table(tmp_path / "a.csv", header, [(1, 1499201738, 20170704, hit, amount) for hit, amount in ((1, ""), (2, 10), (3, 5))])
    )
    assert [(transactions, revenue) for _, transactions, revenue in sessions] == [(1, 15.0)]
    (tmp_path / "leaks.duckdb").unlink()
    sessions, _ = loaded(tmp_path, table(tmp_path / "b.csv", header, [(1, 1499201738, 20170704, hit, 10) for hit in (1, 2, 3)]))
    assert [(transactions, revenue) for _, transactions, revenue in sessions] == [(1, 10.0)]


def test_rows_that_fold_without_saying_so_are_warned_of(tmp_path):
    header = "fullVisitorId,visitId,date,pageviews,note"
    rows = [(v, 1499201738 + v, 20170704, views, views) for v in range(5) for views in (1, 2, 3)]
    sessions, file = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    assert [views for views, _, _ in sessions] == 5 * [3]
    assert [warning.split(":")[0] for warning in file["warnings"]] == ["10 of 15 rows belong to a session that another row tells of"]


def test_bad_rows_of_a_fan_out_keep_their_numbers(tmp_path):
    header = "fullVisitorId,visitId,date,hits.hitNumber,hits.type"
    rows = [(1, 1499201738, 20170704, hit, "PAGE") for hit in range(20)]
    rows[7] = (1, 1499201738, "yesterday", 7, "PAGE")
    _, file = loaded(tmp_path, table(tmp_path / "a.csv", header, rows))
    with duckdb.connect(str(tmp_path / "leaks.duckdb"), read_only=True) as con:
        assert con.execute("select row_number, reason from rejects").fetchall() == [(8, "date is not a date")]
    assert file["folded"] + file["duplicates"] == 18


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("clientId,timestamp,hitType,pagePath", lambda n: ("1.5", f"2017-07-04T10:00:{n:02}Z", "pageview", f"/{n}")),
        ("clientId,start time,country", lambda n: ("1.5", f"2017-07-04T10:{n:02}:00Z", "Peru")),
    ],
)
def test_hits_that_no_key_folds_are_refused(tmp_path, header, row):
    path = table(tmp_path / "a.csv", header, [row(n) for n in range(40)])
    with pytest.raises(InputError) as caught:
        load([path], tmp_path / "leaks.duckdb")
    line = str(caught.value)
    assert line.startswith("a.csv: ") and "ga_session_id" in line and len(line.splitlines()) == 1
    assert "one row" in line
    assert not (tmp_path / "leaks.duckdb").exists()


def test_sessions_told_apart_by_their_start_are_no_hits(tmp_path):
    path = table(
        tmp_path / "a.csv", "clientId,start time,country", [(f"{n % 9}.5", f"2017-07-{n + 1:02}T10:00:00Z", "Peru") for n in range(28)]
    )
    sessions, file = loaded(tmp_path, path)
    assert len(sessions) == 28 and file["warnings"] == []
