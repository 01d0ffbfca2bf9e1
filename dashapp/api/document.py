"""The OpenAPI document, made of the shapes that requests are checked by."""

from functools import cache
from typing import Any

import orjson

from dashapp.api import shapes
from dashapp.api.problems import TITLES

PREFIX = "#/components/schemas/{model}"
SCORE, SELF = "/api/v1/score", "/api/v1/openapi.json"
SAID = {
    SCORE: {400, 401, 403, 405, 413, 415, 422, 429, 500, 503},
    SELF: {401, 403, 405, 429, 500},
}
HEADERS = {
    401: {"WWW-Authenticate": "How to authorise."},
    405: {"Allow": "The methods this address has."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}
EXAMPLE = {
    "sessions": [
        {
            "session_id": "a1",
            "device": "mobile",
            "country": "United States",
            "source": "google",
            "channel": "Organic Search",
            "landing_page": "/",
            "visit_number": 2,
            "started_at": "2026-03-02T09:30:00Z",
            "pageviews": 7,
            "duration_seconds": 240,
        }
    ]
}


@cache
def document() -> bytes:
    """The document as JSON, OpenAPI 3.1."""
    adapters = {name: getattr(shapes, name) for name in ("REQUEST", "ANSWER", "PROBLEM")}
    modes = {"REQUEST": "validation", "ANSWER": "serialization", "PROBLEM": "serialization"}
    references, shared = shapes.TypeAdapter.json_schemas(
        [(name, modes[name], adapter) for name, adapter in adapters.items()], ref_template=PREFIX
    )
    schema = {name: references[name, mode] for name, mode in modes.items()}
    secured: list[dict[str, list]] = [{"token": []}]
    told: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Silent Leak Detector: scoring",
            "version": "1",
            "description": "Probabilities that sessions convert, by the latest models of the database. Errors are problem documents (RFC 9457).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            SCORE: {
                "post": {
                    "operationId": "score",
                    "summary": f"Score 1 to {shapes.MOST_SESSIONS:,} sessions.",
                    "security": secured,
                    "parameters": [
                        {
                            "name": "kind",
                            "in": "query",
                            "description": "The model to score all sessions with. Left out: early for sessions with events before the checkout where there is an "
                            "early model, else retrospective.",
                            "schema": {"type": "string", "enum": ["early", "retrospective"]},
                        },
                        {
                            "name": "reasons",
                            "in": "query",
                            "description": "Whether to give reasons; then for at most 100 sessions.",
                            "schema": {"type": "boolean", "default": False},
                        },
                    ],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": schema["REQUEST"], "example": EXAMPLE}}},
                    "responses": {
                        "200": _answer("Scores in the order of the sessions.", schema["ANSWER"]),
                        **_problems(SCORE, schema["PROBLEM"]),
                    },
                }
            },
            SELF: {
                "get": {
                    "operationId": "openapi",
                    "summary": "This document.",
                    "security": secured,
                    "responses": {"200": _answer("OpenAPI 3.1.", {"type": "object"}), **_problems(SELF, schema["PROBLEM"])},
                }
            },
        },
        "components": {
            "schemas": shared["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of LEAKS_API_TOKENS."}},
        },
    }
    return orjson.dumps(told)


def _answer(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _problems(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        str(status): {
            "description": TITLES[status],
            "content": {"application/problem+json": {"schema": schema}},
            **(
                {"headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS[status].items()}}
                if status in HEADERS
                else {}
            ),
        }
        for status in sorted(SAID[path])
    }
