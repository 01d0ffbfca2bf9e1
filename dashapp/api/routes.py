"""The addresses under /api/: each request is checked, answered in JSON whatever happens, and counted for its token."""

import contextlib
import logging
import threading
from typing import Any

import orjson
from flask import Blueprint, Flask, Request, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from dashapp.api import shapes
from dashapp.api.deliveries import Deliveries
from dashapp.api.document import SCORE, SELF, document
from dashapp.api.problems import Problem
from dashapp.api.tokens import Gate
from dashapp.db import Database, DatabaseUnavailable
from dashapp.settings import Settings

log = logging.getLogger("dashapp.api")

NAME = "api"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
ALLOWED = {SCORE: "POST", SELF: "GET"}
LONGEST_BODY = 4_000_000
CHUNK = 65_536
CLIENT = "leaks.client"
"""Under this name the request's environment holds the name of its token, for the access log."""


def install(server: Flask, database: Database, settings: Settings) -> None:
    """Serve the API. It lets nobody in without a token, whatever the app's sign-in is."""
    gate = Gate(settings.api_tokens, settings.api_rate)
    deliveries = Deliveries(settings.score_rules)
    scorer = Scorer(database, deliveries)
    blueprint = Blueprint(NAME, __name__)

    def answer(**_parts: str) -> Response:
        try:
            return _answer(gate, scorer)
        except Problem as problem:
            drain(request)
            return problem.response()
        except DatabaseUnavailable as problem:
            return Problem(503, str(problem), headers={"Retry-After": "10"}).response()
        except Exception:
            log.exception("a request to %s failed", request.path)
            return Problem(500, "This is a mistake of the program; its log says more.").response()

    # All of /api/, so that nothing under it is ever answered by a page of the app.
    for rule in ("/api/", "/api/<path:rest>"):
        blueprint.add_url_rule(rule, "answer", answer, methods=METHODS, provide_automatic_options=False, strict_slashes=False)
    server.register_blueprint(blueprint)

    @server.errorhandler(HTTPException)
    def explain(error: HTTPException) -> HTTPException | Response:
        if not request.path.startswith("/api/") or error.code is None or error.code < 400:
            return error
        allow = {"Allow": ALLOWED[request.path]} if request.path in ALLOWED and error.code == 405 else {}
        status = error.code if error.code in (404, 405, 413) else 400
        return Problem(status, "The request cannot be read.", headers=allow).response()


def _answer(gate: Gate, scorer: "Scorer") -> Response:
    method = ALLOWED.get(request.path)
    if method is None:
        raise Problem(404, f"There are POST {SCORE} and GET {SELF}.")
    if request.method != method:
        raise Problem(405, f"Use {method}.", headers={"Allow": method})
    client = gate.holder(request.headers.get("Authorization"))
    request.environ[CLIENT] = client
    gate.count(client)
    if method == "GET":
        return Response(document(), mimetype="application/json")
    kind, explain = options(request)
    return Response(orjson.dumps(scorer(body(request), kind, explain, client)), mimetype="application/json")


class Scorer:
    """Scores bodies of requests; what that needs is imported by the first."""

    def __init__(self, database: Database, deliveries: Deliveries) -> None:
        self._database, self._deliveries = database, deliveries
        self._models: Any = None
        self._making = threading.Lock()

    def __call__(self, body: bytes, kind: str | None, explain: bool, client: str) -> dict[str, Any]:
        sessions = shapes.sessions(body)
        from dashapp.api import scoring

        with self._making:
            self._models = self._models or scoring.Models(self._database)
        answer = scoring.score(self._models.current(), sessions, kind, explain=explain)
        self._deliveries.tell(answer, client)
        return answer


def body(request: Request) -> bytes:
    """The body of a request; raises Problem 415 where it is no JSON by its own account and 413 where it is too large."""
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(415, "Send the body as Content-Type: application/json, not compressed.")
    # One more than allowed: of a body that does not say its size, werkzeug reads as much as this and drops the rest without a word.
    request.max_content_length = LONGEST_BODY + 1
    with contextlib.suppress(RequestEntityTooLarge):
        data = request.get_data(cache=False)
        if len(data) <= LONGEST_BODY:
            return data
    raise Problem(413, f"A body may have {LONGEST_BODY:,} bytes. Send the sessions in several requests.")


def drain(request: Request) -> None:
    """Take in what a client is still sending, up to twice what a body may have: most read the answer only when they are done."""
    if (request.content_length or 0) <= 2 * LONGEST_BODY:
        left = 2 * LONGEST_BODY
        with contextlib.suppress(OSError, ValueError):
            while left > 0 and (read := request.environ["wsgi.input"].read(min(left, CHUNK))):
                left -= len(read)


def options(request: Request) -> tuple[str | None, bool]:
    """The kind of model asked for and whether reasons are, from the query; raises Problem 422."""
    allowed = {"kind": {"early", "retrospective"}, "reasons": {"true", "false"}}
    faults = []
    for name, values in request.args.lists():
        if name not in allowed:
            faults.append({"detail": "There is no such parameter: use kind and reasons.", "parameter": name[:100]})
        elif len(values) > 1 or values[0] not in allowed[name]:
            faults.append({"detail": f"Should be one of {', '.join(sorted(allowed[name]))}.", "parameter": name})
    if faults:
        raise Problem(422, "The address has parameters that are not as they should be.", faults)
    return request.args.get("kind"), request.args.get("reasons") == "true"
