"""Who may ask: bearer tokens, known by their hashes alone, each with a name and a rate."""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping

from dashapp.api.problems import Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH = re.compile(r"[0-9a-f]{64}")
BURST_SECONDS = 2.0
LONGEST_TOKEN = 500
HOW = "Make a token with python -m dashapp make-token NAME and put its entry into LEAKS_API_TOKENS."


def parse(text: str) -> dict[str, str]:
    """Names and hashes of `name:sha256-of-token,…`; raises ValueError with one line that holds neither hash nor token."""
    tokens: dict[str, str] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), 1):
        name, _, digest = entry.partition(":")
        if not NAME.fullmatch(name) or not HASH.fullmatch(digest.lower()):
            raise ValueError(
                f"LEAKS_API_TOKENS: the entry {number} is not name:sha256-of-token; make one with python -m dashapp make-token NAME."
            )
        if name in tokens:
            raise ValueError(f"LEAKS_API_TOKENS: the name {name} stands there twice; give each token a name of its own.")
        tokens[name] = digest.lower()
    return tokens


def make(name: str) -> tuple[str, str]:
    """A new token and its entry for LEAKS_API_TOKENS; raises ValueError for a name that cannot stand there."""
    if not NAME.fullmatch(name):
        raise ValueError("A token's name has at most 64 letters, digits, dots, dashes and underscores, the first a letter or digit.")
    token = secrets.token_urlsafe(32)
    return token, f"{name}:{hashed(token)}"


def hashed(token: str) -> str:
    """SHA-256 of a token. No salt and no stretching: the tokens are made by `make` and cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


class Bucket:
    """A rate that may be exceeded for a moment: full it holds `size` requests, and it fills at `rate` a second."""

    def __init__(self, rate: float, size: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._size, self._clock = rate, size, clock
        self._held, self._at = size, clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take one request out; 0, or the seconds after which there will be one."""
        with self._lock:
            now = self._clock()
            self._held = min(self._size, self._held + (now - self._at) * self._rate)
            self._at = now
            if self._held >= 1:
                self._held -= 1
                return 0.0
            return (1 - self._held) / self._rate


class Gate:
    """Lets requests with a known token pass at the rate that each is allowed. Each worker counts its own."""

    def __init__(self, tokens: Mapping[str, str], rate: float) -> None:
        self._tokens = dict(tokens)
        self._buckets = {name: Bucket(rate, max(rate * BURST_SECONDS, 1.0)) for name in tokens}

    def holder(self, header: str | None) -> str:
        """The name of the token in an Authorization header.

        Raises
        ------
        Problem : 403 where no token is configured, 401 where none or an unknown one is given.
        """
        if not self._tokens:
            raise Problem(403, f"No tokens are configured, so the API is closed. {HOW}")
        scheme, _, token = (header or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unknown("Send a token in the header Authorization: Bearer <token>.")
        # A header is latin-1 text to WSGI: encoding cannot fail, and a hash is compared with each, so that time says nothing.
        given, found = hashed(token[:LONGEST_TOKEN]), None
        for name, digest in self._tokens.items():
            if hmac.compare_digest(given, digest):
                found = name
        if found is None:
            raise _unknown("The token is not known here.")
        return found

    def count(self, name: str) -> None:
        """Count a request of a token; raises Problem 429 when it comes too soon."""
        wait = self._buckets[name].take()
        if wait:
            raise Problem(
                429, "This token asks more often than it is allowed to. Wait, then go on.", headers={"Retry-After": str(int(wait) + 1)}
            )


def _unknown(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="leaks"'})
