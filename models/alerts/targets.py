"""Where alerts may be sent, from data/webhooks.toml."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from dashapp.webhook import Target, WebhookError
from etl.errors import InputError
from etl.schema import DATA

FILE = DATA / "webhooks.toml"
KEYS = {"url", "secret_from", "allow_private"}


def path() -> Path:
    """The file of targets: LEAKS_WEBHOOKS, else data/webhooks.toml."""
    return Path(os.environ.get("LEAKS_WEBHOOKS") or FILE)


def read(name: str, file: Path | None = None) -> Target:
    """The target of a name; raises InputError with one line that never holds a secret."""
    file = file or path()
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such file; copy data/webhooks.example.toml there and fill it in") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: is not valid TOML ({error}): mend that line") from None
    one = told.get(name)
    if not isinstance(one, dict):
        raise InputError(f"{file}: has no section [{name}]; there is {', '.join(told) or 'none'}")
    if strange := set(one) - KEYS:
        raise InputError(f"{file}: {', '.join(sorted(strange))} in [{name}] means nothing here: use {', '.join(sorted(KEYS))}")
    url, variable, private = one.get("url"), one.get("secret_from"), one.get("allow_private", False)
    if not isinstance(url, str) or not isinstance(variable, str) or not isinstance(private, bool):
        raise InputError(f"{file}: [{name}] needs url and secret_from as text, and allow_private, if it is there, as true or false")
    secret = os.environ.get(variable)
    if not secret:
        raise InputError(f"{file}: [{name}] takes its secret from the environment variable {variable}, which is not set")
    try:
        return Target(url, secret, allow_private=private)
    except WebhookError as error:
        raise InputError(f"{file}: [{name}]: {error}") from None
