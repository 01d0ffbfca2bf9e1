"""The command `python -m etl demo`: what it prints, refuses and leaves alone."""

import json
import os
import subprocess
import sys

import pytest

from etl.__main__ import main

QUICK = ["--sessions", "300", "--days", "5", "--format", "flat"]


def demo(*arguments):
    return main(["demo", *map(str, arguments)])


def test_writes_and_says_what(tmp_path, capsys):
    assert demo("--out", tmp_path / "new" / "demo", *QUICK) == 0
    out, err = capsys.readouterr()
    assert "300 sessions in flat-csv, 2026-10-27 to 2026-10-31" in out
    assert "planted: device mobile, source instagram.com: engaged to deep x0.55 all along" in out
    assert err == ""
    assert (tmp_path / "new" / "demo" / "sessions.csv").read_text().count("\n") == 301


def test_json_is_the_truth(tmp_path, capsys):
    assert demo("--out", tmp_path, *QUICK, "--json", "--end", "2026-03-09", "--no-leaks") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "truth.json").read_text())
    assert (told["first_day"], told["last_day"], told["leaks"]) == ("2026-03-05", "2026-03-09", [])


def test_again_replaces_the_earlier_demo(tmp_path):
    assert demo("--out", tmp_path, "--sessions", "300", "--days", "5") == 0
    assert demo("--out", tmp_path, "--sessions", "300", "--days", "2") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ga_sessions_20261030.parquet",
        "ga_sessions_20261031.parquet",
        "true_probabilities.parquet",
        "truth.json",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sessions", "4", "--days", "5"], "4 sessions are fewer than 5 days"),
        (["--sessions", "4", "--days", "0"], "0 days"),
        (["--seed", "-1"], "seed"),
        (["--days", "4000", "--sessions", "5000"], "4000 days"),
    ],
)
def test_senseless_numbers_are_refused_in_one_line(tmp_path, capsys, arguments, said):
    assert demo("--out", tmp_path / "demo", *arguments) == 1
    out, err = capsys.readouterr()
    assert said in err and err.count("\n") == 1 and out == ""
    assert not (tmp_path / "demo").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert demo("--out", tmp_path, *QUICK) == 1
    assert "thesis.txt" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_real_exports_are_never_overwritten(tmp_path, capsys):
    (tmp_path / "ga_sessions_20261031.parquet").write_bytes(b"real")
    assert demo("--out", tmp_path, *QUICK) == 1
    assert "other files" in capsys.readouterr().err
    assert (tmp_path / "ga_sessions_20261031.parquet").read_bytes() == b"real"


def test_a_place_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert demo("--out", tmp_path / "file" / "demo", *QUICK) == 1
    assert capsys.readouterr().err.startswith("demo: cannot write into")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "excel", "--out", "x"],
        ["--sessions", "many", "--out", "x"],
        ["--end", "soon", "--out", "x"],
        [],
    ],
)
def test_wrong_usage_exits_with_two(arguments):
    with pytest.raises(SystemExit) as stopped:
        demo(*arguments)
    assert stopped.value.code == 2


def test_bytes_do_not_depend_on_the_hash_seed(tmp_path):
    written = []
    for hash_seed in ("1", "2"):
        out = tmp_path / hash_seed
        command = [sys.executable, "-m", "etl", "demo", "--out", str(out), "--format", "ga4", "--sessions", "200", "--days", "2"]
        done = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        written.append([(path.name, path.read_bytes()) for path in sorted(out.iterdir())])
    assert written[0] == written[1]
