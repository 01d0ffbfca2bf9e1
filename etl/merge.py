"""From landed rows to sessions: folded, cleaned, hashed, bots told apart, every row accounted for.

The landed rows of a batch of files stand in a scratch database beside the one being built, so that raw ids never enter it.
All SQL here runs on whole relations.
"""

import duckdb

from etl import bots, cubes, levels, privacy, stages
from etl.cleaning import LABEL_GROUPS, clean_labels, varying
from etl.folding import KEY, fold_repeated
from etl.readers import COLUMNS, EVENT_COLUMNS

SESSION_COLUMNS = (
    "session_id, visitor_id, visit_number, started_at, session_date, device, country, iso3, source, medium, campaign, channel, landing_page, "
    "browser, operating_system, pageviews, duration_seconds, engagement_seconds, is_engaged, is_bounce, stage, is_converted, transactions, "
    "revenue, source_basis"
)

IS_POORER = "told.stage_basis = 'events' and tells.stage_basis = 'thresholds'"
"""Whether a file without events `tells` of a session whose events another `told`."""


def create_landing(con: duckdb.DuckDBPyConnection) -> None:
    """Create the empty landing tables of a batch in the attached database scratch."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create table scratch.landing (load_id integer, first_load integer, session_id varchar, visitor_id varchar, {columns})")
    events = ", ".join(f"{name} {kind}" for name, kind in EVENT_COLUMNS.items())
    con.execute(f"create table scratch.events (load_id integer, {events})")


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
                coalesce(landing.session_id, {privacy.session_id_sql("visitor_key", "visit_key", "session_date")}) as session_id,
                case when landing.session_id is not null then landing.visitor_id else {privacy.visitor_id_sql("visitor_key")} end as visitor_id,
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
                engagement_seconds,
                coalesce(is_bounce, coalesce(hits, pageviews) <= 1) as is_bounce,
                {stages.stage_sql()} as stage,
                coalesce(transactions, 0) as transactions,
                cast(cast(coalesce(revenue_micros, 0) as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)) as revenue,
                source_basis,
                landing.session_id is not null as is_from_events,
                {bots.rule_sql(con)} as rule
            from scratch.landing
            {" ".join(joins)}
            where reject_reason is null
        )
    """


def replace_known(con: duckdb.DuckDBPyConnection) -> None:
    """Take out of scratch.incoming what is stored already, and out of sessions and bots what comes in anew.

    A row equal to the stored session is a duplicate; one that differs replaces it, and stands in scratch.replaced. A file without events
    never replaces what a file with events told: it knows less of the same session.
    """
    columns = [name.strip() for name in SESSION_COLUMNS.split(",")]
    compared = " and ".join(
        f"stored.{name}::varchar is not distinct from incoming.{name}::varchar" for name in columns if name != "session_id"
    )
    # A late first event may bring a session to an earlier day than the stored one.
    *days, has_undated = con.execute(
        """
        select min(session_date), max(session_date), coalesce(bool_or(session_date is null), false)
        from (select session_date from scratch.incoming union all select session_date from scratch.ga4_touched)
        """
    ).fetchone()
    # Asked for only where need be: a condition on nothing but a range of days skips most of a large table.
    undated = "session_date is null or" if has_undated else ""
    con.execute(
        f"""
        create or replace temp table places as
        select rowid as place
        from sessions
        where session_id in (select session_id from scratch.incoming) and ({undated} session_date between ? and ?)
        """,
        days,
    )
    con.execute("create or replace temp table stored as select rowid as place, * from sessions where rowid in (from places)")
    con.execute(
        f"""
        create table scratch.known as
        select
            incoming.session_id,
            incoming.first_load,
            coalesce({IS_POORER}, false) as is_poorer,
            is_poorer or (incoming.rule is null and {compared}) as adds_nothing,
            incoming.rule is not null and not is_poorer as is_bot,
            incoming.is_from_events,
            stored.place
        from stored
        inner join scratch.incoming as incoming on incoming.session_id = stored.session_id
        left join loads as told on told.load_id = stored.load_id
        left join scratch.files as tells on tells.load_id = incoming.load_id
        """
    )
    con.execute("drop table stored; drop table places")
    con.execute(
        """
        insert into scratch.counts
        select
            first_load,
            -- An event that changes nothing of its session is not one that came twice.
            case when not adds_nothing then 'sessions_updated' when is_from_events then 'folded' else 'duplicates' end,
            count(*)
        from scratch.known
        where not is_bot
        group by all
        """
    )
    con.execute("delete from scratch.incoming where session_id in (select session_id from scratch.known where adds_nothing)")
    leave_bots_with_events(con)
    con.execute("create table scratch.replaced as select session_id from scratch.known where not adds_nothing and not is_bot")
    cubes.take_out(con, "select place from scratch.known where not adds_nothing")
    con.execute("delete from bots where session_id in (select session_id from scratch.incoming)")


def leave_bots_with_events(con: duckdb.DuckDBPyConnection) -> None:
    """Take out of scratch.incoming what a file without events tells of bots whose events were told."""
    con.execute(
        f"""
        create or replace temp table poorer as
        select incoming.session_id, incoming.first_load
        from scratch.incoming as incoming
        inner join bots on bots.session_id = incoming.session_id
        inner join loads as told on told.load_id = bots.load_id
        inner join scratch.files as tells on tells.load_id = incoming.load_id
        where {IS_POORER}
        """
    )
    con.execute("insert into scratch.counts select first_load, 'duplicates', count(*) from poorer group by first_load")
    con.execute("delete from scratch.incoming where session_id in (select session_id from poorer)")


def merge_events(con: duckdb.DuckDBPyConnection) -> None:
    """Bring scratch.events into events: those of sessions that came in, once each, replacing what a session had before.

    They are those of the file whose version of the session counts. A session that a file without events told of once more keeps its own.
    """
    if con.execute("select count(*) from (select 1 from scratch.events limit 1)").fetchone() == (0,):
        return
    session_id = privacy.session_id_sql("visitor_key", "visit_key", "session_date")
    con.execute(
        f"""
        create table scratch.landed_sessions as
        select {KEY}, load_id, {session_id} as session_id
        from scratch.landing
        semi join scratch.events using ({KEY}, load_id)
        where reject_reason is null
        """
    )
    con.execute("delete from events where session_id in (select session_id from scratch.landed_sessions)")
    con.execute(
        f"""
        insert into events by name
        select distinct on (session_id, event_index)
            session_id, event_index, occurred_at, event_name, page, value
        from scratch.events
        inner join scratch.landed_sessions using ({KEY}, load_id)
        semi join sessions on sessions.session_id = landed_sessions.session_id
        order by session_id, event_index, occurred_at, event_name, page, value
        """
    )
