"""Judging the rankings of a database, storing what was judged, and sending it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb

from dashapp.webhook import Target, WebhookError, deliver
from etl.errors import InputError
from etl.publish import publishing
from models.alerts import report
from models.alerts.judge import Judged, Ranking, Seen, Told, judge
from models.database import has_table, reading
from models.runs import now

SEND_DAYS = 14
"""How long after its ranking an alarm is still sent: a new receiver is not told of the past."""

Deliver = Callable[[Target, dict], int]


def alert(
    db: Path,
    *,
    webhook: tuple[str, Target] | None = None,
    dry_run: bool = False,
    send: Deliver = deliver,
    say: Callable[[str], None] = lambda text: None,
) -> dict:
    """Judge the rankings that were not judged yet, publish that, and send the alarms a webhook has not received.

    Parameters
    ----------
    webhook : name and target.
    dry_run : judge, but publish and send nothing.

    Returns
    -------
    dict
        What `--json` prints: the report on the latest ranking of new data, and with a webhook `delivered`, the rankings whose alarms were sent.
    """
    with reading(db) as con:
        judged, fresh = read(con)
        if dry_run or not fresh:
            told = latest(con, judged)
            waiting = pending(con, judged, webhook[0]) if webhook else []
    if fresh and not dry_run:
        say("Publishing …")
        with publishing(db) as con:
            judged, fresh = read(con)
            store(con, fresh)
            told = latest(con, judged)
            waiting = pending(con, judged, webhook[0]) if webhook else []
    if webhook is None:
        return told
    sent = []
    if waiting and not dry_run:
        say("Sending …")
        sent = send_all(db, *webhook, send)
    return told | {"delivered": sent}


def read(con: duckdb.DuckDBPyConnection) -> tuple[list[Judged], list[Judged]]:
    """Every ranking judged, in their order, and those of them that were not judged before."""
    if not has_table(con, "leak_runs") or not (rankings := read_rankings(con)):
        raise InputError("there is no leak ranking to judge yet; make one first: python -m models leaks")
    known = read_judged(con) if has_table(con, "alert_runs") else {}
    judged = judge(rankings, known)
    return judged, [one for one in judged if one.run_id not in known]


def read_rankings(con: duckdb.DuckDBPyConnection) -> list[Ranking]:
    """The rankings in their order with what they found, gaps apart."""
    found: dict[str, list[Seen]] = {}
    for run_id, leak_id, q, months, *lost in con.execute(
        """
        select
            run_id,
            leak_id,
            q_value,
            coalesce(month_factor(coalesce(started_on, first_day), last_day), 1),
            lost_conversions,
            lost_low,
            lost_high
        from leaks
        inner join leak_runs using (run_id)
        where kind <> 'gap'
        order by all
        """
    ).fetchall():
        priced = None if None in lost else (lost[0] * months, lost[1] * months, lost[2] * months)
        found.setdefault(run_id, []).append(Seen(leak_id, q, priced))
    runs = con.execute("select run_id, cast(ranked_at as date), data_hash from leak_runs order by ranked_at, run_id").fetchall()
    return [Ranking(*run, tuple(found.get(run[0], ()))) for run in runs]


def read_judged(con: duckdb.DuckDBPyConnection) -> dict[str, Judged]:
    """What was judged before, by ranking."""
    told: dict[str, list[Told]] = {}
    for run_id, *one in con.execute("select run_id, leak_id, status, p from alerts order by run_id, p, leak_id").fetchall():
        told.setdefault(run_id, []).append(Told(*one))
    runs = con.execute("select run_id, level, p from alert_runs").fetchall()
    return {run[0]: Judged(*run, tuple(told.get(run[0], ()))) for run in runs}


def store(con: duckdb.DuckDBPyConnection, fresh: list[Judged]) -> None:
    """Write judgements with their alarms."""
    at = now()
    for one in fresh:
        con.execute(
            "insert into alert_runs (run_id, judged_at, level, p, is_alarm) values (?, ?, ?, ?, ?)",
            [one.run_id, at, one.level, one.p, one.is_alarm],
        )
        rows = report.findings(con, one.run_id) if one.alarms else {}
        for told in one.alarms:
            made = report.alert(rows[told.leak_id], told)
            con.execute(
                "insert into alerts (run_id, leak_id, kind, status, p, words) values (?, ?, ?, ?, ?, ?)",
                [one.run_id, told.leak_id, made["kind"], told.status, told.p, made["words"]],
            )


def latest(con: duckdb.DuckDBPyConnection, judged: list[Judged]) -> dict:
    """The report on the latest ranking of new data."""
    return report.report(con, judged, [one.run_id for one in judged if one.p is not None][-1])


def pending(con: duckdb.DuckDBPyConnection, judged: list[Judged], name: str) -> list[str]:
    """Rankings of the last fortnight whose alarms a webhook has not received."""
    days = dict(con.execute("select run_id, cast(ranked_at as date) from leak_runs").fetchall())
    since = days[judged[-1].run_id] - timedelta(days=SEND_DAYS)
    delivered = set()
    if has_table(con, "alert_deliveries"):
        delivered = {run_id for (run_id,) in con.execute("select run_id from alert_deliveries where target = ?", [name]).fetchall()}
    return [one.run_id for one in judged if one.is_alarm and days[one.run_id] >= since and one.run_id not in delivered]


def send_all(db: Path, name: str, target: Target, send: Deliver) -> list[str]:
    """Send what is pending, the oldest first, and record what was received.

    The lock of the database is held meanwhile, so that two calls never send the same.
    """
    sent: list[str] = []
    problem = None
    with publishing(db) as con:
        judged, _ = read(con)
        for run_id in pending(con, judged, name):
            try:
                status = send(target, report.report(con, judged, run_id))
            except WebhookError as error:
                problem = InputError(f"{name}: {error} The alarm is kept; the next call tries again")
                break
            con.execute(
                "insert into alert_deliveries (run_id, target, delivered_at, status) values (?, ?, ?, ?)", [run_id, name, now(), status]
            )
            sent.append(run_id)
        if problem and not sent:
            raise problem
    if problem:
        raise problem
    return sent
