"""From landed rows to sessions: clean, hash, tell bots apart, fold what stands twice, account for every row.

The landed rows of a batch of files stand in a scratch database beside the one being built, so that raw ids never enter it.
All SQL here runs on whole relations; what is cleaned is each distinct label once, not each row.
"""

import duckdb

from etl import bots, labels, levels, privacy, stages
from etl.readers import COLUMNS, EVENT_COLUMNS

LABEL_GROUPS = {
    "device": ("device",),
    "country": ("country",),
    "traffic": ("source", "medium", "campaign", "channel"),
    "landing_page": ("landing_page",),
    "browser": ("browser",),
    "operating_system": ("operating_system",),
}
"""Columns cleaned together, since a channel follows from source, medium and campaign."""
SESSION_COLUMNS = (
    "session_id, visitor_id, visit_number, started_at, session_date, device, country, iso3, source, medium, campaign, channel, landing_page, "
    "browser, operating_system, pageviews, duration_seconds, is_engaged, is_bounce, stage, is_converted, transactions, revenue"
)
KEY = "visitor_key, visit_key, session_date"


def create_landing(con: duckdb.DuckDBPyConnection) -> None:
    """Create the empty landing tables of a batch in the attached database scratch."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create table scratch.landing (load_id integer, first_load integer, {columns})")
    events = ", ".join(f"{name} {kind}" for name, kind in EVENT_COLUMNS.items())
    con.execute(f"create table scratch.events ({events})")


def merge(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the rows of scratch.landing into sessions and bots, and their counts into scratch.counts.

    scratch.counts holds, by load_id: sessions_new, sessions_updated, duplicates, folded, bots, without_consent.
    """
    fold_repeated(con)
    clean_labels(con)
    for column, group in {"device": "device", "country": "country", "source": "traffic", "channel": "traffic"}.items():
        levels.extend(con, column, f"scratch.clean_{group}")
    incoming = f"({cleaned_sql(con)})"
    (known,) = con.execute("select (select count(*) from sessions) + (select count(*) from bots)").fetchone()
    if known:
        con.execute(f"create table scratch.incoming as from {incoming}")
        incoming = "scratch.incoming"
        replace_known(con)
    con.execute(
        f"""
        insert into scratch.counts
        select first_load, case when rule is not null then 'bots' else 'sessions_new' end, count(*)
        from {incoming}
        {"where session_id not in (select session_id from scratch.replaced)" if known else ""}
        group by all
        """
    )
    con.execute(f"insert into bots by name select {SESSION_COLUMNS}, load_id, rule from {incoming} where rule is not null")
    con.execute(
        f"""
        insert into sessions by name
        select {SESSION_COLUMNS}, load_id
        from {incoming}
        where rule is null
        order by session_date, device, source, country
        """
    )


def fold_repeated(con: duckdb.DuckDBPyConnection) -> None:
    """Leave one landed row a session: equal rows are duplicates, rows that differ are folded.

    Within one file the fold takes the largest count, duration, revenue and stage and the first row's labels: rows that differ there are
    hits, products or parts of one session. Of several files the last one wins, as it was exported later.
    """
    con.execute(
        f"""
        create table scratch.repeated as
        select key
        from (select hash({KEY}) as key from scratch.landing where reject_reason is null)
        group by key
        having count(*) > 1
        """
    )
    con.execute("create table scratch.counts (load_id integer, outcome varchar, rows bigint)")
    (repeated,) = con.execute("select count(*) from scratch.repeated").fetchone()
    if not repeated:
        return
    is_repeated = f"reject_reason is null and hash({KEY}) in (select key from scratch.repeated)"
    content = ", ".join(name for name in COLUMNS if name not in ("row_number", "file"))
    con.execute(
        f"""
        create table scratch.ranked as
        select
            *,
            row_number() over (partition by {KEY}, load_id order by row_number nulls last, content) as place,
            row_number() over (partition by {KEY}, load_id, content order by row_number nulls last) as copy
        from (select *, md5(cast(row({content}) as varchar)) as content from scratch.landing where {is_repeated})
        """
    )
    con.execute(
        """
        insert into scratch.counts
        select load_id, case when copy > 1 then 'duplicates' else 'folded' end, count(*)
        from scratch.ranked
        where place > 1
        group by all
        """
    )
    folded = {
        **{
            name: f"max({name})"
            for name in ("visit_number", "pageviews", "hits", "duration_seconds", "transactions", "revenue_micros", "stage")
        },
        **{name: f"min({name})" for name in ("row_number", "started_at")},
        "is_bounce": "bool_and(is_bounce)",
        "reject_reason": "null",
    }
    chosen = ", ".join(name if name in KEY.split(", ") else f"{folded.get(name, f'arg_min({name}, place)')} as {name}" for name in COLUMNS)
    con.execute(f"create table scratch.by_file as select load_id, {chosen} from scratch.ranked group by load_id, {KEY}")
    con.execute(
        f"""
        create table scratch.sequence as
        select
            *,
            lag(content) over versions as before,
            row_number() over versions as version,
            row_number() over (partition by {KEY} order by load_id desc) = 1 as is_last
        from (select *, md5(cast(row({content}) as varchar)) as content from scratch.by_file)
        window versions as (partition by {KEY} order by load_id)
        """
    )
    con.execute(
        """
        insert into scratch.counts
        select load_id, case when content = before then 'duplicates' else 'sessions_updated' end, count(*)
        from scratch.sequence
        where version > 1
        group by all
        """
    )
    con.execute(f"delete from scratch.landing where {is_repeated}")
    con.execute(
        f"""
        insert into scratch.landing by name
        select
            * exclude (content, before, version, is_last),
            min(load_id) over (partition by {KEY}) as first_load
        from scratch.sequence
        qualify is_last
        """
    )


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
            with plain as materialized (
                select
                    *,
                    {labels.plain_sql("raw_source")} as plain_source,
                    {labels.plain_sql("raw_medium")} as plain_medium,
                    {labels.plain_sql("raw_campaign")} as plain_campaign,
                    {labels.plain_sql("raw_channel", missing=())} as plain_channel
                from scratch.raw_traffic
            ),
            texts as materialized (
                select
                    *,
                    {labels.text_sql("plain_source")} as text_source,
                    {labels.text_sql("plain_medium")} as text_medium,
                    {labels.text_sql("plain_campaign")} as text_campaign
                from plain
            ),
            sources as materialized (
                select *, {labels.source_sql("text_source")} as source
                from texts
            ),
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


def cleaned_sql(con: duckdb.DuckDBPyConnection) -> str:
    """Query that gives the landed rows as sessions, with first_load, load_id and the rule that marks a bot."""
    joins = []
    for group in LABEL_GROUPS:
        conditions = [f"clean_{group}.raw_{name} = coalesce(landing.{name}, '')" for name in varying(con, group)]
        joins.append(f"inner join scratch.clean_{group} on {' and '.join(conditions) or 'true'}")
    return f"""
        select
            *,
            stage >= 1 as is_engaged,
            stage = 3 as is_converted
        from (
            select
                coalesce(first_load, load_id) as first_load,
                load_id,
                {privacy.session_id_sql("visitor_key", "visit_key", "session_date")} as session_id,
                {privacy.visitor_id_sql("visitor_key")} as visitor_id,
                visit_number,
                started_at,
                session_date,
                clean_device.device,
                clean_country.country,
                clean_country.iso3,
                clean_traffic.source,
                clean_traffic.medium,
                clean_traffic.campaign,
                clean_traffic.channel,
                clean_landing_page.landing_page,
                clean_browser.browser,
                clean_operating_system.operating_system,
                pageviews,
                duration_seconds,
                coalesce(is_bounce, coalesce(hits, pageviews) <= 1) as is_bounce,
                {stages.stage_sql()} as stage,
                coalesce(transactions, 0) as transactions,
                cast(cast(coalesce(revenue_micros, 0) as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)) as revenue,
                {bots.rule_sql(con)} as rule
            from scratch.landing
            {" ".join(joins)}
            where reject_reason is null
        )
    """


def replace_known(con: duckdb.DuckDBPyConnection) -> None:
    """Take out of scratch.incoming what is stored already, and out of sessions and bots what comes in anew.

    A row equal to the stored session is a duplicate; one that differs replaces it, and stands in scratch.replaced.
    """
    columns = [name.strip() for name in SESSION_COLUMNS.split(",")]
    compared = " and ".join(
        f"stored.{name}::varchar is not distinct from incoming.{name}::varchar" for name in columns if name != "session_id"
    )
    con.execute(
        f"""
        create table scratch.known as
        select incoming.session_id, incoming.first_load, incoming.rule is null and {compared} as is_equal, incoming.rule is not null as is_bot
        from sessions as stored
        inner join scratch.incoming as incoming on incoming.session_id = stored.session_id
        where stored.session_date between (select min(session_date) from scratch.incoming) and (select max(session_date) from scratch.incoming)
        """
    )
    con.execute(
        """
        insert into scratch.counts
        select first_load, case when is_equal then 'duplicates' else 'sessions_updated' end, count(*)
        from scratch.known
        where not is_bot
        group by all
        """
    )
    con.execute("delete from scratch.incoming where session_id in (select session_id from scratch.known where is_equal)")
    con.execute("create table scratch.replaced as select session_id from scratch.known where not is_equal and not is_bot")
    con.execute("delete from sessions where session_id in (select session_id from scratch.known where not is_equal)")
    con.execute("delete from bots where session_id in (select session_id from scratch.incoming)")


def merge_events(con: duckdb.DuckDBPyConnection) -> None:
    """Bring scratch.events into events: those of sessions that came in, once each, replacing what a session had before."""
    if con.execute("select count(*) from (select 1 from scratch.events limit 1)").fetchone() == (0,):
        return
    session_id = privacy.session_id_sql("visitor_key", "visit_key", "session_date")
    con.execute(
        f"create table scratch.landed_sessions as select {KEY}, {session_id} as session_id from scratch.landing where reject_reason is null"
    )
    con.execute("delete from events where session_id in (select session_id from scratch.landed_sessions)")
    con.execute(
        f"""
        insert into events by name
        select distinct on (session_id, event_index)
            session_id, event_index, occurred_at, event_name, page, value
        from scratch.events
        inner join scratch.landed_sessions using ({KEY})
        semi join sessions on sessions.session_id = landed_sessions.session_id
        order by session_id, event_index, occurred_at, event_name, page, value
        """
    )
