"""Clean labels for landed rows: each distinct label is cleaned once, not each row."""

import duckdb

from etl import labels

LABEL_GROUPS = {
    "device": ("device",),
    "country": ("country",),
    "traffic": ("source", "medium", "campaign", "channel"),
    "landing_page": ("landing_page",),
    "browser": ("browser",),
    "operating_system": ("operating_system",),
}
"""Columns cleaned together, since a channel follows from source, medium and campaign."""


def clean_labels(con: duckdb.DuckDBPyConnection) -> None:
    """Clean each distinct label once: scratch.clean_<group> maps the raw columns of a group that vary to clean ones."""
    for group, columns in LABEL_GROUPS.items():
        raw = ", ".join(f"coalesce({name}, '') as raw_{name}" for name in columns)
        con.execute(f"create table scratch.raw_{group} as select distinct {raw} from scratch.landing where reject_reason is null")
        con.execute(f"create table scratch.clean_{group} as {clean_sql(group)}")


def clean_sql(group: str) -> str:
    """Query from scratch.raw_<group> to the clean labels of a group beside the raw ones.

    Each step is materialized: written as one expression, every use of a label would clean it again.
    """
    if group == "device":
        return f"select raw_device, {labels.device_sql('raw_device')} as device from scratch.raw_device"
    if group == "country":
        return f"""
            with plain as materialized (
                select raw_country, {labels.plain_sql("raw_country")} as plain from scratch.raw_country
            )
            select raw_country, coalesce(known.country, {labels.text_sql("plain")}, '(unknown)') as country, known.iso3
            from plain
            left join countries as known on known.name = lower(plain)
        """
    if group == "traffic":
        return f"""
            with {labels.steps_sql("scratch.raw_traffic", ("source", "medium", "campaign"), raw="raw_")},
            ruled as materialized (
                select
                    *,
                    {labels.medium_sql("text_medium", "raw_medium", "source")} as medium,
                    {labels.campaign_sql("text_campaign")} as campaign,
                    {labels.stated_channel_sql("plain_channel")} as stated
                from sources
            ),
            grouped as materialized (
                select *, default_channel_group(source, medium, campaign) as by_rules
                from ruled
            )
            select raw_source, raw_medium, raw_campaign, raw_channel, source, medium, campaign, {labels.channel_sql("stated", "by_rules", "source")} as channel
            from grouped
        """
    limit = 2000 if group == "landing_page" else labels.LIMIT
    final = labels.landing_page_sql("plain") if group == "landing_page" else labels.text_sql("plain")
    return f"""
        with plain as materialized (
            select raw_{group}, {labels.plain_sql(f"raw_{group}", limit=limit)} as plain from scratch.raw_{group}
        )
        select raw_{group}, {final} as {group} from plain
    """


def varying(con: duckdb.DuckDBPyConnection, group: str) -> list[str]:
    """Columns of a label group that have more than one value in the landed rows."""
    counts = ", ".join(f"count(distinct raw_{name})" for name in LABEL_GROUPS[group])
    found = con.execute(f"select {counts} from scratch.raw_{group}").fetchone()
    return [name for name, count in zip(LABEL_GROUPS[group], found, strict=True) if count > 1]
