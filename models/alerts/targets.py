"""Where alerts may be sent, from data/webhooks.toml."""

from __future__ import annotations

import os
from pathlib import Path

from dashapp import webhook
from dashapp.webhook import Target, WebhookError
from etl.errors import InputError
from etl.schema import DATA

FILE = DATA / "webhooks.toml"


def path() -> Path:
    """The file of targets: LEAKS_WEBHOOKS, else data/webhooks.toml."""
    return Path(os.environ.get("LEAKS_WEBHOOKS") or FILE)


def read(name: str, file: Path | None = None) -> Target:
    """The target of a name; raises InputError with one line that never holds a secret."""
    file = file or path()
    try:
        told = webhook.read(file, advice=": mend that line")
        if told is None:
            raise InputError(f"{file}: there is no such file; copy data/webhooks.example.toml there and fill it in")
        one = told.get(name)
        if not isinstance(one, dict):
            raise InputError(f"{file}: has no section [{name}]; there is {', '.join(told) or 'none'}")
        if strange := set(one) - set(webhook.TARGET_KEYS):
            raise InputError(f"{file}: {', '.join(sorted(strange))} in [{name}] means nothing here: use {', '.join(webhook.TARGET_KEYS)}")
        return webhook.target(f"{file}: [{name}]", one, os.environ)
    except WebhookError as error:
        raise InputError(str(error)) from None
