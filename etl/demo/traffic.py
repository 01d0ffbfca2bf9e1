"""What brings visitors to the invented shop: sources, mediums, campaigns, and the pages they lead to."""

from typing import NamedTuple

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
    "social": (0.35, 1.55, 0.9),
    "paid social": (0.18, 1.70, 0.9),
    "video": (0.7, 1.2, 1.5),
    "message": (0.1, 1.8, 0.1),
    "email": (0.9, 1.05, 1.3),
    "assistant": (1.7, 0.5, 0.5),
    "referral": (1.4, 0.7, 0.9),
    "display": (0.8, 1.1, 1.6),
    "paid shopping": (0.9, 1.1, 1.0),
    "affiliate": (1.2, 0.85, 1.0),
}
KIND_RETURN = {
    "direct": 2.6,
    "email": 3.0,
    "brand search": 2.2,
    "message": 3.0,
    "social": 0.6,
    "paid social": 0.7,
    "video": 0.5,
    "display": 1.3,
    "assistant": 0.8,
    "paid shopping": 0.8,
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
    Line(
        "instagram.com", "paid_social", "summer-summits", "Paid Social", "paid social", 30, "https://l.instagram.com/", window=(0.1, 0.55)
    ),
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
    Line(
        "fellwalkers.example", "referral", None, "Referral", "referral", 4, "https://fellwalkers.example/", (0.05, 3, 0.2, 0.05, 0.05, 0.8)
    ),
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
