"""Zip archives: their members load as files, and whatever an archive tries on the way is refused in one line."""

import gzip
import io
import os
import stat
import struct
import subprocess
import sys
import zipfile

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import archives, containers
from etl.errors import InputError
from etl.inspect import inspect
from etl.load import load

from .exports import visits, write_flat


def flat(tmp_path, n: int, first: int = 0, **changes) -> bytes:
    """The bytes of a flat export."""
    return write_flat(tmp_path / "written.csv", visits(n, first=first, **changes)).read_bytes()


def packed(path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refused(tmp_path, path) -> str:
    """The one line that refuses a file; the database and its folder are as before."""
    db = tmp_path / "db" / "leaks.duckdb"
    with pytest.raises(InputError) as caught:
        load([path], db)
    line = str(caught.value)
    assert line.startswith(path.name) and len(line.splitlines()) == 1 and len(line) < 420
    assert not db.exists()
    assert not [name for name in (os.listdir(db.parent) if db.parent.exists() else ()) if "unpacked" in name or "scratch" in name]
    return line


def loaded(db, query: str):
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(query).fetchall()


def test_members_load_under_the_name_of_their_archive(tmp_path):
    members = {
        "july/a.csv": flat(tmp_path, 3),
        "july/b.csv.gz": gzip.compress(flat(tmp_path, 2, first=10)),
        "__MACOSX/july/._a.csv": b"\0\5\26\7",
        "july/.DS_Store": b"\0\0\0\1Bud1",
        "july/._b.csv": b"\0",
        "july/empty/": b"",
    }
    path = packed(tmp_path / "export it's [1].zip", members)
    result = load([path], tmp_path / "leaks.duckdb")
    assert [(file["file"], file["sessions_new"]) for file in result["files"]] == [
        ("export it's [1].zip/july/a.csv", 3),
        ("export it's [1].zip/july/b.csv.gz", 2),
    ]
    assert loaded(tmp_path / "leaks.duckdb", "select file from loads order by load_id") == [
        ("export it's [1].zip/july/a.csv",),
        ("export it's [1].zip/july/b.csv.gz",),
    ]
    assert sorted(os.listdir(tmp_path)) == [".salt", "export it's [1].zip", "leaks.duckdb", "leaks.duckdb.lock", "written.csv"]


def test_the_same_member_elsewhere_is_already_loaded(tmp_path):
    content = flat(tmp_path, 4)
    db = tmp_path / "leaks.duckdb"
    load([packed(tmp_path / "one.zip", {"a.csv": content})], db)
    for path in (packed(tmp_path / "two.zip", {"other.csv": content}, zipfile.ZIP_STORED), tmp_path / "written.csv"):
        result = load([path], db)
        assert result["files"] == []
        assert result["already_loaded"] == ["two.zip/other.csv" if path.suffix == ".zip" else "written.csv"]
    assert loaded(db, "select count(*) from sessions") == [(4,)]


def test_one_bad_member_refuses_the_archive(tmp_path):
    line = refused(tmp_path, packed(tmp_path / "mixed.zip", {"a.csv": flat(tmp_path, 3), "notes.txt": b"Dear all,\nsee attached.\n"}))
    assert line.startswith("mixed.zip/notes.txt: is no table")


def test_an_archive_of_the_demo_is_known_as_one(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "etl", "demo", "--out", str(tmp_path / "demo"), "--format", "flat", "--sessions", "300", "--days", "3"],
        check=True,
    )
    path = packed(tmp_path / "demo.zip", {f"demo/{file.name}": file.read_bytes() for file in (tmp_path / "demo").iterdir()})
    load([path], tmp_path / "leaks.duckdb")
    assert loaded(tmp_path / "leaks.duckdb", "select value from settings where name = 'is_demo'") == [("true",)]


TRICKS = {
    "../../etc/cron.d/job.csv": "a path that leads out of it",
    "a/../../b.csv": "a path that leads out of it",
    "/etc/passwd.csv": "an absolute path",
    "C:/windows/a.csv": "an absolute path",
    "..\\..\\a.csv": "a path with backslashes",
    "CON": "the name of a device",
    "x/nul.csv": "the name of a device",
    "bell\x07.csv": "a name with control characters",
    "n" * 250 + ".csv": "a name that is too long",
}


@pytest.mark.parametrize("name", TRICKS)
def test_path_tricks(tmp_path, name):
    line = refused(tmp_path, packed(tmp_path / "trick.zip", {name: flat(tmp_path, 1)}))
    assert TRICKS[name] in line
    assert "\x07" not in line


def test_names_of_members_are_scrubbed(tmp_path):
    line = refused(tmp_path, packed(tmp_path / "names.zip", {"jane.doe@example.com\n2.csv": b"x"}))
    assert "jane" not in line and "(e-mail)" in line
    result = load([packed(tmp_path / "fine.zip", {"jane.doe@example.com.csv": flat(tmp_path, 1)})], tmp_path / "leaks.duckdb")
    assert result["files"][0]["file"] == "fine.zip/(e-mail)"


@pytest.mark.parametrize(
    ("mode", "what"),
    [(stat.S_IFLNK | 0o777, "a symbolic link"), (stat.S_IFIFO | 0o600, "a special file"), (stat.S_IFCHR, "a special file")],
)
def test_links_and_devices(tmp_path, mode, what):
    info = zipfile.ZipInfo("a.csv")
    info.create_system, info.external_attr = 3, mode << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert what in refused(tmp_path, tmp_path / "link.zip")


def test_archives_in_archives(tmp_path):
    inner = packed(tmp_path / "inner.zip", {"a.csv": flat(tmp_path, 1)}).read_bytes()
    assert "zip archive inside another" in refused(tmp_path, packed(tmp_path / "outer.zip", {"inner.zip": inner}))
    assert "is a zip archive" in refused(tmp_path, packed(tmp_path / "gz.zip", {"inner.gz": gzip.compress(inner)}))


def test_nothing_to_load(tmp_path):
    assert "without a file to load" in refused(tmp_path, packed(tmp_path / "a.zip", {"__MACOSX/._a": b"x", "b/": b""}))
    (tmp_path / "b.zip").write_bytes(b"PK\5\6" + bytes(18))
    assert "is an empty zip archive" in refused(tmp_path, tmp_path / "b.zip")


def patched(tmp_path, change, members=None) -> str:
    """Refusal of an archive of one member whose bytes were changed: `change(bytes, offset of the directory entry)`."""
    path = packed(tmp_path / "patched.zip", members or {"a.csv": flat(tmp_path, 200)})
    content = bytearray(path.read_bytes())
    change(content, content.index(b"PK\1\2"))
    path.write_bytes(content)
    return refused(tmp_path, path)


def test_protected_by_a_password(tmp_path):
    def change(content, entry):
        content[6] |= 1
        content[entry + 8] |= 1

    assert "protected by a password" in patched(tmp_path, change)


@pytest.mark.parametrize(("method", "name"), [(9, "deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "Zstandard"), (77, "method 77")])
def test_packed_in_ways_that_are_not_read(tmp_path, method, name):
    def change(content, entry):
        struct.pack_into("<H", content, 8, method)
        struct.pack_into("<H", content, entry + 10, method)

    assert f"packed with {name}" in patched(tmp_path, change)


def test_a_wrong_checksum(tmp_path):
    def change(content, entry):
        content[entry + 16] ^= 1
        content[14] ^= 1

    assert "is damaged inside the archive" in patched(tmp_path, change)


def test_damage_in_a_member(tmp_path):
    def change(content, entry):
        content[120:160] = bytes(40)

    assert "is damaged inside the archive" in patched(tmp_path, change)


@pytest.mark.parametrize("size", [1, 100, 1 << 31])
def test_sizes_that_lie(tmp_path, size):
    def change(content, entry):
        struct.pack_into("<L", content, entry + 24, size)

    line = patched(tmp_path, change)
    assert "is damaged inside" in line or "times its size" in line


@pytest.mark.parametrize("field", [b"\xff\xff\xff\xff", struct.pack("<L", 0x7FFFFFF0)])
def test_directories_that_lie(tmp_path, field):
    """Zip64 markers without zip64 records, and offsets beyond the file."""
    path = packed(tmp_path / "lie.zip", {"a.csv": flat(tmp_path, 2)})
    good = path.read_bytes()
    end = good.index(b"PK\5\6")
    for place in (end + 12, end + 16):
        path.write_bytes(good[:place] + field + good[place + 4 :])
        assert "damaged" in refused(tmp_path, path) or "holds" in refused(tmp_path, path)


def test_a_zip64_record_that_points_nowhere(tmp_path):
    path = packed(tmp_path / "zip64.zip", {"a.csv": flat(tmp_path, 2)})
    good = path.read_bytes()
    end = good.index(b"PK\5\6")
    locator = b"PK\6\7" + struct.pack("<LQL", 0, 1 << 60, 1)
    path.write_bytes(good[:end] + locator + good[end : end + 8] + b"\xff" * 12 + good[end + 20 :])
    assert "damaged or cut off" in refused(tmp_path, path)


def test_a_real_zip64_archive_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "big.zip", "w") as archive, archive.open("a.csv", "w", force_zip64=True) as member:
        member.write(flat(tmp_path, 3))
    assert load([tmp_path / "big.zip"], tmp_path / "leaks.duckdb")["files"][0]["sessions_new"] == 3


def test_cut_off(tmp_path):
    content = packed(tmp_path / "whole.zip", {"a.csv": flat(tmp_path, 50)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[:-40])
    assert "damaged or cut off" in refused(tmp_path, tmp_path / "cut.zip")


def test_bombs_are_told_by_what_they_declare(tmp_path):
    path = packed(tmp_path / "bomb.zip", {"a.csv": bytes(150 << 20)})
    assert "times its size" in refused(tmp_path, path)


def test_bombs_are_told_while_they_unpack(tmp_path, monkeypatch):
    """The declared size is small: what comes out counts. Nothing of it stays on the disk."""
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    budget = archives.Budget(10 << 20)
    path = packed(tmp_path / "bomb.zip", {"a.csv": bytes(8 << 20)})
    with zipfile.ZipFile(path) as archive:
        (info,) = archive.infolist()
        with pytest.raises(InputError, match="times its size"):
            for _ in archives.pieces(archive, info, "bomb.zip", budget):
                pass
    assert (10 << 20) - budget.left < 3 << 20


def test_the_limit_of_a_load_counts_all_its_files(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAKS_UNPACKED_GB", str(300 / (1 << 30)))
    line = refused(tmp_path, packed(tmp_path / "a.zip", {"a.csv": flat(tmp_path, 1), "b.csv": flat(tmp_path, 1, first=5)}))
    assert "LEAKS_UNPACKED_GB" in line
    monkeypatch.setenv("LEAKS_UNPACKED_GB", "much")
    with pytest.raises(InputError, match="LEAKS_UNPACKED_GB: is 'much'"):
        load([tmp_path / "a.zip"], tmp_path / "leaks.duckdb")


def test_members_that_overlap(tmp_path):
    """The quoted bomb: many entries of the directory stand on one body."""
    path = packed(tmp_path / "overlap.zip", {f"{letter}.csv": flat(tmp_path, 30) for letter in "ab"})
    content = bytearray(path.read_bytes())
    second = content.index(b"PK\1\2", content.index(b"PK\1\2") + 4)
    struct.pack_into("<L", content, second + 42, 0)
    path.write_bytes(content)
    assert "is damaged inside" in refused(tmp_path, path)


def test_too_many_members(tmp_path, monkeypatch):
    path = packed(tmp_path / "many.zip", {f"{n}.csv": b"x" for n in range(40)})
    monkeypatch.setattr(archives, "MAX_MEMBERS", 30)
    assert "holds 40 files, more than 30" in refused(tmp_path, path)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10_000)
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 1_000)
    assert "holds 40 files" in refused(tmp_path, path)


def test_two_members_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.csv", flat(tmp_path, 1))
        archive.writestr("a.csv", flat(tmp_path, 2))
    assert "two files named 'a.csv'" in refused(tmp_path, tmp_path / "twice.zip")


def test_bombs_of_gzip_and_zstd(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 4 << 20)
    for suffix, content in {"gz": gzip.compress(bytes(40 << 20)), "zst": zstandard.compress(bytes(400 << 20), 1)}.items():
        path = tmp_path / f"bomb.csv.{suffix}"
        path.write_bytes(content)
        assert "times its size" in refused(tmp_path, path)
        in_zip = packed(tmp_path / "holds a bomb.zip", {path.name: content})
        assert "times its size" in refused(tmp_path, in_zip)


def test_a_zstd_bomb_never_unpacks_at_once(tmp_path):
    """One frame of run-length blocks: four bytes stand for 128 kB."""
    block = struct.pack("<L", (128 << 10) << 3 | 1 << 1)[:3] + b"a"
    frame = b"\x28\xb5\x2f\xfd" + bytes([0b00000000, 0x50]) + block * 20_000
    path = tmp_path / "bomb.zst"
    path.write_bytes(frame)
    most = 0
    with pytest.raises(InputError, match="times its size"):
        for piece in containers.unpacked(path, "bomb.zst"):
            most = max(most, len(piece))
    assert 0 < most < 100 << 20


def test_padded_and_multiple_gzip_streams_still_load(tmp_path):
    text = flat(tmp_path, 6)
    content = gzip.compress(text[:200]) + gzip.compress(text[200:]) + bytes(512)
    result = load([packed(tmp_path / "a.zip", {"a.csv.gz": content})], tmp_path / "leaks.duckdb")
    assert result["files"][0]["sessions_new"] == 6


def test_unpacked_files_are_private_and_removed_after_a_kill(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": flat(tmp_path, 3)})
    db = tmp_path / "leaks.duckdb"
    killed = f"""
import os
from pathlib import Path
from etl.preparing import Preparing
with Preparing(Path({str(db)!r} + ".unpacked")) as preparing:
    (export,) = preparing.exports([Path({str(path)!r})])
    print(export.path, oct(preparing.folder.stat().st_mode & 0o777), oct(export.path.stat().st_mode & 0o777), flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", killed], capture_output=True, text=True, check=False)
    left, *modes = done.stdout.split()
    assert modes == ["0o700", "0o600"] and os.path.exists(left)
    load([path], db)
    assert not os.path.exists(left)
    assert not [name for name in os.listdir(tmp_path) if "unpacked" in name]


def test_the_folder_of_a_load_that_runs_is_left_alone(tmp_path):
    from etl.preparing import Preparing

    with Preparing(tmp_path / "leaks.duckdb.unpacked") as running:
        place = running.place()
        load([packed(tmp_path / "a.zip", {"a.csv": flat(tmp_path, 3)})], tmp_path / "leaks.duckdb")
        assert place.exists()
    assert not place.exists()


def test_inspect_tells_each_member(tmp_path):
    results = inspect([packed(tmp_path / "a.zip", {"a.csv": flat(tmp_path, 3), "b.csv": flat(tmp_path, 2, first=9)})])
    assert [(result["file"], result["sessions_new"]) for result in results] == [("a.zip/a.csv", 3), ("a.zip/b.csv", 2)]


BASE = io.BytesIO()
with zipfile.ZipFile(BASE, "w", zipfile.ZIP_DEFLATED) as whole:
    whole.writestr("a.csv", "fullVisitorId,visitId,date,country\n1,2,20170704,Peru\n")
    whole.writestr("b/c.csv", "fullVisitorId,visitId,date,country\n3,4,20170704,Peru\n")


@given(
    st.lists(st.tuples(st.integers(0, len(BASE.getvalue()) - 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4), st.booleans()
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_archives_unpack_or_are_refused(tmp_path, mutations, cut):
    content = bytearray(BASE.getvalue())
    for place, text in mutations:
        content[place : place + len(text)] = text
    if cut:
        del content[mutations[0][0] :]
    path = tmp_path / "mutated.zip"
    path.write_bytes(b"PK\3\4" + content[4:])
    folder = tmp_path / os.urandom(8).hex()
    folder.mkdir()
    try:
        files = archives.unpack(path, "mutated.zip", folder, archives.Budget(1 << 20))
    except InputError as error:
        assert str(error).startswith("mutated.zip") and len(str(error).splitlines()) == 1
        return
    assert all(file.resolve().is_relative_to(folder.resolve()) and file.is_file() for file, _ in files)


def test_reports_in_archives_are_told_by_their_member(tmp_path, real_data):
    """Another kind of file than sessions, under the same name in its refusal."""
    content = (real_data / "ga4_ui_reports_snapshot.csv").read_bytes()
    line = refused(tmp_path, packed(tmp_path / "reports.zip", {"june/snapshot.csv": content}))
    assert line.startswith("reports.zip/june/snapshot.csv: ")


@pytest.mark.parametrize("member", [" ", "two  blanks.csv", " before.csv", "un\u00a0breakable.csv"])
def test_members_whose_names_hold_blanks_are_told_with_their_archive(tmp_path, member):
    line = refused(tmp_path, packed(tmp_path / "a.zip", {member: gzip.compress(b"cut off" * 9)[:-9]}))
    assert line.startswith("a.zip/") and "cut off" in line and tmp_path.name not in line
