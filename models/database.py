"""What the models read from the database and append to it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from etl import stages
from etl.errors import InputError
from etl.publish import quoted
from etl.schema import is_applied
from models import early
from models.artefact import Model
from models.designs import EARLY, RETROSPECTIVE, Design
from models.examples import Examples
from models.features import Column, Sessions
from models.training import Traced

MAX_EXAMPLES = {"retrospective": 2_000_000, "early": 400_000}
MAX_TRACED = 20_000
BATCH = 500_000
EARLY_BATCH = 100_000
SHARES = 1_000_000


@dataclass(frozen=True)
class Run:
    """A stored training run."""

    run_id: str
    threshold: float
    cutoff: float
    metrics: dict
    last_load: int
    model: Model


@dataclass(frozen=True)
class Read:
    """Sessions as read for training.

    Attributes
    ----------
    ids
        Columns session_id and load_id, a row for each session in the order of their numbers.
    examples
        What is learnt from.
    data_hash
        Equal for equal sessions, and for them alone.
    """

    ids: pa.Table
    examples: Examples
    data_hash: str


@contextlib.contextmanager
def reading(db: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees the published database and cannot change it.

    The file is attached to a database in memory: opened by its path it might be an older version of itself, which
    DuckDB keeps as long as any handle in this process lives.
    """
    if not db.is_file():
        raise InputError(f"{db}: there is no database; load exports first: python -m etl load FILE")
    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as con:
        try:
            con.execute(f"attach {quoted(db)} as leaks (read_only)")
            con.execute("use leaks")
            con.execute("select 1 from sessions, predictions, model_runs, settings limit 0")
        except duckdb.Error as error:
            raise InputError(f"{db}: not a database of this program ({str(error).splitlines()[0]}); name another with --db") from None
        try:
            yield con
        except duckdb.CatalogException as error:
            if is_applied(con):
                raise
            raise InputError(
                f"{db}: published by another version of this program ({str(error).splitlines()[0]}); load an export once to bring it up to date"
            ) from None


def has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the database has a table: those that a version added are there once it has published."""
    return first(con, "select 1 from duckdb_tables() where database_name = current_database() and table_name = ?", [name]) is not None


def first(con: duckdb.DuckDBPyConnection, query: str, parameters: list | None = None) -> tuple | None:
    """The first row of a query, if any. All rows are fetched: an unfinished result blocks the connection."""
    rows = con.execute(query, parameters or []).fetchall()
    return rows[0] if rows else None


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def time_zone(con: duckdb.DuckDBPyConnection) -> str | None:
    """Time zone of the property; None where it is not set or not known here."""
    zone = first(con, "select name from pg_timezone_names() where name = (select value from settings where name = 'time_zone')")
    return zone[0] if zone else None


def key_events() -> frozenset[str]:
    """Names of the events that make a session converted, by data/stage_rules.toml."""
    return frozenset(stages.load_rules().converted.names)


def columns(con: duckdb.DuckDBPyConnection) -> str:
    """Select list that gives the raw columns of sessions; the hour is that of the property's time zone, UTC if unknown."""
    zone = time_zone(con)
    at_property = f"timezone({literal(zone)}, timezone('UTC', started_at))" if zone else "started_at"
    return f"""
        session_id,
        load_id,
        coalesce(visitor_id, session_id) as visitor,
        is_converted,
        cast(date_diff('day', date '1970-01-01', session_date) as integer) as day,
        cast(pageviews as float) as pageviews,
        cast(duration_seconds as float) as duration_seconds,
        cast(visit_number as float) as visit_number,
        cast(extract(hour from {at_property}) as float) as hour,
        cast(isodow(session_date) as float) as weekday,
        cast(device as varchar) as device,
        cast(source as varchar) as source,
        cast(country as varchar) as country,
        cast(channel as varchar) as channel,
        landing_page
    """


def source(design: Design) -> str:
    """The sessions that a kind of model can learn from and score: all, or those with an event before their first outcome."""
    if design is RETROSPECTIVE:
        return "sessions"
    names = ", ".join(literal(name) for name in sorted(early.CHECKOUT | key_events()))
    return f"""(
        select sessions.*
        from sessions
        semi join (
            select session_id
            from (
                select
                    session_id,
                    event_index,
                    occurred_at,
                    event_name in ({names}) or coalesce(regexp_matches(page, {literal(early.CHECKOUT_PAGE.pattern)}, 'i'), false) as is_outcome
                from events
            )
            group by session_id
            having not arg_min(is_outcome, event_index)
                and coalesce(
                    arg_min_null(occurred_at, event_index) filter (is_outcome) > arg_min_null(occurred_at, event_index), true
                )
        ) as open_at_first on open_at_first.session_id = sessions.session_id
    ) as sessions"""


def read_examples(
    con: duckdb.DuckDBPyConnection, design: Design = RETROSPECTIVE, *, limit: int | None = None, load_id: int | None = None
) -> Read:
    """Sessions to learn from, in the order of their ids.

    Parameters
    ----------
    limit
        Where there are more sessions than this, a sample of visitors with about so many; by default `MAX_EXAMPLES`.
    load_id
        Only the sessions that this load brought or last updated.
    """
    limit = limit or MAX_EXAMPLES[design.kind]
    of_load = "true" if load_id is None else f"load_id = {int(load_id)}"
    sessions = f"{source(design)} where {of_load}"
    (total,) = first(con, f"select count(*) from {sessions}")
    share = SHARES if total <= limit else SHARES * limit // total
    sampled = f"md5_number_lower(coalesce(visitor_id, session_id)) % {SHARES} < {share}" if share < SHARES else "true"
    chosen = f"select {columns(con)} from {sessions} and {sampled}"
    table = con.sql(f"{chosen} order by session_id").to_arrow_table()
    names = ("session_id", "visitor", "is_converted", "day", *RETROSPECTIVE.numbers, *RETROSPECTIVE.labels)
    data_hash = hashed(con, f"({chosen})", names)
    converted = table.column("is_converted").to_numpy().astype(bool)
    visitors, days = Column.of(table.column("visitor")), table.column("day").fill_null(0).to_numpy().astype(np.int64)
    ids = table.select(["session_id", "load_id"])
    if design is RETROSPECTIVE:
        rows = np.arange(len(table))
        return Read(ids, Examples(Sessions.from_arrow(table), converted, visitors, days, rows), data_hash)
    events = read_events(con, ids)
    found = early.prefixes(events, key_events())
    data_hash = hashed(
        con,
        f"(select events.* from events semi join ({chosen}) as chosen on chosen.session_id = events.session_id)",
        ("session_id", "event_index", "occurred_at", "event_name", "page"),
        data_hash,
    )
    examples = Examples(
        at_cuts(table, found), converted[found.session], visitors.take(found.session), days[found.session], found.session, found.cut
    )
    return Read(ids, examples, data_hash)


def hashed(con: duckdb.DuckDBPyConnection, rows: str, names: tuple[str, ...], before: str = "") -> str:
    """A hash of rows whatever their order."""
    row = ", ".join(f"coalesce(cast({name} as varchar), chr(30))" for name in names)
    query = f"select md5(concat_ws(' ', ?, count(*), coalesce(bit_xor(md5_number(concat_ws(chr(31), {row}))), 0))) from {rows}"
    return first(con, query, [before])[0]


def read_events(con: duckdb.DuckDBPyConnection, ids: pa.Table) -> early.Events:
    """The events of sessions, numbered by their place among the ids."""
    con.register("wanted", ids.select(["session_id"]).append_column("number", pa.array(np.arange(len(ids)))))
    table = con.sql(
        """
        select wanted.number, epoch(occurred_at) as seconds, event_name, page
        from events
        inner join wanted on wanted.session_id = events.session_id
        order by wanted.number, event_index
        """
    ).to_arrow_table()
    con.unregister("wanted")
    return early.Events(
        table.column("number").to_numpy(),
        table.column("seconds").to_numpy().astype(np.float64),
        Column.of(table.column("event_name")),
        Column.of(table.column("page")),
    )


def at_cuts(table: pa.Table, found: early.Prefixes) -> Sessions:
    """Sessions at their cuts: what is known of a session from its start, and what its events so far tell."""
    start = Sessions.from_arrow(table)
    numbers = {name: found.numbers[name] if name in found.numbers else start.numbers[name][found.session] for name in EARLY.numbers}
    labels = {name: found.labels[name] if name in found.labels else start.categories[name].take(found.session) for name in EARLY.labels}
    return Sessions.of(EARLY, numbers, labels)


def read_traced(con: duckdb.DuckDBPyConnection) -> Traced | None:
    """Some sessions with all of their events, converting ones first, for the audit; None where there are no events."""
    table = con.sql(
        f"""
        select session_id, is_converted
        from sessions
        where session_id in (select session_id from events)
        order by is_converted desc, md5(session_id)
        limit {MAX_TRACED}
        """
    ).to_arrow_table()
    if not len(table):
        return None
    return Traced(read_events(con, table), table.column("is_converted").to_numpy().astype(bool), key_events())


def read_run(con: duckdb.DuckDBPyConnection, kind: str = "retrospective") -> Run | None:
    """The latest run of a kind, ready to score with."""
    found = first(
        con,
        "select run_id, threshold, metrics, params, artefact from model_runs where kind = ? order by trained_at desc, run_id desc limit 1",
        [kind],
    )
    if found is None:
        return None
    run_id, threshold, metrics, params, artefact = found
    metrics = json.loads(metrics)
    try:
        return Run(run_id, threshold, metrics["cutoff"], metrics, json.loads(params).get("last_load", 0), Model.from_bytes(artefact))
    except ValueError as error:
        raise InputError(f"run {run_id}: {error}; train again: python -m models train") from None


def count_unscored(con: duckdb.DuckDBPyConnection, run: Run) -> int:
    """Sessions of which the run has not scored the version that is stored now."""
    query = f"""
        select count(*)
        from {source(run.model.design)}
        anti join (select session_id, load_id from predictions where run_id = ?) as scored
            on scored.session_id = sessions.session_id and scored.load_id = sessions.load_id
    """
    return first(con, query, [run.run_id])[0]
