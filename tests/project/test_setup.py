"""bin/setup and bin/browser on machines that lack something; commands on PATH are stand-ins, so nothing is really installed."""

import os
import shutil

import pytest

TOOLS = ("sh", "dirname", "id", "timeout", "mkdir", "cat", "cp", "chmod", "rm", "touch")
BROWSER = '#!/bin/sh\n[ "$1" = --version ] && echo "Chromium 1"\n'
STUB = '#!/bin/sh\necho "this needs a snap" >&2\nexit 1\n'
# A Python of the version given; makes environments unless NO_VENV is set, until apt-get has been.
PYTHON = """#!/bin/sh
echo "python $*" >> "$NOTES"
case "$*" in
    *version_info*"<"*) [ {minor} -ge 11 ] ;;
    *ensurepip*) [ -z "${{NO_VENV:-}}" ] || [ -e "$NOTES.apt" ] ;;
    *python{{}}.{{}}-venv*) echo python3.{minor}-venv ;;
    --version) echo Python 3.{minor} ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip --version"*) ;;
    "-m pip install"*) [ -z "${{NO_INDEX:-}}" ] ;;
    *) exit 1 ;;
esac
"""
APT = '#!/bin/sh\necho "apt-get $*" >> "$NOTES"\n[ -n "${APT_FAILS:-}" ] && exit 100\ntouch "$NOTES.apt"\n'


@pytest.fixture
def machine(scratch):
    """A scratch folder without .venv, and a PATH of a few plain tools."""
    shutil.rmtree(scratch.folder / ".venv")
    (scratch.folder / "commands" / "python").unlink()
    for tool in TOOLS:
        (scratch.folder / "commands" / tool).symlink_to(shutil.which(tool))

    def run(*command: str, **environment: str):
        return scratch.run(*command, path=str(scratch.folder / "commands"), **environment)

    scratch.bare = run
    return scratch


def become(machine, user: int) -> None:
    """Let `id -u` answer with this user's number."""
    (machine.folder / "commands" / "id").unlink()
    machine.add_command("id", f"#!/bin/sh\necho {user}\n")


def test_setup_with_pip_alone(machine):
    machine.add_command("python3", PYTHON.format(minor=11))
    result = machine.bare("bin/setup", "requirements.txt", PYTHON="python3")
    assert result.returncode == 0, result.stderr
    assert machine.asked()[-1].startswith("python -m pip install")
    assert machine.asked()[-1].endswith("--requirement requirements.txt")


def test_setup_prefers_uv_and_falls_back_to_pip(machine):
    machine.add_command("python3", PYTHON.format(minor=11))
    machine.add_command("uv", '#!/bin/sh\necho "uv $*" >> "$NOTES"\n[ -z "${UV_FAILS:-}" ]\n')
    machine.bare("bin/setup", "requirements.txt", PYTHON="python3")
    assert machine.asked()[-1].startswith("uv pip install")
    failed = machine.bare("bin/setup", "requirements.txt", PYTHON="python3", UV_FAILS="yes")
    assert failed.returncode == 0
    assert machine.asked()[-1].startswith("python -m pip install")


def test_setup_keeps_an_environment_that_works(machine):
    machine.add_command("python3", PYTHON.format(minor=11))
    machine.bare("bin/setup", "requirements.txt", PYTHON="python3")
    machine.bare("bin/setup", "requirements-dev.txt", PYTHON="python3")
    assert sum("-m venv" in line for line in machine.asked()) == 1


def test_setup_replaces_an_environment_whose_python_is_gone(machine):
    machine.add_command("python3", PYTHON.format(minor=11))
    (machine.folder / ".venv/bin").mkdir(parents=True)
    (machine.folder / ".venv/bin/python").symlink_to(machine.folder / "gone")
    (machine.folder / ".venv/bin/python").unlink()
    assert machine.bare("bin/setup", "requirements.txt", PYTHON="python3").returncode == 0
    assert any("-m venv --clear .venv" in line for line in machine.asked())


def test_setup_on_an_old_python_says_what_is_needed(machine):
    machine.add_command("python3", PYTHON.format(minor=9))
    result = machine.bare("bin/setup", "requirements.txt", PYTHON="python3")
    assert result.returncode == 1
    assert result.stderr.startswith("Python 3.11 or newer is needed (here: Python 3.9)")
    assert result.stderr.count("\n") == 1


def test_setup_without_venv_installs_it_as_root(machine):
    machine.add_command("python3", PYTHON.format(minor=11))
    machine.add_command("apt-get", APT)
    become(machine, 0)
    result = machine.bare("bin/setup", "requirements.txt", PYTHON="python3", NO_VENV="yes")
    assert result.returncode == 0, result.stderr
    assert "apt-get install -y -qq --no-install-recommends python3.11-venv" in machine.asked()


@pytest.mark.parametrize(("user", "apt_fails"), [(1000, ""), (0, "yes")])
def test_setup_without_venv_says_what_to_install(machine, user, apt_fails):
    machine.add_command("python3", PYTHON.format(minor=12))
    machine.add_command("apt-get", APT)
    become(machine, user)
    result = machine.bare("bin/setup", "requirements.txt", PYTHON="python3", NO_VENV="yes", APT_FAILS=apt_fails)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "python3 cannot make an environment: install python3.12-venv (sudo apt-get install python3.12-venv), then try again."
    )
    assert not (machine.folder / ".venv").exists()
    assert any(line.startswith("apt-get") for line in machine.asked()) == (user == 0)


def test_setup_without_an_index_says_so(machine):
    machine.add_command("python3", PYTHON.format(minor=11))
    result = machine.bare("bin/setup", "requirements.txt", PYTHON="python3", NO_INDEX="yes")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("Could not install requirements.txt")


@pytest.fixture
def playwright(machine):
    """A .venv whose playwright has no browser; one appears where the test says so."""

    def install(path: str, download: str = "exit 1") -> None:
        text = f'#!/bin/sh\necho "python $*" >> "$NOTES"\ncase "$*" in -c*) echo "{path}" ;; *"playwright install"*) {download} ;; esac\n'
        interpreter = machine.add_file(".venv/bin/python", text)
        interpreter.chmod(0o755)

    install("nowhere")
    return install


def test_the_browser_named_is_the_browser_used(machine, playwright):
    machine.add_command("chromium", BROWSER)
    mine = machine.add_command("mine", BROWSER)
    assert machine.bare("bin/browser", BROWSER_PATH=str(mine)).stdout.strip() == str(mine)


def test_a_named_browser_that_does_not_start_is_an_error(machine, playwright):
    machine.add_command("chromium", BROWSER)
    result = machine.bare("bin/browser", BROWSER_PATH="gone")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("BROWSER_PATH=gone does not start")


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
def test_an_installed_browser_is_found(machine, playwright, name):
    path = machine.add_command(name, BROWSER)
    assert machine.bare("bin/browser").stdout.strip() == str(path)
    assert not machine.asked()


def test_a_stub_is_passed_over(machine, playwright):
    machine.add_command("chromium-browser", STUB)
    path = machine.add_command("google-chrome", BROWSER)
    assert machine.bare("bin/browser").stdout.strip() == str(path)


def test_playwrights_browser_is_downloaded_when_there_is_none(machine, playwright):
    source = machine.add_file("downloads/chrome", BROWSER)
    source.chmod(0o755)
    path = machine.folder / "chrome"
    playwright(path, download=f"cp {source} {path}")
    result = machine.bare("bin/browser")
    assert result.stdout.strip() == str(path)
    assert "downloading" in result.stderr


def test_the_systems_browser_is_installed_as_root(machine, playwright):
    become(machine, 0)
    browser = machine.add_file("downloads/chromium", BROWSER)
    browser.chmod(0o755)
    target = machine.folder / "commands" / "chromium"
    machine.add_command(
        "apt-get", f'#!/bin/sh\necho "apt-get $*" >> "$NOTES"\ncase "$*" in *install*chromium*) cp {browser} {target} ;; esac\n'
    )
    assert machine.bare("bin/browser").stdout.strip() == str(target)


@pytest.mark.parametrize("user", [0, 1000])
def test_no_browser_at_all_is_one_clear_line(machine, playwright, user):
    become(machine, user)
    machine.add_command("apt-get", APT)
    result = machine.bare("bin/browser", APT_FAILS="yes")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == (
        "The browser tests need Chromium or Chrome: install one (sudo apt-get install chromium), or set BROWSER_PATH to one."
    )
    assert any(line.startswith("apt-get") for line in machine.asked()) == (user == 0)
    assert os.fspath(machine.folder) not in result.stderr
