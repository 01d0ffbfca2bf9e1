"""What landed rows give away about their file: signs of damage, truncation and selection, one sentence each."""

from __future__ import annotations

import re

import duckdb

CUTS = {
    1_048_575: "where Excel cuts",
    1_048_576: "where Excel cuts",
    65_535: "where old versions of Excel cut",
    65_536: "where old versions of Excel cut",
    100_000: "where the interface of GA4 cuts",
    5_000: "where the interface of Google Analytics cuts",
}
"""Numbers of rows at which programs stop without a word."""

SAMPLED = re.compile(r"(?i)contains ?sampled ?data\W+true|based on (?P<share>[0-9][0-9.,]*) ?% of (sessions|users|events|visits)")

NO_CONVERSIONS = "No conversion information: the file has no transactions, revenue or key events."

MANY = 1_000
FEW_LONG_IDS = 20
LONG_IDS = 200
SESSIONS_PER_VISITOR = 20
FULL_DIGITS = 19
FLOAT_STEP = 64  # floating-point numbers of 18 digits and more are whole multiples of it, ids one time in 64
OTHER_DAY = 0.02


def notices(con: duckdb.DuckDBPyConnection, rows: str, rows_read: int | None = None) -> tuple[list[str], list[str]]:
    """Sentences about landed rows: notes of what is as it should be read, and warnings of what makes figures wrong.

    Parameters
    ----------
    rows : what stands after FROM, with landing columns, raw labels and good rows only, such as
        `(from scratch.landing where load_id = 3 and reject_reason is null)`.
    rows_read : all rows of a file that a spreadsheet or an interface may have cut; None for other files.
    """
    found = con.execute(
        f"""
        select
            count(*) as sessions,
            approx_count_distinct(visitor_key) as visitors,
            count(*) filter (length(visitor_key) >= 16) as long_ids,
            count(*) filter (
                length(visitor_key) >= 16 and ends_with(visitor_key, '000')
                or length(visitor_key) >= 18 and try_cast(visitor_key as ubigint) % {FLOAT_STEP} = 0
            ) as rounded_ids,
            count(*) filter (length(visitor_key) >= 16 and visitor_key < ':' and visitor_key >= '0') as digit_ids,
            count(*) filter (length(visitor_key) >= 16 and starts_with(visitor_key, '0')) as zero_ids,
            count(*) filter (length(visitor_key) between 16 and {FULL_DIGITS - 1}) as short_ids,
            count(*) filter (transactions > 0) as converting,
            count(*) filter (channel = 'Organic Search') as organic,
            count(*) filter (channel = 'Organic Search' and source = '(direct)') as organic_direct,
            count(transactions) + count(revenue_micros) + count(stage) as told,
            count(started_at) as started,
            count(*) filter (started_at::date <> session_date) as other_day
        from {rows}
        """
    )
    (
        sessions,
        visitors,
        long_ids,
        rounded_ids,
        digit_ids,
        zero_ids,
        short_ids,
        converting,
        organic,
        organic_direct,
        told,
        started,
        other_day,
    ) = found.fetchone()
    notes, warnings = [], []
    if rows_read in CUTS:
        warnings.append(f"The file has exactly {rows_read:,} rows, {CUTS[rows_read]}: later rows may be missing.")
    if sessions >= MANY and visitors and sessions > SESSIONS_PER_VISITOR * visitors:
        warnings.append(f"{sessions:,} sessions fold into about {visitors:,} visitors: their ids may be damaged.")
    if long_ids >= FEW_LONG_IDS and rounded_ids > long_ids / 2:
        warnings.append(
            f"{rounded_ids:,} of {long_ids:,} long visitor ids are rounded: a spreadsheet or a program read them as numbers, visitors run together."
        )
    elif long_ids >= LONG_IDS and digit_ids == long_ids and not zero_ids and short_ids > long_ids / 100:
        warnings.append(
            f"None of {long_ids:,} visitor ids begins with 0, though one in ten should: a spreadsheet took their leading zeros, "
            "so that visitors will not be known again in other exports."
        )
    if sessions >= 100 and converting > sessions / 2:
        warnings.append(f"{converting:,} of {sessions:,} sessions convert: the file seems to hold buyers only, so its rates mean nothing.")
    if organic_direct > organic / 2:
        warnings.append(
            f"The source says (direct) for {organic_direct:,} of {organic:,} sessions whose channel is Organic Search: "
            "trust the channel there, not the source."
        )
    if sessions and not told:
        notes.append(NO_CONVERSIONS)
    if started and other_day > OTHER_DAY * started:
        notes.append(
            f"For {other_day:,} of {started:,} sessions the start time, in UTC, falls on another day than the date: "
            "days are those of the date, in the time zone of the property."
        )
    return notes, warnings


def sampled(text: str) -> list[str]:
    """A warning where a text beside the data says that they are a sample."""
    found = SAMPLED.search(text)
    if not found:
        return []
    share = f", {found['share']} % of the sessions" if found["share"] else ""
    return [f"The export is sampled{share}, as it says itself: counts are scaled up and rare conversions missing or doubled."]
