"""Runs the simulation and writes it out, a day at a time."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import InputError

from . import FORMATS, LAST_DAY, flat, ga4, ga360, shop, truth
from .funnel import Behaviour
from .leaks import LEAKS, RENAMED, Leak, Renamed, check
from .visitors import Arrivals, Population

MOST_DAYS = 3660
OURS = re.compile(r"(ga_sessions|events)_\d{8}\.parquet|sessions\.csv|true_probabilities\.parquet|truth\.json")
WORKERS = 2
SESSIONS_AT_ONCE = 50_000


def write_demo(
    out: Path | str,
    *,
    format: str = "ga360",
    sessions: int = 200_000,
    days: int = 180,
    seed: int = 7,
    end: date = LAST_DAY,
    leaks: Sequence[Leak] = LEAKS,
    renamed: Renamed | None = RENAMED,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Write demo exports with planted leaks into a folder, and the truth about them beside.

    The traffic depends on sessions, days, seed, end, leaks and renamed, not on the format: each form describes the same sessions.

    Parameters
    ----------
    out : folder to write into; made if absent. Earlier demo files in it are replaced, other files are a reason to refuse.
    format : 'ga4', 'ga360' (one Parquet file a day) or 'flat' (one CSV file).
    sessions : rows of all days together, bots included.
    leaks, renamed : what is planted; an empty sequence and None plant nothing.
    progress : called with days written and days in all.

    Returns the truth, as in truth.json, and under 'files' the exports written.

    Raises InputError when the folder cannot be used or the numbers make no sense.
    """
    leaks = tuple(leaks)
    verify(format, sessions, days, seed, leaks)
    folder = prepare(Path(out))
    first_day = end - timedelta(days=days - 1)
    behaviour = Behaviour(seed, days, leaks, renamed)
    tally = truth.Tally()
    files = [flat.NAME] if format == "flat" else []

    def work(arrivals: Arrivals) -> Day:
        return write_day(arrivals, behaviour, seed, format, folder)

    with ExitStack() as stack:
        csv = stack.enter_context(open(folder / flat.NAME, "wb")) if format == "flat" else None
        chances = stack.enter_context(pq.ParquetWriter(folder / truth.PROBABILITIES, truth.PROBABILITY_SCHEMA, compression="zstd"))
        for written, day in enumerate(in_order(work, Population(seed, sessions, first_day, days)), 1):
            for text in day.csv:
                csv.write(text)
            for table in day.chances:
                chances.write_table(table)
            if day.file:
                files.append(day.file)
            tally.merge(day.tally)
            if progress:
                progress(written, days)

    summary = {
        "format": FORMATS[format],
        "seed": seed,
        "shop": shop.SHOP,
        "hostname": shop.HOSTNAME,
        "time_zone": shop.TIME_ZONE,
        "currency": shop.CURRENCY,
        "first_day": first_day.isoformat(),
        "last_day": end.isoformat(),
        **tally.summary(first_day, days, leaks, renamed),
        "files": files,
    }
    (folder / truth.TRUTH).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


@dataclass
class Day:
    """What is left of a day once it is written."""

    tally: truth.Tally = field(default_factory=truth.Tally)
    chances: list[pa.Table] = field(default_factory=list)
    csv: list[bytes] = field(default_factory=list)
    file: str | None = None


def write_day(arrivals: Arrivals, behaviour: Behaviour, seed: int, format: str, folder: Path) -> Day:
    """Simulate a day and write it, piece by piece; the single CSV file is left to the caller."""
    day = Day()
    module = ga4 if format == "ga4" else ga360
    with ExitStack() as stack:
        writer = None
        for part in arrivals.parts(SESSIONS_AT_ONCE):
            sessions = behaviour.simulate(part)
            day.tally.add(sessions)
            day.chances.append(truth.probabilities(seed, sessions))
            if format == "flat":
                day.csv.append(flat.text(seed, sessions, header=arrivals.index == part.part == 0))
                continue
            table = module.table(seed, sessions)
            if writer is None:
                day.file = module.file_name(sessions)
                writer = stack.enter_context(
                    pq.ParquetWriter(
                        folder / day.file,
                        table.schema,
                        compression="zstd",
                        compression_level=1,
                        store_schema=False,
                        write_statistics=module.INDEXED,
                    )
                )
            writer.write_table(table)
    return day


def verify(format: str, sessions: int, days: int, seed: int, leaks: tuple[Leak, ...]) -> None:
    if format not in FORMATS:
        raise InputError(f"demo: no format {format!r}; there are {', '.join(FORMATS)}")
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"demo: {days} days; give a number from 1 to {MOST_DAYS}")
    if sessions < days:
        raise InputError(f"demo: {sessions} sessions are fewer than {days} days; give at least one session a day")
    if seed < 0:
        raise InputError(f"demo: the seed is {seed}; give a number from 0 on")
    check(leaks)


def prepare(folder: Path) -> Path:
    """Make the folder ready: empty but for nothing of anyone else's."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = sorted(folder.iterdir())
        foreign = [path.name for path in present if not OURS.fullmatch(path.name)]
        if foreign or (present and not (folder / truth.TRUTH).exists()):
            name = (foreign or [present[0].name])[0]
            raise InputError(f"demo: {folder} holds other files ({name}); give an empty folder or one of an earlier demo")
        for path in present:
            path.unlink()
        # Written first and replaced last, so that an interrupted run is still known as a demo's folder.
        (folder / truth.TRUTH).write_text("{}\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"demo: cannot write into {folder}: {error.strerror or error}") from error
    return folder


def in_order(work: Callable, tasks: Iterator) -> Iterator:
    """Results in the order of the tasks, a few of them in the making at a time."""
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = deque()
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
