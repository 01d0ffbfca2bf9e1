"""Events of Google Analytics 4 as BigQuery exports them: `events_YYYYMMDD` as Parquet, JSON lines or a JSON array, of any year.

Rows of JSON files have no number of their own: counting them would let only one thread read. `etl.events` tells them apart.

A file becomes rows of one shape (EXPORT), which sql/sessions/event_rows.sql turns into events. Sessions are made of them in
`etl.sessionize`.
"""

from __future__ import annotations

import duckdb

from etl.privacy import literal, raw_sql
from etl.readers import Landing, ga4_parameters
from etl.readers.ga4_fields import Fields, children
from etl.recognise import Source, file_pattern
from etl.stages import PURCHASES

MAX_OBJECT = 64 << 20
MONEY = (*PURCHASES, "refund")
TEXT = "VARCHAR"
PARAMETER = "STRUCT(key VARCHAR, value STRUCT(string_value VARCHAR, int_value VARCHAR, float_value VARCHAR, double_value VARCHAR))[]"
CAMPAIGN = 'STRUCT("source" VARCHAR, medium VARCHAR, campaign_name VARCHAR, default_channel_group VARCHAR)'
JSON_COLUMNS = {
    "event_date": TEXT,
    "event_timestamp": TEXT,
    "event_name": TEXT,
    "event_params": PARAMETER,
    "event_value_in_usd": TEXT,
    "event_bundle_sequence_id": TEXT,
    "user_pseudo_id": TEXT,
    "device": "STRUCT(category VARCHAR, operating_system VARCHAR, browser VARCHAR, web_info STRUCT(browser VARCHAR))",
    "geo": "STRUCT(country VARCHAR)",
    "platform": TEXT,
    "ecommerce": (
        "STRUCT(purchase_revenue_in_usd VARCHAR, purchase_revenue VARCHAR, refund_value_in_usd VARCHAR, refund_value VARCHAR, "
        "transaction_id VARCHAR)"
    ),
    "items": "STRUCT(item_id VARCHAR, item_name VARCHAR, quantity VARCHAR)[]",
    "collected_traffic_source": (
        "STRUCT(manual_source VARCHAR, manual_medium VARCHAR, manual_campaign_name VARCHAR, gclid VARCHAR, dclid VARCHAR)"
    ),
    "batch_event_index": TEXT,
    "batch_page_id": TEXT,
    "batch_ordering_id": TEXT,
    "session_traffic_source_last_click": (
        f"STRUCT(manual_campaign {CAMPAIGN}, google_ads_campaign STRUCT(campaign_name VARCHAR, customer_id VARCHAR), "
        f"cross_channel_campaign {CAMPAIGN})"
    ),
}


def read(con: duckdb.DuckDBPyConnection, source: Source) -> Landing:
    """Prepare the landing of events; see `etl.readers`."""
    is_parquet = source.container == "parquet"
    scan = _parquet_scan(source) if is_parquet else _json_scan(source)
    fields = Fields(con.sql(f"select * from {scan} limit 0"))
    return Landing(
        sql=export_sql(fields, scan, is_parquet, _load_id(source.load_ids)), stage_basis="events", unit="event", reads_twice=is_parquet
    )


def _parquet_scan(source: Source) -> str:
    return f"read_parquet([{_files(source)}], file_row_number = true)"


def _load_id(load_ids: tuple[int, ...]) -> str:
    """The load of the file that a row stands in, by the place of the file among those of the scan."""
    first = load_ids[0] if load_ids else 0
    if load_ids == tuple(range(first, first + len(load_ids))):
        return f"cast({first} + file_index as integer)"
    return f"cast({list(load_ids)}[file_index + 1] as integer)"


def _files(source: Source) -> str:
    return ", ".join(literal(file_pattern(path)) for path in (source.path, *source.together))


def _json_scan(source: Source) -> str:
    shape = "array" if source.container == "json-array" else "newline_delimited"
    declared = ", ".join(f"'{name}': {literal(kind)}" for name, kind in JSON_COLUMNS.items())
    return (
        f"read_json([{_files(source)}], format = '{shape}', compression = '{source.compression}', "
        f"maximum_object_size = {MAX_OBJECT}, columns = {{{declared}}}{', ignore_errors = true' if shape == 'newline_delimited' else ''})"
    )


def export_sql(fields: Fields, scan: str, is_parquet: bool, load_id: str) -> str:
    """The rows of an export in the one shape that sql/sessions/event_rows.sql reads."""
    click = "session_traffic_source_last_click"
    by_ads = f"{fields.text(f'{click}.google_ads_campaign.customer_id', f'{click}.google_ads_campaign.campaign_name')} is not null"
    # As a unit: the source of one record never stands beside the medium of another.
    clicks = {
        "source": fields.text(f"{click}.cross_channel_campaign.source"),
        "medium": fields.text(f"{click}.cross_channel_campaign.medium"),
        "campaign": fields.text(f"{click}.cross_channel_campaign.campaign_name"),
    }
    ads = {"source": "'google'", "medium": "'cpc'", "campaign": fields.text(f"{click}.google_ads_campaign.campaign_name")}
    manual = {
        "source": fields.text(f"{click}.manual_campaign.source"),
        "medium": fields.text(f"{click}.manual_campaign.medium"),
        "campaign": fields.text(f"{click}.manual_campaign.campaign_name"),
    }
    credited = {
        name: f"case when {clicks['source']} is not null then {clicks[name]} when {by_ads} then {ads[name]} else {manual[name]} end"
        for name in clicks
    }
    columns = {
        "load_id": load_id,
        "row_number": "scan.file_row_number + 1" if is_parquet else "null::bigint",
        "event_date": fields.text("event_date"),
        "timestamp_text": fields.text("event_timestamp") if not is_parquet else "null::varchar",
        "event_timestamp": fields.typed("bigint", "event_timestamp"),
        "event_name": fields.text("event_name"),
        "is_money": f"{fields.text('event_name')} in {MONEY}",
        "visitor_key": fields.text("user_pseudo_id"),
        "bundle": fields.typed("bigint", "event_bundle_sequence_id"),
        "batch_page_id": fields.typed("bigint", "batch_page_id"),
        "batch_ordering_id": fields.typed("bigint", "batch_ordering_id"),
        "batch_event_index": fields.typed("bigint", "batch_event_index"),
        "items_hash": _items_hash(fields, is_parquet),
        "device": fields.text("device.category"),
        "country": fields.text("geo.country"),
        "browser": fields.text("device.web_info.browser", "device.browser"),
        "operating_system": fields.text("device.operating_system"),
        "event_value_in_usd": fields.typed("double", "event_value_in_usd"),
        "purchase_revenue": fields.typed("double", "ecommerce.purchase_revenue"),
        "purchase_revenue_in_usd": fields.typed("double", "ecommerce.purchase_revenue_in_usd"),
        "refund_value": fields.typed("double", "ecommerce.refund_value"),
        "refund_value_in_usd": fields.typed("double", "ecommerce.refund_value_in_usd"),
        "order_id": fields.text("ecommerce.transaction_id"),
        "collected_source": fields.text("collected_traffic_source.manual_source"),
        "collected_medium": fields.text("collected_traffic_source.manual_medium"),
        "collected_campaign": fields.text("collected_traffic_source.manual_campaign_name"),
        "has_gclid": f"{fields.text('collected_traffic_source.gclid')} is not null",
        "click_source": credited["source"],
        "click_medium": credited["medium"],
        "click_campaign": credited["campaign"],
        "click_channel": fields.text(f"{click}.cross_channel_campaign.default_channel_group"),
    }
    columns["raw"] = _raw(fields)
    parameters = ga4_parameters.Parameters(fields)
    columns |= parameters.sources()
    plain = "select " + ",\n    ".join(f"{expression} as {name}" for name, expression in columns.items()) + f"\nfrom {scan} as scan"
    looked_up = ",\n    ".join(f"{expression} as {name}" for name, expression in parameters.columns().items())
    return f"select *,\n    {looked_up}\nfrom (\n{plain}\n)"


def _raw(fields: Fields) -> str:
    """What a rejected event says, without its ids."""
    names = ("event_date", "event_timestamp", "event_name", "platform", "device.category", "geo.country")
    parts = ", ".join(f"'{name}: ' || {fields.text(name)}" for name in names)
    return raw_sql(f"concat_ws(', ', {parts})")


def _items_hash(fields: Fields, is_parquet: bool) -> str:
    """Which items an event names: it tells events of one moment apart where Google does not number them, and is not read where it does."""
    found = fields.elements("items")
    if found is None or (is_parquet and fields.has("batch_event_index")):
        return "0::ubigint"
    source, entry, kind = found
    names = [f"{entry}.{name}::varchar" for name in ("item_id", "item_name", "quantity") if name in children(kind)]
    if not names:
        return "0::ubigint"
    listed = f"list_transform({source}, lambda entry: concat_ws('|', {', '.join(names)}))"
    return f"case when len({source}) > 0 then hash({listed}) else 0::ubigint end"
