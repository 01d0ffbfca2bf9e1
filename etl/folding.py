"""Landed rows that belong to one session: which say the same, which are parts of it, which came later."""

import duckdb

from etl.readers import COLUMNS

KEY = "visitor_key, visit_key, session_date"
"""What makes a session: its visitor, its visit and its day."""


def fold_repeated(con: duckdb.DuckDBPyConnection) -> None:
    """Leave one landed row a session: equal rows are duplicates, rows that differ are folded.

    Within one file the fold takes the largest count, duration, revenue and stage and the first row's labels: rows that differ there are
    hits, products or parts of one session. Of several files the last one wins, as it was exported later; but one without events never wins
    over one with.
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
    told = [name for name in COLUMNS if name not in ("row_number", "file")]
    content = ", ".join(told)
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
            not has_events and bool_or(has_events) over (versions rows unbounded preceding) as is_poorer,
            row_number() over (partition by {KEY} order by has_events desc, load_id desc) = 1 as is_kept
        from (
            select by_file.*, files.stage_basis = 'events' as has_events, md5(cast(row({", ".join(f"by_file.{name}" for name in told)}) as varchar)) as content
            from scratch.by_file as by_file
            inner join scratch.files as files on files.load_id = by_file.load_id
        )
        window versions as (partition by {KEY} order by load_id)
        """
    )
    con.execute(
        """
        insert into scratch.counts
        select load_id, case when is_poorer or content = before then 'duplicates' else 'sessions_updated' end, count(*)
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
            * exclude (content, has_events, before, version, is_poorer, is_kept),
            min(load_id) over (partition by {KEY}) as first_load
        from scratch.sequence
        qualify is_kept
        """
    )
