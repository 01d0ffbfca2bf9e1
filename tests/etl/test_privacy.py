"""Salt, hashes and scrubbing."""

import os
import re
import stat
import threading

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import privacy
from etl.errors import InputError

CON = duckdb.connect()


def sql(expression: str, text):
    return CON.cursor().execute(f"select {expression} from (select ?::varchar as text)", [text]).fetchone()[0]


def test_salt_is_made_once_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("LEAKS_SALT", raising=False)
    first = privacy.salt(tmp_path / "new")
    assert privacy.salt(tmp_path / "new") == first and len(first) == 64
    assert stat.S_IMODE(os.stat(tmp_path / "new" / ".salt").st_mode) == 0o600
    assert os.listdir(tmp_path / "new") == [".salt"]
    assert privacy.salt(tmp_path / "other") != first


def test_two_first_loads_at_once_agree_on_one_salt(tmp_path, monkeypatch):
    monkeypatch.delenv("LEAKS_SALT", raising=False)
    found = []
    threads = [threading.Thread(target=lambda: found.append(privacy.salt(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


def test_salt_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAKS_SALT", "s" * 16)
    assert privacy.salt(tmp_path) == "s" * 16
    assert not (tmp_path / ".salt").exists()
    for short in ("", "short"):
        monkeypatch.setenv("LEAKS_SALT", short)
        with pytest.raises(InputError, match="LEAKS_SALT"):
            privacy.salt(tmp_path)


def test_an_emptied_salt_file_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.delenv("LEAKS_SALT", raising=False)
    (tmp_path / ".salt").write_text("")
    with pytest.raises(InputError, match="no usable salt"):
        privacy.salt(tmp_path)


def test_a_salt_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    monkeypatch.delenv("LEAKS_SALT", raising=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="set LEAKS_SALT"):
        privacy.salt(tmp_path / "file" / "folder")
    (tmp_path / ".salt").mkdir()
    with pytest.raises(InputError, match="set LEAKS_SALT"):
        privacy.salt(tmp_path)


def ids(salt: str, visitor, visit="1", day="2017-07-04"):
    with duckdb.connect() as con:
        privacy.set_salt(con, salt)
        expressions = f"{privacy.visitor_id_sql('visitor')}, {privacy.session_id_sql('visitor', 'visit', 'day')}"
        query = f"select {expressions} from (select ?::varchar as visitor, ?::varchar as visit, ?::date as day)"
        return con.execute(query, [visitor, visit, day]).fetchone()


def test_ids_are_salted_hashes():
    visitor, session = ids("a" * 16, "7007041817691781124")
    assert re.fullmatch("[0-9a-f]{24}", visitor) and re.fullmatch("[0-9a-f]{24}", session)
    assert ids("a" * 16, "7007041817691781124") == (visitor, session)
    assert not set(ids("b" * 16, "7007041817691781124")) & {visitor, session}
    assert ids("a" * 16, "7007041817691781124", day="2017-07-05") == (visitor, ids("a" * 16, "7007041817691781124", day="2017-07-05")[1])
    others = {ids("a" * 16, "7007041817691781124", visit, day)[1] for visit in ("1", "2") for day in ("2017-07-04", "2017-07-05")}
    assert len(others) == 4


def test_sessions_without_a_visitor_have_ids_that_need_the_salt():
    visitor, session = ids("a" * 16, None)
    assert visitor is None and re.fullmatch("[0-9a-f]{24}", session)
    assert ids("b" * 16, None)[1] != session


SCRUBBED = [
    ("joe.doe+news@mail.example.com", "(e-mail)"),
    ("joe%40example.com", "(e-mail)"),
    ("for joe%2540example.com!", "for (e-mail)!"),
    ("user_id=12345&x=1", "user_id=(removed)&x=1"),
    ("Token=abc123 and more", "Token=(removed) and more"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "(token)"),
    ("id f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "id (id)"),
    ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "(id)"),
    ("visitor 7007041817691781124", "visitor (id)"),
    ("1234567890.1499201738", "(id)"),
    ("call +44 20 7946 0958", "call (phone)"),
    ("Summer sale 2017", "Summer sale 2017"),
    ("Data Share Promo", "Data Share Promo"),
    ("AW - Dynamic Search Ads Whole Site", "AW - Dynamic Search Ads Whole Site"),
    ("google.co.uk", "google.co.uk"),
    ("50% off @ home", "50% off @ home"),
]


@pytest.mark.parametrize(("text", "clean"), SCRUBBED)
def test_scrubbing(text, clean):
    assert sql(privacy.scrub_sql("text"), text) == clean
    assert privacy.scrub(text) == clean


@given(
    st.text(alphabet="ab =&/?.", max_size=12),
    st.from_regex(r"[a-z0-9._]{1,8}@[a-z0-9]{1,8}\.(com|co\.uk|example)", fullmatch=True),
    st.text(alphabet="xy =&/?", max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_no_address_survives(before, address, after):
    assert "@" not in sql(privacy.scrub_sql("text"), before + address + after)
    assert "@" not in privacy.scrub(before + address + after)


@pytest.mark.parametrize(
    ("page", "path"),
    [
        ("/home?utm_source=x&email=joe@example.com", "/home"),
        ("https://www.a.example/p/a#top", "/p/a"),
        ("//a.example/x", "/x"),
        ("shop.a.example/x/y", "/x/y"),
        ("https://a.example", "/"),
        ("https://a.example?x=1", "/"),
        ("/", "/"),
        ("/a;jsessionid=AB12", "/a"),
        ("/u/joe%40x.example/p", "/u/(e-mail)/p"),
        ("/google+redesign/apparel/men's", "/google+redesign/apparel/men's"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("", None),
        (None, None),
    ],
)
def test_paths(page, path):
    assert sql(privacy.path_sql("text"), page) == path


@given(st.integers(10**16, 10**19), st.text(alphabet=',;"\n x', max_size=5))
@settings(max_examples=40, deadline=None)
def test_raw_rows_lose_their_ids(visitor, filling):
    for is_split in (True, False):
        raw = sql(privacy.raw_sql("text", is_split=is_split), f"a{filling}{visitor}{filling},{visitor}_1499201738")
        assert str(visitor) not in raw and "1499201738" not in raw and "\n" not in raw


def test_raw_rows_are_cut():
    assert len(sql(privacy.raw_sql("text"), "word " * 5000)) <= 500
