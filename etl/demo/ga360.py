"""The demo as Universal Analytics 360 exports it to BigQuery: ga_sessions_YYYYMMDD, one row a session with its hits nested in it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import season, shop, traffic
from .columns import Labels, coded, constant, integers, micros, repeated, struct
from .funnel import PRODUCT_CENTS, Sessions
from .hits import CONFIRMED_AGAIN, PAGES, PURCHASED, SCROLLED, Hits, basket_lines, expand
from .visitors import CRAWLER

ACTION = ["0", "0", "2", "0", "5", "5", "6", "6", "0", "3"]
STEP = np.array([1, 1, 1, 1, 1, 2, 1, 1, 1, 1])
CATEGORY = [None] * 8 + ["Scroll", "Enhanced Ecommerce"]
EVENT = [None] * 8 + ["90%", "Add to Cart"]
# Columns worth statistics in the file: what readers skip by.
INDEXED = ["visitStartTime", "date"]
HIDDEN = "not available in demo dataset"


def file_name(day: Sessions) -> str:
    return f"ga_sessions_{day.arrivals.day:%Y%m%d}.parquet"


def table(seed: int, day: Sessions) -> pa.Table:
    """The export's table of one day."""
    labels = Labels(seed, day)
    hits = expand(seed, day)
    size = labels.size
    return pa.table(
        {
            "visitorId": pa.nulls(size, pa.int64()),
            "visitNumber": integers(day.arrivals.visit_number),
            "visitId": integers(day.start),
            "visitStartTime": integers(day.start),
            "date": constant(labels.date_text, size),
            "totals": totals(day),
            "trafficSource": traffic_source(labels),
            "device": device(labels),
            "geoNetwork": geo_network(labels),
            "customDimensions": no_dimensions(size),
            "hits": repeated(np.append(hits.first_of_session, len(hits)), hit_rows(labels, day, hits)),
            "fullVisitorId": labels.full_visitor_id,
            "userId": pa.nulls(size, pa.string()),
            "clientId": labels.client_id,
            "channelGrouping": labels.channel,
            "socialEngagementType": constant("Not Socially Engaged", size),
        }
    )


def totals(day: Sessions) -> pa.StructArray:
    revenue = integers(micros(day.revenue_cents), day.converted)
    one = np.ones(len(day))
    return struct(
        {
            "visits": integers(one),
            "hits": integers(day.hits),
            "pageviews": integers(day.pageviews),
            "timeOnSite": integers(day.duration, day.hits > 1),
            "bounces": integers(one, day.hits == 1),
            "transactions": integers(day.transactions, day.converted),
            "transactionRevenue": revenue,
            "newVisits": integers(one, day.arrivals.visit_number == 1),
            "totalTransactionRevenue": revenue,
        }
    )


def traffic_source(labels: Labels) -> pa.StructArray:
    arrivals = labels.arrivals
    lines = traffic.ALL_LINES
    referral = [line.medium == "referral" for line in lines]
    return struct(
        {
            "referralPath": coded(arrivals.line, ["/" if is_referral else None for is_referral in referral]),
            "campaign": coded(arrivals.line, [line.campaign or "(not set)" for line in lines]),
            "source": labels.level("source"),
            "medium": labels.level("medium"),
            "keyword": coded(arrivals.line, ["(not provided)" if line.medium == "organic" else None for line in lines]),
            "adContent": pa.nulls(labels.size, pa.string()),
            "isTrueDirect": pa.array(np.ones(labels.size, bool), mask=arrivals.arrived_by != 0),
        }
    )


def device(labels: Labels) -> pa.StructArray:
    size = labels.size
    return struct(
        {
            "browser": labels.level("browser"),
            "browserVersion": constant(HIDDEN, size),
            "operatingSystem": labels.level("operating_system"),
            "operatingSystemVersion": constant(HIDDEN, size),
            "isMobile": pa.array(labels.day.codes["device"] != 0),
            "language": constant("en-us", size),
            "deviceCategory": labels.level("device"),
        }
    )


def geo_network(labels: Labels) -> pa.StructArray:
    size = labels.size
    region, city = labels.place
    return struct(
        {
            "continent": labels.of_country("continent"),
            "subContinent": labels.of_country("subcontinent"),
            "country": labels.level("country"),
            "region": region,
            "metro": constant("(not set)", size),
            "city": city,
            "networkDomain": coded((labels.arrivals.bot == CRAWLER).astype(np.int8), ["(not set)", "amazonaws.com"]),
        }
    )


def no_dimensions(size: int) -> pa.ListArray:
    return repeated(np.zeros(size + 1), struct({"index": pa.nulls(0, pa.int64()), "value": pa.nulls(0, pa.string())}))


def hit_rows(labels: Labels, day: Sessions, hits: Hits) -> pa.StructArray:
    size = len(hits)
    clock = season.clock(day.arrivals.day, day.arrivals.elapsed[hits.session] + hits.milliseconds // 1000)
    first = hits.number == 1
    last = hits.number == day.hits[hits.session]
    yes = np.ones(size, bool)
    line = np.where(first, day.arrivals.arrived_by[hits.session], -1)
    return struct(
        {
            "hitNumber": integers(hits.number),
            "time": integers(hits.milliseconds),
            "hour": integers(clock // 3600),
            "minute": integers(clock % 3600 // 60),
            "isInteraction": pa.array(yes),
            "isEntrance": pa.array(yes, mask=~first),
            "isExit": pa.array(yes, mask=~last),
            "referer": labels.of_line("referrer", line),
            "page": page(hits),
            "transaction": transaction(labels, day, hits),
            "eventInfo": struct(
                {
                    "eventCategory": coded(hits.kind, CATEGORY),
                    "eventAction": coded(hits.kind, EVENT),
                    "eventLabel": coded(np.where(hits.kind >= SCROLLED, hits.page, -1), [path for path, _ in PAGES]),
                    "eventValue": pa.nulls(size, pa.int64()),
                },
                hits.kind >= SCROLLED,
            ),
            "product": products(day, hits),
            "eCommerceAction": struct(
                {
                    "action_type": coded(hits.kind, ACTION),
                    "step": integers(STEP[hits.kind]),
                    "option": pa.nulls(size, pa.string()),
                }
            ),
            "type": coded(hits.is_page.astype(np.int8), ["EVENT", "PAGE"]),
            "dataSource": constant("web", size),
        }
    )


def page(hits: Hits) -> pa.StructArray:
    levels = [["/" + part for part in path.strip("/").split("/")] for path, _ in PAGES]

    def at(depth: int) -> list[str]:
        return [parts[depth] + ("/" if depth + 1 < len(parts) else "") if depth < len(parts) else "" for parts in levels]

    return struct(
        {
            "pagePath": coded(hits.page, [path for path, _ in PAGES]),
            "hostname": constant(shop.HOSTNAME, len(hits)),
            "pageTitle": coded(hits.page, [title for _, title in PAGES]),
            **{f"pagePathLevel{depth + 1}": coded(hits.page, at(depth)) for depth in range(4)},
        }
    )


def transaction(labels: Labels, day: Sessions, hits: Hits) -> pa.StructArray:
    """The order, on the page that confirms it. A reload names the order again without its revenue."""
    confirmed = (hits.kind == PURCHASED) | (hits.kind == CONFIRMED_AGAIN)
    bought = hits.kind == PURCHASED
    cents = np.where(hits.order == 2, day.extra_cents[hits.session], day.cents[hits.session])
    number = pc.take(labels.order_id, pa.array(hits.session, mask=~confirmed))
    revenue = integers(micros(cents), bought)
    return struct(
        {
            "transactionId": pc.binary_join_element_wise(number, coded(hits.order, ["", "1", "2"]).dictionary_decode(), ""),
            "transactionRevenue": revenue,
            "transactionTax": integers(np.zeros(len(hits)), bought),
            "transactionShipping": integers(np.zeros(len(hits)), bought),
            "affiliation": constant(shop.SHOP, len(hits)),
            "currencyCode": constant(shop.CURRENCY, len(hits)),
            "localTransactionRevenue": revenue,
        },
        confirmed,
    )


def products(day: Sessions, hits: Hits) -> pa.ListArray:
    offsets, product, quantity = basket_lines(day, hits)
    price = micros(PRODUCT_CENTS[product])
    bought = np.repeat(hits.kind == PURCHASED, np.diff(offsets))
    revenue = integers(price * quantity, bought)
    return repeated(
        offsets,
        struct(
            {
                "productSKU": coded(product, [p.sku for p in shop.PRODUCTS]),
                "v2ProductName": coded(product, [p.name for p in shop.PRODUCTS]),
                "v2ProductCategory": coded(product, [p.category for p in shop.PRODUCTS]),
                "productVariant": constant("(not set)", len(product)),
                "productBrand": constant(shop.SHOP, len(product)),
                "productRevenue": revenue,
                "localProductRevenue": revenue,
                "productPrice": integers(price),
                "localProductPrice": integers(price),
                "productQuantity": integers(quantity, quantity > 0),
            }
        ),
    )
