"""Files made ready to be recognised: archives unpacked, sheets of workbooks written out, texts rewritten as UTF-8.

What is written stands in a private folder beside the database, which is removed at the end, also the one that a killed load left behind.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from etl import archives, containers, workbooks
from etl.errors import InputError, NeedsRewriting
from etl.mapping import ColumnMap
from etl.recognise import Source, recognise

MOST_REWRITES = 3


@dataclass(frozen=True)
class Export:
    """A file to load: where its bytes are, what it is called, its hash and what was noticed on the way."""

    path: Path
    name: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Preparing:
    """The private folder of one load; a context that removes it. `base` is where it stands, such as leaks.duckdb.unpacked."""

    def __init__(self, base: Path):
        self.base = base
        self.budget = archives.Budget()
        self.folder: Path | None = None
        self.lock: int | None = None
        self.places = 0

    def __enter__(self) -> Preparing:
        remove_abandoned(self.base)
        return self

    def __exit__(self, *_) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder)
            os.close(self.lock)
            self.folder = self.lock = None

    def exports(self, files: list[Path]) -> Iterator[Export]:
        """The exports in some files: each file itself, or the members of an archive, or the sheets of a workbook."""
        for file in files:
            yield from self._exports(file, file.name)

    def _exports(self, path: Path, name: str, *, inside: bool = False) -> Iterator[Export]:
        refuse_special(path, name)
        sha256 = file_hash(path, name)
        if not path.stat().st_size or not archives.is_zip(path):
            yield Export(path, name, sha256)
            return
        kind = workbooks.kind(path, name)
        if kind == "zip":
            if inside:
                raise InputError(f"{name}: is a zip archive inside another: unpack it, then load the files inside")
            for member, label in archives.unpack(path, name, self.place(), self.budget):
                yield from self._exports(member, label, inside=True)
            return
        for sheet in workbooks.sheets(path, name, self.place()):
            file = Path(sheet.file)
            yield Export(file, f"{name}/{sheet.name}", file_hash(file, name), sheet.notes, sheet.warnings)

    def recognise(self, export: Export, mapping: ColumnMap | None = None) -> Source:
        """Recognise an export, or take it as a table by a map, after rewriting it where its text needs that."""
        path, notes, warnings = export.path, [*export.notes], [*export.warnings]
        for _ in range(MOST_REWRITES):
            try:
                source = recognise(path, mapping, export.name)
                return replace(source, notes=[*notes, *source.notes], warnings=[*warnings, *source.warnings])
            except NeedsRewriting as need:
                path = self.rewrite(path, export.name, need)
                notes += rewritten(need)
                warnings += need.warnings
        return recognise(path, mapping, export.name)

    def rewrite(self, path: Path, name: str, need: NeedsRewriting) -> Path:
        """The text as UTF-8 without a byte order mark and without the lines above its headers."""
        target = self.place() / path.name
        decoder = codecs.getincrementaldecoder(need.encoding)(errors="replace")
        left = need.skipped_lines
        try:
            with open(target, "x", encoding="utf-8", newline="", opener=private) as file:
                is_first = True
                for piece in containers.unpacked(path, name):
                    text = decoder.decode(piece)
                    if is_first and text:
                        text, is_first = text.removeprefix("\ufeff"), False
                    while left and text:
                        _, ending, rest = text.partition("\n")
                        left -= bool(ending)
                        text = rest
                    self.budget.spend(name, len(text))
                    file.write(text)
                file.write(decoder.decode(b"", final=True))
        except OSError as error:
            raise InputError(f"{name}: cannot be rewritten beside the database ({error.strerror}): make room") from None
        return target

    def place(self) -> Path:
        """A new empty folder to write into."""
        if self.folder is None:
            self.folder, self.lock = make_private(self.base)
        self.places += 1
        folder = self.folder / str(self.places)
        folder.mkdir(mode=0o700)
        return folder


def rewritten(need: NeedsRewriting) -> list[str]:
    """What was rewritten that someone may want to know."""
    if need.skipped_lines:
        return [f"Lines above the headers were passed over: {need.skipped_lines}."]
    if need.encoding == "cp1252":
        return ["The text is not in UTF-8: it was read as Windows-1252."]
    return []


def refuse_special(path: Path, name: str) -> None:
    """Refuse what is no plain file: opening a pipe waits for ever, a device may never end."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions.") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{name}: is a pipe, a socket or a device, not a file: save its content as a file, and load that")


def file_hash(path: Path, name: str) -> str:
    """SHA-256 of a file's bytes."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); check the file and its permissions.") from None


def private(path: str, flags: int) -> int:
    """Opener of files that only their owner can read."""
    return os.open(path, flags, 0o600)


def make_private(base: Path) -> tuple[Path, int]:
    """A new folder beside the database that only its owner can read, and the lock that says it is in use."""
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            folder = base.with_name(f"{base.name}-{os.getpid()}-{number}")
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                fcntl.flock(lock, fcntl.LOCK_EX)
                if folder.exists() and os.path.samestat(os.fstat(lock), folder.stat()):
                    return folder, lock
                os.close(lock)
            number += 1
    except OSError as error:
        raise InputError(f"{base.parent}: nothing can be unpacked there ({error.strerror}); choose another place with --db.") from None


def remove_abandoned(base: Path) -> None:
    """Remove the folders of loads that were killed: nobody holds their locks."""
    if not base.parent.is_dir():
        return
    for folder in base.parent.iterdir():
        if not folder.name.startswith(f"{base.name}-"):
            continue
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        except BlockingIOError:
            pass
        except OSError as error:
            raise InputError(f"{folder}: was left by a load that was killed and cannot be removed ({error.strerror}); remove it.") from None
        finally:
            os.close(lock)
