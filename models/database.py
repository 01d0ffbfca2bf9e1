"""What the models read from the database and append to it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from etl.errors import InputError
from etl.publish import quoted
from etl.schema import rebuild_probability_cubes
from models import folds
from models.artefact import Model
from models.features import LABELS, NUMBERS, Column, Sessions
from models.training import Examples, Trained

MAX_EXAMPLES = 2_000_000
BATCH = 500_000
SHARES = 1_000_000


@dataclass(frozen=True)
class Run:
    """A stored training run."""

    run_id: str
    threshold: float
    cutoff: float
    model: Model


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
        yield con


def first(con: duckdb.DuckDBPyConnection, query: str, parameters: list | None = None) -> tuple | None:
    """The first row of a query, if any. All rows are fetched: an unfinished result blocks the connection."""
    rows = con.execute(query, parameters or []).fetchall()
    return rows[0] if rows else None


def columns(con: duckdb.DuckDBPyConnection) -> str:
    """Select list that gives the raw columns of sessions; the hour is that of the property's time zone, UTC if unknown."""
    zone = first(con, "select name from pg_timezone_names() where name = (select value from settings where name = 'time_zone')")
    at_property = f"timezone('{zone[0]}', timezone('UTC', started_at))" if zone else "started_at"
    return f"""
        session_id,
        coalesce(visitor_id, session_id) as visitor,
        is_converted,
        cast(pageviews as float) as pageviews,
        cast(duration_seconds as float) as duration_seconds,
        cast(visit_number as float) as visit_number,
        cast(extract(hour from {at_property}) as float) as hour,
        cast(isodow(session_date) as float) as weekday,
        cast(device as varchar) as device,
        cast(source as varchar) as source,
        cast(country as varchar) as country,
        cast(channel as varchar) as channel
    """


def read_examples(con: duckdb.DuckDBPyConnection, limit: int = MAX_EXAMPLES) -> tuple[pa.ChunkedArray, Examples, str]:
    """Sessions to learn from, in the order of their ids.

    Parameters
    ----------
    limit
        Where there are more sessions than this, a sample of visitors with about so many.

    Returns
    -------
    ids : pyarrow.ChunkedArray
    examples : Examples
    data_hash : str
        Equal for equal sessions, and for them alone.
    """
    (total,) = first(con, "select count(*) from sessions")
    share = SHARES if total <= limit else SHARES * limit // total
    sampled = f"md5_number_lower(coalesce(visitor_id, session_id)) % {SHARES} < {share}" if share < SHARES else "true"
    chosen = f"select {columns(con)} from sessions where {sampled}"
    table = con.sql(f"{chosen} order by session_id").to_arrow_table()
    names = ("session_id", "visitor", "is_converted", *NUMBERS, *LABELS)
    row = ", ".join(f"coalesce(cast({name} as varchar), chr(30))" for name in names)
    (data_hash,) = first(
        con, f"select md5(concat_ws(' ', count(*), coalesce(bit_xor(md5_number(concat_ws(chr(31), {row}))), 0))) from ({chosen})"
    )
    converted = table.column("is_converted").to_numpy().astype(bool)
    return table.column("session_id"), Examples(Sessions.from_arrow(table), converted, Column.of(table.column("visitor"))), data_hash


def read_current_run(con: duckdb.DuckDBPyConnection) -> Run | None:
    """The run whose predictions the app shows, ready to score with."""
    found = first(con, "select run_id, threshold, cutoff, artefact from current_run inner join model_runs using (run_id, threshold)")
    if found is None:
        return None
    run_id, threshold, cutoff, artefact = found
    try:
        return Run(run_id, threshold, cutoff, Model.from_bytes(artefact))
    except ValueError as error:
        raise InputError(f"run {run_id}: {error}; train again: python -m models train") from None


def count_unscored(con: duckdb.DuckDBPyConnection, run_id: str) -> int:
    """Sessions that the run has not scored."""
    query = "select count(*) from sessions where session_id not in (select session_id from predictions where run_id = ?)"
    return first(con, query, [run_id])[0]


def append_run(
    con: duckdb.DuckDBPyConnection,
    *,
    run_id: str,
    trained_at: datetime,
    code_version: str,
    data_hash: str,
    kind: str,
    ids: pa.ChunkedArray,
    trained: Trained,
) -> tuple[int, float]:
    """Append a run with the probabilities of all sessions; return how many were scored, and the cut-off.

    Sessions the run did not learn from, because they arrived meanwhile or were not sampled, are scored by it. The top
    tenth is exact over all of them, and its lowest probability is stored as `cutoff`.
    """
    p = pa.array(trained.probabilities, pa.float32())
    con.register("learnt_from", pa.table({"session_id": ids, "p_conversion": p}))
    con.execute("create or replace temp table scored as select * from learnt_from where session_id in (select session_id from sessions)")
    con.unregister("learnt_from")
    score_others(con, trained.model)
    con.execute(
        """
        insert into predictions by name
        select
            session_id,
            $run_id as run_id,
            $trained_at as scored_at,
            p_conversion,
            row_number() over (order by p_conversion desc, session_id) <= ceil(count(*) over () / 10.0) as is_top_decile,
            p_conversion >= $threshold as is_above_threshold
        from scored
        order by session_id
        """,
        {"run_id": run_id, "trained_at": trained_at, "threshold": trained.threshold},
    )
    scored, cutoff = first(
        con, "select count(*), min(p_conversion) filter (where is_top_decile) from predictions where run_id = ?", [run_id]
    )
    con.execute(
        """
        insert into model_runs (run_id, trained_at, code_version, data_hash, kind, params, metrics, threshold, artefact)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            run_id,
            trained_at,
            code_version,
            data_hash,
            kind,
            json.dumps(trained.params),
            json.dumps(trained.metrics | {"cutoff": cutoff}),
            trained.threshold,
            trained.model.to_bytes(),
        ],
    )
    con.execute("drop table scored")
    rebuild_probability_cubes(con)
    return scored, cutoff


def append_scores(con: duckdb.DuckDBPyConnection, run: Run, scored_at: datetime) -> int:
    """Append probabilities of the sessions that the run has not scored yet; return how many.

    They are in the top tenth when they reach the cut-off of the run, which is never moved.
    """
    con.execute("create or replace temp table scored as select session_id, p_conversion from predictions where run_id = ?", [run.run_id])
    added = score_others(con, run.model)
    con.execute(
        """
        insert into predictions by name
        select
            session_id,
            $run_id as run_id,
            $scored_at as scored_at,
            p_conversion,
            p_conversion >= $cutoff as is_top_decile,
            p_conversion >= $threshold as is_above_threshold
        from scored
        where session_id not in (select session_id from predictions where run_id = $run_id)
        order by session_id
        """,
        {"run_id": run.run_id, "scored_at": scored_at, "cutoff": run.cutoff, "threshold": run.threshold},
    )
    con.execute("drop table scored")
    rebuild_probability_cubes(con)
    return added


def score_others(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Add to the temporary table `scored` the sessions that are not in it; return how many.

    A visitor with a session in it may have been learnt from, and is scored by the model of their fold, which never saw
    them; everyone else by the final model.
    """
    reader = con.sql(
        f"""
        with known as (
            select distinct coalesce(visitor_id, session_id) as visitor
            from sessions
            where session_id in (select session_id from scored)
        ),
        others as (
            select {columns(con)}
            from sessions
            where session_id not in (select session_id from scored)
        )
        select others.*, known.visitor is not null as is_known
        from others
        left join known on known.visitor = others.visitor
        """
    ).to_arrow_reader(BATCH)
    done = []
    for batch in reader:
        table = pa.Table.from_batches([batch])
        hashes = folds.hash_visitors(table.column("visitor").to_pylist(), model.salt)
        known = table.column("is_known").to_numpy().astype(bool)
        p = model.probabilities(Sessions.from_arrow(table), folds.outer_fold(hashes), known)
        done.append(pa.table({"session_id": table.column("session_id"), "p_conversion": pa.array(p, pa.float32())}))
    if not done:
        return 0
    added = pa.concat_tables(done)
    con.register("added", added)
    con.execute("insert into scored select * from added")
    con.unregister("added")
    return len(added)
