"""Hits of Google Analytics 360 in GA4's vocabulary: SQL over one hit or over a session's list of them."""

from __future__ import annotations

ACTIONS = {
    "1": "select_item",
    "2": "view_item",
    "3": "add_to_cart",
    "4": "remove_from_cart",
    "5": "begin_checkout",
    "6": "purchase",
    "7": "refund",
    "8": "set_checkout_option",
}
"""hits.eCommerceAction.action_type (https://support.google.com/analytics/answer/3437719), as GA4 calls it."""

TYPES = {
    "PAGE": "page_view",
    "APPVIEW": "screen_view",
    "TRANSACTION": "purchase",
    "ITEM": "purchase_item",
    "SOCIAL": "share",
    "EXCEPTION": "exception",
    "TIMING": "timing_complete",
}
"""hits.type, where the hit is no e-commerce action. EVENT is told from what the site called it."""

# What sites call their own events varies; these words tell the ones GA4 has a name for.
WORDS = (
    (("video", "complete"), "video_complete"),
    (("video", "100"), "video_complete"),
    (("video", "play"), "video_start"),
    (("scroll",), "scroll"),
    (("download",), "file_download"),
    (("form", "submit"), "form_submit"),
    (("sign", "up"), "sign_up"),
    (("log", "in"), "login"),
    (("click",), "click"),
)


def event_name_sql(action_type: str, kind: str, category: str, action: str) -> str:
    """Name of the event a hit stands for.

    Names that sites made up are kept in GA4's spelling (lower case, underscores) without digits, as ids and addresses turn up in them.
    """
    actions = " ".join(f"when '{code}' then '{name}'" for code, name in ACTIONS.items())
    types = " ".join(f"when '{code}' then '{name}'" for code, name in TYPES.items())
    said = f"lower(concat_ws(' ', {category}, {action}))"
    words = " ".join(f"when {' and '.join(f'contains({said}, {word!r})' for word in group)} then '{name}'" for group, name in WORDS)
    own = f"nullif(left(trim(regexp_replace(lower({action}), '[^a-z]+', '_', 'g'), '_'), 40), '')"
    own = f"case when contains({action}, '@') or contains({action}, '%40') then 'event' else coalesce({own}, 'event') end"
    return f"case {action_type} {actions} else case {kind} {types} else case {words} else {own} end end end"
