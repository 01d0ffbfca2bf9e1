"""Zip archives: what is in them, and their members unpacked as files of the load.

Nothing an archive says of itself is believed: sizes are counted while unpacking, names never choose where a file goes.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from etl.errors import InputError
from etl.headers import shorten

ZIP = b"PK\x03\x04"
CHUNK = 1 << 20

# The limits against archives that unpack to far more than they are.
MAX_MEMBERS = 10_000
MAX_DIRECTORY = 8 << 20  # bytes that the list of members may take
MAX_RATIO = 200  # unpacked to packed; exports as text come to 5 to 40
RATIO_FROM = 100 << 20  # unpacked bytes below which the ratio does not matter
DEFAULT_UNPACKED_GB = 20
MAX_NAME = 200

PASSED_OVER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
METHODS = {
    1: "shrink", 6: "implode", 9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd", 99: "AES encryption",
}  # fmt: skip
PASSWORD_FLAGS = 0x1 | 0x40 | 0x2000


def unpacked_limit() -> int:
    """Bytes that compressed files and the archives of one load may unpack to: LEAKS_UNPACKED_GB, else 20 GB."""
    given = os.environ.get("LEAKS_UNPACKED_GB") or DEFAULT_UNPACKED_GB
    try:
        limit = float(given)
        if not 0 < limit < 1e6:
            raise ValueError
    except ValueError:
        raise InputError(f"LEAKS_UNPACKED_GB: is {shorten(str(given), 20)!r}, no number of gigabytes: set it to one, such as 20") from None
    return int(limit * (1 << 30))


class Budget:
    """Counts what is unpacked, and refuses what unpacks to too much: in all, or for its packed size."""

    def __init__(self, limit: int | None = None):
        self.left = unpacked_limit() if limit is None else limit

    def spend(self, name: str, unpacked: int) -> None:
        """Take some unpacked bytes off the budget."""
        self.left -= unpacked
        if self.left < 0:
            raise InputError(
                f"{name}: unpacks to more than {unpacked_limit() / (1 << 30):g} GB with the files before it: "
                "load fewer files at a time, or raise LEAKS_UNPACKED_GB"
            )

    @staticmethod
    def check_ratio(name: str, packed: int, unpacked: int) -> None:
        """Refuse what no export comes to."""
        if unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1):
            raise InputError(
                f"{name}: unpacks to more than {MAX_RATIO} times its size, as no export does (a zip bomb?): "
                "unpack it yourself if you trust it, then load what is inside"
            )


def is_zip(path: Path) -> bool:
    """Whether a file starts as a zip archive with members does."""
    with path.open("rb") as file:
        return file.read(4) == ZIP


def open_archive(path: Path, name: str) -> zipfile.ZipFile:
    """The archive, after a look at how large its list of members is."""
    try:
        _refuse_long_directory(path, name)
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, NotImplementedError, UnicodeDecodeError, OverflowError):
        raise InputError(f"{name}: is a zip archive that is damaged or cut off: download it again") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be opened ({error.strerror or 'error'}): check its permissions") from None


def _refuse_long_directory(path: Path, name: str) -> None:
    """Refuse an archive whose list of members would fill the memory: zipfile reads all of it at once."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = max(0, size - (1 << 16) - 22)
        file.seek(start)
        tail = file.read()
        end = tail.rfind(b"PK\x05\x06")
        if end < 0 or len(tail) < end + 22:
            raise zipfile.BadZipFile
        _, disk, _, _, members, length, _, _ = struct.unpack("<4s4H2LH", tail[end : end + 22])
        if disk not in (0, 0xFFFF):
            raise InputError(
                f"{name}: is one part of a zip archive split over several files: join or unpack them, then load the files inside"
            )
        locator = tail.rfind(b"PK\x06\x07", 0, end)
        if 0xFFFF in (members, disk) or length == 0xFFFFFFFF:
            if locator < 0:
                raise zipfile.BadZipFile
            (offset,) = struct.unpack("<Q", tail[locator + 8 : locator + 16])
            if offset > size - 56:
                raise zipfile.BadZipFile
            file.seek(offset)
            members, length = struct.unpack("<QQ", file.read(56)[32:48])
    if members > MAX_MEMBERS or length > MAX_DIRECTORY:
        raise InputError(f"{name}: holds {members:,} files, more than {MAX_MEMBERS:,}: unpack it and load its files in parts")
    if length > size:
        raise zipfile.BadZipFile


def files_in(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The members that are files to load, in the order of their names; refuses the archive for what no honest one holds."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise InputError(f"{name}: holds {len(infos):,} files, more than {MAX_MEMBERS:,}: unpack it and load its files in parts")
    chosen: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _refuse_trick(info, name)
        if info.is_dir() or any(map(why_passed_over, info.filename.split("/"))):
            continue
        if info.filename in chosen:
            raise InputError(f"{name}: holds two files named '{shorten(info.filename)}': unpack it, then load the files inside")
        _refuse_packing(info, name)
        chosen[info.filename] = info
    if not chosen:
        raise InputError(f"{name}: is a zip archive without a file to load: export it again")
    return [chosen[member] for member in sorted(chosen)]


def _refuse_trick(info: zipfile.ZipInfo, name: str) -> None:
    """Names and kinds of members that reach out of the archive."""
    written = info.orig_filename
    parts = written.split("/")
    what = None
    if "\\" in written:
        what = "a path with backslashes"
    elif written.startswith("/") or re.match(r"[A-Za-z]:", written):
        what = "an absolute path"
    elif ".." in parts:
        what = "a path that leads out of it"
    elif any(character < " " or character == "\x7f" for character in written):
        what = "a name with control characters"
    elif any(DEVICES.match(part) for part in parts):
        what = "the name of a device"
    elif any(len(part.encode("utf-8", "surrogatepass")) > MAX_NAME for part in parts):
        what = "a name that is too long"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.create_system == 3 and kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a symbolic link" if kind == stat.S_IFLNK else "a special file"
    if what:
        raise InputError(
            f"{name}: holds {what} ('{shorten(written)}'), as no export does: unpack what you trust, then load the files inside"
        )


def why_passed_over(part: str) -> str | None:
    """Why what has such a name is no export: it is hidden, or systems put it beside files; None for all else."""
    if part in PASSED_OVER or part.startswith("._"):
        return "put there by a system"
    return "hidden" if part.startswith(".") else None


def _refuse_packing(info: zipfile.ZipInfo, name: str) -> None:
    """Members that cannot be unpacked, or that say themselves that they are too much."""
    label = member_name(name, info)
    if info.flag_bits & PASSWORD_FLAGS:
        raise InputError(f"{label}: is protected by a password: unpack the archive with it, then load the files inside")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        method = METHODS.get(info.compress_type, f"method {info.compress_type}")
        raise InputError(f"{label}: is packed with {method}, which is not read: unpack the archive, then load the files inside")
    Budget.check_ratio(label, info.compress_size, info.file_size)


def member_name(name: str, info: zipfile.ZipInfo) -> str:
    """How a member is called in messages and in the table loads."""
    return f"{name}/{shorten(info.filename, 120)}"


def pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: Budget) -> Iterator[bytes]:
    """The unpacked bytes of a member, counted as they come; refuses damage and whatever its directory entry lied about."""
    label = member_name(name, info)
    total = 0
    try:
        with archive.open(info) as member:
            while piece := member.read(CHUNK):
                total += len(piece)
                budget.spend(label, len(piece))
                budget.check_ratio(label, info.compress_size, total)
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, OverflowError, OSError):
        raise InputError(f"{label}: is damaged inside the archive (its checksum or size is wrong): download the archive again") from None
    except (NotImplementedError, RuntimeError):
        raise InputError(f"{label}: is packed in a way that is not read: unpack the archive, then load the files inside") from None
    if total != info.file_size:
        raise InputError(f"{label}: is damaged inside the archive (its checksum or size is wrong): download the archive again")


def unpack(path: Path, name: str, folder: Path, budget: Budget) -> list[tuple[Path, str]]:
    """Unpack an archive into an empty folder: path and name of each file, which is private to the owner."""
    unpacked = []
    with open_archive(path, name) as archive:
        infos = files_in(archive, name)
        declared = sum(info.file_size for info in infos)
        if declared > shutil.disk_usage(folder).free:
            raise InputError(
                f"{name}: unpacks to {declared / (1 << 30):,.1f} GB, more than there is room for beside the database: make room"
            )
        if declared > budget.left:
            budget.spend(name, declared)
        places: dict[str, Path] = {}
        for info in infos:
            inside, _, base = info.filename.rpartition("/")
            if inside not in places:
                places[inside] = folder / str(len(places))
                places[inside].mkdir(mode=0o700)
            target = places[inside] / base
            try:
                with open(target, "xb", opener=_private) as file:
                    _write(file, pieces(archive, info, name, budget))
            except OSError as error:
                raise InputError(
                    f"{member_name(name, info)}: cannot be unpacked beside the database ({error.strerror}): make room"
                ) from None
            unpacked.append((target, member_name(name, info)))
    return unpacked


def _write(file: BinaryIO, parts: Iterator[bytes]) -> None:
    for part in parts:
        file.write(part)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def verify(path: Path, name: str, limit: int) -> None:
    """Unpack an archive to nowhere, so that whoever reads it next meets no bomb: a workbook is one."""
    budget = Budget(limit)
    with open_archive(path, name) as archive:
        seen = set()
        for info in archive.infolist():
            _refuse_trick(info, name)
            if info.is_dir():
                continue
            if info.filename in seen:
                raise InputError(f"{name}: is a damaged workbook (two parts of one name): save it again, or save the sheet as CSV UTF-8")
            seen.add(info.filename)
            _refuse_packing(info, name)
            for _ in pieces(archive, info, name, budget):
                pass
