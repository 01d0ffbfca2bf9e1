"""Experiment plans for the findings of a ranking, as the table experiment_plans holds them."""

from __future__ import annotations

import math
from statistics import NormalDist

import duckdb
import numpy as np

from models.experiments.plan import LONGEST_WEEKS, plan, value_of_testing
from models.leaks.cause import BEHAVIOUR
from models.leaks.cells import Cells
from models.leaks.ranking import GAP, Finding, Outcome
from models.percent import percent

SHARES = (1.0, 0.5)
TRAFFIC_DAYS = 28
MONTH = 365.25 / 12
GAP_WIDTH = NormalDist().inv_cdf(0.95)

COLUMNS = (
    "leak_id",
    "run_id",
    "share",
    "is_upper_bound",
    "present_rate",
    "aimed_rate",
    "sessions_per_week",
    "sessions_per_arm",
    "weeks",
    "sessions_per_arm_sequential",
    "weeks_sequential",
    "smallest_rate",
    "is_feasible",
    "monthly_value",
    "expected_value",
    "words",
)


def plans(outcome: Outcome) -> list[dict]:
    """A plan for each priced leak that behaviour explains and for each gap, and for each share of its loss; rows without run_id."""
    found = [one for one in outcome.leaks if one.cause == BEHAVIOUR and one.conversions is not None]
    return [planned(outcome.cells, one, share) for one in (*found, *outcome.gaps) for share in SHARES]


def planned(cells: Cells, one: Finding, share: float) -> dict:
    """The plan of a test that wins back a share of a finding's loss."""
    present = one.observed_rate
    aimed = present + share * (one.expected_rate - present)
    traffic = sessions_per_week(cells, one)
    row = dict.fromkeys(COLUMNS) | {
        "leak_id": one.leak_id,
        "share": share,
        "is_upper_bound": one.kind == GAP,
        "present_rate": present,
        "aimed_rate": aimed,
        "sessions_per_week": traffic,
        "is_feasible": False,
    }
    why = hindrance(present, aimed, traffic)
    if why:
        return row | {"words": why}
    made = plan(present, aimed, traffic)
    money = monthly(cells, one)
    if money is not None:
        value, sd = money
        row["monthly_value"] = share * value
        of_month = share * MONTH / 30
        row["expected_value"] = value_of_testing(of_month * value, of_month * sd, present, aimed, traffic, made.weeks)
    row |= {
        "sessions_per_arm": made.sessions_per_arm,
        "weeks": made.weeks,
        "sessions_per_arm_sequential": made.sessions_per_arm_sequential,
        "weeks_sequential": made.weeks_sequential,
        "smallest_rate": made.smallest_rate,
        "is_feasible": made.is_feasible,
    }
    return row | {"words": words(row)}


def hindrance(present: float, aimed: float, traffic: float | None) -> str:
    """Why no test can be planned, in a sentence; empty where one can."""
    if traffic is None:
        return "Without dates the traffic of a week is not known, so that no test can be planned."
    if not traffic:
        return "No session of this segment entered the step in the last four weeks: there is nobody to test with."
    if present <= 0:
        return "No session passes now, so that there is no rate to improve on: look for a fault before planning a test."
    if not present < aimed < 1:
        return "After allowing for chance nothing is left to win back that a test could look for."
    return ""


def sessions_per_week(cells: Cells, one: Finding) -> float | None:
    """Sessions of the finding's segment that enter its step in a week, over the last four weeks or what there is; None without dates."""
    calendar = cells.calendar
    if not calendar.is_dated:
        return None
    bins = min(TRAFFIC_DAYS // calendar.days, len(calendar))
    counted = inside(cells, one.segment)[cells.combination] & (cells.bin >= len(calendar) - bins)
    return float(cells.reached[one.from_stage][counted].sum()) * 7 / (bins * calendar.days)


def inside(cells: Cells, segment: tuple[tuple[str, str], ...]) -> np.ndarray:
    """Which combinations are in a segment."""
    named = {dimension.name: place for place, dimension in enumerate(cells.dimensions)}
    out = np.ones(len(cells.codes), bool)
    for name, level in segment:
        out &= cells.codes[:, named[name]] == cells.dimensions[named[name]].labels.index(level)
    return out


def monthly(cells: Cells, one: Finding) -> tuple[float, float] | None:
    """Revenue lost in 30 days and its standard deviation; None where there is no revenue or the time is not known."""
    calendar = cells.calendar
    if one.revenue is None or one.revenue[0] <= 0 or not calendar.is_dated:
        return None
    since = one.started_on or calendar.starts[0]
    months = ((calendar.end_of(len(calendar) - 1) - since).days + 1) / 30
    value = one.revenue[0] / months
    if one.kind == GAP:
        return value, (one.revenue[2] - one.revenue[0]) / GAP_WIDTH / months
    # The loss shown is that of the effect drawn towards zero by what selection adds, g (1 - 1/z^2); its doubt is that of g.
    z = max(abs(one.evidence["effect"]) / one.evidence["sd"], 1.1)
    return value, value / (z - 1 / z)


def words(row: dict) -> str:
    """A plan in sentences."""
    whole = "all of the loss" if row["share"] == 1 else "half of the loss"
    rates = f"from {rate_words(row['present_rate'])} to {rate_words(row['aimed_rate'])}"
    traffic = row["sessions_per_week"]
    said = [
        f"To see whether a remedy wins back {whole}, {rates} of sessions, show it to half of the visitors of this segment, chosen at random: "
        f"{row['sessions_per_arm']:,} sessions in each half, {weeks(row['weeks'])} at today's {traffic:,.0f} sessions a week, judged once, at the end."
    ]
    if row["is_feasible"]:
        said.append(
            "A remedy that does nothing is taken for a success or a harm in at most one such test of twenty; one that works as well as hoped is seen in four of "
            f"five. Judged every day instead, with an interval made for that, it is seen in four of five within {row['sessions_per_arm_sequential']:,} sessions in "
            f"each half ({weeks(row['weeks_sequential'])}), and often sooner."
        )
    elif row["smallest_rate"] is not None:
        said.append(
            f"That is too long to be worth starting: in {LONGEST_WEEKS} weeks only a rate of {rate_words(row['smallest_rate'])} or more could be told from the present "
            "one. Mend it without a test and register the fix, or test on more pages at once."
        )
    else:
        said.append(f"That is too long to be worth starting: {LONGEST_WEEKS} weeks could tell no rate whatever from the present one.")
    if row["is_upper_bound"]:
        said.append("What it aims at is an upper bound: part of the difference will be in who these visitors are, which no remedy moves.")
    return " ".join(said)


def rate_words(rate: float) -> str:
    """A rate with three figures."""
    digits = max(2 - math.floor(math.log10(rate * 100)), 0) if 0 < rate < 1 else 0
    return percent(rate, min(digits, 6))


def weeks(number: int) -> str:
    return f"{number:,} week{'s' * (number != 1)}"


def append(con: duckdb.DuckDBPyConnection, run_id: str, outcome: Outcome) -> None:
    """Write the plans of a ranking."""
    for row in plans(outcome):
        row["run_id"] = run_id
        con.execute(
            f"insert into experiment_plans ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})", [row[name] for name in COLUMNS]
        )
