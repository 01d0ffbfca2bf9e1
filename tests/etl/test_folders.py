"""Folders: what is loaded of them, and what is passed over, which is told by a load and by a look at them alike."""

import json
import os

import pytest

from etl.__main__ import main
from etl.errors import InputError
from etl.folders import expand, in_words
from etl.load import load
from tests.etl.exports import visits, write_flat


@pytest.fixture
def folder(tmp_path):
    """One export among what systems, people and programs leave in folders."""
    folder = tmp_path / "exports"
    for place in ("__MACOSX", ".cache", "week"):
        (folder / place).mkdir(parents=True)
        write_flat(folder / place / "a.csv", visits(3))
    for name in (".DS_Store", "._a.csv", "Thumbs.db", "week/.hidden.csv"):
        (folder / name).write_bytes(b"\0\1\2")
    return folder


TOLD = "Thumbs.db, __MACOSX, .DS_Store, ._a.csv (put there by a system); .cache, .hidden.csv (hidden)"


def sentences(text: str) -> set[str]:
    """The names and reasons of a line, in whatever order."""
    return {part for group in text.split("; ") for part in group.replace(" (", ", (").split(", ")}


def test_a_load_and_a_look_tell_what_they_pass_over(folder, tmp_path, capsys):
    assert main(["inspect", str(folder)]) == 0
    looked = capsys.readouterr().out
    assert main(["load", str(folder), "--db", str(tmp_path / "leaks.duckdb")]) == 0
    loaded = capsys.readouterr().out
    for printed, opening in ((looked, "Would be passed over: "), (loaded, "Passed over: ")):
        assert printed.startswith("a.csv (flat-csv): 3 rows read, 3 sessions new")
        (line,) = [line for line in printed.splitlines() if line.startswith(opening)]
        assert sentences(line.removeprefix(opening).removesuffix(".")) == sentences(TOLD)


def test_machines_are_told_too(folder, tmp_path, capsys):
    main(["inspect", str(folder), "--json"])
    looked = json.loads(capsys.readouterr().out)
    assert [file["file"] for file in looked if "format" in file] == ["a.csv"]
    told = sorted((file["file"], file["passed_over"]) for file in looked if "format" not in file)
    assert told[0] == (".DS_Store", "put there by a system") and told[2] == (".cache", "hidden") and len(told) == 6
    result = load([folder], tmp_path / "leaks.duckdb")
    assert sorted((one["file"], one["passed_over"]) for one in result["passed_over"]) == told
    assert result["warnings"] == []


def test_nothing_is_told_where_nothing_is_passed_over(tmp_path, capsys):
    write_flat(tmp_path / "a.csv", visits(2))
    assert main(["inspect", str(tmp_path)]) == 0
    assert "passed over" not in capsys.readouterr().out


def test_what_may_be_a_surprise_is_a_warning_of_the_load(tmp_path, capsys):
    exports = tmp_path / "exports"
    elsewhere = tmp_path / "elsewhere"
    for place in (exports, elsewhere):
        place.mkdir()
        write_flat(place / "a.csv", visits(2))
    os.mkfifo(exports / "pipe.csv")
    (exports / "linked").symlink_to(elsewhere)
    result = load([exports], tmp_path / "leaks.duckdb")
    assert [file["sessions_new"] for file in result["files"]] == [2] and result["passed_over"] == []
    assert result["warnings"] == [
        f"{exports / 'linked'}: is a link to a folder and was passed over.",
        f"{exports / 'pipe.csv'}: is no file (a pipe, a device or a broken link) and was passed over.",
    ]
    main(["inspect", str(exports)])
    assert "Would be passed over: linked (is a link to a folder); pipe.csv (is no file (a pipe" in capsys.readouterr().out


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    write_flat(tmp_path / "a.csv", visits(2))
    real = os.scandir

    def scandir(path="."):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    files, passed_over = expand([tmp_path])
    assert [file.name for file in files] == ["a.csv"]
    assert [(one.path.name, one.reason, one.is_usual) for one in passed_over] == [("closed", "cannot be read (Permission denied)", False)]


def test_what_the_demo_writes_beside_its_exports(tmp_path):
    write_flat(tmp_path / "a.csv", visits(2))
    (tmp_path / "truth.json").write_text("{}")
    files, passed_over = expand([tmp_path])
    assert [file.name for file in files] == ["a.csv"]
    assert [one.summary() for one in passed_over] == [{"file": "truth.json", "passed_over": "written by the demo beside its exports"}]


def test_a_folder_of_nothing_else_is_empty(tmp_path):
    (tmp_path / ".DS_Store").touch()
    with pytest.raises(InputError, match="an empty folder"):
        expand([tmp_path])


def test_many_names_are_cut():
    assert in_words([{"file": f"{n}", "passed_over": "hidden"} for n in range(1007)]) == "0, 1, 2, 3, 4 and 1,002 more (hidden)"


def test_names_of_strangers_are_told_on_one_line(tmp_path, capsys):
    exports = tmp_path / "exports"
    exports.mkdir()
    write_flat(exports / "a.csv", visits(2))
    (exports / ".\x1b[31mred\nwarning: nothing").write_text("")
    assert main(["load", str(exports), "--db", str(tmp_path / "leaks.duckdb")]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "assed over" in line]
    assert line.isprintable() and line == "Passed over: . [31mred warning: nothing (hidden)."
