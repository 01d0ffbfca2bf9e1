"""Labels as people read them: SQL expressions that turn what exports and strangers write into clean, comparable names.

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


def text_sql(label: str) -> str:
    """A label without control characters, surplus blanks and personal data, cut at 200 characters; NULL where it stands for nothing."""
    return f"case when {_plain(label)} is not null then {privacy.scrub_sql(_plain(label))} end"


def source_sql(source: str) -> str:
    """Source in lower case, as Google and google are one; (direct) for direct traffic, (unknown) where the export does not say."""
    clean = f"coalesce(lower({text_sql(source)}), '(unknown)')"
    return f"case when {clean} in ('direct', '(direct)') then '(direct)' else {clean} end"


def medium_sql(medium: str, source: str) -> str:
    """Medium in lower case; (none) for direct traffic, (unknown) where the export does not say."""
    clean = f"lower({text_sql(medium)})"
    says_none = f"lower(trim({medium})) in ('(none)', 'none')"
    return (
        f"case when {says_none} then '(none)' when {clean} is not null then {clean} "
        f"when {source_sql(source)} = '(direct)' then '(none)' else '(unknown)' end"
    )


def campaign_sql(campaign: str) -> str:
    """Name of the campaign; NULL where there is none."""
    clean = text_sql(campaign)
    return f"case when lower({clean}) not in ('(direct)', '(organic)', '(referral)') then {clean} end"


def channel_sql(channel: str, source: str, medium: str, campaign: str) -> str:
    """Channel as GA4 would say it: the export's own, with Universal Analytics' names translated, else by Google's published rules.

    `source`, `medium` and `campaign` are clean already. Referrals from AI assistants are told apart at any date: Google does so since
    13 May 2026 only, and a trend over that day would show a loss of referrals that never was.
    """
    stated = f"lower({_plain(channel, missing=())})"
    names = " ".join(f"when {privacy.literal(name)} then {privacy.literal(said)}" for name, said in CHANNELS.items())
    own = f"case {stated} {names} else {text_sql(channel)} end"
    assistant = f"channel_is_assistant({source}) and coalesce({own}, 'Referral') in ('Referral', 'Unassigned', 'Organic Search')"
    return f"case when {assistant} then default_channel_group({source}, {medium}, {campaign}) " + (
        f"else coalesce({own}, default_channel_group({source}, {medium}, {campaign})) end"
    )


def device_sql(device: str) -> str:
    """Device category: desktop, mobile, tablet or other."""
    cases = " ".join(f"when lower(trim({device})) in {_list(names)} then '{category}'" for category, names in DEVICES.items())
    return f"case {cases} else 'other' end"


def country_sql(country: str) -> str:
    """Country as written, clean; NULL where the export does not say. Look its usual name up by `country_key_sql`."""
    return text_sql(country)


def country_key_sql(country: str) -> str:
    """What to look a country up by in the table countries (column name)."""
    return f"lower({_plain(country)})"


def landing_page_sql(page: str) -> str:
    """Path of a page without query string and personal data; NULL where there is none."""
    return f"case when {_plain(page, limit=2000)} is not null then {privacy.path_sql(_plain(page, limit=2000))} end"


def host_sql(host: str) -> str:
    """A host name in lower case; NULL where there is none."""
    return f"lower({text_sql(host)})"


def _plain(label: str, missing: tuple[str, ...] = MISSING, limit: int = LIMIT) -> str:
    """A label on one line, trimmed and cut; NULL where it is one of the words for missing."""
    line = f"trim(regexp_replace(left({label}, {4 * limit}), '[\\p{{Cc}}\\p{{Cf}}\\p{{Z}}]+', ' ', 'g'))"
    line = f"left({line}, {limit})"
    return f"case when lower({line}) not in {_list(missing or ('',))} then {line} end"


def _list(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(privacy.literal(word) for word in words) + ")"
