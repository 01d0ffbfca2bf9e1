"""What the environment says: read once, checked before anything is served. The table of all settings is docs/settings.md."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dashapp.api import deliveries, tokens

DEFAULT_DATABASE = "data/leaks.duckdb"
DEFAULT_PORT = 8050
DEFAULT_WEBHOOKS = "data/webhooks.toml"
DEFAULT_API_RATE = 60.0
SHORTEST_SECRET = 32


class ConfigurationError(Exception):
    """The settings do not allow the app to start; the message is one line for the person who set them."""


@dataclass(frozen=True)
class Settings:
    """The app's configuration."""

    database: Path = Path(DEFAULT_DATABASE)
    auth: str = "none"
    users: Mapping[str, str] = field(default_factory=dict)
    secret_key: str = ""
    on_platform: bool = False
    api_tokens: Mapping[str, str] = field(default_factory=dict)
    api_rate: float = DEFAULT_API_RATE
    score_rules: tuple[deliveries.Rule, ...] = ()


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises ConfigurationError when they are unsafe or incomplete."""
    environ = os.environ if environ is None else environ
    on_platform = bool(environ.get("PORT") or environ.get("DYNO"))
    auth = environ.get("LEAKS_AUTH", "").strip().lower()
    if not auth and on_platform:
        raise ConfigurationError(
            "LEAKS_AUTH is not set: choose LEAKS_AUTH=password (with LEAKS_USERS and LEAKS_SECRET_KEY), "
            "or LEAKS_AUTH=none to serve the data to everyone."
        )
    auth = auth or "none"
    if auth == "oidc":
        raise ConfigurationError("LEAKS_AUTH=oidc is not available yet: use LEAKS_AUTH=password.")
    if auth not in ("none", "password"):
        raise ConfigurationError(f"LEAKS_AUTH={auth} is unknown: use password or none.")
    users, secret = {}, ""
    if auth == "password":
        users = parse_users(environ.get("LEAKS_USERS", ""))
        secret = environ.get("LEAKS_SECRET_KEY", "")
        if len(secret) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"LEAKS_SECRET_KEY needs at least {SHORTEST_SECRET} characters: "
                'make one with python -c "import secrets; print(secrets.token_hex(32))".'
            )
    try:
        api_tokens = tokens.parse(environ.get("LEAKS_API_TOKENS", ""))
        rules = deliveries.read(Path(environ.get("LEAKS_WEBHOOKS") or DEFAULT_WEBHOOKS), environ)
    except ValueError as problem:
        raise ConfigurationError(str(problem)) from None
    return Settings(
        database=Path(environ.get("LEAKS_DB") or DEFAULT_DATABASE),
        auth=auth,
        users=users,
        secret_key=secret,
        on_platform=on_platform,
        api_tokens=api_tokens,
        api_rate=parse_rate(environ.get("LEAKS_API_RATE") or str(DEFAULT_API_RATE)),
        score_rules=rules,
    )


def parse_rate(text: str) -> float:
    """Requests a second that each token is allowed."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.01 <= rate <= 1e6:
        raise ConfigurationError("LEAKS_API_RATE is not a number of requests a second, such as 60.")
    return rate


def parse_users(text: str) -> dict[str, str]:
    """Names and password hashes of `name:hash,name:hash`. The hashes hold colons and dollars, but never commas."""
    users = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, separator, password_hash = entry.partition(":")
        if not separator or not name or not re.fullmatch(r"(scrypt|pbkdf2):[^$]+\$[^$]+\$[0-9a-f]+", password_hash):
            raise ConfigurationError(
                f"LEAKS_USERS: the entry {len(users) + 1} is not name:hash; make a hash with python -m dashapp hash-password."
            )
        users[name] = password_hash
    if not users:
        raise ConfigurationError("LEAKS_USERS is empty: set it to name:hash; make a hash with python -m dashapp hash-password.")
    return users
