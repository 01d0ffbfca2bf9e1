"""The environment: unsafe configurations are refused, and every setting is documented."""

import re
from pathlib import Path

import pytest
from werkzeug.security import generate_password_hash

from dashapp import settings
from dashapp.settings import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
HASH = generate_password_hash("correct horse", method="pbkdf2:sha256:1000")
PASSWORD = {"LEAKS_AUTH": "password", "LEAKS_USERS": f"ada:{HASH}", "LEAKS_SECRET_KEY": "k" * 32}


def test_local_needs_nothing():
    read = settings.read({})
    assert read.auth == "none"
    assert read.database == Path("data/leaks.duckdb")
    assert not read.on_platform


@pytest.mark.parametrize("platform", [{"PORT": "5000"}, {"DYNO": "web.1"}])
def test_platform_needs_a_decision(platform):
    with pytest.raises(ConfigurationError, match="LEAKS_AUTH"):
        settings.read(platform)
    assert settings.read(platform | {"LEAKS_AUTH": "none"}).on_platform
    assert settings.read(platform | PASSWORD).users == {"ada": HASH}


@pytest.mark.parametrize(
    "environ, word",
    [
        ({"LEAKS_AUTH": "oidc"}, "not available"),
        ({"LEAKS_AUTH": "maybe"}, "unknown"),
        (PASSWORD | {"LEAKS_USERS": ""}, "LEAKS_USERS is empty"),
        (PASSWORD | {"LEAKS_USERS": "ada:plaintext"}, "not name:hash"),
        (PASSWORD | {"LEAKS_SECRET_KEY": "short"}, "LEAKS_SECRET_KEY"),
    ],
)
def test_refusals_are_one_line(environ, word):
    with pytest.raises(ConfigurationError, match=word) as refusal:
        settings.read(environ)
    assert "\n" not in str(refusal.value)


def test_every_setting_is_documented():
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.M))
    sources = [path for folder in ("dashapp", "etl", "models", "tests", "bin") for path in (ROOT / folder).rglob("*") if path.is_file()]
    sources += [ROOT / "gunicorn.conf.py"]
    used = set()
    for path in sources:
        if path.suffix in (".py", "", ".sh") and "__pycache__" not in path.parts:
            used |= set(re.findall(r"\bLEAKS_[A-Z_]+\b", path.read_text(errors="ignore")))
    assert len(used) >= 5
    assert used <= documented
