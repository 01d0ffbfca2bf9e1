"""Loading: every row accounted for, the same file once, later files win, and nothing changes where something is wrong."""

import hashlib
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import merge
from etl.demo.writing import write_demo
from etl.errors import InputError
from etl.load import load
from tests.conftest import records
from tests.etl import test_ga360
from tests.etl.exports import row, visits, write_flat

OUTCOMES = ("sessions_new", "sessions_updated", "duplicates", "folded", "bots", "without_consent", "rejected")


@pytest.fixture(autouse=True)
def salt(monkeypatch):
    monkeypatch.setenv("LEAKS_SALT", "a salt for tests only")


@pytest.fixture
def db(tmp_path) -> Path:
    return tmp_path / "db" / "leaks.duckdb"


def counts(result: dict) -> list[dict]:
    return [{name: file[name] for name in OUTCOMES if file[name]} for file in result["files"]]


def query(db: Path, text: str) -> list[tuple]:
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(text).fetchall()


def digest(db: Path) -> str:
    return hashlib.sha256(db.read_bytes()).hexdigest()


def test_the_same_file_twice_changes_nothing(tmp_path, db):
    file = write_flat(tmp_path / "export.csv", visits(5))
    assert counts(load([file], db)) == [{"sessions_new": 5}]
    before = digest(db)
    again = load([file], db)
    assert (again["files"], again["already_loaded"]) == ([], ["export.csv"])
    copy = tmp_path / "another name.csv"
    copy.write_bytes(file.read_bytes())
    assert load([copy], db)["files"] == []
    assert digest(db) == before


def test_an_overlapping_file_updates(tmp_path, db):
    load([write_flat(tmp_path / "monday.csv", visits(5))], db)
    later = [*visits(2), *visits(2, first=2, pageviews=30), *visits(3, first=5)]
    assert counts(load([write_flat(tmp_path / "tuesday.csv", later)], db)) == [{"sessions_new": 3, "sessions_updated": 2, "duplicates": 2}]
    assert query(db, "select pageviews, load_id, count(*) from sessions group by all order by all") == [(4, 1, 3), (4, 2, 3), (30, 2, 2)]
    assert query(db, "select sum(pageviews) from cubes.totals") == query(db, "select sum(pageviews) from sessions")


def test_overlapping_files_of_one_load_count_each_row_once(tmp_path, db):
    first = write_flat(tmp_path / "a.csv", visits(4))
    second = write_flat(tmp_path / "b.csv", [*visits(1), *visits(1, first=1, pageviews=9), *visits(1, first=9)])
    result = load([first, second], db)
    assert counts(result) == [{"sessions_new": 4}, {"sessions_new": 1, "sessions_updated": 1, "duplicates": 1}]
    assert query(db, "select pageviews from sessions order by all") == [(4,), (4,), (4,), (4,), (9,)]


def test_equal_rows_are_duplicates_and_different_ones_are_folded(tmp_path, db):
    rows = [row(), row(), row(pageviews=7, timeOnSite=12), row(visitId="1499201739", transactions=2, transactionRevenue=12_500_000)]
    assert counts(load([write_flat(tmp_path / "hits.csv", rows)], db)) == [{"sessions_new": 2, "duplicates": 1, "folded": 1}]
    found = query(db, "select pageviews, duration_seconds, stage, transactions, revenue::double from sessions order by revenue")
    assert found == [(7, 31.0, 1, 0, 0.0), (4, 31.0, 3, 2, 12.5)]


def test_a_visit_cut_at_midnight_is_two_sessions(tmp_path, db):
    rows = [row(), row(date="20170705")]
    load([write_flat(tmp_path / "midnight.csv", rows)], db)
    assert query(db, "select count(distinct session_id), count(distinct visitor_id) from sessions") == [(2, 1)]


def test_a_bad_row_in_a_good_file_is_rejected_with_its_number_and_reason(tmp_path, db):
    rows = [*visits(30), row(date="someday"), *visits(10, first=50), row(fullVisitorId="2.82E+18"), row(pageviews="many")]
    assert counts(load([write_flat(tmp_path / "export.csv", rows)], db)) == [{"sessions_new": 40, "rejected": 3}]
    rejects = query(db, "select row_number, reason from rejects order by row_number")
    assert [number for number, _ in rejects] == [31, 42, 43]
    assert ["date" in rejects[0][1], "scientific" in rejects[1][1], "pageviews" in rejects[2][1]] == [True] * 3
    assert query(db, "select sum(rows) from rejects_by_reason") == [(3,)]


def test_many_rejects_are_a_warning_and_most_an_error(tmp_path, db):
    some = load([write_flat(tmp_path / "some.csv", [*visits(90), *[row(date="x")] * 10])], db)
    assert some["warnings"] == ["some.csv: 10 of 100 rows were not loaded; the table rejects says why."]
    before = digest(db)
    with pytest.raises(InputError, match=r"^most\.csv: 60 of 100 rows cannot be loaded, mostly since date .*row 41"):
        load([write_flat(tmp_path / "most.csv", [*visits(40, first=500), *[row(date="x")] * 60])], db)
    assert digest(db) == before


def test_an_open_quote_that_takes_other_rows_with_it_refuses_the_file(tmp_path, db):
    good = write_flat(tmp_path / "good.csv", visits(300))
    load([good], db)
    before = digest(db)
    lines = good.read_text().splitlines(keepends=True)
    lines[200] = lines[200].replace("google", '"google')
    broken = tmp_path / "broken.csv"
    broken.write_text("".join(lines))
    with pytest.raises(InputError, match=r"^broken\.csv: a quotation mark is opened near row 200 and not closed.*\(200 of 300 lines can\)"):
        load([broken], db)
    assert digest(db) == before
    lines[200], lines[300] = lines[199], lines[300].replace("google", '"google')
    broken.write_text("".join(lines))
    assert counts(load([broken], db)) == [{"duplicates": 299, "rejected": 1}]


def test_one_bad_file_of_a_batch_leaves_everything_as_it_was(tmp_path, db):
    load([write_flat(tmp_path / "good.csv", visits(3))], db)
    before = digest(db)
    (tmp_path / "folder").mkdir()
    write_flat(tmp_path / "folder" / "a.csv", visits(3, first=10))
    (tmp_path / "folder" / "b.csv").write_text("<!doctype html><html>Sign in</html>")
    with pytest.raises(InputError, match=r"^b\.csv: "):
        load([tmp_path / "folder"], db)
    assert digest(db) == before
    assert sorted(path.name for path in db.parent.iterdir()) == ["leaks.duckdb", "leaks.duckdb.lock"]


@pytest.mark.parametrize("what", ["nowhere.csv", "empty folder"])
def test_a_path_without_exports_is_one_line(tmp_path, db, what):
    if what == "empty folder":
        (tmp_path / what).mkdir()
    with pytest.raises(InputError, match=what):
        load([tmp_path / what], db)
    assert not db.exists()


def test_no_raw_id_is_in_the_file(tmp_path, db):
    rows = [*visits(40), row(fullVisitorId="4815162342108151623", date="never"), row(fullVisitorId="4815162342108151624", pageviews="?")]
    load([write_flat(tmp_path / "export.csv", rows)], db)
    stored = db.read_bytes()
    for raw in [number["fullVisitorId"] for number in rows] + ["a salt for tests only"]:
        assert raw.encode() not in stored
    assert query(db, "select count(*) from rejects where raw is not null") == [(2,)]
    assert query(db, "select count(*) from sessions where regexp_full_match(session_id, '[0-9a-f]{24}')") == [(40,)]


def test_another_salt_gives_other_ids(tmp_path, db, monkeypatch):
    file = write_flat(tmp_path / "export.csv", visits(1))
    load([file], db)
    monkeypatch.setenv("LEAKS_SALT", "another salt for tests")
    load([file], tmp_path / "other.duckdb")
    ids = "select session_id, visitor_id from sessions"
    assert not set(query(db, ids)[0]) & set(query(tmp_path / "other.duckdb", ids)[0])


def test_amounts_too_large_to_add_up_are_one_line(tmp_path, db):
    with pytest.raises(InputError, match="too large to be added up"):
        load([write_flat(tmp_path / "a.csv", visits(100, transactions=1, transactionRevenue=10**17))], db)
    assert not db.exists()


def test_labels_are_normalised(tmp_path, db):
    rows = [
        row(source="Google", country="united states", deviceCategory="DESKTOP"),
        row(visitId="2", source="(not set)", country="(not set)", deviceCategory="smart fridge"),
        row(visitId="3", source="mail someone@example.com now", country="Atlantis", deviceCategory="Mobile"),
        row(visitId="4", source="", country="Côte d’Ivoire", deviceCategory="tablet"),
    ]
    load([write_flat(tmp_path / "labels.csv", rows)], db)
    assert query(db, "select source, country, iso3, device, channel from sessions order by device") == [
        ("google", "United States", "USA", "desktop", "Organic Search"),
        ("mail (e-mail) now", "Atlantis", None, "mobile", "Unassigned"),
        ("(direct)", "Côte d’Ivoire", "CIV", "tablet", "Direct"),
        ("(unknown)", "(unknown)", None, "other", "Unassigned"),
    ]


def test_hostile_text_is_data(tmp_path, db):
    hostile = ["'; drop table sessions; --", "<script>alert(1)</script>", '=cmd|"/c calc"!A1', "a\x00b", "x" * 5000, "\u202egoogle"]
    rows = [row(visitId=str(number + 1), source=text) for number, text in enumerate(hostile) if "\x00" not in text]
    load([write_flat(tmp_path / "it's; drop.csv", rows)], db)
    assert query(db, "select count(*) from sessions") == [(len(rows),)]
    assert query(db, "select max(length(source::varchar)) <= 200 from sessions") == [(True,)]
    assert query(db, "select file from loads") == [("it's; drop.csv",)]


fields = st.fixed_dictionaries(
    {
        "fullVisitorId": st.sampled_from(["1", "2", "3", "", "1.5E+18"]),
        "visitId": st.sampled_from(["1499201738", "1499201739", ""]),
        "date": st.sampled_from(["20170704", "20170705", "2017-07-04", "99999999"]),
        "source": st.sampled_from(["google", "(direct)", "'"]),
        "pageviews": st.sampled_from(["1", "6", "", "-1"]),
        "transactions": st.sampled_from(["", "1"]),
    }
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(fields, min_size=1, max_size=12), min_size=1, max_size=3))
def test_rows_are_conserved(files):
    with tempfile.TemporaryDirectory() as folder:
        good = visits(40, first=100)
        db = Path(folder) / "leaks.duckdb"
        paths = [write_flat(Path(folder) / f"{number}.csv", [row(**given) for given in rows] + good) for number, rows in enumerate(files)]
        load(paths[:1], db)
        load(paths, db)
        with duckdb.connect(str(db), read_only=True) as con:
            loads = records(con, "from loads")
            (sessions, cells, bots, rejects) = con.execute(
                "select (select count(*) from sessions), (select sum(sessions) from cubes.totals), (select count(*) from bots), (select count(*) from rejects)"
            ).fetchone()
    assert sum(file["rows_read"] for file in loads) == sum(len(rows) + 40 for rows in {str(rows): rows for rows in files}.values())
    for file in loads:
        assert file["rows_read"] == sum(file[name] for name in OUTCOMES)
    assert sessions == cells == sum(file["sessions_new"] for file in loads)
    assert rejects == sum(file["rejected"] for file in loads)
    assert bots == 0


def demo(folder: Path) -> Path:
    write_demo(folder, format="flat", sessions=400, days=10)
    return folder


def test_real_exports_take_the_place_of_the_demo(tmp_path, db):
    load([demo(tmp_path / "demo")], db)
    assert query(db, "select value from settings where name = 'is_demo'") == [("true",)]
    result = load([write_flat(tmp_path / "own.csv", visits(5))], db)
    assert result["warnings"] == ["The generated demo data were removed: the database now holds what you loaded."]
    assert query(db, "select count(*) from sessions") == [(5,)]
    assert query(db, "select load_id, file from loads") == [(1, "own.csv")]
    assert query(db, "select count(*) from settings where name = 'is_demo'") == [(0,)]
    assert query(db, "select count(*) from bots") == query(db, "select count(*) from events") == [(0,)]


@pytest.mark.parametrize("together", [True, False])
def test_a_demo_never_joins_real_sessions(tmp_path, db, together):
    own = write_flat(tmp_path / "own.csv", visits(5))
    folder = demo(tmp_path / "demo")
    if not together:
        load([own], db)
    with pytest.raises(InputError, match=r"^sessions\.csv: is a generated demo export"):
        load([own, folder] if together else [folder], db)
    assert not together or not db.exists()


def test_files_that_stand_beside_a_demo_are_no_exports(tmp_path, db):
    folder = demo(tmp_path / "demo")
    result = load(sorted(folder.iterdir()), db)
    assert [file["file"] for file in result["files"]] == ["sessions.csv"]


def test_a_changed_rule_holds_for_files_loaded_again(tmp_path, db, monkeypatch):
    file = write_flat(tmp_path / "own.csv", [*visits(2, pageviews=7), *visits(3, first=5)])
    load([file], db)
    assert query(db, "select stage, count(*) from sessions group by all order by all") == [(0, 3), (1, 2)]
    monkeypatch.setattr(merge.stages, "stage_sql", lambda: "case when landing.pageviews >= 7 then 2 else 0 end")
    assert load([file], db)["files"] == []
    again = load([file], db, again=True, settings={"currency": "EUR"})
    assert counts(again) == [{"sessions_updated": 2, "duplicates": 3}]
    assert query(db, "select stage, count(*) from sessions group by all order by all") == [(0, 3), (2, 2)]
    assert query(db, "select value from settings where name = 'currency'") == [("EUR",)]


def test_a_file_without_events_never_replaces_what_events_told(tmp_path, db):
    for form in ("ga360", "flat"):
        write_demo(tmp_path / form, format=form, sessions=300, days=5)
    load([tmp_path / "ga360"], db)
    told = query(db, "select session_id, stage, load_id from sessions order by all")
    ((sessions,),) = query(db, "select count(*) from sessions")
    poorer = counts(load([tmp_path / "flat"], db))
    assert poorer == [{"duplicates": sessions + query(db, "select count(*) from bots")[0][0]}]
    assert query(db, "select session_id, stage, load_id from sessions order by all") == told
    assert query(db, "select count(*) from events")[0][0] > sessions
    # Nor in one load, whichever comes last.
    both = tmp_path / "both.duckdb"
    poorer = counts(load([tmp_path / "ga360", tmp_path / "flat"], both))[-1]
    assert poorer["duplicates"] == sessions + query(both, "select count(*) from bots")[0][0] and len(poorer) == 1
    assert query(both, "select session_id, stage, load_id from sessions order by all") == told


BURST = {"source": "loud.example", "pageviews": 1, "timeOnSite": 0, "visitId": "1499201738"}


@pytest.mark.parametrize(("sizes", "together", "apart"), [((20, 20), 40, 0), ((40, 5), 45, 40), ((12, 9), 0, 0)])
def test_a_burst_is_judged_within_a_load(tmp_path, sizes, together, apart):
    """However it is divided into files; in loads apart each is judged for itself (docs/decisions/bots-by-load.md)."""
    files = [write_flat(tmp_path / f"{n}.csv", visits(size, first=100 * n, **BURST)) for n, size in enumerate(sizes)]
    load(files, tmp_path / "together.duckdb")
    for file in files:
        load([file], tmp_path / "apart.duckdb")
    judged = "select count(*), count(*) filter (rule = 'burst') from bots"
    assert query(tmp_path / "together.duckdb", judged) == [(together, together)]
    assert query(tmp_path / "apart.duckdb", judged) == [(apart, apart)]
    load(files, tmp_path / "apart.duckdb", again=True)
    assert query(tmp_path / "apart.duckdb", judged) == [(together, together)]
    for name in ("together", "apart"):
        assert query(tmp_path / f"{name}.duckdb", "select (select count(*) from sessions) + (select count(*) from bots)") == [(sum(sizes),)]


def test_a_later_count_of_key_events_counts(tmp_path, db):
    header = "clientId,sessionId,date,keyEvents\n"
    for name, converted in (("a", 1), ("b", 0)):
        (tmp_path / f"{name}.csv").write_text(f"{header}1,s1,20260704,{converted}\n2,s2,20260704,0\n")
    loaded = counts(load([tmp_path / "a.csv", tmp_path / "b.csv"], db))
    assert loaded == [{"sessions_new": 2}, {"sessions_updated": 1, "duplicates": 1}]
    assert query(db, "select count(*) from sessions where is_converted") == [(0,)]


def test_events_are_those_of_the_version_that_counts(tmp_path, db):
    longer, shorter = test_ga360.session(), test_ga360.session(hits=[test_ga360.hit(1)])
    files = [test_ga360.write_lines(tmp_path / f"{number}.json", [one]) for number, one in enumerate((longer, shorter))]
    load(files, db)
    assert query(db, "select event_index, page from events") == [(1, "/page1")]


def test_a_file_without_events_makes_no_bot_of_who_bought(tmp_path, db):
    totals = test_ga360.session()["totals"] | {"transactions": 1, "totalTransactionRevenue": 7_000_000}
    buyer = test_ga360.session(totals=totals, trafficSource={"source": "semalt.com", "medium": "referral", "campaign": None})
    load([test_ga360.write_lines(tmp_path / "a.json", [buyer])], db)
    told_again = row(fullVisitorId=buyer["fullVisitorId"], visitId=buyer["visitId"], date=buyer["date"], source="semalt.com")
    assert counts(load([write_flat(tmp_path / "b.csv", [told_again])], db)) == [{"duplicates": 1}]
    assert query(db, "select transactions from sessions") == [(1,)] and query(db, "from bots") == []


def test_a_file_without_events_takes_none_away_beside_one_that_has_some(tmp_path, db):
    first, other = test_ga360.session(), test_ga360.session(fullVisitorId="0999", visitId=1499209999)
    load([test_ga360.write_lines(tmp_path / "first.json", [first])], db)
    told_again = row(fullVisitorId=first["fullVisitorId"], visitId=first["visitId"], date=first["date"])
    load([test_ga360.write_lines(tmp_path / "other.json", [other]), write_flat(tmp_path / "flat.csv", [told_again])], db)
    assert query(db, "select count(*), count(distinct session_id) from events") == [(4, 2)]
    assert query(db, "select count(*) from sessions") == [(2,)]
