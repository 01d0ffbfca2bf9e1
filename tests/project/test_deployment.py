"""The files a platform reads."""

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest

from tests.project.conftest import ROOT

APP = json.loads((ROOT / "app.json").read_text())


def test_procfile_starts_an_app_that_loads(tmp_path):
    (process,) = (ROOT / "Procfile").read_text().splitlines()
    kind, command = process.split(": ", 1)
    program, *arguments = command.split()
    assert (kind, program) == ("web", "gunicorn")
    environment = {"PATH": os.environ["PATH"], "PORT": "5000", "LEAKS_AUTH": "none", "LEAKS_DB": str(tmp_path / "none.duckdb")}
    checked = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


def test_one_package_manager_for_the_buildpack(tracked):
    names = {str(file.relative_to(ROOT)) for file in tracked}
    assert {"requirements.txt", ".python-version"} <= names
    assert names.isdisjoint({"uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock", "pylock.toml", "runtime.txt", "setup.py"})


def test_app_json_uses_the_python_buildpack():
    assert APP["buildpacks"] == [{"url": "heroku/python"}]
    assert APP["name"] and APP["description"]


def test_app_json_does_not_open_the_app_or_bring_secrets():
    env = APP["env"]
    assert env["LEAKS_AUTH"]["value"] == "password"
    for name in ("LEAKS_SECRET_KEY", "LEAKS_SALT"):
        assert env[name]["generator"] == "secret"
        assert "value" not in env[name]


@pytest.mark.parametrize("name", APP["env"])
def test_settings_of_app_json_are_explained_and_read(name, tracked):
    assert len(APP["env"][name]["description"]) > 20
    code = [
        file for file in tracked if file.parts[len(ROOT.parts)] in ("dashapp", "etl", "models", "gunicorn.conf.py") and file.suffix == ".py"
    ]
    assert any(re.search(rf"[\"']{name}[\"']", file.read_text()) for file in code), f"no code reads {name}"


def test_one_python_version_everywhere():
    version = (ROOT / ".python-version").read_text().strip()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert re.fullmatch(r"3\.\d+", version)
    assert project["project"]["requires-python"] == f">={version}"
    assert project["tool"]["ruff"]["target-version"] == f"py{version.replace('.', '')}"
    assert f"--python-version {version} " in (ROOT / "Makefile").read_text()
    assert f"python{version} " in (ROOT / "bin" / "setup").read_text()
