"""What may stand in the repository: no data, no trace of one machine, a changelog in its form, commands that exist."""

import importlib.util
import re
import tomllib
from datetime import date
from pathlib import Path

from tests.project.conftest import ROOT

LARGEST = 2 * 1024 * 1024
# Assembled, so that this file does not hold what it forbids.
MACHINE_FOLDERS = "|".join(["root", "Users", "work", "farm", "opt"])
REGISTRY_HOSTS = "|".join(
    host.replace(" ", r"\.") for host in ("pypi org/simple", "files pythonhosted org", "registry npmjs org", "yarnpkg com")
)


def texts(tracked: list[Path]) -> dict[Path, str]:
    """The tracked files that are text."""
    found = {}
    for file in tracked:
        content = file.read_bytes()
        if b"\0" not in content[:8000]:
            found[file.relative_to(ROOT)] = content.decode("utf-8", errors="replace")
    return found


def test_no_large_file(tracked):
    assert not [str(file.relative_to(ROOT)) for file in tracked if file.stat().st_size > LARGEST]


def test_no_path_of_a_machine(tracked):
    path = re.compile(rf"(?<![\w.:/*)}}-])/(?:{MACHINE_FOLDERS})/[\w.]")
    assert not [f"{file}: {found.group()}" for file, text in texts(tracked).items() for found in path.finditer(text)]


def test_no_address_of_a_registry(tracked):
    host = re.compile(REGISTRY_HOSTS)
    assert not [f"{file}: {found.group()}" for file, text in texts(tracked).items() for found in host.finditer(text)]


def test_scripts_can_be_executed(tracked):
    scripts = [file for file in tracked if file.read_bytes()[:2] == b"#!"]
    assert ROOT / "bin" / "setup" in scripts
    assert not [str(file.relative_to(ROOT)) for file in scripts if not file.stat().st_mode & 0o111]


def documents(tracked: list[Path]) -> dict[Path, str]:
    """The Markdown files: whatever a reader may copy a command from."""
    return {file: text for file, text in texts(tracked).items() if file.suffix == ".md"}


def test_documents_name_targets_that_exist(tracked):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {(file, name) for file, text in documents(tracked).items() for name in re.findall(r"(?:^|`|\n +)make ([a-z-]+)", text)}
    assert {name for _, name in named} >= {"run", "test"}
    assert not [f"{file}: make {name}" for file, name in named if name not in targets]


def test_documents_name_modules_that_exist(tracked):
    named = {(file, name) for file, text in documents(tracked).items() for name in re.findall(r"python3? -m ([a-z_.]+)", text)}
    outside = {"venv", "pip"}
    missing = [f"{file}: python -m {name}" for file, name in named if name not in outside and not _can_run(name)]
    assert not missing


def test_links_between_documents_lead_somewhere(tracked):
    linked = [(file, link) for file, text in documents(tracked).items() for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [(file, link.partition("#")[0]) for file, link in linked if not re.match(r"[a-z]+:", link) and not link.startswith("#")]
    assert (Path("docs/deploying.md"), "settings.md") in local
    assert not [f"{file}: {link}" for file, link in local if not (ROOT / file.parent / link).exists()]


def _can_run(module: str) -> bool:
    for name in (f"{module}.__main__", module):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        if spec is not None and spec.origin is not None and not spec.origin.endswith("__init__.py"):
            return True
    return False


def test_changelog_keeps_its_form():
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    assert lines[0] == "# Changelog"
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    days = []
    for heading in headings[1:]:
        released = re.fullmatch(r"## \[\d+\.\d+\.\d+\] - (\d{4}-\d{2}-\d{2})", heading)
        assert released, heading
        days.append(date.fromisoformat(released.group(1)))
    assert days == sorted(days, reverse=True)
    kinds = {line for line in lines if line.startswith("### ")}
    assert kinds <= {f"### {kind}" for kind in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")}


def test_the_version_is_unreleased_or_in_the_changelog():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert not released or version == released[0] or tuple(map(int, version.split("."))) > tuple(map(int, released[0].split(".")))
