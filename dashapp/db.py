"""The only door to DuckDB: one read-only reader per process that follows the file when a new one is published."""

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

RETRY_SECONDS = 1.0
MOST_ANSWERS = 400
LONGEST_ANSWER = 1_000
HELPERS = 2
OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
# Rewrites that no statement of the app profits from: looking for them takes a tenth of the time a statement is planned in.
UNUSED_OPTIMIZERS = (
    "aggregate_function_rewriter,aggregate_reuse,common_aggregate,common_subexpressions,common_subplan,compressed_materialization,"
    "cte_filter_pusher,deliminator,distinct_aggregate_rewrite,duplicate_groups,extension,grouping_sets,in_clause,join_elimination,"
    "materialized_cte,outer_join_simplification,partial_aggregate_pushdown,partitioned_execution,projection_placement,projection_pullup,"
    "redundant_order_keys,regex_range,remote_pushdown,sampling_pushdown,scalar_fn_pushdown,top_n_window_elimination,type_pushdown,"
    "unnest_rewriter,window_rewriter,window_self_join"
)
Row = dict[str, Any]
Statement = tuple[str, Mapping[str, Any]]
Identity = tuple[int, int, int]


class DatabaseUnavailable(Exception):
    """The database cannot be read. `summary` is safe to show to anyone, `advice` says what to do."""

    def __init__(self, summary: str, advice: str) -> None:
        super().__init__(f"{summary} {advice}")
        self.summary = summary
        self.advice = advice


class Version:
    """One published file, kept open until its last reader is done even when a newer one has taken its place."""

    def __init__(self, path: Path, identity: Identity, threads: int, required: frozenset[str]) -> None:
        self.identity = identity
        self.readers = 0
        self.retired = False
        self.answers: OrderedDict[tuple, list[Row]] = OrderedDict()
        self.answers_lock = threading.Lock()
        # A fresh in-memory instance for each version: connecting to the path itself would return DuckDB's cached old file.
        self.connection = duckdb.connect(":memory:", config={**OFFLINE, "threads": str(threads)})
        self.helpers = ThreadPoolExecutor(HELPERS, "helper")
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        try:
            quoted = str(path).replace("'", "''")
            self.connection.execute(f"attach '{quoted}' as leaks (read_only)")
            self.connection.execute("set enable_external_access = false")
            self.connection.execute(f"set global disabled_optimizers = '{UNUSED_OPTIMIZERS}'")
            self.connection.execute("set lock_configuration = true")
            missing = required - self._relations()
        except duckdb.Error as error:
            self.close()
            raise _unavailable(error) from error
        if missing:
            self.close()
            raise DatabaseUnavailable(
                f"The database was made by another version of this program: it lacks {', '.join(sorted(missing)[:3])}.",
                "Load the exports again with python -m etl load.",
            )

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one thread's own, in which the published relations need no prefix.

        Cursors are used again: to open one and `use` the file takes as long as a small statement.
        """
        try:
            cursor = self._cursors.pop()
        except IndexError:
            cursor = self.connection.cursor()
            cursor.execute("use leaks")
        try:
            yield cursor
        except BaseException:
            cursor.close()
            raise
        self._cursors.append(cursor)

    def close(self) -> None:
        """Let go of the file; nothing may be reading it."""
        self.helpers.shutdown(wait=False)
        while self._cursors:
            self._cursors.pop().close()
        self.connection.close()

    def _relations(self) -> set[str]:
        rows = self.connection.execute(
            "select function_name from duckdb_functions() where database_name = 'leaks' and function_type = 'table_macro' "
            "union all select view_name from duckdb_views() where database_name = 'leaks' "
            "union all select table_name from duckdb_tables() where database_name = 'leaks'"
        ).fetchall()
        return {name for (name,) in rows}

    @property
    def tag(self) -> str:
        """Short text that differs between versions, for clients that watch for new data."""
        return "-".join(format(part, "x") for part in self.identity)


class Reading:
    """Queries against one version: everything read through it is of the same publish."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._open = ExitStack()
        # What this reading has read, however long and whatever the version forgets meanwhile.
        self._seen: dict[tuple, list[Row]] = {}

    @property
    def tag(self) -> str:
        return self._version.tag

    @cached_property
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """The cursor of the reading's own thread; what is remembered needs none."""
        return self._open.enter_context(self._version.cursor())

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of a statement, as dictionaries."""
        return _rows(self._cursor, sql, params)

    def chunks(self, sql: str, params: Mapping[str, Any] | None = None, size: int = 5_000) -> Iterator[list[tuple]]:
        """The column names as one tuple in a list, then the rows in lists of at most `size`."""
        # A cursor of its own: a client that goes away leaves the rest of its rows unread.
        with self._version.connection.cursor() as cursor:
            cursor.execute("use leaks")
            cursor.execute(sql, params or None)
            yield [tuple(column[0] for column in cursor.description)]
            while batch := cursor.fetchmany(size):
                yield batch

    def kept(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of a statement, remembered as long as the version lives: it cannot change. Callers must not modify them.

        Planning a metric relation costs more than running it on a cube; a click on one chart leaves others as they are.
        """
        key = _key(sql, params)
        rows = self._found(key)
        return self._keep(key, self.rows(sql, params)) if rows is None else rows

    def together(self, statements: Iterable[Statement]) -> None:
        """Read statements on two threads to the last of them, so that `kept` finds their rows at once.

        DuckDB plans a statement on one core, and lets others use the rest meanwhile. What one of the threads raises is raised here, after
        both are done with the version.
        """
        waiting = deque(statement for key, statement in {_key(*one): one for one in statements}.items() if self._found(key) is None)
        helper = self._version.helpers.submit(self._help, waiting) if len(waiting) > 1 else None
        try:
            self._read_all(waiting, self._cursor)
        finally:
            waiting.clear()
            is_begun = helper is not None and not helper.cancel()
            if is_begun:
                wait([helper])
        if is_begun:
            helper.result()

    def close(self) -> None:
        """Let go of the version."""
        self._open.close()

    def _help(self, waiting: deque[Statement]) -> None:
        with self._version.cursor() as cursor:
            self._read_all(waiting, cursor)

    def _read_all(self, waiting: deque[Statement], cursor: duckdb.DuckDBPyConnection) -> None:
        while True:
            try:
                statement = waiting.popleft()
            except IndexError:
                return
            self._keep(_key(*statement), _rows(cursor, *statement))

    def _found(self, key: tuple) -> list[Row] | None:
        if key in self._seen:
            return self._seen[key]
        with self._version.answers_lock:
            if key not in self._version.answers:
                return None
            self._version.answers.move_to_end(key)
            return self._version.answers[key]

    def _keep(self, key: tuple, rows: list[Row]) -> list[Row]:
        self._seen[key] = rows
        if len(rows) <= LONGEST_ANSWER:
            with self._version.answers_lock:
                self._version.answers[key] = rows
                while len(self._version.answers) > MOST_ANSWERS:
                    self._version.answers.popitem(last=False)
        return rows


class Database:
    """The published file as the app sees it. Opened by the first reader, so it may be created before a fork."""

    def __init__(self, path: Path | str, *, threads: int = 1, required: frozenset[str] = frozenset()) -> None:
        self.path = Path(path)
        self._threads = threads
        self._required = required
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._current: Version | None = None
        self._failed: tuple[float, Identity, DatabaseUnavailable] | None = None
        self._process = os.getpid()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """A reading of the newest version; that version stays open until the block ends."""
        version = self._acquire()
        read = Reading(version)
        try:
            yield read
        finally:
            try:
                read.close()
            finally:
                self._release(version)

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of one statement against the newest version."""
        with self.reading() as read:
            return read.rows(sql, params)

    def close(self) -> None:
        """Let go of the file once its readers are done."""
        with self._lock:
            self._swap(None)

    def _acquire(self) -> Version:
        self._after_fork()
        identity = self._identity()
        version = self._taken(identity)
        if version is not None:
            return version
        # While one thread opens a new file, the others go on with the old one; without an old one they wait.
        if self._opening.acquire(blocking=self._current is None):
            try:
                version = self._taken(identity) or self._open(identity)
            finally:
                self._opening.release()
        return version or self._taken(None) or self._acquire()

    def _taken(self, identity: Identity | None) -> Version | None:
        """The current version with one more reader, if it is the file of this identity (or any, for None)."""
        with self._lock:
            if self._current is None or identity not in (None, self._current.identity):
                return None
            self._current.readers += 1
            return self._current

    def _open(self, identity: Identity | None) -> Version | None:
        if self._failed and identity == self._failed[1] and time.monotonic() - self._failed[0] < RETRY_SECONDS:
            problem = self._failed[2]
        else:
            try:
                if identity is None:
                    raise DatabaseUnavailable(
                        "There is no database yet.", "Load an export with python -m etl load, or start with make run."
                    )
                fresh = Version(self.path, identity, self._threads, self._required)
            except DatabaseUnavailable as error:
                problem = error
                self._failed = (time.monotonic(), identity, error)
            else:
                with self._lock:
                    self._failed = None
                    self._swap(fresh)
                    fresh.readers += 1
                return fresh
        if self._current is None:
            raise problem
        return None

    def _swap(self, fresh: Version | None) -> None:
        old, self._current = self._current, fresh
        if old is not None:
            old.retired = True
            if old.readers == 0:
                old.close()

    def _release(self, version: Version) -> None:
        with self._lock:
            version.readers -= 1
            if version.retired and version.readers == 0:
                version.close()

    def _identity(self) -> Identity | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _after_fork(self) -> None:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock, self._opening = threading.Lock(), threading.Lock()
            self._current = self._failed = None


def _rows(cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None) -> list[Row]:
    cursor.execute(sql, params or None)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _key(sql: str, params: Mapping[str, Any] | None) -> tuple:
    return (sql, *((name, tuple(value) if isinstance(value, list) else value) for name, value in (params or {}).items()))


def _unavailable(error: duckdb.Error) -> DatabaseUnavailable:
    text = str(error).lower()
    if "lock" in text:
        return DatabaseUnavailable("The database is locked by another program.", "Close the program that has it open for writing.")
    if "permission" in text:
        return DatabaseUnavailable("The database cannot be read.", "Give the app's user the right to read the file.")
    if "does not exist" in text or "no such file" in text:
        return DatabaseUnavailable("There is no database yet.", "Load an export with python -m etl load, or start with make run.")
    return DatabaseUnavailable("The file is not a database this program can read.", "Load the exports again with python -m etl load.")
