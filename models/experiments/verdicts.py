"""What became of each registered fix, as the table fix_verdicts holds it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np

from models.experiments import days
from models.experiments.fixes import Fix
from models.experiments.plans import rate_words
from models.experiments.verdict import LEAST_BINS, LEAST_PASSES, Verdict, verdict
from models.leaks.cells import OTHER, Calendar
from models.leaks.database import EXPRESSIONS, Funnel
from models.leaks.ranking import GAP, Finding
from models.percent import percent

TOO_EARLY, CANNOT = "too early", "cannot say"
COLUMNS = (
    "run_id",
    "leak_id",
    "fixed_on",
    "note",
    "state",
    "step",
    "segment",
    "change",
    "change_low",
    "change_high",
    "recovered",
    "recovered_low",
    "recovered_high",
    "rate_before",
    "rate_after",
    "rest_before",
    "rest_after",
    "sessions_before",
    "sessions_after",
    "words",
)


@dataclass(frozen=True)
class Known:
    """What a ranking knew of a leak: the effect and its deviation in log-odds, and the day it began."""

    kind: str
    step: str
    segment: days.Segment
    since: date | None
    effect: float
    sd: float


def read_known(con: duckdb.DuckDBPyConnection, fix: Fix) -> Known | None:
    """The leak of a fix, as the last ranking before the fix found it, else the first after it: later ones hold days without the leak."""
    rows = con.execute(
        """
        select kind, step, cast(segment as varchar), coalesce(started_on, first_day), cast(evidence as varchar)
        from leaks
        inner join leak_runs using (run_id)
        where leak_id = $leak
        order by
            last_day < $on desc nulls last,
            case when last_day < $on then -epoch_us(ranked_at) else epoch_us(ranked_at) end,
            run_id
        limit 1
        """,
        {"leak": fix.leak_id, "on": fix.fixed_on},
    ).fetchall()
    if not rows:
        return None
    kind, step, segment, since, evidence = rows[0]
    told = json.loads(evidence)
    effect = told.get("contrast") if kind == GAP else told.get("effect")
    return Known(kind, step, tuple(json.loads(segment).items()), since, float(effect or 0.0), float(told.get("sd") or 0.0))


def verdicts(con: duckdb.DuckDBPyConnection, fixes: list[Fix], leaks: list[Finding], funnel: Funnel, calendar: Calendar) -> list[dict]:
    """Judge every fix on the sessions of a connection; rows without run_id.

    Parameters
    ----------
    leaks : the present findings but gaps: their sessions are no untouched traffic.
    """
    known = {fix.leak_id: read_known(con, fix) for fix in fixes}
    out, able = [], []
    last = calendar.end_of(len(calendar) - 1) if calendar.is_dated else None
    for fix in fixes:
        one = known[fix.leak_id]
        why = hindrance(one, fix, funnel, last)
        if why:
            told = {} if one is None else {"step": one.step, "segment": json.dumps(dict(one.segment), ensure_ascii=False)}
            out.append(row(fix, CANNOT, why) | told)
        else:
            able.append((fix, one))
    if not able or last is None:
        return out
    others = {(leak.step, leak.segment) for leak in leaks} | {(one.step, one.segment) for _, one in able if one.kind != GAP}
    segments = sorted({one.segment for _, one in able} | {segment for _, segment in others})
    counted = days.read(con, segments, funnel, min(one.since for _, one in able), last)
    for fix, one in able:
        touched = [one.segment, *(segment for step, segment in others if one.kind == GAP or step == one.step)]
        inside = counted.member[segments.index(one.segment)]
        rest = ~np.any(counted.member[[segments.index(segment) for segment in touched]], axis=0)
        out.append(judged(fix, one, counted, inside, rest, funnel))
    return sorted(out, key=lambda one: (one["fixed_on"], one["leak_id"]))


def hindrance(one: Known | None, fix: Fix, funnel: Funnel, last: date | None) -> str:
    """Why nothing can be said of a fix, in a sentence; empty where something can."""
    if one is None:
        return "No ranking has found a leak with this leak_id: look it up on the page of leaks."
    if last is None or one.since is None:
        return "Without dates there is no before and after to compare."
    if fix.fixed_on <= one.since:
        return f"The leak began on {one.since}: a fix on {fix.fixed_on} has no days before it to compare with."
    if any(name not in funnel.names for name in one.step.split(" → ")):
        return f"The step {one.step} is no longer part of the funnel, so that its rate cannot be followed."
    if any(name not in EXPRESSIONS or level == OTHER for name, level in one.segment):
        return "The segment gathers small levels, which are others by now."
    if one.effect >= 0 or one.sd <= 0:
        return "The ranking that found this leak kept no size of its effect to compare with."
    return ""


def judged(fix: Fix, one: Known, counted: days.Days, inside: np.ndarray, rest: np.ndarray, funnel: Funnel) -> dict:
    """The verdict on one fix, from the counts by day."""
    entered, passed = (funnel.names.index(name) for name in one.step.split(" → "))
    own = counted.counts(inside, entered, passed, one.since)
    others = counted.counts(rest, entered, passed, one.since)
    at = min((fix.fixed_on - one.since).days, len(own[0]))
    said = verdict(own, others, at, -one.effect, z=-one.effect / one.sd)
    figures = {
        "rate_before": rate(own, slice(0, at)),
        "rate_after": rate(own, slice(at, None)),
        "rest_before": rate(others, slice(0, at)),
        "rest_after": rate(others, slice(at, None)),
        "sessions_before": int(own[0][:at].sum()),
        "sessions_after": int(own[0][at:].sum()),
    }
    # The days before a fix do not become more.
    state = CANNOT if said.state == TOO_EARLY and said.bins_before < LEAST_BINS and at < len(own[0]) else said.state
    return (
        row(fix, state, words(fix, state, said, figures))
        | figures
        | {
            "step": one.step,
            "segment": json.dumps(dict(one.segment), ensure_ascii=False),
            "change": said.change,
            "change_low": said.low,
            "change_high": said.high,
            "recovered": said.recovered,
            "recovered_low": said.recovered_low,
            "recovered_high": said.recovered_high,
        }
    )


def rate(counts: tuple[np.ndarray, np.ndarray], part: slice) -> float | None:
    entrants = float(counts[0][part].sum())
    return float(counts[1][part].sum()) / entrants if entrants else None


def row(fix: Fix, state: str, said: str) -> dict:
    return dict.fromkeys(COLUMNS) | {"leak_id": fix.leak_id, "fixed_on": fix.fixed_on, "note": fix.note, "state": state, "words": said}


def words(fix: Fix, state: str, said: Verdict, figures: dict) -> str:
    """A verdict in sentences."""
    if state == CANNOT:
        return (
            f"Before the fix too few sessions passed, or too few days, to compare with: {LEAST_BINS} stretches of days with {LEAST_PASSES:.0f} passes and as many "
            f"that did not are needed. {seen(figures)}"
        )
    if state == TOO_EARLY:
        return f"Too early to say: {said.bins_after} of the {LEAST_BINS} stretches of days that a verdict needs have passed since {fix.fixed_on}. {seen(figures)}"
    back = f"{percent(said.recovered)} of the loss [{percent(said.recovered_low)}, {percent(said.recovered_high)}] is back"
    if state == "fixed":
        return f"Fixed: against the rest of the traffic {back}. {seen(figures)}"
    if state == "worse":
        return f"Worse since {fix.fixed_on}: against the rest of the traffic {back}, less than nothing. {seen(figures)}"
    if said.low is not None and said.low > 0:
        return f"Not yet: better, but against the rest of the traffic only {back}. {seen(figures)}"
    return f"Not yet: against the rest of the traffic {back}, which may as well be none. {seen(figures)}"


def seen(figures: dict) -> str:
    """The rates before and after, in a sentence."""
    before, after = figures["rate_before"], figures["rate_after"]
    if before is None or after is None:
        return "No session of the segment entered the step " + ("since." if after is None else "before.")
    said = f"{rate_words(after)} of {figures['sessions_after']:,} sessions pass since, {rate_words(before)} of {figures['sessions_before']:,} did before"
    if figures["rest_before"] is None or figures["rest_after"] is None or math.isnan(figures["rest_after"]):
        return said + "; there is no other traffic to compare with."
    return said + f"; of the others {rate_words(figures['rest_after'])} and {rate_words(figures['rest_before'])}."


def append(con: duckdb.DuckDBPyConnection, run_id: str, rows: list[dict]) -> None:
    """Write the verdicts of a ranking."""
    for one in rows:
        one["run_id"] = run_id
        con.execute(
            f"insert into fix_verdicts ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})", [one[name] for name in COLUMNS]
        )
