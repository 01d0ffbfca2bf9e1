"""What kind of cause a leak has: a tracking break, a change of definition, a change of traffic mix, or behaviour."""

import csv
import datetime
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.special import expit, gammaincinv

from etl.errors import InputError
from models.leaks.cells import Cells
from models.leaks.design import Step

TRACKING, DEFINITION, MIX, BEHAVIOUR = "tracking break", "definition change", "traffic mix", "behaviour"
NOT_PRICED = {TRACKING, DEFINITION}
SILENT = 0.12
RECORDED, LEFT = 0.05, 0.3
"""Share of passes that a break of the records lets through, and the least that visitors themselves leave: the two that are weighed."""
LIKELIER = 20
SKIPPED, SKIPPED_RISE = 0.5, 0.2
EXCHANGE_Z = 5
EXCHANGE_LIKE = 0.35
CONTEXT = 6


@dataclass(frozen=True)
class Event:
    """Something that happened on a day: from a calendar, or seen in the data. `levels` are (dimension, level) it concerns, "" for any."""

    day: datetime.date
    label: str
    kind: str
    source: str = ""
    levels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cause:
    """A label with its evidence, ready for JSON."""

    label: str
    evidence: dict = field(default_factory=dict)


def read_events(file: Path, kinds: set[str] | None = None) -> list[Event]:
    """Events of a CSV file with the columns date, label, kind (and dimension, level, source where it has them)."""
    if not file.is_file():
        return []
    out = []
    with file.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        missing = {"date", "label", "kind"} - set(rows.fieldnames or ())
        if missing:
            raise InputError(f"{file}: has no column {', '.join(sorted(missing))}; its first line must be date,label,kind")
        for number, row in enumerate(rows, start=2):
            try:
                day = datetime.date.fromisoformat((row["date"] or "").strip())
            except ValueError:
                raise InputError(f"{file}, row {number}: {row['date']!r} is no date; write it as 2026-05-13") from None
            label, kind = (row["label"] or "").strip(), (row["kind"] or "").strip()
            if not label or (kinds is not None and kind not in kinds):
                wanted = f"a kind of {', '.join(sorted(kinds))}" if kinds and label else "a label"
                raise InputError(f"{file}, row {number}: needs {wanted}")
            dimension = (row.get("dimension") or "").strip()
            levels = tuple((dimension, level.strip()) for level in (row.get("level") or "").split("|")) if dimension else ()
            out.append(Event(day, label, kind, (row.get("source") or "").strip(), levels))
    return out


def exchanges(cells: Cells) -> list[tuple[int, int, int, int, float]]:
    """Bins where two levels of a dimension exchange equal volume while the total holds: (dimension, from, to, bin, share of sessions).

    The shares of sessions a few bins before and after are compared with how they scatter from bin to bin.
    """
    bins = len(cells.calendar)
    if not cells.calendar.is_dated or bins < 8:
        return []
    total = np.bincount(cells.bin, cells.reached[0], minlength=bins)
    if np.any(total <= 0):
        return []
    found = []
    for d, dimension in enumerate(cells.dimensions):
        levels = len(dimension)
        n = np.bincount(cells.codes[cells.combination, d] * bins + cells.bin, cells.reached[0], minlength=levels * bins).reshape(
            levels, bins
        )
        share = n / total
        steps = np.diff(share, axis=1)
        pooled = share.mean(axis=1)
        chance = pooled * (1 - pooled) * np.mean(1 / total)
        scatter = np.maximum((1.4826 * np.median(np.abs(steps), axis=1)) ** 2 / 2, chance)
        best: dict[tuple[int, int], tuple[float, int, float]] = {}
        for b in range(2, bins - 1):
            before, after = slice(max(b - CONTEXT, 0), b), slice(b, min(b + CONTEXT, bins))
            change = share[:, after].mean(axis=1) - share[:, before].mean(axis=1)
            sd = np.sqrt(scatter * (1 / (b - before.start) + 1 / (after.stop - b)))
            z = change / np.maximum(sd, 1e-12)
            # Within one bin: the step itself makes the change.
            sudden = np.abs(share[:, b] - share[:, b - 1]) > 0.5 * np.abs(change)
            for loser in np.flatnonzero((z < -EXCHANGE_Z) & sudden):
                for winner in np.flatnonzero((z > EXCHANGE_Z) & sudden):
                    strength, moved = exchanged_volume(n[loser], n[winner], total, b)
                    if strength > best.get((loser, winner), (0.0,))[0]:
                        best[loser, winner] = (strength, b, moved)
        found += [(d, int(loser), int(winner), b, moved) for (loser, winner), (_, b, moved) in best.items()]
    return found


def exchanged_volume(loser: np.ndarray, winner: np.ndarray, total: np.ndarray, b: int) -> tuple[float, float]:
    """How surely two levels exchanged volume at a bin, as the lesser |z|, and the share of sessions; 0 where they did not.

    Both are measured against the rest of the site: a campaign that brings more sessions takes from nobody.
    """
    rest = total - loser - winner
    if np.any(rest <= 0):
        return 0.0, 0.0
    before, after = slice(max(b - CONTEXT, 0), b), slice(b, min(b + CONTEXT, len(total)))
    sizes, strengths = [], []
    for n, sign in ((loser, -1), (winner, 1)):
        ratio = n / rest
        scatter = max((1.4826 * float(np.median(np.abs(np.diff(ratio))))) ** 2 / 2, float(np.mean(ratio * (1 + ratio) / rest)))
        change = sign * float(ratio[after].mean() - ratio[before].mean())
        sizes.append(change)
        strengths.append(change / np.sqrt(scatter * (1 / (b - before.start) + 1 / (after.stop - b))))
    if min(sizes) <= 0 or abs(sizes[0] - sizes[1]) > EXCHANGE_LIKE * max(sizes):
        return 0.0, 0.0
    return (min(strengths) if min(strengths) > EXCHANGE_Z else 0.0), float(np.mean(sizes) * rest[after].mean() / total[after].mean())


def label(
    cells: Cells,
    step: Step,
    inside: np.ndarray,
    start: int,
    effect: float,
    *,
    levels: tuple[tuple[str, str], ...],
    exchanged: list[tuple[int, int, int, int, float]],
    events: list[Event],
    span: tuple[int, int] | None = None,
) -> Cause:
    """The first cause that matches a leak.

    Parameters
    ----------
    inside : (combinations,) the segment
    start : first bin of the leak; 0 where it was there all along
    effect : fitted effect in log-odds, which the step's log-odds hold; 0 where they do not
    levels : the segment as (dimension, level) pairs
    span : first and last bin of the start's 90 % set
    """
    late = inside[step.rows][step.combination] & (step.bin >= start)
    observed = float(step.y[late].sum())
    expected = float((step.n[late] * expit(step.eta[late] - effect)).sum())
    upper = float(gammaincinv(observed + 1, 0.95)) / max(expected, 1e-9)
    evidence: dict = {"observed_passes": observed, "expected_passes": round(expected, 2), "upper_ratio": round(min(upper, 99.0), 4)}
    skipped = skipping(cells, step.number, inside, start)
    if skipped is not None:
        evidence["skipped_before"], evidence["skipped_after"] = skipped
        if skipped[1] > SKIPPED and skipped[1] - (skipped[0] or 0) >= SKIPPED_RISE:
            return Cause(TRACKING, evidence | {"rule": "later steps are recorded without this one"})
    evidence["silence_likelier"] = float(f"{silence(observed, expected):.3g}")
    if observed < SILENT * expected and silence(observed, expected) > LIKELIER:
        return Cause(TRACKING, evidence | {"rule": "almost nothing is recorded where much was expected"})
    if start > 0:
        first, last = span or (start, start)
        for d, loser, winner, b, moved in exchanged:
            name = cells.dimensions[d].name
            touched = {(name, cells.dimensions[d].labels[loser]), (name, cells.dimensions[d].labels[winner])}
            if first - 1 <= b <= last + 1 and touched & set(levels):
                return Cause(
                    DEFINITION,
                    evidence
                    | {
                        "rule": "two levels exchange equal volume",
                        "dimension": name,
                        "from": cells.dimensions[d].labels[loser],
                        "to": cells.dimensions[d].labels[winner],
                        "on": cells.calendar.start_of(b).isoformat(),
                        "share_of_sessions": round(moved, 4),
                    },
                )
        for event in events:
            on = bin_of(cells, event.day)
            if event.kind == "definition" and on is not None and first - 1 <= on <= last + 1 and concerns(event, levels):
                return Cause(
                    DEFINITION, evidence | {"rule": "calendar", "event": event.label, "on": event.day.isoformat(), "source": event.source}
                )
        split = mix_and_rate(cells, step.number, inside, start)
        if split is not None:
            evidence["log_change"], evidence["log_mix"], evidence["log_rate"] = (round(x, 4) for x in split)
            if split[0] < 0 and split[1] / split[0] > 0.5:
                return Cause(MIX, evidence | {"rule": "who came explains more than half of the change"})
        near = [event for event in events if (on := bin_of(cells, event.day)) is not None and first - 1 <= on <= last]
        if near:
            evidence["events"] = [{"date": event.day.isoformat(), "label": event.label, "kind": event.kind} for event in near]
    return Cause(BEHAVIOUR, evidence)


def silence(observed: float, expected: float) -> float:
    """How many times likelier so many passes are, as a Poisson count, if hardly any were recorded than if visitors left."""
    return float(np.exp(np.clip(observed * np.log(RECORDED / LEFT) + (LEFT - RECORDED) * expected, -50, 50)))


def concerns(event: Event, levels: tuple[tuple[str, str], ...]) -> bool:
    """Whether an event is about one of the levels of a segment."""
    return any(dimension == name and level in ("", value) for dimension, level in event.levels for name, value in levels)


def bin_of(cells: Cells, day: datetime.date) -> int | None:
    """The bin a day falls in, if any."""
    starts = cells.calendar.starts
    if not cells.calendar.is_dated or not starts or day < starts[0] or day > cells.calendar.end_of(len(starts) - 1):
        return None
    return sum(first <= day for first in starts) - 1


def skipping(cells: Cells, number: int, inside: np.ndarray, start: int) -> tuple[float | None, float] | None:
    """Of sessions beyond a step, the share whose own record of passing it is missing: before and after the start. None: not told."""
    if cells.skipped is None:
        return None
    mine = inside[cells.combination]

    def share(where: np.ndarray) -> float | None:
        beyond = cells.reached[number + 2][where].sum() if number + 2 < len(cells.reached) else 0.0
        return float(cells.skipped[number + 1][where].sum() / beyond) if beyond >= 10 else None

    after = share(mine & (cells.bin >= start))
    if after is None:
        return None
    before = share(mine & (cells.bin < start)) if start > 0 else None
    return (None if before is None else round(before, 4)), round(after, 4)


def mix_and_rate(cells: Cells, number: int, inside: np.ndarray, start: int) -> tuple[float, float, float] | None:
    """Log change of a segment's pass rate after its start, and its parts by mix and by rate; the parts add up exactly.

    Rates of single combinations are drawn towards the segment's by fifty entrants' worth, before and after alike, since most have few
    sessions. The split takes the mean over both orders (Kitagawa 1955; Das Gupta 1993).
    """
    n, y = cells.reached[number], cells.reached[number + 1]
    late = cells.bin >= start
    mine = inside[cells.combination]
    parts = []
    for period in (mine & ~late, mine & late):
        entrants = np.bincount(cells.combination[period], n[period], minlength=len(cells.codes))
        passes = np.bincount(cells.combination[period], y[period], minlength=len(cells.codes))
        parts.append((entrants, passes))
    (n0, y0), (n1, y1) = parts
    if min(n0.sum(), n1.sum()) < 50 or min(y0.sum(), y1.sum()) < 1:
        return None
    per_level = [additive_rates(cells, n0 + n1, y0 + y1), None]
    base = per_level[0]
    before, after = y0.sum() / n0.sum(), y1.sum() / n1.sum()
    mixed = (n1 @ base / n1.sum()) / (n0 @ base / n0.sum())
    change, mix = float(np.log(after / before)), float(np.log(mixed))
    return change, mix, change - mix


def additive_rates(cells: Cells, n: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pass rate of each combination from the levels' rates alone, on the log scale by proportional fitting."""
    rate = np.full(len(n), y.sum() / n.sum())
    for _ in range(8):
        for d, dimension in enumerate(cells.dimensions):
            code = cells.codes[:, d]
            expected = np.bincount(code, n * rate, minlength=len(dimension))
            seen = np.bincount(code, y, minlength=len(dimension))
            rate = np.minimum(rate * ((seen + 5) / (expected + 5))[code], 0.999)
    return rate
