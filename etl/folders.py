"""The files meant by paths: those in folders, without what stands there and is no export, which is told."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from etl.archives import why_passed_over
from etl.errors import InputError
from etl.headers import shorten

BESIDE_DEMO = {"truth.json", "true_probabilities.parquet"}
MOST_NAMED = 5


class PassedOver(NamedTuple):
    """A file or folder that is not loaded, and why: as is usual in folders, or perhaps to someone's surprise."""

    path: Path
    reason: str
    is_usual: bool = True

    def summary(self) -> dict:
        """The same for machines."""
        return {"file": self.path.name, "passed_over": self.reason}


def expand(paths: Iterable[str | Path]) -> tuple[list[Path], list[PassedOver]]:
    """The files meant by some paths: files themselves, and the files inside folders in the order of their names; and what is passed over."""
    files: list[Path] = []
    passed_over: list[PassedOver] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = files_inside(path, passed_over)
            if not inside:
                raise InputError(f"{path}: an empty folder; name a folder or files with exports.")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise InputError(f"{path}: no such file; check the path.")
    exports = [file for file in files if not beside_demo(file)]
    if not exports:
        raise InputError("No export among the files given; name the exports to load.")
    return exports, passed_over + [PassedOver(file, "written by the demo beside its exports") for file in files if beside_demo(file)]


def files_inside(folder: Path, passed_over: list[PassedOver]) -> list[Path]:
    """The files in a folder and the folders in it."""

    def tell(error: OSError) -> None:
        passed_over.append(PassedOver(Path(error.filename), f"cannot be read ({error.strerror})", is_usual=False))

    found = []
    for parent, folders, names in os.walk(folder, onerror=tell):
        paths = {name: Path(parent) / name for name in (*sorted(folders), *sorted(names))}
        for name, path in paths.items():
            if reason := why_passed_over(name):
                passed_over.append(PassedOver(path, reason))
            elif name in folders:
                if path.is_symlink():
                    passed_over.append(PassedOver(path, "is a link to a folder", is_usual=False))
            elif path.is_file():
                found.append(path)
            else:
                passed_over.append(PassedOver(path, "is no file (a pipe, a device or a broken link)", is_usual=False))
        folders[:] = [name for name in folders if not why_passed_over(name)]
    return sorted(found)


def beside_demo(file: Path) -> bool:
    """Whether a file is what the demo writes beside its exports."""
    return file.name in BESIDE_DEMO and (file.parent / "truth.json").exists()


def in_words(passed_over: Iterable[dict]) -> str:
    """What is passed over, from summaries: some names for each reason, in one line."""
    names: dict[str, list[str]] = {}
    for one in passed_over:
        names.setdefault(one["passed_over"], []).append(shorten(one["file"]))
    return "; ".join(
        f"{', '.join(found[:MOST_NAMED])}{f' and {len(found) - MOST_NAMED:,} more' if len(found) > MOST_NAMED else ''} ({reason})"
        for reason, found in names.items()
    )
