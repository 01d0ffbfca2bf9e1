"""Errors of the API as problem documents (RFC 9457): one shape whatever went wrong."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from flask import Response

MOST_FAULTS = 20
LONGEST_POINTER = 200
TITLES = {
    400: "The body is not JSON",
    401: "A token is needed",
    403: "The API is not configured",
    404: "No such address",
    405: "This method is not for this address",
    413: "The body is too large",
    415: "The body must be JSON",
    422: "The request holds wrong values",
    429: "Too many requests",
    500: "The server failed",
    503: "No model can score this",
}
"""Statuses an error may have, each with its title."""


class Problem(Exception):
    """A request that is not answered as asked.

    Parameters
    ----------
    status
        One of `TITLES`.
    detail
        A sentence that says what is wrong and what to do.
    faults
        What is wrong where, each with `detail` and a JSON `pointer` into the body or the name of a query `parameter`.
    headers
        Further headers of the answer.
    """

    def __init__(
        self, status: int, detail: str, faults: Iterable[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.faults = list(faults)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer that tells of it; of many faults the first `MOST_FAULTS`."""
        told: dict[str, Any] = {"type": "about:blank", "title": TITLES[self.status], "status": self.status, "detail": self.detail}
        if self.faults:
            told["errors"] = self.faults[:MOST_FAULTS]
        return Response(orjson.dumps(told), self.status, self.headers, mimetype="application/problem+json")


def pointer(parts: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901) to a place in the body, cut where a key of the request is very long."""
    text = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return text if len(text) <= LONGEST_POINTER else text[: LONGEST_POINTER - 1] + "…"
