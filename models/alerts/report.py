"""Alerts in words and as data."""

from __future__ import annotations

import json
from datetime import date, datetime

import duckdb

from models.alerts.judge import Judged, Told
from models.leaks import cause
from models.leaks.report import amounts, exchange, segment_words
from models.percent import percent

SCHEMA = 1
LOSS, TRACKING, DEFINITION = "loss", "tracking", "definition"
KINDS = {cause.TRACKING: TRACKING, cause.DEFINITION: DEFINITION}
HEADS = {
    LOSS: "Fewer sessions pass than expected:",
    TRACKING: "The records seem to have broken; nothing else is known to be lost:",
    DEFINITION: "A label seems to have changed its meaning; nothing is known to be lost:",
}
STATUS = {"new": "New", "growing": "Grown since it was told", "back": "Back"}


def findings(con: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, dict]:
    """The findings of a ranking but gaps, by leak_id, with what they cost in 30 days."""
    result = con.execute(
        """
        with dated as (
            select
                leaks.*,
                coalesce(month_factor(coalesce(started_on, first_day), last_day), 1) as months
            from leaks
            inner join leak_runs using (run_id)
            where run_id = ? and kind <> 'gap'
        )
        select
            leak_id,
            step,
            cast(segment as varchar) as segment,
            sessions,
            observed_rate,
            expected_rate,
            started_on,
            started_from,
            started_until,
            cause,
            cast(evidence as varchar) as evidence,
            [lost_conversions * months, lost_low * months, lost_high * months] as conversions_per_month,
            [revenue * months, revenue_low * months, revenue_high * months] as revenue_per_month
        from dated
        """,
        [run_id],
    )
    names = [column[0] for column in result.description]
    out = {}
    for values in result.fetchall():
        row = dict(zip(names, values, strict=True))
        row["segment"], row["evidence"] = json.loads(row["segment"]), json.loads(row["evidence"])
        for name in ("conversions_per_month", "revenue_per_month"):
            row[name] = None if row[name] is None or row[name][0] is None else row[name]
        out[row["leak_id"]] = row
    return out


def alert(row: dict, told: Told) -> dict:
    """One alert, as `--json` and webhooks hold it."""
    kind = KINDS.get(row["cause"], LOSS)
    kept = ("leak_id", "step", "segment", "sessions", "observed_rate", "expected_rate")
    days = ("started_on", "started_from", "started_until")
    return (
        {"kind": kind, "status": told.status, "p": told.p}
        | {name: row[name] for name in kept}
        | {name: day(row[name]) for name in days}
        | {name: row[name] for name in ("cause", "conversions_per_month", "revenue_per_month")}
        | {"words": words(row, kind, told.status)}
    )


def day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def words(row: dict, kind: str, status: str) -> str:
    """An alert in a sentence or two."""
    segment = segment_words(row["segment"].items())
    since = f", since about {row['started_on']}" if row["started_on"] else ""
    if since and row["started_from"] != row["started_until"]:
        since += f" (between {row['started_from']} and {row['started_until']})"
    said = f"{STATUS[status]}: {segment}: {row['step']}{since}: {percent(row['observed_rate'], 2)} of {row['sessions']:,} sessions pass, {percent(row['expected_rate'], 2)} expected"
    evidence = row["evidence"]
    if kind == TRACKING:
        said += f"; {evidence.get('rule', 'the records stopped')}: look at the tags before believing a report on this step."
    elif kind == DEFINITION and "from" in evidence:
        said += f"; {exchange(evidence)}."
    elif kind == DEFINITION:
        said += f"; {evidence.get('event', 'a known change')} on {evidence.get('on')}."
    else:
        said += worth(row) + (" Who came explains most of it." if row["cause"] == cause.MIX else "")
    return "".join(character if character.isprintable() else " " for character in said)


def worth(row: dict) -> str:
    lost, revenue = row["conversions_per_month"], row["revenue_per_month"]
    return f"; {amounts(lost, revenue, ' a month')}."


def report(con: duckdb.DuckDBPyConnection, judged: list[Judged], run_id: str) -> dict:
    """What a ranking has to tell, as `--json` prints it and webhooks receive it; see docs/methodology.md for its fields."""
    place = next(number for number, one in enumerate(judged) if one.run_id == run_id)
    one, rows = judged[place], findings(con, run_id)
    ranked_at, first_day, last_day = con.execute(
        "select ranked_at, first_day, last_day from leak_runs where run_id = ?", [run_id]
    ).fetchall()[0]
    earlier = {told.leak_id: before.run_id for before in judged[:place] for told in before.alarms}
    raised = {told.leak_id for told in one.alarms}
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "ranked_at": moment(ranked_at),
        "first_day": day(first_day),
        "last_day": day(last_day),
        "level": one.level,
        "p": one.p,
        "is_alarm": one.is_alarm,
        "alerts": [alert(rows[told.leak_id], told) for told in one.alarms if told.leak_id in rows],
        "still_open": [{"leak_id": name, "told_in": earlier[name]} for name in sorted(earlier) if name in rows and name not in raised],
        "unsure": sum(name not in earlier and name not in raised for name in rows),
    }


def moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def described(told: dict) -> str:
    """The report for people, short enough for a mail."""
    until = f", data until {told['last_day']}" if told["last_day"] else ""
    number = len(told["alerts"])
    count = f"{number} alert{'s' * (number != 1)}" if number else "no alert"
    lines = [f"Leak ranking of {told['ranked_at'][:10]}{until}: {count}."]
    for kind, head in HEADS.items():
        some = [one for one in told["alerts"] if one["kind"] == kind]
        lines += [head, *(f"  {one['words']}" for one in some)] if some else []
    if told["still_open"]:
        lines.append(f"{len(told['still_open'])} told before {'is' if len(told['still_open']) == 1 else 'are'} still there.")
    if told["unsure"]:
        level = "" if number else f" (p {told['p']:.2g}, needed {told['level']:.2g})"
        lines.append(f"{told['unsure']} more on the list {'is' if told['unsure'] == 1 else 'are'} not sure enough for an alert yet{level}.")
    return "\n".join(lines)
