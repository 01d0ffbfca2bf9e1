"""Outgoing webhooks: signed, sent only to public addresses, tried again when the receiver is down. Standard library alone.

Signature: the header `Leaks-Signature: t=<unix seconds>,v1=<hex>` is HMAC-SHA256 with the shared secret over `<t>.<body>`, so a receiver can
tell both who sent a body and when (`verify` is what it does). `Leaks-Delivery` stays the same over all tries of one delivery.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import random
import socket
import ssl
import time
import tomllib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
WAITS = (1.0, 4.0, 16.0)
"""Seconds before each further try, each lengthened by up to half at random."""
LONGEST_BODY = 1_000_000
TOLERANCE_SECONDS = 300
SHORTEST_SECRET = 32
TARGET_KEYS = ("allow_private", "secret_from", "url")
"""What a section of a file of webhooks may say of a target."""


class WebhookError(Exception):
    """A delivery that cannot be made or was refused; the message is one line and holds neither secret nor query."""


@dataclass(frozen=True)
class Target:
    """Where to send: the address of a receiver, and whether hosts inside a private network are allowed."""

    url: str
    secret: str
    allow_private: bool = False

    def __post_init__(self) -> None:
        parts = _parts(self.url)
        if parts.scheme != "https" and not self.allow_private:
            raise WebhookError(f"{self.name}: must be an https address, or allow private receivers for it.")
        if len(self.secret) < SHORTEST_SECRET:
            raise WebhookError(f"{self.name}: its secret needs at least {SHORTEST_SECRET} characters.")

    def __repr__(self) -> str:
        return f"Target({self.name})"

    @property
    def name(self) -> str:
        """Scheme and host: what may be shown and logged of the address."""
        parts = _parts(self.url)
        return f"{parts.scheme}://{parts.hostname}"


def read(file: Path, advice: str = "") -> dict | None:
    """What a file of webhooks says, None where there is no file; WebhookError, with advice where it is no TOML, if it cannot be read."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WebhookError(f"{file}: cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WebhookError(f"{file}: is not valid TOML ({error}){advice}.") from None


def target(where: str, told: Mapping[str, Any], environ: Mapping[str, str]) -> Target:
    """The target of a section of a file of webhooks, its secret from the environment; WebhookError opens with `where`."""
    url, variable, private = told.get("url"), told.get("secret_from"), told.get("allow_private", False)
    if not isinstance(url, str) or not isinstance(variable, str) or not isinstance(private, bool):
        raise WebhookError(f"{where} needs url and secret_from as text, and allow_private, if it is there, as true or false.")
    if not environ.get(variable):
        raise WebhookError(f"{where} takes its secret from the environment variable {variable}, which is not set.")
    try:
        return Target(url, environ[variable], private)
    except WebhookError as error:
        raise WebhookError(f"{where}: {error}") from None


def sign(secret: str, body: bytes, at: int) -> str:
    """The signature header of a body sent at this Unix time."""
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def verify(secret: str, header: str, body: bytes, now: float | None = None) -> bool:
    """Whether a body came from the holder of the secret within the last five minutes."""
    fields = dict(part.partition("=")[::2] for part in header.split(","))
    at = fields.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) < 15):
        return False
    fresh = abs((time.time() if now is None else now) - int(at)) <= TOLERANCE_SECONDS
    return hmac.compare_digest(sign(secret, body, int(at)).encode(), header.encode()) and fresh


def deliver(target: Target, payload: Any, *, wait: Callable[[float], object] = time.sleep, waits: tuple[float, ...] = WAITS) -> int:
    """Send a payload as JSON, again after each of `waits` while the receiver is unreachable or says 408, 429 or 5xx; returns the status.

    Raises
    ------
    WebhookError : the address is not allowed, the receiver refused, or every try failed.
    """
    body = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()
    if len(body) > LONGEST_BODY:
        raise WebhookError(f"{target.name}: {len(body):,} bytes are more than the {LONGEST_BODY:,} that one delivery may hold.")
    delivery = str(uuid.uuid4())
    problem = ""
    for pause in (0.0, *waits):
        if pause:
            wait(pause * (1 + random.random() / 2))  # noqa: S311 - spreads tries, guards nothing
        try:
            status = _post(target, body, delivery)
        except (OSError, http.client.HTTPException) as error:
            problem = f"cannot be reached ({type(error).__name__})"
            continue
        if 200 <= status < 300:
            return status
        problem = f"answered {status}"
        if status not in (408, 429) and status < 500:
            break
    raise WebhookError(f"{target.name}: {problem}; nothing was delivered.")


def _post(target: Target, body: bytes, delivery: str) -> int:
    """One try; the connection goes to the very address that was checked, so that a second look-up cannot lead elsewhere."""
    parts = _parts(target.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _checked(target, parts.hostname, port)
    connection = _Connection(parts.hostname, port, address, is_secure=parts.scheme == "https")
    try:
        connection.request(
            "POST",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            body,
            {
                "Content-Type": "application/json",
                "User-Agent": "silent-leak-detector",
                "Leaks-Delivery": delivery,
                "Leaks-Signature": sign(target.secret, body, int(time.time())),
            },
        )
        connection.sock.settimeout(ANSWER_SECONDS)
        return connection.getresponse().status
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """A connection to one address, whatever its host's name resolves to by now; certificates are checked for the name."""

    def __init__(self, host: str, port: int, address: str, *, is_secure: bool) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self.default_port = 443 if is_secure else 80
        self._address = address
        self._is_secure = is_secure

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._is_secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _checked(target: Target, host: str, port: int) -> str:
    """An address of the host; all of them must be public unless private ones are allowed."""
    found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not target.allow_private:
        for address in found:
            if not is_public(address):
                raise WebhookError(f"{target.name}: leads into a private network, which is not allowed.")
    return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address is reachable for everyone, also where it wraps another (IPv4 in IPv6, 6to4, NAT64)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped:
            return is_public(str(wrapped))
    return ip.is_global and not ip.is_multicast


def _parts(url: str):
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise WebhookError("The address of a webhook is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or any(ord(character) <= 32 for character in url):
        raise WebhookError("The address of a webhook is not a URL such as https://example.com/hook.")
    if parts.username or parts.password:
        raise WebhookError(
            f"{parts.scheme}://{host}: a webhook's address must hold no user name or password; the signature says who sends."
        )
    return parts
