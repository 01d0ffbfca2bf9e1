"""Pulling from BigQuery: against a stand-in for its REST interface, with Google's own client."""

import json
import os
import re
import sys
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.__main__ import main
from etl.errors import InputError
from etl.pull import bigquery as pulling
from etl.pull import days, writing
from etl.pull.bigquery import size
from etl.pull.command import byte_count
from etl.pull.statements import statement, template
from tests.etl.bigquery_server import BigQuery, Fault, Table

bigquery = pytest.importorskip("google.cloud.bigquery", reason="skipped: the optional client of BigQuery is not installed")


def events(day: str, n: int = 3, **columns) -> pa.Table:
    """Rows of a GA4 export, with the columns that matter."""
    values = {
        "event_date": [day] * n,
        "event_timestamp": [1_700_000_000_000_000 + number for number in range(n)],
        "event_name": ["page_view"] * n,
        "event_params": pa.array(
            [[{"key": "ga_session_id", "value": {"string_value": None, "int_value": number, "double_value": None}}] for number in range(n)]
        ),
        "user_id": ["secret"] * n,
        "user_pseudo_id": [f"u{number}" for number in range(n)],
        "device": pa.array([{"category": "mobile", "advertising_id": "secret", "operating_system": None}] * n),
    }
    return pa.table(values | columns)


@pytest.fixture
def google(monkeypatch):
    """The stand-in, with three days, an intraday table and a table of something else."""
    held = BigQuery(
        tables={f"events_2024030{day}": Table(events(f"2024030{day}")) for day in (1, 2, 3)}
        | {"events_intraday_20240304": Table(events("20240304")), "users_20240301": Table(events("20240301"))}
    )
    monkeypatch.setattr(pulling, "RETRY_SECONDS", {"initial": 0.01, "maximum": 0.02, "multiplier": 1.5, "timeout": 1.0})
    with held.serving():
        monkeypatch.setenv(pulling.EMULATOR, held.url)
        yield held
    assert held.authorised == []


@pytest.fixture
def run(google, tmp_path, capsys):
    """A function that runs the command and gives its status, output and errors."""

    def command(
        *more: str, since: str = "2024-03-01", until: str = "2024-03-31", project: str = google.project, dataset: str = google.dataset
    ):
        given = ["pull", "bigquery", "--project", project, "--dataset", dataset, "--since", since, "--until", until]
        status = main([*given, "--out", str(tmp_path / "raw"), *more])
        out, err = capsys.readouterr()
        assert err.count("\n") == (1 if status else 0)
        return status, out, err

    command.folder = tmp_path / "raw"
    return command


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_days_are_pulled_once(google, run):
    status, out, _ = run()
    assert status == 0
    assert out == f"3 days pulled (9 rows, 30.0 MB read), 0 kept.\nLoad them with: python -m etl load {run.folder}\n"
    assert names(run.folder) == [f"events_2024030{day}.parquet" for day in (1, 2, 3)]
    assert len(google.queries) == 3
    google.requests.clear()
    status, out, _ = run()
    assert out.startswith("0 days pulled (0 rows, 0 bytes read), 3 kept.")
    # The days are long over: nothing but the list of tables is asked for.
    assert all(re.search(r"/tables\?", asked) for asked in google.requests)


def test_what_is_kept_is_what_the_statement_chose(google, run):
    run(until="2024-03-01")
    table = pq.read_table(run.folder / "events_20240301.parquet")
    assert table.column_names == ["event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id", "device"]
    assert table.schema.field("device").type == pa.struct([("category", pa.string()), ("operating_system", pa.string())])
    source = google.tables["events_20240301"].rows
    for name in ("event_timestamp", "event_params", "user_pseudo_id"):
        assert table[name].to_pylist() == source[name].to_pylist()
    with duckdb.connect() as con:
        file = str(run.folder / "events_20240301.parquet")
        found = con.execute("select event_params[1].value.int_value, device.category from read_parquet(?) order by 1", [file]).fetchall()
    assert found == [(0, "mobile"), (1, "mobile"), (2, "mobile")]


def test_a_day_that_broke_off_is_pulled_again_and_the_others_are_not(google, run):
    google.page_rows = 2
    google.faults = [Fault(r"GET .*/queries/.*pageToken", 400, "invalid", after=1)]
    status, _, err = run()
    assert (status, names(run.folder)) == (1, ["events_20240301.parquet"])
    assert err == "shop-123456.analytics_1: BigQuery refuses (told to fail: invalid)\n"
    google.faults = []
    (run.folder / ".events_20240302.parquet.part").write_bytes(b"PAR1 half a file")
    (run.folder / "events_20240303.parquet").write_bytes(b"PAR1 half a file")
    status, out, _ = run()
    assert (status, out.split(",")[0]) == (0, "2 days pulled (6 rows")
    assert names(run.folder) == [f"events_2024030{day}.parquet" for day in (1, 2, 3)]


def test_rows_that_did_not_come_are_missed(google, run):
    google.lost_rows = 1
    status, _, err = run(until="2024-03-01")
    assert (status, err, names(run.folder)) == (1, "events_20240301.parquet: 2 of 3 rows came: pull it again\n", [])


def test_trouble_that_passes_is_waited_for(google, run):
    google.page_rows = 2
    google.faults = [
        Fault(r"GET .*/tables\?", 503, "backendError", times=1),
        Fault(r"POST .*/jobs", 500, "internalError", times=1),
        Fault(r"GET .*/queries/.*pageToken", 502, "badGateway", times=2),
    ]
    status, out, _ = run(until="2024-03-02")
    assert (status, out.split(",")[0]) == (0, "2 days pulled (6 rows")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("GET .*/tables", 401, "authError"), "does not accept the credentials"),
        (Fault("GET .*/tables", 403, "accessDenied"), "access is denied"),
        (Fault("POST .*/jobs", 403, "accessDenied"), "BigQuery Job User"),
        (Fault("POST .*/jobs", 403, "quotaExceeded"), "a quota is used up"),
        (Fault("GET .*/tables", 404, "notFound"), "was not found"),
        (Fault("POST .*/jobs", 400, "invalidQuery"), "BigQuery refuses"),
        (Fault("GET .*/tables", 503, "backendError"), "did not answer well"),
    ],
)
def test_refusals_are_told_in_one_line(google, run, fault, said):
    google.faults = [fault]
    status, out, err = run()
    assert (status, out, names(run.folder)) == (1, "", [])
    assert err.startswith("shop-123456.analytics_1: ") and said in err


def test_nobody_there(google, run, monkeypatch):
    monkeypatch.setenv(pulling.EMULATOR, "http://127.0.0.1:9")
    status, _, err = run()
    assert status == 1 and "cannot be reached" in err or "did not answer" in err


def test_credentials_go_to_google_alone(run, monkeypatch):
    monkeypatch.setenv(pulling.EMULATOR, "https://bigquery.example.com")
    assert run()[2] == "BIGQUERY_EMULATOR_HOST: names bigquery.example.com, not this machine: unset it to pull from Google\n"


def test_no_credentials(run, monkeypatch, tmp_path):
    monkeypatch.delenv(pulling.EMULATOR)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    status, _, err = run()
    assert status == 1 and "gcloud auth application-default login" in err


def test_no_client(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery", raising=False)
    assert run()[2] == "pulling from BigQuery needs Google's client, which is not installed: run make setup-bigquery\n"


def test_a_limit_on_bytes(google, run):
    google.tables["events_20240302"].bytes = 3 << 30
    status, _, err = run("--max-bytes", "2GB")
    assert (status, names(run.folder), google.queries) == (1, [], [])
    assert err == ("shop-123456.analytics_1: 3 days would read 3.0 GB, more than --max-bytes 2.0 GB: ask for fewer days, or allow more\n")
    status, out, _ = run("--dry-run")
    assert (status, names(run.folder), google.queries) == (0, [], [])
    assert out == "3 days would be pulled (9 rows, 3.0 GB read), 0 kept.\n"


def test_the_service_holds_a_query_to_its_estimate(google, run):
    google.tables["events_20240301"].bytes = 1 << 30
    estimated = run("--dry-run", until="2024-03-01")
    assert estimated[0] == 0

    def grow(*_: object) -> int:
        return 10 << 20

    before = pulling._estimate
    try:
        pulling._estimate = grow
        status, _, err = run(until="2024-03-01")
    finally:
        pulling._estimate = before
    assert status == 1 and "more than its estimate" in err


def age(folder, name: str, when: date) -> None:
    """Make a kept file look as if it had been checked last on a day."""
    stamp = datetime(when.year, when.month, when.day, 12).timestamp()
    os.utime(folder / name, (stamp, stamp))


def test_late_days_are_pulled_again_where_they_changed(google, run):
    run()
    for day in (1, 2, 3):
        age(run.folder, f"events_2024030{day}.parquet", date(2024, 3, 4))
    google.jobs.clear()
    google.tables["events_20240302"] = Table(events("20240302", 5), modified=1_709_500_000_000)
    _, out, _ = run()
    assert out.startswith("1 day pulled (5 rows, 10.0 MB read), 2 kept.")
    assert pq.read_table(run.folder / "events_20240302.parquet").num_rows == 5
    # All have been checked after they settled: from now on their tables are not even looked at.
    google.tables["events_20240303"] = Table(events("20240303", 7), modified=1_709_600_000_000)
    assert run()[1].startswith("0 days pulled")


def test_a_day_settles_four_days_after_it_ended(tmp_path):
    day = days.Day(date(2024, 3, 1), "events_20240301")
    day.file(tmp_path).touch()
    for checked, settled in ((date(2024, 3, 5), False), (date(2024, 3, 7), True)):
        age(tmp_path, "events_20240301.parquet", checked)
        assert days.is_settled(day, tmp_path) is settled


def test_intraday_tables_only_when_asked(google, run):
    assert "events_intraday_20240304.parquet" not in (run(), names(run.folder))[1]
    status, out, _ = run("--intraday")
    assert out.startswith("1 day pulled (3 rows")
    assert "events_intraday_20240304.parquet" in names(run.folder)
    google.tables["events_20240304"] = Table(events("20240304", 6))
    run("--intraday")
    assert [name for name in names(run.folder) if "0304" in name] == ["events_20240304.parquet"]


def test_nothing_there(google, run):
    assert run(since="2025-01-01", until="2025-01-31")[2] == (
        "shop-123456.analytics_1: has no day from 2025-01-01 to 2025-01-31: its days go from 2024-03-01 to 2024-03-03\n"
    )
    google.tables = {"users_20240301": google.tables["users_20240301"]}
    assert "has no tables events_YYYYMMDD or ga_sessions_YYYYMMDD" in run()[2]
    google.tables = {"events_20240301": Table(events("20240301", 0))}
    assert run()[1].startswith("0 days pulled (0 rows, 0 bytes read), 0 kept.\n1 day without rows: events_20240301\n")


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("project", "shop`; drop table x"),
        ("project", "Shop"),
        ("project", "a/../b-project"),
        ("dataset", "a.b"),
        ("dataset", "x`"),
        ("dataset", ""),
    ],
)
def test_names_that_are_none(google, run, what, name):
    status, _, err = run(**{what: name})
    assert (status, google.requests) == (1, [])
    assert err.startswith(f"--{what}: ")


@pytest.mark.parametrize("arguments", [["--since", "yesterday"], ["--since", "2024-02-30"], ["--max-bytes", "much"]])
def test_wrong_usage(run, arguments):
    with pytest.raises(SystemExit) as left:
        main(["pull", "bigquery", "--project", "shop-123456", "--dataset", "d", "--since", "2024-03-01", *arguments])
    assert left.value.code == 2


def test_days_in_the_wrong_order(run):
    assert run(since="2024-03-05", until="2024-03-01")[2] == "--until 2024-03-01 lies before --since 2024-03-05: swap them\n"


def test_pulled_sessions_of_360_are_those_of_the_export(google, run, real_data, tmp_path, capsys):
    """The whole way: a real day served by the stand-in, pulled, loaded; the same sessions as from the export's own Parquet."""
    from etl.load import load

    google.tables = {"ga_sessions_20170801": Table(pq.read_table(real_data / "ga360_20170801.parquet"))}
    status, out, _ = run("--load", "--db", str(tmp_path / "pulled.duckdb"), since="2017-08-01", until="2017-08-01")
    assert status == 0 and "ga360-bigquery" in out
    load([real_data / "ga360_20170801.parquet"], tmp_path / "exported.duckdb")
    with duckdb.connect() as con:
        for name in ("pulled", "exported"):
            con.execute(f"attach '{tmp_path / name}.duckdb' as {name} (read_only)")
        assert con.execute("select sessions, conversions, transactions, revenue from pulled.kpis").fetchone() == (2_556, 43, 45, 8_890.0)
        for table, texts in (("sessions", ("device", "country", "source", "channel")), ("events", ())):
            replaced = ", ".join(f"{text}::varchar as {text}" for text in texts)
            chosen = "*" + (" exclude (load_id)" if texts else "") + (f" replace ({replaced})" if texts else "")
            for one, other in (("pulled", "exported"), ("exported", "pulled")):
                query = f"select count(*) from (select {chosen} from {one}.{table} except all select {chosen} from {other}.{table})"
                assert con.execute(query).fetchone() == (0,)


def test_pulled_events_of_ga4_are_those_of_the_export(google, run, real_data):
    source = pq.read_table(real_data / "ga4_events_sampled.parquet").slice(0, 3_000)
    google.tables = {"events_20210131": Table(source)}
    run(since="2021-01-31", until="2021-01-31")
    pulled = pq.read_table(run.folder / "events_20210131.parquet")
    assert pulled.num_rows == 3_000
    for name in ("event_timestamp", "event_name", "event_params", "user_pseudo_id", "ecommerce"):
        assert pulled[name].to_pylist() == source[name].to_pylist(), name
    assert [row["category"] for row in pulled["device"].to_pylist()] == [row["category"] for row in source["device"].to_pylist()]
    assert "user_id" not in pulled.column_names and "advertising_id" not in str(pulled.schema)


def test_statements_ask_for_no_personal_data():
    for query in ("ga4_events", "ga_sessions"):
        text = " ".join(template(query)[0])
        assert not re.search(r"\b(user_id|user_properties|advertising_id|vendor_id|networkLocation|customDimensions|city)\b", text)


def test_a_table_with_none_of_the_columns():
    assert statement("ga4_events", "p.d.t", [bigquery.SchemaField("x", "STRING")]) is None


def test_memory_holds_a_row_group_at_a_time(tmp_path):
    alive = []

    def batches():
        for number in range(40):
            batch = pa.record_batch({"n": list(range(number * 10_000, (number + 1) * 10_000))})
            alive.append(batch.num_rows)
            yield batch

    path = tmp_path / "big.parquet"
    assert writing.write(path, pa.schema([("n", pa.int64())]), batches(), {"table": "p.d.big"}, 400_000) == 400_000
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert groups == [writing.GROUP_ROWS] * 8


def test_a_failed_write_leaves_nothing(tmp_path):
    def batches():
        yield pa.record_batch({"n": [1]})
        raise InputError("no more")

    with pytest.raises(InputError):
        writing.write(tmp_path / "x.parquet", pa.schema([("n", pa.int64())]), batches(), {}, None)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("text", "count"), [("10", 10), ("20GB", 20 << 30), ("1.5", None), ("2 tib", 2 << 40), ("-1", None)])
def test_numbers_of_bytes(text, count):
    if count is None:
        with pytest.raises(Exception, match="no number of bytes"):
            byte_count(text)
    else:
        assert byte_count(text) == count
    assert (size(999), size(10 << 20), size(3 << 40)) == ("999 bytes", "10.0 MB", "3.0 TB")


def test_the_summary_for_machines(google, run):
    _, out, _ = run("--json")
    told = json.loads(out)
    assert told["pulled"] == {f"events_2024030{day}": 3 for day in (1, 2, 3)}
    assert (told["kept"], told["empty"], told["bytes"], told["dry_run"]) == ([], [], 3 * (10 << 20), False)


def test_today_is_the_last_day_unless_said(google, tmp_path, capsys):
    given = ["pull", "bigquery", "--project", google.project, "--dataset", google.dataset, "--since", "2024-03-03", "--out", str(tmp_path)]
    assert main(given) == 0
    assert capsys.readouterr().out.startswith("1 day pulled")
    assert timedelta(days=4) == days.SETTLED_AFTER
