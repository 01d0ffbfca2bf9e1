"""Closed to the anonymous: every route but the health routes and the sign-in, and what signing in does and does not allow."""

import json
import re

import pytest
from werkzeug.security import generate_password_hash

from dashapp import auth
from dashapp.auth import Throttle, safe_target
from tests.dashapp.building import build
from tests.dashapp.serving import serving
from tests.dashapp.test_http import get

PASSWORD = "correct horse battery"
USERS = ",".join(f"{name}:{generate_password_hash(PASSWORD, method='pbkdf2:sha256:1000')}" for name in ("ada", "bob", "eve"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    database = build(tmp_path_factory.mktemp("auth") / "leaks.duckdb", sessions=100)
    with serving(database, LEAKS_AUTH="password", LEAKS_USERS=USERS, LEAKS_SECRET_KEY="s" * 40) as server:
        yield server


def sign_in(server, name: str = "ada", password: str = PASSWORD, target: str = "/"):
    form = f"name={name}&password={password.replace(' ', '+')}&next={target}".encode()
    return get(server, "/login", form, Content_Type="application/x-www-form-urlencoded")


def cookie(answer) -> str:
    return answer.headers["Set-Cookie"].split(";")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-layout",
        "/_dash-dependencies",
        "/_dash-update-component",
        "/_dash-component-suites/dash/deps/react@18.v4_4_1m1.3.1.min.js",
        "/_reload-hash",
        "/download/kpis.csv",
        "/_favicon.ico",
        "/_dash-anything",
    ],
)
def test_anonymous_is_refused(server, path):
    assert get(server, path).status == 401


@pytest.mark.parametrize(
    "body",
    [
        {"output": "page.children", "inputs": [{"id": "_pages_location", "property": "pathname", "value": "/login"}]},
        {"output": "page.children", "inputs": [{"id": "url", "property": "pathname", "value": "/healthz"}]},
    ],
)
def test_a_callback_relabelled_as_open_is_refused(server, body):
    assert get(server, "/_dash-update-component", json.dumps(body).encode(), Content_Type="application/json").status == 401


@pytest.mark.parametrize(
    "path", ["/healthz/../", "//", "/login/x", "/%2e%2e/_dash-layout", "/LOGIN", "/assets/../_dash-layout", "/assets/", "/assets//../"]
)
def test_odd_paths_show_nothing(server, path):
    answer = get(server, path)
    assert answer.status in (302, 308, 401, 404)
    assert "filter-device" not in answer.text and "_dash-config" not in answer.text


def test_pages_lead_to_the_sign_in(server):
    answer = get(server, "/countries?device=mobile")
    assert answer.status == 302
    assert answer.headers["Location"] == "/login?next=%2Fcountries%3Fdevice%3Dmobile"
    form = get(server, answer.headers["Location"])
    assert form.status == 200
    assert 'name="next" value="/countries?device=mobile"' in form.text


def test_health_is_public(server):
    assert get(server, "/healthz").status == 200
    assert get(server, "/readyz").status == 200


def test_signing_in_and_out(server):
    answer = sign_in(server, target="/funnel")
    assert answer.status == 303
    assert answer.headers["Location"] == "/funnel"
    parts = answer.headers["Set-Cookie"]
    assert "HttpOnly" in parts and "SameSite=Lax" in parts and "Secure" not in parts
    assert get(server, "/_dash-layout", Cookie=cookie(answer)).status == 200
    out = get(server, "/logout", b"", Cookie=cookie(answer))
    assert out.status == 303
    assert re.search(r"leaks_session=;", out.headers["Set-Cookie"])


def test_kept_files_carry_no_cookie(server):
    signed_in = cookie(sign_in(server, "bob"))
    script = get(server, "/", Cookie=signed_in).text.split('src="/_dash-component-suites')[1].split('"')[0]
    for path in ("/assets/leaks.css", f"/_dash-component-suites{script}"):
        answer = get(server, path, Cookie=signed_in)
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers


def test_signing_out_takes_a_post(server):
    assert get(server, "/logout").status == 405


def test_a_forged_cookie_is_refused(server):
    good = cookie(sign_in(server, "bob"))
    assert get(server, "/_dash-layout", Cookie=good[:-4] + "AAAA").status == 401
    assert get(server, "/_dash-layout", Cookie="leaks_session=eyJ1c2VyIjoiYWRhIn0.x.y").status == 401


def test_other_sites_cannot_sign_someone_in(server):
    form = f"name=ada&password={PASSWORD}".encode()
    assert get(server, "/login", form, Origin="https://evil.example").status == 403


def test_names_are_not_told_apart(server):
    known, unknown = sign_in(server, "bob", "wrong"), sign_in(server, "nobody", "wrong")
    assert known.status == unknown.status == 401
    assert known.text.replace("bob", "") == unknown.text.replace("nobody", "")


def test_a_name_is_shown_as_text(server):
    assert "<script>" not in sign_in(server, "<script>alert(1)</script>", "x").text


def test_guessing_is_slowed(server):
    statuses = {sign_in(server, "eve", f"guess {n}").status for n in range(12)}
    assert 429 in statuses


def test_throttle_counts_keys_apart():
    throttle = Throttle(most=2, window=60)
    throttle.failed("name:a")
    assert not throttle.is_closed("name:a")
    throttle.failed("name:a")
    assert throttle.is_closed("name:a", "address:1")
    assert not throttle.is_closed("name:b", "address:1")
    throttle.forget("name:a")
    assert not throttle.is_closed("name:a")


def test_throttle_forgets(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(auth.time, "monotonic", lambda: now[0])
    throttle = Throttle(most=1, window=10)
    throttle.failed("k")
    now[0] = 9
    assert throttle.is_closed("k")
    now[0] = 11
    assert not throttle.is_closed("k")


@pytest.mark.parametrize(
    "target, safe",
    [
        ("/funnel?device=a", "/funnel?device=a"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        (None, "/"),
        ("javascript:alert(1)", "/"),
        ("/\tevil", "/"),
        ("/login", "/"),
        ("/logout", "/"),
        ("", "/"),
    ],
)
def test_targets(target, safe):
    assert safe_target(target) == safe


def test_secure_cookie_behind_https(tmp_path):
    database = build(tmp_path / "leaks.duckdb", sessions=50)
    with serving(database, LEAKS_AUTH="password", LEAKS_USERS=USERS, LEAKS_SECRET_KEY="s" * 40, DYNO="web.1") as server:
        form = f"name=ada&password={PASSWORD.replace(' ', '+')}".encode()
        answer = get(server, "/login", form, Content_Type="application/x-www-form-urlencoded", X_Forwarded_Proto="https")
        assert "Secure" in answer.headers["Set-Cookie"]
        assert "max-age" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("environ, words", [({"PORT": "0"}, "LEAKS_AUTH is not set"), ({"LEAKS_AUTH": "oidc"}, "not available yet")])
def test_refusing_to_start_is_one_line(tmp_path, environ, words):
    with pytest.raises(RuntimeError) as refusal, serving(tmp_path / "none.duckdb", **environ):
        pass
    text = str(refusal.value).strip()
    assert words in text
    assert "Traceback" not in text and len(text.splitlines()) == 1
