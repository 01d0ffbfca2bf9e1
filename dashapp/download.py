"""`GET /download/<relation>.csv`: the rows behind a chart under the same filters, streamed, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request

from dashapp import compare
from dashapp.db import Database, DatabaseUnavailable
from dashapp.filters import COMPARED, RELATIONS, Filters
from dashapp.queries import candidates, models

# A spreadsheet takes a cell that starts like this for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
PRIVATE = frozenset({"current_run", "current_runs", "settings"})
OFFERED = RELATIONS - PRIVATE


def install(server: Flask, database: Database) -> None:
    """Add the route."""

    @server.get("/download/<relation>.csv")
    def download(relation: str) -> Response:
        if relation not in OFFERED:
            return Response("There is no such table to download.\n", 404, mimetype="text/plain")
        filters, notes = Filters.read(request.query_string.decode("utf-8", "replace"))
        if notes:
            # A page says it beside the figures; a file that silently held more than was asked for could not.
            return Response(" ".join(notes) + "\n", 400, mimetype="text/plain")
        if relation == "top_candidates":
            selected, params = candidates.selection(filters, request.args.getlist("show"), {})
            sql = f"select {', '.join(candidates.COLUMNS)} {selected} order by rank"
        else:
            call, params = filters.call(relation)
            sql = f"from {call}"
        try:
            if relation in COMPARED and filters.compare:
                with database.reading() as read:
                    comparison = compare.of(read, filters)
                if comparison.problem:
                    return Response(f"{comparison.problem}\n", 400, mimetype="text/plain")
                sql, params = comparison.statement(relation)
            lines = _lines(database, sql, params)
            first = next(lines)
        except DatabaseUnavailable as problem:
            return Response(f"{problem}\n", 503, mimetype="text/plain")
        headers = {"Content-Disposition": f'attachment; filename="{relation}.csv"'}
        return Response(_chained(first, lines), 200, headers, mimetype="text/csv")

    @server.get("/download/model-card.md")
    def model_card() -> Response:
        run_id = request.args.get("run", "")
        try:
            with database.reading() as read:
                text = models.card(read, run_id)
        except DatabaseUnavailable as problem:
            return Response(f"{problem}\n", 503, mimetype="text/plain")
        if not text:
            return Response("There is no such run, or it has no card.\n", 404, mimetype="text/plain")
        headers = {"Content-Disposition": 'attachment; filename="model-card.md"'}
        return Response(text, 200, headers, mimetype="text/markdown")


def safe(value: Any) -> Any:
    """A cell that no spreadsheet runs. Numbers keep their sign."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    if isinstance(value, list):
        return safe("; ".join(map(str, value)))
    return value


def _lines(database: Database, sql: str, params: dict[str, Any]) -> Iterator[str]:
    with database.reading() as read:
        for batch in read.chunks(sql, params):
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\r\n").writerows([[safe(value) for value in row] for row in batch])
            yield buffer.getvalue()


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
