"""The invented shop: its name, pages and goods.

Every table is a tuple of plain rows; the simulation addresses a level by its position in the table.
Effects are on the log-odds of the three funnel steps: (engaged, deep, converted).
"""

from typing import NamedTuple

HOSTNAME = "www.example-shop.test"
SHOP = "Larkfell Outdoor"
TIME_ZONE = "America/New_York"
CURRENCY = "USD"
STREAM_ID = "7254100318"
STEPS = ("browsed_to_engaged", "engaged_to_deep", "deep_to_converted")


class Landing(NamedTuple):
    path: str
    title: str
    group: str
    weight: float
    effects: tuple[float, float, float] = (0.0, 0.0, 0.0)


LANDINGS = (
    Landing("/", "Outdoor gear for long days", "home", 100, (0.15, 0.05, 0.10)),
    Landing("/collections/tents", "Tents", "collection", 30, (0.05, 0.20, 0.05)),
    Landing("/collections/backpacks", "Backpacks", "collection", 22, (0.05, 0.20, 0.05)),
    Landing("/collections/boots", "Walking boots", "collection", 26, (0.05, 0.25, 0.00)),
    Landing("/collections/jackets", "Jackets", "collection", 24, (0.05, 0.20, -0.05)),
    Landing("/collections/sleeping-bags", "Sleeping bags", "collection", 13, (0.05, 0.20, 0.05)),
    Landing("/collections/stoves", "Stoves and cooking", "collection", 9, (0.0, 0.25, 0.20)),
    Landing("/collections/climbing", "Climbing", "collection", 8, (0.0, 0.15, 0.05)),
    Landing("/new", "New arrivals", "offer", 12, (0.10, 0.15, -0.05)),
    Landing("/sale", "Sale", "offer", 20, (0.20, 0.30, 0.25)),
    Landing("/gifts", "Gift ideas", "offer", 6, (0.0, 0.10, 0.10)),
    Landing("/guides/first-overnight-hike", "Your first overnight hike", "guide", 12, (-0.35, -0.45, -0.25)),
    Landing("/guides/choose-a-tent", "How to choose a tent", "guide", 15, (-0.20, -0.20, -0.10)),
    Landing("/guides/layering", "Layering for cold days", "guide", 9, (-0.30, -0.40, -0.20)),
    Landing("/guides/boot-care", "Looking after leather boots", "guide", 8, (-0.55, -0.55, -0.30)),
    Landing("/guides/packing-list", "The weekend packing list", "guide", 11, (-0.30, -0.35, -0.15)),
    Landing("/stores", "Our shops", "service", 5, (-0.20, -0.60, -0.20)),
    Landing("/help/returns", "Returns and exchanges", "service", 4, (-0.30, -0.90, -0.50)),
    Landing("/outlet", "Outlet", "offer", 0, (0.20, 0.30, 0.25)),
)
BASKET, CHECKOUT, PAYMENT, CONFIRMATION = "/basket", "/checkout/delivery", "/checkout/payment", "/checkout/confirmation"
SERVICE_PAGES = (
    (BASKET, "Your basket"),
    (CHECKOUT, "Delivery"),
    (PAYMENT, "Payment"),
    (CONFIRMATION, "Thank you for your order"),
)


class Product(NamedTuple):
    sku: str
    name: str
    category: str
    cents: int
    weight: float

    @property
    def path(self) -> str:
        return "/products/" + self.name.lower().replace(" ", "-")


_CATALOGUE = {
    "Tents": (
        ("Harrow 1 Tent", 18900),
        ("Harrow 2 Tent", 24900),
        ("Stonechat 3 Tent", 32900),
        ("Bothy 4 Tent", 44900),
        ("Ridge Tarp", 7900),
        ("Tent Footprint", 3900),
        ("Titanium Pegs", 1850),
    ),
    "Backpacks": (
        ("Curlew 18 Daypack", 6400),
        ("Curlew 28 Daypack", 8900),
        ("Drover 45 Pack", 14900),
        ("Drover 60 Pack", 18900),
        ("Rain Cover", 2200),
        ("Dry Bag Set", 2950),
    ),
    "Walking boots": (
        ("Gritstone Mid Boot", 16900),
        ("Gritstone Low Shoe", 13900),
        ("Moor Leather Boot", 21900),
        ("Trail Gaiters", 3400),
        ("Merino Hiking Socks", 1900),
        ("Boot Wax", 990),
    ),
    "Jackets": (
        ("Squall Shell", 22900),
        ("Drizzle Jacket", 11900),
        ("Ember Down Jacket", 19900),
        ("Tussock Fleece", 7900),
        ("Merino Base Layer", 6900),
        ("Wool Beanie", 2400),
        ("Liner Gloves", 2600),
    ),
    "Sleeping bags": (
        ("Lapwing 3 Season Bag", 15900),
        ("Lapwing Winter Bag", 28900),
        ("Silk Liner", 5900),
        ("Feather Mat", 9900),
        ("Camp Pillow", 2900),
    ),
    "Stoves and cooking": (
        ("Ember Stove", 5900),
        ("Nesting Pots", 4900),
        ("Titanium Mug", 2900),
        ("Spork Pair", 850),
        ("Water Filter", 3900),
        ("Steel Bottle", 2750),
    ),
    "Climbing": (
        ("Sport Harness", 6900),
        ("Single Rope 60 m", 16900),
        ("Quickdraw Set", 8900),
        ("Chalk Bag", 2100),
        ("Climbing Helmet", 7400),
    ),
    "Accessories": (("Head Torch", 3950), ("Trekking Poles", 7900), ("Map Case", 1650), ("First Aid Kit", 2450), ("Trail Snack Box", 1490)),
}
PRODUCTS = tuple(
    Product(f"LF-{category[:2].upper()}{number:03d}", name, category, cents, (cents / 5000) ** -0.35)
    for category, rows in _CATALOGUE.items()
    for number, (name, cents) in enumerate(rows, 1)
)
