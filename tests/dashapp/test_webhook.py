"""Outgoing webhooks against a receiver on loopback: signed, tried again, never led into a private network."""

import http.server
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp import webhook
from dashapp.webhook import Target, WebhookError, deliver, is_public, sign, verify

SECRET = "s" * 32


@pytest.fixture
def receiver():
    """A server that answers with the statuses given to it, the last one for good, and keeps what it was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.seen.append((self.path, dict(self.headers), body))
            statuses = self.server.statuses
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            if self.server.location:
                self.send_header("Location", self.server.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen, server.statuses, server.location = [], [200], None
        server.url = f"http://127.0.0.1:{server.server_port}/hook?to=team"
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_delivers_signed_json(receiver):
    assert deliver(Target(receiver.url, SECRET, allow_private=True), {"leaks": [1, "é"]}) == 200
    ((path, headers, body),) = receiver.seen
    assert path == "/hook?to=team"
    assert json.loads(body) == {"leaks": [1, "é"]}
    assert headers["Content-Type"] == "application/json"
    assert verify(SECRET, headers["Leaks-Signature"], body)
    assert not verify("t" * 32, headers["Leaks-Signature"], body)
    assert not verify(SECRET, headers["Leaks-Signature"], body + b" ")


def test_tries_again_with_longer_waits_and_the_same_delivery(receiver):
    receiver.statuses = [503, 429, 200]
    waited = []
    deliver(Target(receiver.url, SECRET, allow_private=True), {}, wait=waited.append)
    assert len(receiver.seen) == 3
    assert len({headers["Leaks-Delivery"] for _, headers, _ in receiver.seen}) == 1
    assert 1 <= waited[0] <= 1.5 and 4 <= waited[1] <= 6


@pytest.mark.parametrize("status, tries", [(400, 1), (401, 1), (410, 1), (500, 4)])
def test_a_refusal_is_final_and_a_fault_is_not(receiver, status, tries):
    receiver.statuses = [status]
    with pytest.raises(WebhookError, match=f"http://127.0.0.1: answered {status}"):
        deliver(Target(receiver.url, SECRET, allow_private=True), {}, wait=lambda seconds: None)
    assert len(receiver.seen) == tries


def test_a_redirect_is_not_followed(receiver):
    receiver.statuses, receiver.location = [307], receiver.url
    with pytest.raises(WebhookError, match="answered 307"):
        deliver(Target(receiver.url, SECRET, allow_private=True), {}, wait=lambda seconds: None)
    assert len(receiver.seen) == 1


def test_an_unreachable_receiver_is_one_line_without_the_path():
    with pytest.raises(WebhookError) as failure:
        deliver(Target("http://127.0.0.1:9/token-in-path", SECRET, allow_private=True), {}, wait=lambda seconds: None)
    assert "token-in-path" not in str(failure.value) and "\n" not in str(failure.value)


def test_a_public_name_that_resolves_to_a_private_address_gets_nothing(receiver, monkeypatch):
    def resolve(host, port, **options):
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", resolve)
    with pytest.raises(WebhookError, match="private network"):
        deliver(Target("https://example.com/hook", SECRET), {}, wait=lambda seconds: None)
    assert receiver.seen == []


def test_the_address_that_was_checked_is_the_one_that_is_called(receiver, monkeypatch):
    looked_up = []

    def resolve(host, port, *arguments, **options):
        looked_up.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", resolve)
    deliver(Target(f"http://hooks.example:{receiver.server_port}/", SECRET, allow_private=True), {})
    assert looked_up == ["hooks.example", "127.0.0.1"]
    assert receiver.seen[0][1]["Host"] == f"hooks.example:{receiver.server_port}"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3", "224.0.0.1", "::1", "fe80::1%eth0",
     "fc00::1", "::ffff:10.0.0.1", "2002:0a00:0001::1", "64:ff9b::7f00:1", "::"],
)  # fmt: skip
def test_private_addresses(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "https://", "example.com/hook", "https://user:pass@example.com", "https://exa mple.com", "https://[::1", "https://é.example",
            "https://example.com:99999/", "https://example.com/\r\nHost: other"]
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(WebhookError) as refusal:
        Target(url, SECRET)
    assert "pass" not in str(refusal.value).replace("password", "")


def test_plain_http_and_short_secrets_are_refused():
    with pytest.raises(WebhookError, match="https"):
        Target("http://example.com/hook", SECRET)
    with pytest.raises(WebhookError, match="32 characters"):
        Target("https://example.com/hook", "short")
    assert SECRET not in repr(Target("https://example.com/hook", SECRET))


@given(st.binary(max_size=200), st.text(max_size=80))
def test_no_header_passes_by_chance(body, header):
    assert not verify(SECRET, header, body)


def test_a_replayed_delivery_is_stale_after_five_minutes():
    header = sign(SECRET, b"{}", 1_000_000)
    assert verify(SECRET, header, b"{}", now=1_000_200)
    assert not verify(SECRET, header, b"{}", now=1_000_301)
    assert not verify(SECRET, header, b"{}", now=999_600)
