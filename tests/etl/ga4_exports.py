"""Small GA4 exports written for tests."""

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import zstandard

from etl import load as loading
from etl import schema
from etl.landing import FileLoad
from etl.preparing import file_hash
from etl.recognise import recognise

START = 1_780_000_000_000_000  # 28 May 2026, 20:26:40 UTC


def value(given) -> dict:
    """A parameter's value: of its four types one is filled."""
    kinds = {str: "string_value", int: "int_value", float: "double_value"}
    return {name: given if name == kinds[type(given)] else None for name in ("string_value", "int_value", "float_value", "double_value")}


def event(name: str = "page_view", second: float = 0, *, visitor="1.1", visit=100, params=None, **changes) -> dict:
    """An event so many seconds after START."""
    at = START + int(second * 1_000_000)
    said = {"ga_session_id": visit, "ga_session_number": 1, "page_location": "https://a.example/start?x=1"} | (params or {})
    base = {
        "event_date": datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y%m%d"),
        "event_timestamp": at,
        "event_name": name,
        "event_params": [{"key": key, "value": value(given)} for key, given in said.items() if given is not None],
        "event_value_in_usd": None,
        "event_bundle_sequence_id": 5,
        "user_pseudo_id": visitor,
        "device": {"category": "mobile", "operating_system": "Android", "web_info": {"browser": "Chrome", "hostname": "a.example"}},
        "geo": {"country": "Peru"},
        "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
        "platform": "WEB",
        "ecommerce": None,
        "items": [],
    }
    return base | changes


def purchase(second: float, order: str | None, amount: float, **changes) -> dict:
    """A purchase in dollars."""
    params = {"currency": "USD", "value": amount, "transaction_id": order} | changes.pop("params", {})
    shop = {
        "purchase_revenue": amount,
        "purchase_revenue_in_usd": amount,
        "transaction_id": order,
        "refund_value": None,
        "refund_value_in_usd": None,
    }
    return event("purchase", second, params=params, ecommerce=shop, **changes)


def refund(second: float, order: str, amount: float | None, **changes) -> dict:
    """A refund of an order, of all of it where no amount is given."""
    shop = {
        "purchase_revenue": None,
        "purchase_revenue_in_usd": None,
        "transaction_id": order,
        "refund_value": amount,
        "refund_value_in_usd": amount,
    }
    return event("refund", second, params={"currency": "USD", "transaction_id": order}, ecommerce=shop, **changes)


def as_text(given):
    """Numbers and booleans as text and without what is null, as BigQuery writes JSON."""
    if isinstance(given, dict):
        return {name: as_text(inner) for name, inner in given.items() if inner is not None}
    if isinstance(given, list):
        return [as_text(inner) for inner in given]
    return json.dumps(given) if isinstance(given, bool) else str(given)


def lines(path: Path, events: list[dict]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


PARAMETERS = "struct(key varchar, value struct(string_value varchar, int_value bigint, float_value double, double_value double))[]"
TYPES = {
    "event_timestamp": "bigint", "event_bundle_sequence_id": "bigint", "event_value_in_usd": "double", "event_params": PARAMETERS,
    "batch_event_index": "bigint", "batch_page_id": "bigint", "batch_ordering_id": "bigint",
    "ecommerce": "struct(purchase_revenue double, purchase_revenue_in_usd double, transaction_id varchar, refund_value double, refund_value_in_usd double)",
    "items": "struct(item_id varchar, item_name varchar, quantity bigint)[]",
}  # fmt: skip


def parquet(path: Path, events: list[dict], *, is_wrapped: bool = False) -> Path:
    """The same as Parquet, lists plain or as BigQuery wraps them."""
    source = lines(path.with_suffix(".source"), events)
    names = list(dict.fromkeys(name for one in events for name in one))
    with duckdb.connect() as con:
        found = dict(con.execute("select column_name, column_type from (describe from read_json(?))", [str(source)]).fetchall())
        types = ", ".join(f"'{name}': '{TYPES.get(name, found[name] if found[name] != 'JSON' else 'VARCHAR')}'" for name in names)
        wrap = "{'list': list_transform(event_params, lambda p: {'element': p})}" if is_wrapped else "event_params"
        con.execute(
            f"copy (select * replace ({wrap} as event_params) from read_json('{source}', columns = {{{types}}})) to '{path}' (format parquet)"
        )
    source.unlink()
    return path


def compressed(path: Path, events: list[dict], compress) -> Path:
    plain = lines(path.with_suffix(".plain"), events)
    path.write_bytes(compress(plain.read_bytes()))
    plain.unlink()
    return path


FORMS = {
    "lines": lines,
    "text": lambda path, events: lines(path, [as_text(one) for one in events]),
    "array": lambda path, events: path.write_text(json.dumps(events)) and path,
    "gzip": lambda path, events: compressed(path, events, gzip.compress),
    "zstd": lambda path, events: compressed(path, events, zstandard.compress),
    "parquet": parquet,
    "wrapped": lambda path, events: parquet(path, events, is_wrapped=True),
}


def load_together(con: duckdb.DuckDBPyConnection, folder: Path, files: list[Path]) -> list[dict]:
    """Load files as `etl.load` does, on a connection, without publishing."""
    batch = [FileLoad(recognise(file), file_hash(file, file.name)) for file in files]
    loading.number(con, batch)
    loading.load_batch(con, batch, folder / "scratch", "a salt for tests only", lambda text: None)
    return [item.summary() for item in batch]


def fresh(empty: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a database of its own without rows."""
    path = folder / "own.duckdb"
    shutil.copy(empty, path)
    con = duckdb.connect(str(path), config={"preserve_insertion_order": "false"})
    con.execute("set threads = 1")
    schema.load_reference(con)
    return con
