"""The invented shop: where its visitors come from, what they use, which pages they land on and what they buy.

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


class Country(NamedTuple):
    name: str
    continent: str
    subcontinent: str
    region: str
    weight: float
    effects: tuple[float, float, float] = (0.0, 0.0, 0.0)


REGIONS = ("north america", "north-west europe", "south-east europe", "asia", "latin america", "elsewhere")
# Hours by which a region's day runs ahead of the property's.
REGION_AHEAD = (-1, 5, 6, 11, 0, 14)

HOME = (0.0, 0.0, 0.0)
NEAR = (-0.05, -0.08, -0.25)
FAR = (-0.15, -0.20, -0.70)
REMOTE = (-0.30, -0.40, -1.50)

COUNTRIES = (
    Country("United States", "Americas", "Northern America", REGIONS[0], 460, HOME),
    Country("Canada", "Americas", "Northern America", REGIONS[0], 74, (0.02, 0.0, -0.05)),
    Country("United Kingdom", "Europe", "Northern Europe", REGIONS[1], 88, (0.03, 0.0, -0.10)),
    Country("Germany", "Europe", "Western Europe", REGIONS[1], 66, (0.05, 0.05, -0.12)),
    Country("France", "Europe", "Western Europe", REGIONS[1], 34, NEAR),
    Country("Netherlands", "Europe", "Western Europe", REGIONS[1], 19, NEAR),
    Country("Ireland", "Europe", "Northern Europe", REGIONS[1], 11, NEAR),
    Country("Belgium", "Europe", "Western Europe", REGIONS[1], 9, NEAR),
    Country("Switzerland", "Europe", "Western Europe", REGIONS[1], 11, (0.05, 0.05, -0.05)),
    Country("Austria", "Europe", "Western Europe", REGIONS[1], 9, NEAR),
    Country("Sweden", "Europe", "Northern Europe", REGIONS[1], 12, NEAR),
    Country("Norway", "Europe", "Northern Europe", REGIONS[1], 9, NEAR),
    Country("Denmark", "Europe", "Northern Europe", REGIONS[1], 8, NEAR),
    Country("Finland", "Europe", "Northern Europe", REGIONS[1], 6, NEAR),
    Country("Iceland", "Europe", "Northern Europe", REGIONS[1], 1, NEAR),
    Country("Spain", "Europe", "Southern Europe", REGIONS[2], 16, FAR),
    Country("Italy", "Europe", "Southern Europe", REGIONS[2], 16, FAR),
    Country("Portugal", "Europe", "Southern Europe", REGIONS[2], 5, FAR),
    Country("Poland", "Europe", "Eastern Europe", REGIONS[2], 12, FAR),
    Country("Czechia", "Europe", "Eastern Europe", REGIONS[2], 6, FAR),
    Country("Slovakia", "Europe", "Eastern Europe", REGIONS[2], 2.5, FAR),
    Country("Hungary", "Europe", "Eastern Europe", REGIONS[2], 3, FAR),
    Country("Romania", "Europe", "Eastern Europe", REGIONS[2], 4, FAR),
    Country("Bulgaria", "Europe", "Eastern Europe", REGIONS[2], 2, FAR),
    Country("Greece", "Europe", "Southern Europe", REGIONS[2], 3, FAR),
    Country("Croatia", "Europe", "Southern Europe", REGIONS[2], 1.5, FAR),
    Country("Slovenia", "Europe", "Southern Europe", REGIONS[2], 1.5, FAR),
    Country("Serbia", "Europe", "Southern Europe", REGIONS[2], 1.2, FAR),
    Country("Ukraine", "Europe", "Eastern Europe", REGIONS[2], 3, REMOTE),
    Country("Türkiye", "Asia", "Western Asia", REGIONS[2], 5, REMOTE),
    Country("Israel", "Asia", "Western Asia", REGIONS[2], 4, FAR),
    Country("India", "Asia", "Southern Asia", REGIONS[3], 34, REMOTE),
    Country("Japan", "Asia", "Eastern Asia", REGIONS[3], 15, FAR),
    Country("South Korea", "Asia", "Eastern Asia", REGIONS[3], 8, FAR),
    Country("Taiwan", "Asia", "Eastern Asia", REGIONS[3], 5, FAR),
    Country("Hong Kong", "Asia", "Eastern Asia", REGIONS[3], 4, FAR),
    Country("China", "Asia", "Eastern Asia", REGIONS[3], 5, REMOTE),
    Country("Singapore", "Asia", "Southeast Asia", REGIONS[3], 6, FAR),
    Country("Malaysia", "Asia", "Southeast Asia", REGIONS[3], 4, REMOTE),
    Country("Indonesia", "Asia", "Southeast Asia", REGIONS[3], 6, REMOTE),
    Country("Philippines", "Asia", "Southeast Asia", REGIONS[3], 6, REMOTE),
    Country("Thailand", "Asia", "Southeast Asia", REGIONS[3], 4, REMOTE),
    Country("Vietnam", "Asia", "Southeast Asia", REGIONS[3], 4, REMOTE),
    Country("Pakistan", "Asia", "Southern Asia", REGIONS[3], 3, REMOTE),
    Country("Nepal", "Asia", "Southern Asia", REGIONS[3], 1.2, REMOTE),
    Country("Mexico", "Americas", "Central America", REGIONS[4], 13, FAR),
    Country("Brazil", "Americas", "South America", REGIONS[4], 14, REMOTE),
    Country("Argentina", "Americas", "South America", REGIONS[4], 5, REMOTE),
    Country("Chile", "Americas", "South America", REGIONS[4], 5, FAR),
    Country("Colombia", "Americas", "South America", REGIONS[4], 4, REMOTE),
    Country("Peru", "Americas", "South America", REGIONS[4], 3, REMOTE),
    Country("Costa Rica", "Americas", "Central America", REGIONS[4], 1.2, FAR),
    Country("Australia", "Oceania", "Australasia", REGIONS[5], 31, (0.0, 0.0, -0.20)),
    Country("New Zealand", "Oceania", "Australasia", REGIONS[5], 9, (0.0, 0.0, -0.20)),
    Country("South Africa", "Africa", "Southern Africa", REGIONS[5], 5, FAR),
    Country("United Arab Emirates", "Asia", "Western Asia", REGIONS[5], 3.5, FAR),
    Country("Saudi Arabia", "Asia", "Western Asia", REGIONS[5], 2, REMOTE),
    Country("Egypt", "Africa", "Northern Africa", REGIONS[5], 2, REMOTE),
    Country("Morocco", "Africa", "Northern Africa", REGIONS[5], 1.5, REMOTE),
    Country("Kenya", "Africa", "Eastern Africa", REGIONS[5], 1.5, REMOTE),
    Country("Nigeria", "Africa", "Western Africa", REGIONS[5], 2, REMOTE),
    Country("(not set)", "(not set)", "(not set)", REGIONS[5], 3, FAR),
)

NOWHERE = (("(not set)", "(not set)"),)
# Region and city of a visitor; countries not named here have none.
PLACES = {
    "United States": (
        ("Colorado", "Denver"), ("Washington", "Seattle"), ("California", "San Francisco"), ("California", "Los Angeles"),
        ("New York", "New York"), ("Oregon", "Portland"), ("Texas", "Austin"), ("Illinois", "Chicago"), ("Utah", "(not set)"),
        ("North Carolina", "Asheville"), ("(not set)", "(not set)"),
    ),
    "Canada": (("British Columbia", "Vancouver"), ("Ontario", "Toronto"), ("Alberta", "Calgary"), ("Quebec", "Montreal")),
    "United Kingdom": (("England", "London"), ("England", "Manchester"), ("Scotland", "Edinburgh"), ("Wales", "(not set)")),
    "Germany": (("Bavaria", "Munich"), ("Berlin", "Berlin"), ("Hamburg", "Hamburg"), ("North Rhine-Westphalia", "Cologne")),
    "Australia": (("New South Wales", "Sydney"), ("Victoria", "Melbourne"), ("Tasmania", "Hobart")),
    "France": (("Ile-de-France", "Paris"), ("Auvergne-Rhone-Alpes", "Lyon"), ("(not set)", "(not set)")),
}

DEVICES = ("desktop", "mobile", "tablet")
DEVICE_EFFECTS = ((0.16, 0.12, 0.42), (-0.10, -0.07, -0.30), (0.02, 0.04, -0.08))
# Share of each device in each region.
DEVICE_MIX = (
    (0.41, 0.545, 0.045), (0.42, 0.530, 0.050), (0.39, 0.575, 0.035),
    (0.28, 0.700, 0.020), (0.30, 0.675, 0.025), (0.35, 0.610, 0.040),
)


class Platform(NamedTuple):
    device: str
    operating_system: str
    browser: str
    weight: float
    tilt: tuple[float, ...] = (1, 1, 1, 1, 1, 1)
    in_app: bool = False


APPLE = (1.4, 1.0, 0.7, 0.5, 0.45, 0.9)
OPEN = (0.6, 0.9, 1.3, 1.5, 1.5, 1.1)
PLATFORMS = (
    Platform("desktop", "Windows", "Chrome", 44, OPEN),
    Platform("desktop", "Windows", "Edge", 15),
    Platform("desktop", "Windows", "Firefox", 4.5, (1, 1.6, 1.4, 0.8, 1, 1)),
    Platform("desktop", "Windows", "Opera", 1.2, OPEN),
    Platform("desktop", "Macintosh", "Safari", 14, APPLE),
    Platform("desktop", "Macintosh", "Chrome", 13, APPLE),
    Platform("desktop", "Macintosh", "Firefox", 1.5, APPLE),
    Platform("desktop", "Linux", "Chrome", 2.2),
    Platform("desktop", "Linux", "Firefox", 1.5, (1, 1.5, 1.3, 0.8, 1, 1)),
    Platform("desktop", "Chrome OS", "Chrome", 3, (1.4, 0.6, 0.3, 0.3, 0.4, 0.8)),
    Platform("desktop", "(not set)", "(not set)", 0.15),
    Platform("mobile", "iOS", "Safari", 43, APPLE),
    Platform("mobile", "iOS", "Chrome", 5, APPLE),
    Platform("mobile", "iOS", "Safari (in-app)", 7, APPLE, True),
    Platform("mobile", "Android", "Chrome", 33, OPEN),
    Platform("mobile", "Android", "Samsung Internet", 9, (0.9, 1.1, 1.1, 1.2, 1, 1)),
    Platform("mobile", "Android", "Android Webview", 5, OPEN, True),
    Platform("mobile", "Android", "Firefox", 1),
    Platform("mobile", "Android", "Opera", 0.8, OPEN),
    Platform("tablet", "iOS", "Safari", 68, APPLE),
    Platform("tablet", "iOS", "Chrome", 4, APPLE),
    Platform("tablet", "Android", "Chrome", 20, OPEN),
    Platform("tablet", "Android", "Samsung Internet", 6, OPEN),
    Platform("tablet", "Windows", "Edge", 2),
)

# Effects of what a session is after, by the kind of its traffic.
KIND_EFFECTS = {
    "direct": (0.10, 0.10, 0.25),
    "search": (0.10, 0.05, 0.05),
    "brand search": (0.35, 0.40, 0.55),
    "paid search": (-0.05, 0.15, 0.05),
    "paid shopping": (0.00, 0.55, 0.10),
    "email": (0.30, 0.35, 0.45),
    "social": (-0.35, -0.30, -0.55),
    "paid social": (-0.45, -0.15, -0.45),
    "video": (-0.30, -0.20, -0.50),
    "referral": (0.05, -0.05, -0.10),
    "affiliate": (0.05, 0.20, 0.20),
    "display": (-0.70, -0.40, -0.80),
    "assistant": (0.25, 0.25, 0.15),
    "message": (0.15, 0.25, 0.30),
    "unassigned": (-0.20, -0.20, -0.30),
}
# How much likelier each kind is on (desktop, mobile, tablet), and for a visitor who comes back.
KIND_DEVICE = {
    "social": (0.35, 1.55, 0.9), "paid social": (0.18, 1.70, 0.9), "video": (0.7, 1.2, 1.5), "message": (0.1, 1.8, 0.1),
    "email": (0.9, 1.05, 1.3), "assistant": (1.7, 0.5, 0.5), "referral": (1.4, 0.7, 0.9), "display": (0.8, 1.1, 1.6),
    "paid shopping": (0.9, 1.1, 1.0), "affiliate": (1.2, 0.85, 1.0),
}
KIND_RETURN = {
    "direct": 2.6, "email": 3.0, "brand search": 2.2, "message": 3.0, "social": 0.6, "paid social": 0.7, "video": 0.5,
    "display": 1.3, "assistant": 0.8, "paid shopping": 0.8,
}


class Line(NamedTuple):
    """One line of traffic: a source, medium and campaign with the channel Google's rules give them."""

    source: str
    medium: str
    campaign: str | None
    channel: str
    kind: str
    weight: float
    referrer: str | None = None
    tilt: tuple[float, ...] = (1, 1, 1, 1, 1, 1)
    growth: float = 1.0
    window: tuple[float, float] = (0.0, 1.0)
    send_days: tuple[int, ...] = ()


GOOGLE = "https://www.google.com/"
LINES = (
    Line("(direct)", "(none)", None, "Direct", "direct", 205),
    Line("google", "organic", None, "Organic Search", "search", 265, GOOGLE),
    Line("bing", "organic", None, "Organic Search", "search", 22, "https://www.bing.com/", (1.3, 1, 0.7, 0.4, 0.4, 1)),
    Line("duckduckgo", "organic", None, "Organic Search", "search", 9, "https://duckduckgo.com/", (1.2, 1.1, 0.8, 0.3, 0.4, 1)),
    Line("yahoo", "organic", None, "Organic Search", "search", 8, "https://search.yahoo.com/", (1, 0.5, 0.5, 2.6, 0.5, 1)),
    Line("ecosia.org", "organic", None, "Organic Search", "search", 4, "https://www.ecosia.org/", (0.3, 3, 1.5, 0.1, 0.2, 0.6)),
    Line("baidu", "organic", None, "Organic Search", "search", 2, "https://www.baidu.com/", (0.05, 0.05, 0.05, 12, 0.05, 0.1)),
    Line("yandex", "organic", None, "Organic Search", "search", 1.5, "https://yandex.com/", (0.1, 0.2, 5, 0.5, 0.1, 0.4)),
    Line("naver", "organic", None, "Organic Search", "search", 1.5, "https://search.naver.com/", (0.05, 0.05, 0.05, 12, 0.05, 0.1)),
    Line("google", "cpc", "brand", "Paid Search", "brand search", 34, GOOGLE),
    Line("google", "cpc", "generic-tents", "Paid Search", "paid search", 32, GOOGLE),
    Line("google", "cpc", "generic-boots", "Paid Search", "paid search", 24, GOOGLE),
    Line("google", "cpc", "shopping-all-products", "Paid Shopping", "paid shopping", 46, GOOGLE),
    Line("google", "cpc", "cross-network-autumn", "Cross-network", "paid search", 30, GOOGLE, window=(0.62, 1.0)),
    Line("bing", "cpc", "brand", "Paid Search", "brand search", 5, "https://www.bing.com/", (1.4, 1, 0.4, 0.1, 0.2, 1)),
    Line("bing", "cpc", "shopping-bing", "Paid Shopping", "paid shopping", 5, "https://www.bing.com/", (1.4, 1, 0.4, 0.1, 0.2, 1)),
    Line("instagram.com", "referral", None, "Organic Social", "social", 36, "https://l.instagram.com/"),
    Line("instagram.com", "paid_social", "summer-summits", "Paid Social", "paid social", 30, "https://l.instagram.com/", window=(0.1, 0.55)),
    Line("instagram.com", "paid_social", "autumn-layers", "Paid Social", "paid social", 34, "https://l.instagram.com/", window=(0.55, 1.0)),
    Line("facebook.com", "referral", None, "Organic Social", "social", 10, "https://www.facebook.com/"),
    Line("m.facebook.com", "referral", None, "Organic Social", "social", 17, "https://m.facebook.com/"),
    Line("facebook", "paid_social", "lookalike-hikers", "Paid Social", "paid social", 20, "https://m.facebook.com/"),
    Line("facebook", "paid_social", "retarget-basket", "Paid Social", "paid social", 9, "https://m.facebook.com/"),
    Line("tiktok.com", "referral", None, "Organic Social", "social", 12, "https://www.tiktok.com/", growth=1.9),
    Line("tiktok", "paid_social", "trail-talk", "Paid Social", "paid social", 9, "https://www.tiktok.com/", growth=1.5),
    Line("pinterest.com", "referral", None, "Organic Social", "social", 14, "https://www.pinterest.com/"),
    Line("reddit.com", "referral", None, "Organic Social", "social", 11, "https://www.reddit.com/", (1.2, 1, 0.8, 0.7, 0.5, 1)),
    Line("t.co", "referral", None, "Organic Social", "social", 4, "https://t.co/"),
    Line("linkedin.com", "referral", None, "Organic Social", "social", 2, "https://www.linkedin.com/"),
    Line("threads.net", "referral", None, "Organic Social", "social", 3, "https://www.threads.net/"),
    Line("youtube.com", "referral", None, "Organic Video", "video", 19, "https://www.youtube.com/"),
    Line("youtube", "cpv", "gear-films", "Paid Video", "video", 8, "https://www.youtube.com/"),
    Line("vimeo.com", "referral", None, "Organic Video", "video", 1.5, "https://vimeo.com/"),
    Line("newsletter", "email", "weekly-trail-notes", "Email", "email", 30, send_days=(1, 3)),
    Line("newsletter", "email", "midsummer-sale", "Email", "email", 34, window=(0.24, 0.33), send_days=(0, 2, 4)),
    Line("newsletter", "email", "welcome-series", "Email", "email", 8),
    Line("newsletter", "email", "abandoned-basket", "Email", "email", 7),
    Line("sms", "sms", "flash-offer", "SMS", "message", 4, send_days=(4,)),
    Line("web-push", "push", "back-in-stock", "Mobile Push Notifications", "message", 2.5),
    Line("chatgpt.com", "referral", None, "Referral", "assistant", 9, "https://chatgpt.com/", growth=2.6),
    Line("perplexity.ai", "referral", None, "Referral", "assistant", 2.2, "https://www.perplexity.ai/", growth=2.0),
    Line("gemini.google.com", "referral", None, "Referral", "assistant", 2.4, "https://gemini.google.com/", growth=2.8),
    Line("copilot.microsoft.com", "referral", None, "Referral", "assistant", 1.3, "https://copilot.microsoft.com/", growth=1.8),
    Line("claude.ai", "referral", None, "Referral", "assistant", 1.1, "https://claude.ai/", growth=2.2),
    Line("trailnotes.example", "referral", None, "Referral", "referral", 10, "https://trailnotes.example/"),
    Line("hikers-forum.example", "referral", None, "Referral", "referral", 9, "https://hikers-forum.example/"),
    Line("gear-review.example", "referral", None, "Referral", "referral", 12, "https://gear-review.example/"),
    Line("alpinwelt.example", "referral", None, "Referral", "referral", 5, "https://alpinwelt.example/", (0.02, 3.5, 0.8, 0.05, 0.05, 0.1)),
    Line("fellwalkers.example", "referral", None, "Referral", "referral", 4, "https://fellwalkers.example/", (0.05, 3, 0.2, 0.05, 0.05, 0.8)),
    Line("nationaltrails.example", "referral", None, "Referral", "referral", 5, "https://nationaltrails.example/"),
    Line("campsite-finder.example", "referral", None, "Referral", "referral", 4, "https://campsite-finder.example/"),
    Line("mail.google.com", "referral", None, "Referral", "referral", 3, "https://mail.google.com/"),
    Line("outlook.live.com", "referral", None, "Referral", "referral", 1.5, "https://outlook.live.com/"),
    Line("calendar.google.com", "referral", None, "Referral", "referral", 0.3, "https://calendar.google.com/"),
    Line("voucher-hut.example", "affiliate", "deals", "Affiliates", "affiliate", 11, "https://voucher-hut.example/"),
    Line("cashback-club.example", "affiliate", "deals", "Affiliates", "affiliate", 7, "https://cashback-club.example/"),
    Line("gear-review.example", "affiliate", "best-tents", "Affiliates", "affiliate", 5, "https://gear-review.example/"),
    Line("adroll", "display", "prospecting", "Display", "display", 12),
    Line("criteo", "retargeting", "basket-reminder", "Paid Other", "display", 9),
    Line("podcast", "audio", "summit-stories", "Audio", "video", 1.5),
    Line("store-qr", "qr", "window-poster", "Unassigned", "unassigned", 2.5),
    Line("(not set)", "(not set)", None, "Unassigned", "unassigned", 3),
)
# From this day Google Analytics has a channel of its own for assistants; until then they were referrals.
ASSISTANT_CHANNEL_SINCE = "2026-05-13"

SPAM_LINES = (
    Line("semalt.com", "referral", None, "Referral", "spam", 1, "http://semalt.com/"),
    Line("buttons-for-website.com", "referral", None, "Referral", "spam", 1, "http://buttons-for-website.com/"),
    Line("free-share-buttons.com", "referral", None, "Referral", "spam", 1, "http://free-share-buttons.com/"),
    Line("uptime-probe.example", "referral", None, "Referral", "probe", 1, "https://uptime-probe.example/"),
)
ALL_LINES = LINES + SPAM_LINES


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
# How much likelier each group of landing pages is for each kind of traffic.
LANDING_TILT = {
    "direct": {"home": 4, "guide": 0.25, "service": 2},
    "search": {"home": 0.7, "guide": 1.8},
    "brand search": {"home": 6, "guide": 0.05, "service": 1.5},
    "paid search": {"home": 0.1, "collection": 4, "guide": 0.1, "service": 0},
    "paid shopping": {"home": 0.05, "collection": 6, "guide": 0, "service": 0},
    "email": {"home": 0.4, "offer": 6, "service": 0.2},
    "social": {"home": 0.6, "offer": 2, "guide": 1.6, "service": 0.2},
    "paid social": {"home": 0.2, "collection": 2.5, "offer": 3, "guide": 0.3, "service": 0},
    "video": {"home": 0.8, "guide": 2.5, "service": 0.2},
    "referral": {"home": 0.8, "guide": 2.2},
    "affiliate": {"home": 0.4, "offer": 5, "guide": 0.2, "service": 0},
    "display": {"home": 1, "offer": 3, "guide": 0.1, "service": 0},
    "assistant": {"home": 0.3, "collection": 2, "guide": 3},
    "message": {"home": 0.3, "offer": 6, "guide": 0.1, "service": 0},
    "unassigned": {},
    "spam": {"collection": 0, "offer": 0, "guide": 0, "service": 0},
    "probe": {"collection": 0, "offer": 0, "guide": 0, "service": 0},
}
CAMPAIGN_LANDING = {"generic-tents": "/collections/tents", "generic-boots": "/collections/boots", "best-tents": "/guides/choose-a-tent"}

BASKET, CHECKOUT, PAYMENT, CONFIRMATION = "/basket", "/checkout/delivery", "/checkout/payment", "/checkout/confirmation"
SERVICE_PAGES = (
    (BASKET, "Your basket"), (CHECKOUT, "Delivery"), (PAYMENT, "Payment"), (CONFIRMATION, "Thank you for your order"), ("/search", "Search"),
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
    "Tents": (("Harrow 1 Tent", 18900), ("Harrow 2 Tent", 24900), ("Stonechat 3 Tent", 32900), ("Bothy 4 Tent", 44900),
              ("Ridge Tarp", 7900), ("Tent Footprint", 3900), ("Titanium Pegs", 1850)),
    "Backpacks": (("Curlew 18 Daypack", 6400), ("Curlew 28 Daypack", 8900), ("Drover 45 Pack", 14900), ("Drover 60 Pack", 18900),
                  ("Rain Cover", 2200), ("Dry Bag Set", 2950)),
    "Walking boots": (("Gritstone Mid Boot", 16900), ("Gritstone Low Shoe", 13900), ("Moor Leather Boot", 21900),
                      ("Trail Gaiters", 3400), ("Merino Hiking Socks", 1900), ("Boot Wax", 990)),
    "Jackets": (("Squall Shell", 22900), ("Drizzle Jacket", 11900), ("Ember Down Jacket", 19900), ("Tussock Fleece", 7900),
                ("Merino Base Layer", 6900), ("Wool Beanie", 2400), ("Liner Gloves", 2600)),
    "Sleeping bags": (("Lapwing 3 Season Bag", 15900), ("Lapwing Winter Bag", 28900), ("Silk Liner", 5900), ("Feather Mat", 9900),
                      ("Camp Pillow", 2900)),
    "Stoves and cooking": (("Ember Stove", 5900), ("Nesting Pots", 4900), ("Titanium Mug", 2900), ("Spork Pair", 850),
                           ("Water Filter", 3900), ("Steel Bottle", 2750)),
    "Climbing": (("Sport Harness", 6900), ("Single Rope 60 m", 16900), ("Quickdraw Set", 8900), ("Chalk Bag", 2100), ("Climbing Helmet", 7400)),
    "Accessories": (("Head Torch", 3950), ("Trekking Poles", 7900), ("Map Case", 1650), ("First Aid Kit", 2450), ("Trail Snack Box", 1490)),
}
PRODUCTS = tuple(
    Product(f"LF-{category[:2].upper()}{number:03d}", name, category, cents, (cents / 5000) ** -0.35)
    for category, rows in _CATALOGUE.items()
    for number, (name, cents) in enumerate(rows, 1)
)
