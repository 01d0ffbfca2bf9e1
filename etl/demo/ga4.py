"""The demo as GA4 exports it to BigQuery: events_YYYYMMDD, one row an event."""

import numpy as np
import pyarrow as pa

from . import audience, shop
from .columns import Labels, channels, coded, constant, integers, repeated, struct
from .draws import scramble
from .events import (
    CAMPAIGNS,
    CLICK_IDS,
    IS_AUTO_TAGGED,
    LINES,
    NAMES,
    PURCHASE,
    VIEW_ITEM,
    Events,
    collect,
    is_engaged,
    order_numbers,
    parameters,
)
from .funnel import PRODUCT_CENTS, Sessions
from .hits import Hits, basket_lines, expand
from .leaks import LEVELS

# Columns worth statistics in the file: what readers skip by.
INDEXED = ["event_date", "event_timestamp", "event_name"]

BRANDS = {"iOS": "Apple", "Android": "Samsung", "Macintosh": "Apple"}
MODELS = {"iOS": "iPhone", "Android": "SM-S921B", "Macintosh": "Macbook"}
OS_VERSIONS = {"iOS": "iOS 26.1", "Android": "Android 16", "Macintosh": "Intel 10.15", "Windows": "Windows 10"}
BROWSER_VERSIONS = {"Chrome": "141.0.0.0", "Edge": "141.0.0.0", "Firefox": "144.0", "Safari": "26.1", "Opera": "123.0.0.0"}


def file_name(day: Sessions) -> str:
    return f"events_{day.arrivals.day:%Y%m%d}.parquet"


def table(seed: int, day: Sessions) -> pa.Table:
    """The export's rows of one day."""
    labels = Labels(seed, day)
    hits = expand(seed, day)
    events = collect(day, hits)
    size = len(events)
    order, order_texts = order_numbers(labels, day, hits, events)
    by_session = ByEvent(labels, events)
    start = day.start[events.session]
    page_loaded = start * 1000 + hits.milliseconds[events.page_hit]
    bought = events.kind == PURCHASE
    return pa.table(
        {
            "event_date": constant(labels.date_text, size),
            "event_timestamp": integers(start * 1_000_000 + events.milliseconds * 1000),
            "event_name": coded(events.kind, NAMES),
            "event_params": parameters(labels, day, hits, events),
            "event_previous_timestamp": pa.nulls(size, pa.int64()),
            "event_value_in_usd": pa.array(events.cents / 100, mask=~bought),
            "event_bundle_sequence_id": integers((scramble(page_loaded, seed) >> np.uint64(31)).astype(np.int64)),
            "event_server_timestamp_offset": pa.nulls(size, pa.int64()),
            "user_id": pa.nulls(size, pa.string()),
            "user_pseudo_id": by_session.text(labels.client_id, events.consented),
            "privacy_info": privacy(events.consented),
            "user_properties": no_properties(size),
            "user_first_touch_timestamp": integers(day.arrivals.first_touch[events.session] * 1_000_000, events.consented),
            "device": device(by_session),
            "geo": geo(by_session),
            "traffic_source": first_source(day.arrivals.first_line[events.session]),
            "stream_id": constant(shop.STREAM_ID, size),
            "platform": constant("WEB", size),
            "event_dimensions": struct({"hostname": constant(shop.HOSTNAME, size)}),
            "ecommerce": ecommerce(day, hits, events, order, order_texts),
            "items": items(day, hits, events),
            "collected_traffic_source": collected(day, hits, events),
            "is_active_user": pa.array(is_engaged(day, events) | (events.consented & (day.arrivals.visit_number[events.session] == 1))),
            "batch_event_index": integers(events.index),
            "batch_page_id": integers(page_loaded),
            "batch_ordering_id": integers(events.hit - events.page_hit + 1),
            "session_traffic_source_last_click": last_click(by_session, day, events),
        }
    )


class ByEvent:
    """A day's session labels, repeated for each event."""

    def __init__(self, labels: Labels, events: Events):
        self.labels, self.session, self.size = labels, events.session, len(events)

    def text(self, column: pa.Array, where: np.ndarray | None = None) -> pa.DictionaryArray:
        """Text of sessions as text of events, null outside `where`."""
        coded_column = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        return coded_column.take(pa.array(self.session, mask=None if where is None else ~where))

    def level(self, dimension: str) -> pa.DictionaryArray:
        return coded(self.labels.day.codes[dimension][self.session], LEVELS[dimension])


def privacy(consented: np.ndarray) -> pa.StructArray:
    answer = coded(consented.astype(np.int8), ["No", "Yes"])
    return struct(
        {
            "analytics_storage": answer,
            "ads_storage": answer,
            "uses_transient_token": coded(consented.astype(np.int8), ["Yes", "No"]),
        }
    )


def no_properties(size: int) -> pa.ListArray:
    value = struct(
        {
            "string_value": pa.nulls(0, pa.string()),
            "int_value": pa.nulls(0, pa.int64()),
            "float_value": pa.nulls(0, pa.float64()),
            "double_value": pa.nulls(0, pa.float64()),
            "set_timestamp_micros": pa.nulls(0, pa.int64()),
        }
    )
    return repeated(np.zeros(size + 1), struct({"key": pa.nulls(0, pa.string()), "value": value}))


def device(by_session: ByEvent) -> pa.StructArray:
    size = by_session.size
    platform = by_session.labels.arrivals.platform[by_session.session]

    def of_platform(table: dict[str, str], attribute: str = "operating_system", other: str | None = "<Other>") -> pa.DictionaryArray:
        return coded(platform, [table.get(getattr(p, attribute).removesuffix(" (in-app)"), other) for p in audience.PLATFORMS])

    return struct(
        {
            "category": by_session.level("device"),
            "mobile_brand_name": of_platform(BRANDS),
            "mobile_model_name": of_platform(MODELS),
            "mobile_marketing_name": of_platform({}),
            "mobile_os_hardware_model": pa.nulls(size, pa.string()),
            "operating_system": by_session.level("operating_system"),
            "operating_system_version": of_platform(OS_VERSIONS),
            "vendor_id": pa.nulls(size, pa.string()),
            "advertising_id": pa.nulls(size, pa.string()),
            "language": constant("en-us", size),
            "is_limited_ad_tracking": constant("No", size),
            "time_zone_offset_seconds": pa.nulls(size, pa.int64()),
            "web_info": struct(
                {
                    "browser": by_session.level("browser"),
                    "browser_version": of_platform(BROWSER_VERSIONS, "browser", "(not set)"),
                    "hostname": constant(shop.HOSTNAME, size),
                }
            ),
        }
    )


def geo(by_session: ByEvent) -> pa.StructArray:
    labels = by_session.labels
    region, city = labels.place
    return struct(
        {
            "continent": by_session.text(labels.of_country("continent")),
            "sub_continent": by_session.text(labels.of_country("subcontinent")),
            "country": by_session.level("country"),
            "region": by_session.text(region),
            "city": by_session.text(city),
            "metro": constant("(not set)", by_session.size),
        }
    )


def first_source(line: np.ndarray) -> pa.StructArray:
    """What first brought the visitor, ever."""
    return struct(
        {
            "name": coded(line, CAMPAIGNS),
            "medium": coded(line, [row.medium for row in LINES]),
            "source": coded(line, [row.source for row in LINES]),
        }
    )


def collected(day: Sessions, hits: Hits, events: Events) -> pa.StructArray:
    """What the address of the landing page and its referrer said, on the first events of a session that was not typed in."""
    line = day.arrivals.arrived_by[events.session]
    here = (hits.number[events.hit] == 1) & (line > 0)
    by_hand = [not auto for auto in IS_AUTO_TAGGED]
    missing = pa.nulls(len(events), pa.string())

    def said(texts: list[str | None]) -> pa.DictionaryArray:
        return coded(line, [text if shown else None for text, shown in zip(texts, by_hand, strict=True)])

    return struct(
        {
            "manual_campaign_id": missing,
            "manual_campaign_name": said(CAMPAIGNS),
            "manual_source": said([row.source for row in LINES]),
            "manual_medium": said([row.medium for row in LINES]),
            "manual_term": said(["(not provided)" if row.medium == "organic" else None for row in LINES]),
            "manual_content": missing,
            "manual_source_platform": missing,
            "manual_creative_format": missing,
            "manual_marketing_tactic": missing,
            "gclid": coded(line, CLICK_IDS),
            "dclid": missing,
            "srsltid": missing,
        },
        here,
    )


def last_click(by_session: ByEvent, day: Sessions, events: Events) -> pa.StructArray:
    """What the session is credited to, on each of its events."""
    line = day.arrivals.line[events.session]
    missing = pa.nulls(len(events), pa.string())
    medium = by_session.level("medium")
    auto = IS_AUTO_TAGGED[line]
    hand = np.where(auto, -1, line)
    source = coded(line, [row.source for row in LINES])
    group = coded(line, channels(day.arrivals.day))
    campaign_id = coded(line, [str(2_000_000_000 + i) if tagged else None for i, tagged in enumerate(IS_AUTO_TAGGED)])
    return struct(
        {
            "manual_campaign": struct(
                {
                    "campaign_id": missing,
                    "campaign_name": coded(hand, CAMPAIGNS),
                    "medium": coded(hand, [row.medium for row in LINES]),
                    "term": missing,
                    "content": missing,
                    "source_platform": missing,
                    "source": coded(hand, [row.source for row in LINES]),
                    "creative_format": missing,
                    "marketing_tactic": missing,
                }
            ),
            "google_ads_campaign": struct(
                {
                    "customer_id": constant("1234567890", len(events)),
                    "account_name": constant(shop.SHOP, len(events)),
                    "campaign_id": campaign_id,
                    "campaign_name": coded(line, CAMPAIGNS),
                    "ad_group_id": missing,
                    "ad_group_name": missing,
                },
                auto,
            ),
            "cross_channel_campaign": struct(
                {
                    "campaign_id": campaign_id,
                    "campaign_name": coded(line, CAMPAIGNS),
                    "medium": medium,
                    "source": source,
                    "source_platform": coded(auto.astype(np.int8), ["Manual", "Google Ads"]),
                    "default_channel_group": group,
                    "primary_channel_group": group,
                }
            ),
        }
    )


def ecommerce(day: Sessions, hits: Hits, events: Events, order: np.ndarray, order_texts: list[str]) -> pa.StructArray:
    """Amounts of the order on a purchase; an empty frame on other shopping events."""
    bought = events.kind == PURCHASE
    revenue = pa.array(events.cents / 100, mask=~bought)
    nothing = pa.array(np.zeros(len(events)), mask=~bought)
    missing = pa.nulls(len(events), pa.float64())
    offsets, _, quantity = basket_lines(day, hits)
    pieces = np.concatenate([[0], np.cumsum(quantity)])[offsets]
    return struct(
        {
            "total_item_quantity": integers(np.diff(pieces)[events.hit], bought),
            "purchase_revenue_in_usd": revenue,
            "purchase_revenue": revenue,
            "refund_value_in_usd": missing,
            "refund_value": missing,
            "shipping_value_in_usd": nothing,
            "shipping_value": nothing,
            "tax_value_in_usd": nothing,
            "tax_value": nothing,
            "unique_items": integers(np.diff(offsets)[events.hit], bought),
            "transaction_id": coded(np.where(bought, order + 1, 0), ["(not set)", *order_texts]),
        },
        events.kind >= VIEW_ITEM,
    )


def items(day: Sessions, hits: Hits, events: Events) -> pa.ListArray:
    """The products of each shopping event."""
    hit_offsets, product, quantity = basket_lines(day, hits)
    counts = np.where(events.kind >= VIEW_ITEM, np.diff(hit_offsets)[events.hit], 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    owner = np.repeat(np.arange(len(events)), counts)
    line = hit_offsets[:-1][events.hit[owner]] + np.arange(len(owner)) - offsets[:-1][owner]
    product, quantity = product[line], quantity[line]
    bought = events.kind[owner] == PURCHASE
    price = PRODUCT_CENTS[product] / 100
    revenue = pa.array(PRODUCT_CENTS[product] * quantity / 100, mask=~bought)
    not_set = constant("(not set)", len(product))
    return repeated(
        offsets,
        struct(
            {
                "item_id": coded(product, [p.sku for p in shop.PRODUCTS]),
                "item_name": coded(product, [p.name for p in shop.PRODUCTS]),
                "item_brand": constant(shop.SHOP, len(product)),
                "item_variant": not_set,
                "item_category": coded(product, [p.category for p in shop.PRODUCTS]),
                "price_in_usd": pa.array(price),
                "price": pa.array(price),
                "quantity": integers(quantity, quantity > 0),
                "item_revenue_in_usd": revenue,
                "item_revenue": revenue,
                "coupon": not_set,
                "affiliation": not_set,
                "item_list_name": not_set,
            }
        ),
    )
