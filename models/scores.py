"""Runs and probabilities as they are appended to the database.

A prediction is of one version of a session: the load that brought or last updated it. A session that a later load updates is scored
anew, and what joins predictions on session and load sees the newest alone.
"""

import json
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from models import early, folds
from models.artefact import Model
from models.database import BATCH, EARLY_BATCH, Read, Run, at_cuts, columns, first, read_events, source
from models.designs import RETROSPECTIVE
from models.features import Sessions
from models.reasons import reasons
from models.training import Trained


def append_run(
    con: duckdb.DuckDBPyConnection,
    *,
    run_id: str,
    trained_at: datetime,
    code_version: str,
    read: Read,
    trained: Trained,
    metrics: dict,
    card: str,
) -> tuple[int, float]:
    """Append a run with the probabilities of all sessions; return how many were scored, and the cut-off.

    Sessions the run did not learn from, because they arrived or changed meanwhile or were not sampled, are scored by it. The top
    tenth is exact over all of them, and its lowest probability is stored as `cutoff`.
    """
    rows, p = last_of_each(read, trained)
    learnt = read.ids.take(pa.array(rows)).append_column("p_conversion", pa.array(p, pa.float32()))
    con.register("learnt_from", learnt)
    con.execute("create or replace temp table known_sessions as select session_id from learnt_from")
    con.execute(
        "create or replace temp table scored as select learnt_from.* from learnt_from semi join sessions using (session_id, load_id)"
    )
    con.unregister("learnt_from")
    score_others(con, trained.model)
    insert = """
        insert into predictions by name
        select
            session_id,
            $run_id as run_id,
            $trained_at as scored_at,
            p_conversion,
            row_number() over (order by p_conversion desc, session_id) <= ceil(count(*) over () / 10.0) as is_top_decile,
            p_conversion >= $threshold as is_above_threshold,
            load_id
        from scored
    """
    con.execute(insert, {"run_id": run_id, "trained_at": trained_at, "threshold": trained.threshold})
    scored, cutoff = first(
        con, "select count(*), min(p_conversion) filter (where is_top_decile) from predictions where run_id = ?", [run_id]
    )
    (last_load,) = first(con, "select max(load_id) from sessions")
    values = {
        "run_id": run_id,
        "trained_at": trained_at,
        "code_version": code_version,
        "data_hash": read.data_hash,
        "kind": trained.model.design.kind,
        "params": json.dumps(trained.params | {"last_load": last_load}),
        "metrics": json.dumps(metrics | {"cutoff": cutoff}),
        "threshold": trained.threshold,
        "artefact": trained.model.to_bytes(),
        "card": card,
    }
    con.execute(f"insert into model_runs ({', '.join(values)}) values ({', '.join('?' * len(values))})", list(values.values()))
    con.execute("drop table scored; drop table known_sessions")
    return scored, cutoff


def last_of_each(read: Read, trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """Number of each session learnt from and its probability; of several cuts the last."""
    sessions = read.examples.of_session
    last = np.flatnonzero(np.diff(sessions, append=-1))
    return sessions[last], trained.probabilities[last]


def append_scores(con: duckdb.DuckDBPyConnection, run: Run, scored_at: datetime) -> int:
    """Append probabilities of the sessions whose stored version the run has not scored yet; return how many.

    They are in the top tenth when they reach the cut-off of the run, which is never moved.
    """
    con.execute("create or replace temp table known_sessions as select distinct session_id from predictions where run_id = ?", [run.run_id])
    con.execute(
        "create or replace temp table scored as select session_id, load_id, p_conversion from predictions where run_id = ?", [run.run_id]
    )
    (before,) = first(con, "select count(*) from scored")
    added = score_others(con, run.model)
    insert = """
        insert into predictions by name
        select
            session_id,
            $run_id as run_id,
            $scored_at as scored_at,
            p_conversion,
            p_conversion >= $cutoff as is_top_decile,
            p_conversion >= $threshold as is_above_threshold,
            load_id
        from scored
        where rowid >= $before
    """
    values = {"run_id": run.run_id, "scored_at": scored_at, "cutoff": run.cutoff, "threshold": run.threshold, "before": before}
    con.execute(insert, values)
    con.execute("drop table scored; drop table known_sessions")
    return added


def score_others(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Add to the temporary table `scored` the sessions whose stored version is not in it; return how many.

    A visitor with a session in the temporary table `known_sessions` may have been learnt from, and is scored by the model of their
    fold, which never saw them; everyone else by the final model.
    """
    others = f"""
        with known as (
            select distinct coalesce(visitor_id, session_id) as visitor
            from sessions
            semi join known_sessions on known_sessions.session_id = sessions.session_id
        ),
        others as (
            select {columns(con)}
            from {source(model.design)}
            anti join scored on scored.session_id = sessions.session_id and scored.load_id = sessions.load_id
        )
        select others.*, known.visitor is not null as is_known
        from others
        left join known on known.visitor = others.visitor
    """
    batch_size = BATCH if model.design is RETROSPECTIVE else EARLY_BATCH
    reader = con.sql(others)
    done = []
    if model.design is RETROSPECTIVE:
        for batch in reader.to_arrow_reader(batch_size):
            done.append(scored_batch(model, pa.Table.from_batches([batch])))
    else:
        # Events are read for each batch on the same connection, so the sessions are fetched first.
        table = reader.to_arrow_table()
        for start in range(0, len(table), batch_size):
            part = table.slice(start, batch_size).combine_chunks()
            done.append(scored_batch(model, part, read_events(con, part.select(["session_id"]))))
    if not done:
        return 0
    added = pa.concat_tables(done)
    con.register("added", added)
    con.execute("insert into scored select session_id, load_id, p_conversion from added")
    con.unregister("added")
    return len(added)


def scored_batch(model: Model, table: pa.Table, events: early.Events | None = None) -> pa.Table:
    """The sessions of a batch with their probabilities; those without a usable event are left out of the early model's."""
    sessions, outer, known = prepared(model, table)
    if events is not None:
        found = early.prefixes(events, frozenset(model.key_events), cuts=None)
        sessions = at_cuts(table, found)
        table, outer, known = table.take(pa.array(found.session)), outer[found.session], known[found.session]
    p = model.probabilities(sessions, outer, known)
    return table.select(["session_id", "load_id"]).append_column("p_conversion", pa.array(p, pa.float32()))


def prepared(model: Model, table: pa.Table) -> tuple[Sessions, np.ndarray, np.ndarray]:
    """Sessions of a batch, the fold of each known visitor (0 for others), and whether the visitor is known."""
    known = table.column("is_known").to_numpy().astype(bool)
    outer = np.zeros(len(table), dtype=np.int8)
    if known.any():
        visitors = table.column("visitor").filter(pa.array(known)).to_pylist()
        outer[known] = folds.outer_fold(folds.hash_visitors(visitors, model.salt))
    return Sessions.from_arrow(table), outer, known


def explain_candidates(con: duckdb.DuckDBPyConnection, run_id: str, model: Model) -> int:
    """Store the reasons of the run's candidates that have none yet, and drop those of other runs; return how many got some.

    Candidates are the sessions of the top tenth that did not convert, in the version that is stored now.
    """
    con.execute("delete from candidate_reasons where run_id <> ?", [run_id])
    query = f"""
        with candidates as (
            select predictions.session_id, predictions.load_id
            from predictions
            where run_id = $run_id and is_top_decile
        ),
        learnt as (
            select distinct coalesce(visitor_id, session_id) as visitor
            from sessions
            where session_id in (select session_id from predictions where run_id = $run_id)
        ),
        wanted as (
            select sessions.*
            from sessions
            semi join candidates on candidates.session_id = sessions.session_id and candidates.load_id = sessions.load_id
            anti join candidate_reasons on candidate_reasons.session_id = sessions.session_id
                and candidate_reasons.load_id = sessions.load_id
            where not is_converted
        ),
        columned as (select {columns(con)} from wanted as sessions)
        select columned.*, learnt.visitor is not null as is_known
        from columned
        left join learnt on learnt.visitor = columned.visitor
        order by session_id
    """
    table = con.sql(query, params={"run_id": run_id}).to_arrow_table()
    explained = 0
    for start in range(0, len(table), EARLY_BATCH):
        part = table.slice(start, EARLY_BATCH).combine_chunks()
        sessions, outer, known = prepared(model, part)
        found = reasons(sessions, model.contributions(sessions, outer, known))
        place = np.repeat(np.arange(len(part)), [len(each) for each in found])
        flat = [reason for each in found for reason in each]
        told = part.select(["session_id", "load_id"]).take(pa.array(place))
        told = told.append_column("place", pa.array([number for each in found for number in range(1, len(each) + 1)], pa.int8()))
        told = told.append_column("topic", pa.array([reason.topic for reason in flat], pa.string()))
        told = told.append_column("words", pa.array([reason.sentence for reason in flat], pa.string()))
        told = told.append_column("contribution", pa.array([reason.contribution for reason in flat], pa.float32()))
        con.register("told", told)
        con.execute("insert into candidate_reasons by name select *, ? as run_id from told", [run_id])
        con.unregister("told")
        explained += len(part)
    return explained


def append_drift(con: duckdb.DuckDBPyConnection, rows: list[dict]) -> None:
    """Append what `models.runs.drifted` measured."""
    if rows:
        con.register("measured", pa.Table.from_pylist(rows))
        con.execute("insert into drift by name select * from measured")
        con.unregister("measured")
