"""Labels as people read them: SQL expressions that turn what exports and strangers write into clean, comparable names.

A raw label becomes plain (one line, trimmed, NULL where it means missing), then text (without personal data), then what its column asks for.

Each costs several regular expressions a value, so apply them to distinct labels and join the result back.
"""

from __future__ import annotations

from etl import privacy

LIMIT = 200

MISSING = (
    "", "(not set)", "(not provided)", "not available in demo dataset", "(data not available)", "(data deleted)", "<other>", "(other)",
    "(redacted by privacy)", "unknown.unknown", "(unknown)", "unknown", "undefined", "null", "none", "(none)", "nan", "n/a", "na", "-",
    "(all other sources)",
)  # fmt: skip
"""Words that stand for a missing value, in lower case. The last is how the cubes call sources too rare to list."""

DEVICES = {
    "desktop": ("desktop", "computer", "pc", "laptop", "web"),
    "mobile": ("mobile", "phone", "smartphone", "mobile phone", "mobile devices", "mobile devices with full browsers", "handset"),
    "tablet": ("tablet", "tablets", "tablets with full browsers", "ipad"),
}

# Universal Analytics' names of channels, as GA4 calls them.
CHANNELS = {
    "social": "Organic Social",
    "organic social": "Organic Social",
    "video": "Organic Video",
    "organic video": "Organic Video",
    "organic search": "Organic Search",
    "organic shopping": "Organic Shopping",
    "paid search": "Paid Search",
    "paid social": "Paid Social",
    "paid video": "Paid Video",
    "paid shopping": "Paid Shopping",
    "other advertising": "Paid Other",
    "paid other": "Paid Other",
    "generic paid": "Paid Other",
    "display": "Display",
    "direct": "Direct",
    "referral": "Referral",
    "email": "Email",
    "affiliates": "Affiliates",
    "audio": "Audio",
    "sms": "SMS",
    "mobile push notifications": "Mobile Push Notifications",
    "cross-network": "Cross-network",
    "ai assistant": "AI Assistant",
    "ai assistants": "AI Assistant",
    "unassigned": "Unassigned",
    "(unassigned)": "Unassigned",
    "(other)": "Unassigned",
    "other": "Unassigned",
}


def plain_sql(label: str, missing: tuple[str, ...] = MISSING, limit: int = LIMIT) -> str:
    """A label on one line, trimmed and cut at 200 characters; NULL where it is one of the words for missing."""
    line = f"trim(regexp_replace(left({label}, {4 * limit}), '[\\p{{Cc}}\\p{{Cf}}\\p{{Z}}]+', ' ', 'g'))"
    line = f"left({line}, {limit})"
    return f"case when lower({line}) not in {_list(missing or ('',))} then {line} end"


def text_sql(plain: str) -> str:
    """A plain label without personal data."""
    return privacy.scrub_sql(plain)


def steps_sql(rows: str, names: tuple[str, ...], raw: str = "", source: str = "source") -> str:
    """First steps of a query over rows with raw labels, the last of them `sources`: each label plain, then as a text, and the clean source.

    `names` are the columns cleaned beside the channel, of which no word is taken as missing; `raw` is what the names of raw columns begin
    with. Each step is materialized: written as one expression, every use of a label would clean it again.
    """
    plain = "".join(f"{plain_sql(raw + name)} as plain_{name}, " for name in names)
    texts = ", ".join(f"{text_sql(f'plain_{name}')} as text_{name}" for name in names)
    return f"""
        plain as materialized (
            select *, {plain}{plain_sql(f"{raw}channel", missing=())} as plain_channel
            from {rows}
        ),
        texts as materialized (
            select *, {texts}
            from plain
        ),
        sources as materialized (
            select *, {source_sql("text_source")} as {source}
            from texts
        )
    """


def source_sql(text: str) -> str:
    """Source in lower case, as Google and google are one; (direct) for direct traffic, (unknown) where the export does not say."""
    return f"case lower({text}) when 'direct' then '(direct)' else coalesce(lower({text}), '(unknown)') end"


def medium_sql(text: str, raw: str, source: str) -> str:
    """Medium in lower case; (none) for direct traffic, (unknown) where the export does not say.

    `text` is the clean medium, `raw` the one in the file, where the word none has a meaning of its own; `source` is clean.
    """
    return (
        f"case when lower(trim({raw})) in ('(none)', 'none') then '(none)' when {text} is not null then lower({text}) "
        f"when {source} = '(direct)' then '(none)' else '(unknown)' end"
    )


def campaign_sql(text: str) -> str:
    """Name of the campaign; NULL where there is none."""
    return f"case when lower({text}) not in ('(direct)', '(organic)', '(referral)') then {text} end"


def stated_channel_sql(plain: str) -> str:
    """Channel that the export states, as GA4 calls it; `plain` is the label with no word taken as missing."""
    names = " ".join(f"when {privacy.literal(name)} then {privacy.literal(said)}" for name, said in CHANNELS.items())
    return f"case lower({plain}) {names} else {privacy.scrub_sql(plain)} end"


def channel_sql(stated: str, by_rules: str, source: str) -> str:
    """Channel as GA4 would say it: the one stated, else by Google's published rules.

    Referrals from AI assistants are told apart at any date: Google does so since 13 May 2026 only, and a trend over that day would show a
    loss of referrals that never was.
    """
    assistant = f"channel_is_assistant({source}) and coalesce({stated}, 'Referral') in ('Referral', 'Unassigned', 'Organic Search')"
    return f"case when {assistant} then {by_rules} else coalesce({stated}, {by_rules}) end"


def device_sql(device: str) -> str:
    """Device category: desktop, mobile, tablet or other."""
    cases = " ".join(f"when lower(trim({device})) in {_list(names)} then '{category}'" for category, names in DEVICES.items())
    return f"case {cases} else 'other' end"


def landing_page_sql(plain: str) -> str:
    """Path of a page without query string and personal data; NULL where there is none."""
    return privacy.path_sql(plain)


def _list(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(privacy.literal(word) for word in words) + ")"
