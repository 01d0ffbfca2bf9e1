"""Funnel stages by the rules in data/stage_rules.toml, compiled to SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl import rules as rule_files
from etl.errors import InputError
from etl.privacy import literal

RULES = Path(__file__).resolve().parent.parent / "data" / "stage_rules.toml"

ALLOWED = {
    ("events", "engaged"): {"pageviews", "seconds", "names", "pages"},
    ("events", "deep"): {"pageviews", "seconds", "names", "pages"},
    ("events", "converted"): {"names", "pages"},
    ("thresholds",): {"engaged_pageviews", "deep_pageviews"},
}


PURCHASES = ("purchase", "in_app_purchase", "ecommerce_purchase")
"""Events that are purchases: they convert the session they are credited to, which a repeated one does not."""


@dataclass(frozen=True)
class Rule:
    """What makes a stage where the export has events: any one of these."""

    names: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    pageviews: int | None = None
    seconds: int | float | None = None

    def sql(self, names: str, pages: str | None, pageviews: str, seconds: str) -> str:
        parts = []
        if self.pageviews is not None:
            parts.append(f"{pageviews} >= {self.pageviews}")
        if self.seconds is not None:
            parts.append(f"{seconds} >= {self.seconds}")
        if self.names:
            parts.append(f"list_has_any({names}, [{', '.join(map(literal, self.names))}])")
        if self.pages and pages:
            tests = (f"page = {literal(page)} or starts_with(page, {literal(page.rstrip('/') + '/')})" for page in self.pages)
            parts.append(f"len(list_filter({pages}, lambda page: {' or '.join(tests)})) > 0")
        return "coalesce(" + " or ".join(f"coalesce({part}, false)" for part in parts) + ", false)" if parts else "false"


@dataclass(frozen=True)
class StageRules:
    """The rules as read; see the file."""

    engaged: Rule
    deep: Rule
    converted: Rule
    engaged_pageviews: int
    deep_pageviews: int

    def event_stage_sql(self, names: str, pages: str | None, pageviews: str, seconds: str, transactions: str) -> str:
        """Stage 0 to 3 from expressions for the session's event names and page paths (lists), page views, seconds and transactions."""
        told = (names, pages, pageviews, seconds)
        return (
            f"(case when coalesce({transactions}, 0) > 0 or {self.converted.sql(*told)} then 3 "
            f"when {self.deep.sql(*told)} then 2 when {self.engaged.sql(*told)} then 1 else 0 end)::tinyint"
        )

    def event_level_sql(self, name: str, page: str) -> str:
        """Stage 0 to 3 that a single event by itself makes, from expressions for its name and page; purchases are judged by `transactions`."""
        levels = []
        for level, rule in ((3, self.converted), (2, self.deep), (1, self.engaged)):
            names = [event for event in rule.names if level < 3 or event not in PURCHASES]
            tests = [f"{name} in ({', '.join(map(literal, names))})"] if names else []
            tests += [f"{page} = {literal(path)} or starts_with({page}, {literal(path.rstrip('/') + '/')})" for path in rule.pages]
            if tests:
                levels.append(f"when {' or '.join(f'coalesce({test}, false)' for test in tests)} then {level}")
        return f"case {' '.join(levels)} else 0 end" if levels else "0"

    def session_level_sql(self, pageviews: str, seconds: str) -> str:
        """Stage 0 to 2 that page views and length make, whatever the events are."""
        levels = []
        for level, rule in ((2, self.deep), (1, self.engaged)):
            tests = [f"{pageviews} >= {rule.pageviews}"] if rule.pageviews is not None else []
            tests += [f"{seconds} >= {rule.seconds}"] if rule.seconds is not None else []
            if tests:
                levels.append(f"when {' or '.join(f'coalesce({test}, false)' for test in tests)} then {level}")
        return f"case {' '.join(levels)} else 0 end" if levels else "0"

    def threshold_stage_sql(self, pageviews: str, transactions: str) -> str:
        """Stage 0 to 3 from expressions for the session's page views and transactions, where there are no events."""
        return (
            f"(case when coalesce({transactions}, 0) > 0 then 3 when {pageviews} >= {self.deep_pageviews} then 2 "
            f"when {pageviews} >= {self.engaged_pageviews} then 1 else 0 end)::tinyint"
        )


def stage_sql(stage: str = "landing.stage", transactions: str = "landing.transactions", pageviews: str = "landing.pageviews") -> str:
    """Stage of a landed row: as its events told it, never below what its transactions say, else by the thresholds."""
    by_thresholds = load_rules().threshold_stage_sql(pageviews, transactions)
    return f"coalesce(case when {transactions} > 0 then 3::tinyint end, {stage}, {by_thresholds})"


def thresholds_words() -> str:
    """The thresholds in force, for the table loads: engaged from 5, deep from 10."""
    rules = load_rules()
    return f"engaged from {rules.engaged_pageviews}, deep from {rules.deep_pageviews}"


def load_rules(path: Path | None = None) -> StageRules:
    """Read the rules; raises InputError with one line where the file says something that has no meaning."""
    path = path or RULES
    rules = rule_files.read(path)
    _refuse_unknown(path.name, rules)
    events, thresholds = rules.get("events", {}), rules.get("thresholds", {})
    engaged = _whole(path.name, "thresholds.engaged_pageviews", thresholds.get("engaged_pageviews", 5))
    deep = _whole(path.name, "thresholds.deep_pageviews", thresholds.get("deep_pageviews", 10))
    if engaged > deep:
        raise InputError(f"{path.name}: thresholds.engaged_pageviews ({engaged}) is above deep_pageviews ({deep}): lower it")
    stages = {name: _rule(path.name, name, events.get(name, {})) for name in ("engaged", "deep", "converted")}
    return StageRules(**stages, engaged_pageviews=engaged, deep_pageviews=deep)


def _refuse_unknown(file: str, rules: dict) -> None:
    known = {"events": {"engaged", "deep", "converted"}, "thresholds": ALLOWED[("thresholds",)]}
    for table, content in rules.items():
        if table not in known or not isinstance(content, dict):
            raise InputError(f"{file}: [{table}] means nothing here: use [events.engaged], [events.deep], [events.converted], [thresholds]")
        for key, value in content.items():
            allowed = ALLOWED.get((table, key))
            if key not in known[table] or (allowed is not None and not isinstance(value, dict)):
                raise InputError(f"{file}: {table}.{key} has no meaning here: use {', '.join(sorted(known[table]))}")
            for name in value if allowed is not None else ():
                if name not in allowed:
                    raise InputError(f"{file}: {table}.{key}.{name} has no meaning here: use {', '.join(sorted(allowed))}")


def _rule(file: str, stage: str, rule: dict) -> Rule:
    texts = {}
    for key in ("names", "pages"):
        value = rule.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise InputError(f"{file}: events.{stage}.{key} must be a list of texts")
        texts[key] = tuple(value)
    numbers = {key: _whole(file, f"events.{stage}.{key}", rule[key]) for key in ("pageviews", "seconds") if key in rule}
    return Rule(**texts, **numbers)


def _whole(file: str, key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{file}: {key} must be a whole number of at least 1, not {value!r}")
    return value
