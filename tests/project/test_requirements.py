"""The locked requirements hold what pyproject asks for, pinned and hashed, and nothing of where it was fetched."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
DEV = RUNTIME + [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]
BIGQUERY = RUNTIME + [Requirement(text) for text in PROJECT["optional-dependencies"]["bigquery"]]
FILES = {"requirements.txt": RUNTIME, "requirements-bigquery.txt": BIGQUERY, "requirements-dev.txt": DEV}


def entries(name: str) -> list[str]:
    """The requirements of a file, each with its hashes on one line."""
    text = re.sub(r"\\\n\s*", "", (ROOT / name).read_text())
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(name: str) -> dict[str, list[Requirement]]:
    """Package name -> its pins, more than one where the Python version decides."""
    found: dict[str, list[Requirement]] = {}
    for entry in entries(name):
        pin = Requirement(entry.split("--hash")[0])
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def applies(pin: Requirement) -> bool:
    """Whether a pin is for this machine."""
    return pin.marker is None or pin.marker.evaluate()


def version(pin: Requirement) -> str:
    """The one version a pin allows."""
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return specifier.version


@pytest.mark.parametrize("name", FILES)
def test_every_entry_is_pinned_and_hashed(name):
    for entry in entries(name):
        assert re.fullmatch(r"[\w.-]+==[\w.+]+( ; [^-][^#]*?)?( *--hash=sha256:[0-9a-f]{64})+", entry), entry[:120]


@pytest.mark.parametrize("name", FILES)
def test_no_address_of_an_index(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"://|^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b|\s@\s", text, re.MULTILINE)


@pytest.mark.parametrize(("name", "direct"), FILES.items())
def test_direct_dependencies_are_locked_as_asked(name, direct):
    locked = pins(name)
    for requirement in direct:
        found = locked.get(canonicalize_name(requirement.name), [])
        assert sum(map(applies, found)) == 1, f"{requirement.name} is missing from {name}: make lock"
        for pin in found:
            assert requirement.specifier.contains(version(pin)), f"{name} has {pin}, pyproject wants {requirement}: make lock"


def test_development_runs_what_is_deployed():
    deployed, with_bigquery, tested = ({str(pin).partition(";")[0] for found in pins(name).values() for pin in found} for name in FILES)
    assert deployed <= with_bigquery <= tested


def test_development_tools_are_not_deployed():
    only_dev = {canonicalize_name(requirement.name) for requirement in DEV} - {
        canonicalize_name(requirement.name) for requirement in RUNTIME
    }
    assert only_dev.isdisjoint(pins("requirements.txt"))


def test_nothing_too_large_for_a_slug():
    assert not [name for name in pins("requirements.txt") if name.startswith(("nvidia-", "xgboost")) and name != "xgboost-cpu"]


@pytest.mark.parametrize(("name", "direct"), FILES.items())
def test_nothing_is_locked_that_nobody_needs(name, direct):
    reached, waiting = set(), [(canonicalize_name(requirement.name), requirement.extras) for requirement in direct]
    while waiting:
        package, extras = waiting.pop()
        if (package, frozenset(extras)) in reached:
            continue
        reached.add((package, frozenset(extras)))
        waiting += needs(package, extras)
    assert {package for package, found in pins(name).items() if any(map(applies, found))} <= {package for package, _ in reached}


def needs(package: str, extras: set[str]) -> list[tuple[str, set[str]]]:
    """What an installed package asks for on any machine; nothing for one that is not installed here."""
    try:
        asked = [Requirement(text) for text in metadata.requires(package) or []]
    except metadata.PackageNotFoundError:
        return []
    wanted = []
    for requirement in asked:
        extra = re.search(r"extra == ['\"]([^'\"]+)['\"]", str(requirement.marker or ""))
        if extra is None or extra.group(1) in extras:
            wanted.append((canonicalize_name(requirement.name), requirement.extras))
    return wanted


def test_the_tests_run_with_the_locked_versions():
    installed = {canonicalize_name(package.name): package.version for package in metadata.distributions()}
    locked = {name: version(pin) for name, found in pins("requirements-dev.txt").items() for pin in found if applies(pin)}
    other = {name: installed.get(name) for name in locked if installed.get(name) != locked[name]}
    assert not other, "not the locked versions: make setup"
