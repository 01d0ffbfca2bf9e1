"""What the running server answers: the model's own probabilities, in order, and problem documents for everything else."""

import http.client
import json
import math
from datetime import datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashapp.api import shapes
from dashapp.api.problems import Problem
from models import database, rows
from models.features import Sessions
from tests.conftest import records
from tests.dashapp.api.conftest import TOKEN, ask
from tests.dashapp.building import build
from tests.dashapp.serving import serving
from tests.dashapp.test_http import get

READ = "visit_number, started_at, device, country, source, channel, landing_page, pageviews, duration_seconds"


@pytest.fixture(scope="module")
def stored(scored_database):
    """Some sessions of the database as a client would send them, and the runs of both kinds."""
    with duckdb.connect(str(scored_database), read_only=True) as con:
        sessions = records(con, f"select session_id, {READ} from sessions order by session_id limit 300")
        for session in sessions:
            session["started_at"] = session["started_at"].isoformat() + "Z"
            session["events"] = [
                {"event_name": name, "occurred_at": at.isoformat() + "Z", "page": page}
                for name, at, page in con.execute(
                    "select event_name, occurred_at, page from events where session_id = ? order by event_index", [session["session_id"]]
                ).fetchall()
            ]
        return sessions, {kind: database.read_run(con, kind) for kind in ("retrospective", "early")}


def without_events(sessions: list[dict]) -> list[dict]:
    return [{name: value for name, value in session.items() if name != "events"} for session in sessions]


def read_as_the_server_does(sessions: list[dict]) -> list[dict]:
    return shapes.sessions(json.dumps({"sessions": sessions}).encode())


def test_probabilities_are_those_of_the_final_model(server, stored):
    sessions, runs = stored
    run = runs["retrospective"]
    answer = ask(server, {"sessions": without_events(sessions)})
    assert answer.status == 200, answer.text
    shapes.ANSWER.validate_python(answer.told, strict=True)
    made = Sessions.from_rows(
        [rows.retrospective(session, run.model.time_zone) for session in read_as_the_server_does(without_events(sessions))]
    )
    expected = run.model.final.probabilities(made).astype(float).tolist()
    results = answer.told["results"]
    assert [result["p_conversion"] for result in results] == expected
    assert [result["session_id"] for result in results] == [session["session_id"] for session in sessions]
    assert [result["is_above_threshold"] for result in results] == [p >= run.threshold for p in expected]
    assert [result["is_top_decile"] for result in results] == [p >= run.cutoff for p in expected]
    assert {result["is_top_decile"] for result in results} == {True, False}
    assert answer.told["run_id"] == run.run_id
    assert answer.told["runs"] == [{"run_id": run.run_id, "kind": "retrospective", "threshold": run.threshold, "cutoff": run.cutoff}]


def test_sessions_with_events_are_scored_early_one_by_one_or_together(server, stored):
    sessions, runs = stored
    run = runs["early"]
    together = ask(server, {"sessions": sessions})
    assert together.status == 200 and together.told["run_id"] == run.run_id, together.text
    read = read_as_the_server_does(sessions)
    made = [rows.early_row(session, session["events"], run.model.time_zone, frozenset(run.model.key_events)) for session in read]
    assert None not in made
    expected = [float(run.model.final.probabilities(Sessions.from_rows([row], run.model.design))[0]) for row in made]
    assert [result["p_conversion"] for result in together.told["results"]] == expected
    assert len(set(expected)) > 20
    alone = ask(server, {"sessions": [sessions[7]]}, "?kind=early")
    assert alone.told["results"] == [together.told["results"][7]]


def test_events_count_from_the_start_or_by_the_clock_in_any_order(server, stored):
    session = next(session for session in stored[0] if len(session["events"]) >= 4)
    times = [datetime.fromisoformat(event["occurred_at"]) for event in session["events"]]
    seconds = [
        {name: value for name, value in event.items() if name != "occurred_at"} | {"seconds": (time - times[0]).total_seconds()}
        for event, time in zip(session["events"], times, strict=True)
    ]
    answer = ask(server, {"sessions": [session, session | {"events": seconds}, session | {"events": seconds[::-1]}]})
    assert len({result["p_conversion"] for result in answer.told["results"]}) == 1


def test_both_kinds_in_one_request_and_each_alone(server, stored):
    sessions, runs = stored
    mixed = [
        sessions[0],
        without_events(sessions)[1],
        sessions[2],
        sessions[3] | {"events": []},
        sessions[4] | {"events": [{"event_name": "purchase"}]},
    ]
    answer = ask(server, {"sessions": mixed}).told
    early, whole = runs["early"].run_id, runs["retrospective"].run_id
    assert answer["run_id"] is None
    assert [run["kind"] for run in answer["runs"]] == ["early", "retrospective"]
    assert [result["run_id"] for result in answer["results"]] == [early, whole, early, whole, whole]
    forced = ask(server, {"sessions": mixed}, "?kind=retrospective").told
    assert forced["run_id"] == whole
    assert [forced["results"][place] for place in (1, 3, 4)] == [answer["results"][place] for place in (1, 3, 4)]
    refused = ask(server, {"sessions": mixed}, "?kind=early")
    assert refused.status == 422
    assert [error["pointer"] for error in refused.told["errors"]] == [f"/sessions/{place}/events" for place in (1, 3, 4)]


def test_what_the_model_never_met_is_scored(server):
    odd = {"device": "fridge", "country": "Atlantis", "source": "\u202e<b>", "channel": "", "landing_page": "/" + "é" * 1999}
    answer = ask(server, {"sessions": [odd, {}]})
    assert answer.status == 200
    assert all(0 <= result["p_conversion"] <= 1 for result in answer.told["results"])


def test_reasons_on_request(server, stored):
    sessions = stored[0]
    plain = ask(server, {"sessions": without_events(sessions[:20]) + sessions[20:40]})
    told = ask(server, {"sessions": without_events(sessions[:20]) + sessions[20:40]}, "?reasons=true")
    assert all("reasons" not in result for result in plain.told["results"])
    shapes.ANSWER.validate_python(told.told, strict=True)
    for before, after in zip(plain.told["results"], told.told["results"], strict=True):
        reasons = after.pop("reasons")
        assert after == before
        assert len(reasons) <= 3
        assert [abs(reason["contribution"]) for reason in reasons] == sorted(
            (abs(reason["contribution"]) for reason in reasons), reverse=True
        )
    assert any(reasons for reasons in (ask(server, {"sessions": [{"pageviews": 40}]}, "?reasons=true").told["results"][0]["reasons"],))
    many = ask(server, {"sessions": [{}] * 101}, "?reasons=true")
    assert (many.status, many.told["errors"][0]["pointer"]) == (422, "/sessions")


@pytest.mark.parametrize(
    "session, pointer",
    [
        ('{"pageviews": -1}', "pageviews"),
        ('{"pageviews": NaN}', "pageviews"),
        ('{"pageviews": Infinity}', "pageviews"),
        ('{"pageviews": 1e999}', "pageviews"),
        ('{"pageviews": 1e300}', "pageviews"),
        ('{"pageviews": 2.5}', "pageviews"),
        ('{"pageviews": "7"}', "pageviews"),
        ('{"pageviews": true}', "pageviews"),
        ('{"pageviews": [7]}', "pageviews"),
        ('{"duration_seconds": -0.1}', "duration_seconds"),
        ('{"duration_seconds": 1e12}', "duration_seconds"),
        ('{"visit_number": 0}', "visit_number"),
        ('{"started_at": 1700000000}', "started_at"),
        ('{"started_at": "1700000000"}', "started_at"),
        ('{"started_at": "2026-02-30T10:00:00Z"}', "started_at"),
        ('{"started_at": "0001-01-01T00:00:00+14:00"}', "started_at"),
        ('{"started_at": "yesterday"}', "started_at"),
        ('{"session_date": "20260302"}', "session_date"),
        ('{"device": 3}', "device"),
        ('{"source": "%s"}' % ("x" * 501), "source"),
        ('{"landing_page": "%s"}' % ("x" * 2001), "landing_page"),
        ('{"page_views": 3}', "page_views"),
        ('{"a/b~c": 3}', "a~1b~0c"),
        ('{"browser": {"name": "Safari"}}', "browser"),
        ('{"events": [{"occurred_at": "2026-03-02T10:00:00Z"}]}', "events/0/event_name"),
        ('{"events": [{"event_name": ""}]}', "events/0/event_name"),
        ('{"events": [{"event_name": "a"}, {"event_name": "b", "value": NaN}]}', "events/1/value"),
        ('{"events": [{"event_name": "a", "occurred_at": "2026-03-02T10:00:00Z"}, {"event_name": "b", "seconds": 3}]}', "events/1/seconds"),
        ('{"events": {"event_name": "a"}}', "events"),
        ("7", ""),
        ("null", ""),
    ],
)  # fmt: skip
def test_poisoned_values_are_pointed_at(server, session, pointer):
    answer = ask(server, b'{"sessions": [{}, ' + session.encode() + b"]}")
    assert answer.status == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.told["errors"]] == ["/sessions/1" + (f"/{pointer}" if pointer else "")]
    shapes.PROBLEM.validate_python(answer.told, strict=True)


def test_at_most_twenty_faults_are_told(server):
    answer = ask(server, {"sessions": [{"pageviews": -1}] * 300})
    assert answer.status == 422 and len(answer.told["errors"]) == 20
    assert answer.told["detail"].startswith("300 values")


@pytest.mark.parametrize("body", [{"sessions": []}, {"sessions": [{}] * 1001}, {}, [], {"sessions": [{}], "more": 1}, {"sessions": {}}])
def test_other_shapes_are_refused(server, body):
    assert ask(server, body).status == 422


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"sessions": [{"device": "\\ud800"}]}', b"[" * 100_000, b'{"sessions": [{}]} x']
)
def test_what_is_no_json_is_said_to_be_none(server, body):
    answer = ask(server, body)
    assert answer.status == 400, answer.text
    assert answer.told["title"] == "The body is not JSON"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": ""},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Encoding": "gzip"},
    ],
)
def test_other_types_are_refused(server, headers):
    assert ask(server, {"sessions": [{}]}, **headers).status == 415


def test_bodies_have_a_limit(server):
    assert ask(server, b" " * 4_000_001).status == 413
    assert ask(server, b'{"sessions": [{}]}' + b" " * 3_999_982).status == 200


@pytest.mark.parametrize("size, status", [(10, 200), (4_000_001, 413)])
def test_bodies_that_do_not_say_their_size_have_it_too(server, size, status):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    body = b'{"sessions": [{}]}'.ljust(size)
    pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/score", pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == status
    assert json.loads(answer.read())
    connection.close()


@pytest.mark.parametrize("query", ["?kind=late", "?kind=early&kind=early", "?reasons=1", "?reason=true", "?reasons="])
def test_parameters_are_checked(server, query):
    answer = ask(server, {"sessions": [{}]}, query)
    assert answer.status == 422 and answer.told["errors"][0]["parameter"] in ("kind", "reasons", "reason")


@pytest.mark.parametrize(
    "path, status",
    [("/api/v1/score", 405), ("/api/v1/nothing", 404), ("/api/v1/score/", 404), ("/api/", 404), ("/api/v2/score", 404)],
)
def test_every_address_below_api_answers_in_json(server, path, status):
    answer = get(server, path)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(answer.text)["status"] == status
    assert answer.headers["Allow"] == ("POST" if status == 405 else None)


def test_without_a_model_it_says_why(empty_database, tmp_path):
    from tests.dashapp.api.conftest import ENTRIES

    with serving(empty_database, LEAKS_API_TOKENS=ENTRIES) as server:
        answer = ask(server, {"sessions": [{}]})
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert answer.told["detail"] == "There is no retrospective model in the database. Train one with python -m models train."
    with serving(build(tmp_path / "damaged.duckdb", sessions=50), LEAKS_API_TOKENS=ENTRIES) as server:
        answer = ask(server, {"sessions": [{}]})
        assert answer.status == 503 and "run-1 cannot be used: the stored model is damaged" in answer.told["detail"]
    with serving(tmp_path / "nowhere.duckdb", LEAKS_API_TOKENS=ENTRIES) as server:
        answer = ask(server, {"sessions": [{}]})
        assert answer.status == 503 and "There is no database yet" in answer.told["detail"]


def test_the_document_covers_the_columns_of_sessions(server, empty_database):
    document = json.loads(get(server, "/api/v1/openapi.json", Authorization=f"Bearer {TOKEN}").text)
    assert document["openapi"].startswith("3.1")
    keys = set(document["components"]["schemas"]["Session"]["properties"])
    with duckdb.connect(str(empty_database), read_only=True) as con:
        columns = {name for (name,) in con.execute("select column_name from duckdb_columns() where table_name = 'sessions'").fetchall()}
    assert keys == columns | {"events"}
    example = document["paths"]["/api/v1/score"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert ask(server, example).status == 200


NUMBERS = st.none() | st.floats() | st.integers() | st.text(max_size=5) | st.booleans()


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {},
        optional={name: NUMBERS for name in ("pageviews", "duration_seconds", "visit_number")}
        | {"device": st.text(max_size=20) | st.integers(), "started_at": st.datetimes().map(str) | st.text(max_size=30)},
    )
)
def test_what_passes_is_within_bounds(session):
    body = json.dumps({"sessions": [session]}).encode()
    try:
        (read,) = shapes.sessions(body)
    except Problem as problem:
        assert problem.status in (400, 422)
        return
    for name, most in (("pageviews", 1e5), ("duration_seconds", 604_800), ("visit_number", 1e6)):
        value = read.get(name)
        assert value is None or (math.isfinite(value) and 0 <= value <= most)
    assert all(rows.retrospective(read, zone) for zone in (None, "Pacific/Kiritimati", "Pacific/Pago_Pago"))
