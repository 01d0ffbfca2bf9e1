"""Who is let in: tokens by their hashes, at their rate, apart from the app's sign-in; and what is logged of them."""

import io
import re
import sys

import pytest
from werkzeug.security import generate_password_hash

from dashapp import __main__, settings
from dashapp.api import tokens
from dashapp.api.problems import Problem
from dashapp.api.tokens import Bucket, Gate
from tests.dashapp.api.conftest import ENTRIES, TOKEN, ask
from tests.dashapp.serving import serving
from tests.dashapp.test_auth import PASSWORD, cookie
from tests.dashapp.test_http import get

BODY = {"sessions": [{"pageviews": 3}]}
HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000")


@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é", "x" * 5000, tokens.hashed(TOKEN)])
def test_without_a_known_token_nothing_is_told(server, token):
    answer = ask(server, BODY, token=token.encode().decode("latin-1") if token else None)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="leaks"')
    assert get(server, "/api/v1/openapi.json").status == 401


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", f"Token {TOKEN}", f"{TOKEN}"])
def test_other_ways_to_authorise_are_refused(server, header):
    assert ask(server, BODY, token=None, Authorization=header).status == 401


def test_each_token_is_let_in(server):
    assert ask(server, BODY).status == 200
    assert ask(server, BODY, token="another").status == 200
    assert ask(server, BODY, token=None, Authorization=f"bearer  {TOKEN}").status == 200


def test_without_tokens_the_api_is_closed_and_says_how_to_open_it(scored_database):
    with serving(scored_database) as server:
        answer = ask(server, BODY)
        assert answer.status == 403 and "make-token" in answer.told["detail"] and "LEAKS_API_TOKENS" in answer.told["detail"]
        assert get(server, "/api/v1/openapi.json").status == 403


def test_sign_in_and_token_open_different_doors(scored_database, tmp_path):
    with (tmp_path / "said").open("w+") as said:
        environment = {"LEAKS_AUTH": "password", "LEAKS_USERS": f"ada:{HASH}", "LEAKS_SECRET_KEY": "s" * 40, "LEAKS_API_TOKENS": ENTRIES}
        with serving(scored_database, said, **environment) as server:
            form = f"name=ada&password={PASSWORD.replace(' ', '+')}&next=/".encode()
            signed_in = cookie(get(server, "/login", form, Content_Type="application/x-www-form-urlencoded"))
            assert get(server, "/_dash-layout", Cookie=signed_in).status == 200
            assert ask(server, BODY, token=None, Cookie=signed_in).status == 401
            assert ask(server, BODY).status == 200
            assert ask(server, BODY, Origin="https://elsewhere.example", Sec_Fetch_Site="cross-site").status == 200
            assert get(server, "/api/v1/openapi.json", Authorization=f"Bearer {TOKEN}").status == 200
            for path in (
                "/_dash-layout",
                "/_dash-dependencies",
                "/download/kpis.csv",
                "/api/../_dash-layout",
                "/api/v1/../../_dash-layout",
            ):
                assert get(server, path, Authorization=f"Bearer {TOKEN}").status in (401, 404), path
            assert get(server, "/", Authorization=f"Bearer {TOKEN}").status == 302
            forged = get(server, "/logout", b"", Authorization="Bearer x", Cookie=signed_in, Origin="https://elsewhere.example")
            assert forged.status == 403, "a token lets no other site act for the browser"


def test_names_are_logged_and_tokens_are_not(scored_database, tmp_path):
    with (tmp_path / "said").open("w+") as said:
        environment = {"LEAKS_AUTH": "none", "LEAKS_API_TOKENS": ENTRIES, "PORT": "1"}
        with serving(scored_database, said, **environment) as server:
            assert ask(server, BODY).status == 200
            get(server, "/healthz")
        said.seek(0)
        lines = said.read()
    assert re.search(r'^127\.0\.0\.1 shop "POST /api/v1/score" 200', lines, re.MULTILINE), lines
    assert re.search(r'^127\.0\.0\.1 - "GET /healthz" 200', lines, re.MULTILINE)
    assert TOKEN not in lines and tokens.hashed(TOKEN) not in lines


def test_too_many_requests_are_told_when_to_go_on(scored_database):
    with serving(scored_database, LEAKS_API_TOKENS=ENTRIES, LEAKS_API_RATE="0.01") as server:
        answers = [ask(server, BODY) for _ in range(4)]
        late = [answer for answer in answers if answer.status == 429]
        assert {answer.status for answer in answers} == {200, 429}
        assert all(1 <= int(answer.headers["Retry-After"]) <= 100 for answer in late)
        assert ask(server, BODY, token="another").status == 200, "each token has its own"


def test_a_bucket_holds_a_burst_and_fills_at_its_rate():
    now = [0.0]
    bucket = Bucket(10, 5, clock=lambda: now[0])
    assert [bucket.take() for _ in range(5)] == [0] * 5
    assert bucket.take() == pytest.approx(0.1)
    now[0] += 0.25
    assert [bucket.take() == 0 for _ in range(3)] == [True, True, False]
    now[0] += 1e6
    assert sum(bucket.take() == 0 for _ in range(100)) == 5


def test_every_hash_is_compared_whichever_is_right(monkeypatch):
    compared = []
    monkeypatch.setattr(tokens.hmac, "compare_digest", lambda a, b: compared.append(b) or a == b)
    gate = Gate(tokens.parse(ENTRIES), 10)
    assert gate.holder(f"Bearer {TOKEN}") == "shop"
    assert len(compared) == 2
    with pytest.raises(Problem):
        gate.holder("Bearer no")
    assert len(compared) == 4


@pytest.mark.parametrize(
    "entries",
    [
        "shop",
        "shop:",
        "shop:abc",
        f":{'0' * 64}",
        f"sh op:{'0' * 64}",
        f"shop:{'g' * 64}",
        f"a:{'0' * 64},a:{'1' * 64}",
        f"a:{'0' * 64},b:{TOKEN}",
    ],
)
def test_wrong_entries_stop_the_start_in_one_line(entries):
    with pytest.raises(settings.ConfigurationError, match="LEAKS_API_TOKENS") as refusal:
        settings.read({"LEAKS_API_TOKENS": entries})
    assert "\n" not in str(refusal.value) and TOKEN not in str(refusal.value) and "0" * 64 not in str(refusal.value)


@pytest.mark.parametrize("rate", ["many", "0", "-1", "nan", "inf"])
def test_a_rate_is_a_number(rate):
    with pytest.raises(settings.ConfigurationError, match="LEAKS_API_RATE"):
        settings.read({"LEAKS_API_RATE": rate})


def test_a_made_token_opens(capsys):
    assert __main__.main(["make-token", "shop"]) == 0
    token, entry = re.fullmatch(r"token, for whoever calls: (\S+)\nentry for LEAKS_API_TOKENS: (\S+)\n", capsys.readouterr().out).groups()
    assert token not in entry and len(token) >= 43
    assert Gate(settings.read({"LEAKS_API_TOKENS": entry}).api_tokens, 1).holder(f"Bearer {token}") == "shop"


def test_a_token_needs_a_name_that_can_stand_there(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert __main__.main(["make-token", "a:b"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    for wrong in (["make-token"], ["serve", "shop"]):
        with pytest.raises(SystemExit) as stopped:
            __main__.main(wrong)
        assert stopped.value.code == 2
