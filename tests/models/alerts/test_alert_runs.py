"""The command: judgements stored once, reports, deliveries."""

import json
import shutil
import threading
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import duckdb
import pytest

from dashapp.webhook import WebhookError, verify
from etl.errors import InputError
from models.__main__ import main
from models.alerts import runs, targets

FIRST = date(2026, 1, 1)
SECRET = "a secret that is long enough for a test"
SENT = ("x", object())


def add_run(con, night, *found):
    """A ranking on a night; found are (leak_id, cause, q, lost conversions or None)."""
    day = FIRST + timedelta(days=night)
    run_id = f"run-{night:02d}"
    con.execute(
        "insert into leak_runs values (?, ?, '1', ?, '{}', 1000, 10, 10, 10, ?, ?, 1, '{}', '[]', '[]', '[]')",
        [run_id, datetime(day.year, day.month, day.day, 4), f"hash {night}", FIRST - timedelta(days=30), day],
    )
    for leak_id, cause, q, lost in found:
        evidence = {"rule": "almost nothing is recorded where much was expected"} if cause == "tracking break" else {}
        evidence |= {"dimension": "source", "from": "a", "to": "b", "on": "2026-01-01"} if cause == "definition change" else {}
        con.execute(
            """
            insert into leaks values (?, ?, ?, 'Browsed → Engaged', ?, 'select 1', 900, 0.1, 0.2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                leak_id,
                run_id,
                "gap" if cause == "structural difference" else "drop",
                json.dumps({"source": f"{leak_id} \x1b[31m"}),
                *([None] * 3 if lost is None else [lost, lost / 2, lost * 2]),
                *([None] * 3 if lost is None else [lost * 50, lost * 25, lost * 100]),
                q,
                *[day - timedelta(days=29)] * 3,
                cause,
                json.dumps(evidence),
            ],
        )


@pytest.fixture
def db(tmp_path, empty_database):
    """A database with two rankings: one finds nothing, the next a leak, a broken tag, a new label, something unsure, and a gap."""
    path = tmp_path / "leaks.duckdb"
    shutil.copy(empty_database, path)
    with duckdb.connect(str(path)) as con:
        add_run(con, 0)
        add_run(
            con,
            1,
            ("leak", "behaviour", 1e-8, 12.0),
            ("tag", "tracking break", 1e-20, None),
            ("name", "definition change", 1e-9, None),
            ("doubt", "behaviour", 0.08, 3.0),
            ("gap", "structural difference", 1e-30, 50.0),
        )
    return path


def rows(db, query):
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(query).fetchall()


def test_alarms_tell_losses_records_and_labels_apart_and_no_gaps(db):
    told = runs.alert(db)
    assert [(one["leak_id"], one["kind"], one["status"]) for one in told["alerts"]] == [
        ("tag", "tracking", "new"),
        ("name", "definition", "new"),
        ("leak", "loss", "new"),
    ]
    assert told["unsure"] == 1 and told["is_alarm"] and told["p"] == pytest.approx(1e-10)
    assert told["alerts"][2]["conversions_per_month"] == [12.0, 6.0, 24.0] and told["alerts"][0]["conversions_per_month"] is None
    assert rows(db, "select run_id, is_alarm from alert_runs order by run_id") == [("run-00", False), ("run-01", True)]
    assert sorted(rows(db, "select leak_id, kind from alerts")) == [("leak", "loss"), ("name", "definition"), ("tag", "tracking")]


def test_judging_twice_gives_the_same_answer_and_changes_nothing(db):
    first = runs.alert(db)
    before = db.stat().st_mtime_ns, db.stat().st_ino
    assert runs.alert(db) == first
    assert (db.stat().st_mtime_ns, db.stat().st_ino) == before


def test_a_dry_run_says_the_same_and_changes_nothing(db):
    before = db.read_bytes()
    dry = runs.alert(db, webhook=SENT, dry_run=True, send=lambda *_: pytest.fail("sent"))
    assert db.read_bytes() == before
    assert runs.alert(db) | {"delivered": []} == dry


def test_what_was_told_is_told_once(db):
    runs.alert(db)
    with duckdb.connect(str(db)) as con:
        add_run(con, 2, ("leak", "behaviour", 1e-10, 13.0), ("doubt", "behaviour", 0.05, 3.0))
    told = runs.alert(db)
    assert told["alerts"] == [] and not told["is_alarm"]
    assert told["still_open"] == [{"leak_id": "leak", "told_in": "run-01"}] and told["unsure"] == 1


def test_a_failed_delivery_is_tried_again_without_a_new_alarm(db):
    def down(target, payload):
        raise WebhookError("https://example.com: answered 500; nothing was delivered.")

    with pytest.raises(InputError, match=r"^team: https://example.com: answered 500; nothing was delivered. The alarm is kept"):
        runs.alert(db, webhook=("team", object()), send=down)
    judged = rows(db, "select * from alert_runs order by run_id")
    assert len(judged) == 2 and rows(db, "select * from alert_deliveries") == []
    sent = []
    told = runs.alert(db, webhook=("team", object()), send=lambda target, payload: sent.append(payload) or 200)
    assert told["delivered"] == ["run-01"] and [one["run_id"] for one in sent] == ["run-01"]
    assert rows(db, "select * from alert_runs order by run_id") == judged
    assert runs.alert(db, webhook=("team", object()), send=lambda *_: pytest.fail("sent twice"))["delivered"] == []
    assert runs.alert(db, webhook=("other", object()), send=lambda *_: 202)["delivered"] == ["run-01"]
    assert sorted(rows(db, "select run_id, target, status from alert_deliveries")) == [("run-01", "other", 202), ("run-01", "team", 200)]


def test_of_several_alarms_those_received_before_a_failure_count_as_received(db):
    with duckdb.connect(str(db)) as con:
        add_run(con, 2, ("second", "behaviour", 1e-12, 20.0))
    answers = iter([200])

    def one_then_down(target, payload):
        if (status := next(answers, None)) is None:
            raise WebhookError("down.")
        return status

    with pytest.raises(InputError):
        runs.alert(db, webhook=SENT, send=one_then_down)
    sent = []
    runs.alert(db, webhook=SENT, send=lambda target, payload: sent.append(payload["run_id"]) or 200)
    assert sent == ["run-02"]


def test_a_new_receiver_is_not_told_of_the_past(db):
    with duckdb.connect(str(db)) as con:
        add_run(con, 1 + runs.SEND_DAYS + 1)
    assert runs.alert(db, webhook=SENT, send=lambda *_: pytest.fail("sent"))["delivered"] == []


def test_text_is_short_and_holds_no_control_characters(db, capsys):
    assert main(["alert", "--db", str(db)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and len(said.splitlines()) == 8
    assert said.startswith("Leak ranking of 2026-01-02, data until 2026-01-02: 3 alerts.")
    assert "about 12 conversions a month [6.0, 24], 600 [300, 1,200] in revenue" in said
    assert "source a lost as many sessions as b gained about 2026-01-01" in said and "look at the tags" in said


def test_json_is_the_report(db, capsys):
    assert main(["alert", "--db", str(db), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == runs.alert(db)


def test_without_a_ranking_there_is_one_line(tmp_path, empty_database, capsys):
    path = tmp_path / "leaks.duckdb"
    shutil.copy(empty_database, path)
    assert main(["alert", "--db", str(path)]) == 1
    assert "make one first: python -m models leaks" in capsys.readouterr().err


def test_sending_for_real(db, tmp_path, monkeypatch, capsys):
    received = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Leaks-Signature"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "webhooks.toml"
    file.write_text(f'[team]\nurl = "http://127.0.0.1:{server.server_port}/hook"\nsecret_from = "TEAM_SECRET"\nallow_private = true\n')
    monkeypatch.setenv("LEAKS_WEBHOOKS", str(file))
    monkeypatch.setenv("TEAM_SECRET", SECRET)
    try:
        assert main(["alert", "--db", str(db), "--webhook", "team"]) == 0
        assert main(["alert", "--db", str(db), "--webhook", "team"]) == 0
    finally:
        server.shutdown()
        server.server_close()
    ((signature, body),) = received
    assert verify(SECRET, signature, body)
    assert json.loads(body) == runs.alert(db)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[other]\nurl = 'https://example.com'", "has no section [team]"),
        ("[team]\nurl = 'https://example.com'", "needs url and secret_from"),
        ("[team]\nurl = 'https://example.com'\nsecret = 'x'", "secret in [team] means nothing"),
        ("[team]\nurl = 'https://example.com'\nsecret_from = 'NOT_SET'", "NOT_SET, which is not set"),
        ("[team]\nurl = 'http://example.com'\nsecret_from = 'TEAM_SECRET'", "must be an https address"),
        ("[team]\nurl = 'https://me:word@example.com'\nsecret_from = 'TEAM_SECRET'", "must hold no user name or password"),
        ("[team]\nurl = 'https://example.com'\nsecret_from = 'SHORT'", "at least 32 characters"),
        ("team = [", "is not valid TOML"),
        (None, "copy data/webhooks.example.toml"),
    ],
)
def test_what_is_wrong_with_a_target_is_one_line_without_its_secret(tmp_path, monkeypatch, text, line):
    file = tmp_path / "webhooks.toml"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("TEAM_SECRET", SECRET)
    monkeypatch.setenv("SHORT", "hush-hush")
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(InputError) as caught:
        targets.read("team", file)
    said = str(caught.value)
    assert line in said and "\n" not in said and SECRET not in said and "hush-hush" not in said and "word" not in said.split("password")[0]


def test_the_example_is_read(monkeypatch):
    monkeypatch.setenv("LEAKS_WEBHOOK_SECRET", SECRET)
    assert targets.read("team", targets.DATA / "webhooks.example.toml").name == "https://hooks.example.com"
