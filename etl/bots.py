"""Rules that tell automated sessions, each with a name. What they catch is kept in the table bots with the rule, never deleted.

Google removes the robots it knows before it exports; these look for what is left. A session that bought something is never one.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

import duckdb

from etl.privacy import literal

DATA = Path(__file__).resolve().parent.parent / "data"

FAST_VIEWS = 20
VIEWS_PER_SECOND = 2
BURST = 30
HOSTED = 10
EMPTY_SHARE = 0.95


class Rule(NamedTuple):
    """Name of a rule, as in bots.rule, and what it looks for, in words."""

    name: str
    description: str


RULES = (
    Rule("impossible speed", f"{FAST_VIEWS} page views or more, at over {VIEWS_PER_SECOND} a second: no one reads that fast."),
    Rule("referral spam", "The source is a host known to fake visits so that it is seen in reports (data/spam_referrers.csv)."),
    Rule(
        "hosting network",
        f"Network of a hosting company (data/hosting_networks.csv) that sent {HOSTED} sessions or more on the day, "
        f"{EMPTY_SHARE:.0%} of them of one view and no length: servers, not people.",
    ),
    Rule(
        "burst",
        f"One of {BURST} sessions or more within a minute from one referring source, each of one view and no length, "
        f"on a day when {EMPTY_SHARE:.0%} of its sessions were so.",
    ),
)

IS_EMPTY = "(duration_seconds = 0 and coalesce(pageviews, 1) <= 1)"
ANY_SITE = "('(direct)', '(not set)', '', 'google', 'bing', 'yahoo', 'baidu', 'yandex', 'duckduckgo')"


def rule_sql(con: duckdb.DuckDBPyConnection, relation: str = "scratch.landing", row: str = "landing") -> str:
    """SQL for the name of the first rule that catches a landed row, NULL for people.

    Looks through `relation` (landing columns, raw labels) for the sources and networks to mark and keeps them in temporary tables, so that
    clean data pay nothing a row. `row` is the alias under which the expression finds the row's landing columns.
    """
    cases = [("impossible speed", _speed(row))]
    is_empty = IS_EMPTY.replace("duration", f"{row}.duration").replace("pageviews", f"{row}.pageviews")
    network = f"({row}.network_domain, {row}.session_date)"
    minute = f"({row}.source, date_trunc('minute', {row}.started_at))"
    for name, table, found, test in (
        ("referral spam", "bot_spam", _spam_sql(relation), f"{row}.source in (from bot_spam)"),
        ("hosting network", "bot_hosting", _hosting_sql(relation), f"{is_empty} and {network} in (from bot_hosting)"),
        ("burst", "bot_burst", _burst_sql(relation), f"{is_empty} and {minute} in (from bot_burst)"),
    ):
        con.execute(f"create or replace temp table {table} as {found}")
        if con.execute(f"select count(*) from {table}").fetchone()[0]:
            cases.append((name, test))
    whens = " ".join(f"when {condition} then '{name}'" for name, condition in cases)
    return f"case when coalesce({row}.transactions, 0) > 0 then null {whens} end"


def _speed(row: str) -> str:
    # greatest() passes over NULL: a length that is not known is no length of zero.
    seconds = f"case when {row}.duration_seconds is not null then greatest({row}.duration_seconds, 1) end"
    return f"{row}.pageviews >= {FAST_VIEWS} and {row}.pageviews > {VIEWS_PER_SECOND} * {seconds}"


def _spam_sql(relation: str) -> str:
    hosts = literal(_any_subdomain("spam_referrers.csv", "host"))
    return f"""
        select source
        from (select distinct source from {relation})
        where regexp_full_match(lower(trim(source)), {hosts})
    """


def _hosting_sql(relation: str) -> str:
    networks = literal(_any_subdomain("hosting_networks.csv", "network_domain"))
    return f"""
        select network_domain, session_date
        from {relation}
        where network_domain is not null and network_domain <> '(not set)'
        group by all
        having count(*) >= {HOSTED}
            and count(*) filter ({IS_EMPTY}) >= {EMPTY_SHARE} * count(*)
            and regexp_full_match(lower(trim(network_domain)), {networks})
    """


def _burst_sql(relation: str) -> str:
    return f"""
        with days as (
            select source, session_date
            from {relation}
            where source not in {ANY_SITE}
            group by all
            having count(*) >= {BURST} and count(*) filter ({IS_EMPTY}) >= {EMPTY_SHARE} * count(*)
        )
        select source, date_trunc('minute', started_at) as minute
        from {relation}
        semi join days using (source, session_date)
        where {IS_EMPTY}
        group by all
        having count(*) >= {BURST}
    """


def _any_subdomain(file: str, column: str) -> str:
    """Pattern of the hosts listed in a file of data/, with any subdomain."""
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        hosts = [row[column] for row in csv.DictReader(lines)]
    return rf"(.*\.)?({'|'.join(map(re.escape, hosts))})"
