"""Tables whose rows are hits, products or items of sessions: told by their headers, folded without counting anything twice.

The rows of a session are folded where files are merged, which takes the largest of each figure. That is right for totals of the session
repeated in each row; what belongs to a single row is added up here first, so that each row carries the figure of its whole session.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from etl.errors import InputError
from etl.headers import normalise, shorten
from etl.readers import COLUMNS
from etl.recognise import Source

HIT = re.compile(
    r"hit(s)?(number|hitnumber|type|time|pagepagepath|pagepath|eventinfo\w+|ecommerceaction\w+|transaction\w+|item\w+|appinfo\w+)"
)
PRODUCT = re.compile(
    r"(hits?)?(product)?(product|item)(s)?(sku|productsku|v2productname|name|id|revenue|productrevenue|quantity|productquantity|price|brand|"
    r"category|variant)"
)
ITEM_REVENUE = re.compile(r"(hits?)?(product)?(product|item)(product)?revenue")
TRANSACTION_ID = re.compile(r"(hits?)?(ecommerce)?(transaction)?(transactionid|orderid|ordernumber|purchaseid)")
HIT_TYPE = re.compile(r"hits?type")
HIT_NUMBER = re.compile(r"hits?(hit)?number")
ROW_CLOCKS = ("timestamp", "datetime", "dateandtime")
PAGE = "('page', 'pageview', 'page_view', 'appview', 'screenview', 'screen_view')"
SESSION = "visitor_key, visit_key, session_date"
WITHIN_MINUTES = 30
LIKE_HITS = 0.3


@dataclass(frozen=True)
class FanOut:
    """What the headers say of rows that are parts of sessions: their unit (hits or products, None for sessions) and columns by place."""

    unit: str | None
    item_revenue: int | None = None
    transaction_id: int | None = None
    hit_type: int | None = None
    hit_number: int | None = None


def find(source: Source) -> FanOut:
    """What the headers of a table say."""
    taken = set(source.fields.values())
    names = [normalise(name) if place not in taken else "" for place, name in enumerate(source.columns)]

    def place(pattern: re.Pattern) -> int | None:
        return next((place for place, name in enumerate(names) if name and pattern.fullmatch(name)), None)

    unit = "products" if place(PRODUCT) is not None else "hits" if place(HIT) is not None else None
    return FanOut(unit, place(ITEM_REVENUE), place(TRANSACTION_ID), place(HIT_TYPE), place(HIT_NUMBER))


def refuse_keyless(con: duckdb.DuckDBPyConnection, source: Source, fan_out: FanOut, scan: str) -> None:
    """Refuse rows that are hits where no column says which session each belongs to: only a clock tells them apart."""
    if source.fields.keys() & {"visit", "session"} or "start_time" not in source.fields:
        return
    header = source.columns[source.fields["start_time"]]
    advice = "export the id of the session (visitId, ga_session_id) with each row, or one row a session"
    if fan_out.unit and normalise(header) in ROW_CLOCKS:
        raise InputError(
            f"{source.name}: holds one row for each of the {fan_out.unit}, and no column says which session it belongs to: {advice}"
        )
    from etl.readers import dates

    visitor, clock = f"c{source.fields['visitor']}", f"c{source.fields['start_time']}"
    sample = [value for (value,) in con.execute(f"select trim({clock}) from {scan} where trim({clock}) <> '' limit 1000").fetchall()]
    rows, close = con.execute(
        f"""
        select count(*), count(*) filter (where started - before between interval 1 microsecond and interval {WITHIN_MINUTES} minutes)
        from (
            select started, lag(started) over (partition by visitor order by started) as before
            from (select {visitor} as visitor, {dates.start_sql(clock, sample)} as started from {scan})
        )
        """
    ).fetchone()
    if rows >= 10 and close > LIKE_HITS * rows:
        raise InputError(
            f"{source.name}: seems to hold one row a hit: {close:,} of {rows:,} rows come within {WITHIN_MINUTES} minutes of another of the "
            f"same visitor, and '{shorten(header)}' alone tells them apart: {advice}"
        )


def extra_columns(fan_out: FanOut, fields: dict[str, str], amount) -> dict[str, str]:
    """Columns that the fold needs beside the landing's: expressions over the scan. `amount` reads money from a column."""
    extra = {}
    if fan_out.transaction_id is not None:
        text = f"trim(c{fan_out.transaction_id})"
        extra["transaction_id"] = f"case when lower({text}) not in ('', '(not set)', 'null', 'none', 'nan', '(none)') then {text} end"
    if fan_out.item_revenue is not None and "revenue" not in fields:
        extra["item_micros"] = amount(f"c{fan_out.item_revenue}")
    if fan_out.unit and "pageviews" not in fields and (fan_out.hit_type is not None or fan_out.hit_number is not None):
        number = f"coalesce(c{fan_out.hit_number}, '')" if fan_out.hit_number is not None else "''"
        is_page = f"lower(trim(c{fan_out.hit_type})) in {PAGE}" if fan_out.hit_type is not None else "true"
        extra["page_number"] = f"case when {is_page} then {number} end"
    return extra


def varies(con: duckdb.DuckDBPyConnection, table: str, session: str, value: str) -> bool:
    """Whether a figure differs between rows of one session, so that it belongs to the row and is no total of the session."""
    query = f"select 1 from {table} where trim({value}) <> '' group by {session} having min({value}) <> max({value}) limit 1"
    return con.execute(query).fetchone() is not None


def folded_sql(landing: str, extra: dict[str, str], *, adds_revenue: bool, has_transactions: bool, has_page_numbers: bool) -> str:
    """The landing with figures of single rows added up over their session.

    A transaction id counts once, in the first session that has it. `adds_revenue`: the revenue of a row is its own, not the session's.
    """
    over = f"over (partition by {SESSION})"
    told = {}
    if "item_micros" in extra:
        told["revenue_micros"] = f"sum(coalesce(item_micros, 0)) {over}"
        told["transactions"] = f"case when sum(coalesce(item_micros, 0)) {over} > 0 then 1 else 0 end"
    elif adds_revenue:
        told["revenue_micros"] = f"sum(revenue_micros) {over}"
        told["transactions"] = f"case when sum(revenue_micros) {over} > 0 then 1 else 0 end"
    if "transaction_id" in extra and not has_transactions:
        told["transactions"] = f"count(*) filter (where is_first) {over}"
        if "item_micros" not in extra:
            told["revenue_micros"] = f"coalesce(sum(revenue_micros) filter (where is_first) {over}, 0)"
    if has_transactions:
        told.pop("transactions", None)
    if "page_number" in extra:
        pages = "count(distinct page_number)" if has_page_numbers else "count(page_number)"
        told["pageviews"] = f"{pages} {over}"
    chosen = ", ".join(f"({told[name]})::{kind} as {name}" if name in told else name for name, kind in COLUMNS.items())
    first = "false"
    if "transaction_id" in extra:
        # Of rows with one id the one with the amount comes first: some exports leave the others empty.
        order = "order by session_date, started_at, visit_key, revenue_micros desc nulls last"
        first = f"transaction_id is not null and row_number() over (partition by transaction_id, reject_reason is null {order}) = 1"
    return f"select {chosen}\nfrom (select *, {first} as is_first from ({landing}))"
