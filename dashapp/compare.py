"""Which two periods are compared: the chosen days with as many directly before, or with the same weekdays 364 days earlier.

What is missing of either is counted here and said on the page: no period is compared in silence with one that has no data.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from dashapp.days import span
from dashapp.db import Reading, Statement
from dashapp.filters import COMPARED, Filters, call_text, statement_text
from dashapp.queries import common

# 52 weeks: the same weekdays, of which a site's days depend more than on the date.
YEAR = timedelta(days=364)
WEEK = 7
WORDS = {"previous": "the days before", "year": "the same days last year"}
NO_DATES = "These data have no dates, so there are no periods to compare."
CHOOSE_DATES = "A comparison needs dates: choose a first and a last day."


@dataclass(frozen=True)
class Comparison:
    """Two periods under the same filters, and on how many of their days there are data. With a `problem`, nothing is compared."""

    now: Filters
    before: Filters
    covered: int = 0
    covered_before: int = 0
    problem: str = ""

    @property
    def shift(self) -> timedelta:
        """From a day of the earlier period to its like in the current one."""
        return self.now.since - self.before.since

    @property
    def days(self) -> int:
        """How many days each of the periods has."""
        return (self.now.until - self.now.since).days + 1

    @property
    def earlier(self) -> str:
        """The earlier period in words."""
        return span(self.before.since, self.before.until)

    @property
    def notes(self) -> list[str]:
        """What a reader of the differences has to know first."""
        if self.problem:
            return [self.problem]
        notes = []
        if self.covered != self.covered_before:
            notes.append(
                f"Compared with {self.earlier}, which has data on {self.covered_before} of its {self.days} days, the period shown on "
                f"{self.covered}: totals are not compared, rates are."
            )
        elif self.covered < self.days:
            notes.append(f"Both periods have data on {self.covered} of their {self.days} days only, perhaps not the same weekdays.")
        if self.shift.days % WEEK:
            notes.append(f"{self.days} days are no whole weeks: the two periods hold different weekdays, which is part of any difference.")
        return notes

    def statement(self, relation: str) -> Statement:
        """All of a relation that takes two periods, its filters bound."""
        params = self._params(relation)
        return f"from {call_text(relation, params)}", params

    def sql(self, relation: str) -> str:
        """The same as a statement to paste into a DuckDB client."""
        return statement_text(relation, self._params(relation))

    def _params(self, relation: str) -> dict[str, Any]:
        if relation not in COMPARED:
            raise ValueError(f"not a relation of two periods: {relation!r}")
        return self.now.params() | {"previous_since": self.before.since, "previous_until": self.before.until}


def of(read: Reading, filters: Filters) -> Comparison | None:
    """The comparison that the filters ask for; None where they ask for none."""
    if not filters.compare:
        return None
    known = common.coverage(read)
    if known["first"] is None:
        return Comparison(filters, filters, problem=NO_DATES)
    if filters.since is None and filters.until is None:
        return Comparison(filters, filters, problem=CHOOSE_DATES)
    since = max(filters.since or known["first"], known["first"])
    until = min(filters.until or known["last"], known["last"])
    if since > until:
        return Comparison(filters, filters, problem="There are no data for the chosen days, so nothing is compared.")
    back = YEAR if filters.compare == "year" else until - since + timedelta(days=1)
    if back <= until - since:
        return Comparison(
            filters,
            filters,
            problem=f"More than {YEAR.days} days are chosen, so they overlap with the same days last year: choose fewer, or compare with the days before.",
        )
    if (since - date.min) < back:
        return Comparison(filters, filters, problem="There are no days before the chosen ones.")
    now = replace(filters, since=since, until=until)
    before = replace(filters, since=since - back, until=until - back)
    covered, covered_before = (common.days_covered(read, period.since, period.until) for period in (now, before))
    missing = ""
    if not covered_before:
        missing = f"There are no data for {span(before.since, before.until)}, {WORDS[filters.compare]}: nothing is compared."
    return Comparison(now, before, covered, covered_before, missing)
