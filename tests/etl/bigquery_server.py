"""A stand-in for the part of BigQuery's REST interface that the pull uses, on this machine: tables, jobs, results in pages, errors.

It does not run SQL: it reads out of a statement which columns and parts of records are asked for, and gives those of its tables.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

ALIASES = {"hit": "hits", "item": "items"}
KEYWORDS = {"select", "as", "struct", "array", "from", "unnest", "with", "offset", "order", "by", "place"}


@dataclass
class Table:
    """A table of the stand-in: its rows, when it was last modified (ms), and what a query of it is said to read."""

    rows: pa.Table
    modified: int = 1_700_000_000_000
    bytes: int = 1_000_000


@dataclass
class Fault:
    """An answer to give instead of the right one, `times` times, to requests whose method and path match."""

    pattern: str
    status: int
    reason: str
    times: int = 10**9
    after: int = 0


@dataclass
class BigQuery:
    """What the stand-in holds and what it was asked."""

    project: str = "shop-123456"
    dataset: str = "analytics_1"
    tables: dict[str, Table] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    page_rows: int = 400
    lost_rows: int = 0
    requests: list[str] = field(default_factory=list)
    authorised: list[str] = field(default_factory=list)
    jobs: dict[str, tuple[str, bool]] = field(default_factory=dict)
    url: str = ""

    @property
    def queries(self) -> list[str]:
        """Statements that were run, dry runs apart."""
        return [sql for sql, is_dry in self.jobs.values() if not is_dry]

    @contextlib.contextmanager
    def serving(self) -> Iterator[BigQuery]:
        """Serve on a free port of the loopback interface."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"held": self}))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    held: BigQuery

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        self._answer("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, method: str, body: bytes) -> None:
        held, parts = self.held, urlsplit(self.path)
        asked = f"{method} {parts.path}"
        held.requests.append(f"{asked}?{parts.query}")
        if self.headers.get("Authorization"):
            held.authorised.append(asked)
        for fault in held.faults:
            if re.search(fault.pattern, held.requests[-1]):
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times > 0:
                    fault.times -= 1
                    return self._send(fault.status, _error(fault.status, fault.reason))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        status, answer = self._route(method, parts.path.removeprefix("/bigquery/v2"), query, body)
        return self._send(status, answer)

    def _send(self, status: int, answer: dict) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _route(self, method: str, path: str, query: dict, body: bytes) -> tuple[int, dict]:
        held = self.held
        tables = f"/projects/{held.project}/datasets/{held.dataset}/tables"
        if method == "GET" and path == tables:
            return 200, self._list(query)
        if method == "GET" and path.startswith(tables + "/") and path.removeprefix(tables + "/") in held.tables:
            return 200, self._table(path.removeprefix(tables + "/"))
        if method == "POST" and re.fullmatch(r"/projects/[^/]+/jobs", path):
            return self._insert(json.loads(body))
        if found := re.fullmatch(r"/projects/[^/]+/(jobs|queries)/([^/]+)", path):
            kind, job = found.groups()
            if job in held.jobs:
                return 200, self._job(job) if kind == "jobs" else self._results(job, query)
        return 404, _error(404, "notFound", f"Not found: {path}")

    def _reference(self, table: str) -> dict:
        return {"projectId": self.held.project, "datasetId": self.held.dataset, "tableId": table}

    def _list(self, query: dict) -> dict:
        names = sorted(self.held.tables)
        start = int(query.get("pageToken") or 0)
        answer: dict = {
            "tables": [{"tableReference": self._reference(name), "type": "TABLE"} for name in names[start : start + 2]],
            "totalItems": len(names),
        }
        if start + 2 < len(names):
            answer["nextPageToken"] = str(start + 2)
        return answer

    def _table(self, name: str) -> dict:
        table = self.held.tables[name]
        return {
            "tableReference": self._reference(name),
            "type": "TABLE",
            "schema": {"fields": [described(one) for one in table.rows.schema]},
            "numRows": str(table.rows.num_rows),
            "lastModifiedTime": str(table.modified),
        }

    def _insert(self, body: dict) -> tuple[int, dict]:
        held, configuration = self.held, body["configuration"]
        sql, is_dry = configuration["query"]["query"], bool(configuration.get("dryRun"))
        name = self._named(sql)
        if name not in held.tables:
            return 404, _error(404, "notFound", f"Not found: Table {name}")
        limit = configuration["query"].get("maximumBytesBilled")
        if not is_dry and limit is not None and int(limit) < held.tables[name].bytes:
            return 403, _error(403, "bytesBilledLimitExceeded", "Query exceeded limit for bytes billed")
        job = body["jobReference"]["jobId"]
        held.jobs[job] = (sql, is_dry)
        return 200, self._job(job)

    def _named(self, sql: str) -> str:
        found = re.search(rf"from `{re.escape(self.held.project)}\.{self.held.dataset}\.(\w+)`\s*$", sql)
        return found[1] if found else ""

    def _job(self, job: str) -> dict:
        sql, is_dry = self.held.jobs[job]
        bytes_read = str(self.held.tables[self._named(sql)].bytes)
        return {
            "jobReference": {"projectId": self.held.project, "jobId": job, "location": "US"},
            "configuration": {"jobType": "QUERY", "dryRun": is_dry, "query": {"query": sql, "useLegacySql": False}},
            "status": {"state": "DONE"},
            "statistics": {"totalBytesProcessed": bytes_read, "query": {"statementType": "SELECT", "totalBytesProcessed": bytes_read}},
        }

    def _results(self, job: str, query: dict) -> dict:
        held = self.held
        sql, _ = held.jobs[job]
        wanted = paths(sql)
        table = held.tables[self._named(sql)].rows
        table = table.select([name for name in wanted if name in table.column_names])
        schema = pa.schema([pa.field(one.name, narrowed(one.type, wanted[one.name])) for one in table.schema])
        total = table.num_rows - held.lost_rows
        start = int(query.get("pageToken") or query.get("startIndex") or 0)
        size = min(int(query.get("maxResults") or held.page_rows), held.page_rows, max(total - start, 0))
        answer: dict = {
            "jobReference": {"projectId": held.project, "jobId": job, "location": "US"},
            "jobComplete": True,
            "totalRows": str(table.num_rows),
            "schema": {"fields": [described(one) for one in schema]},
        }
        if size:
            records = table.slice(start, size).to_pylist()
            answer["rows"] = [{"f": [{"v": written(record[one.name], one.type)} for one in schema]} for record in records]
            if start + size < total:
                answer["pageToken"] = str(start + size)
        return answer


def _error(status: int, reason: str, message: str = "") -> dict:
    message = message or f"told to fail: {reason}"
    return {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}


def paths(sql: str) -> dict[str, dict]:
    """The columns a statement asks for in their order, each with the parts of its record it names (none: all of it)."""
    found: dict[str, dict] = {}
    body = re.sub(r"\bas \w+", "", sql[sql.index("select") + 6 : sql.rindex("from `")])
    body = re.sub(r"unnest\(\w+\)", "", body)
    for path in re.findall(r"\b[A-Za-z_]\w*(?:\.\w+)*", body):
        first, *rest = path.split(".")
        if first in KEYWORDS and not rest:
            continue
        place = found.setdefault(ALIASES.get(first, first), {})
        for part in rest:
            place = place.setdefault(part, {})
    return found


def narrowed(kind: pa.DataType, wanted: dict) -> pa.DataType:
    """A type with those parts of its records alone that are wanted."""
    if pa.types.is_list(kind):
        return pa.list_(narrowed(kind.value_type, wanted))
    if pa.types.is_struct(kind) and wanted:
        return pa.struct([pa.field(one.name, narrowed(one.type, wanted[one.name])) for one in kind if one.name in wanted])
    return kind


def described(one: pa.Field, mode: str = "NULLABLE") -> dict:
    """A column as BigQuery describes it."""
    kind = one.type
    if pa.types.is_list(kind):
        return described(pa.field(one.name, kind.value_type), "REPEATED")
    if pa.types.is_struct(kind):
        return {"name": one.name, "type": "RECORD", "mode": mode, "fields": [described(part) for part in kind]}
    names = ((pa.types.is_integer, "INTEGER"), (pa.types.is_floating, "FLOAT"), (pa.types.is_boolean, "BOOLEAN"))
    return {"name": one.name, "type": next((name for test, name in names if test(kind)), "STRING"), "mode": mode}


def written(value, kind: pa.DataType):
    """A value as the REST interface writes it: numbers and booleans as text, records and lists wrapped."""
    if pa.types.is_list(kind):
        return [{"v": written(item, kind.value_type)} for item in value or []]
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {"f": [{"v": written(value[one.name], one.type)} for one in kind]}
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
