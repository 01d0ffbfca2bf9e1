"""Headers of every answer, and the two health routes."""

from datetime import UTC, datetime

from dash import Dash
from flask import Flask, Response, jsonify, request
from werkzeug.middleware.proxy_fix import ProxyFix

from dashapp import plain
from dashapp.db import Database, DatabaseUnavailable
from dashapp.queries import common
from dashapp.settings import Settings

YEAR = 31_536_000
DAY = 86_400


def install(app: Dash, database: Database, settings: Settings, pages: frozenset[str]) -> None:
    """Security headers, caching, health routes, and plain pages where Dash could only show a blank one."""
    server: Flask = app.server
    if settings.on_platform:
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=1, x_proto=1, x_host=1)
    policy = content_policy(app)

    @server.before_request
    def explain() -> Response | None:
        is_page = (
            request.method == "GET"
            and "." not in request.path.rsplit("/", 1)[-1]
            and not request.path.startswith(("/_", "/assets/", "/download/", "/api/", "/healthz", "/readyz", "/login", "/logout"))
        )
        if not is_page:
            return None
        if request.path not in pages:
            return Response(
                plain.message("No such page", "The address leads nowhere.", ("Go to the overview", "/")), 404, mimetype="text/html"
            )
        try:
            with database.reading():
                return None
        except DatabaseUnavailable as problem:
            return Response(
                plain.message(problem.summary, problem.advice, ("Try again", request.full_path.rstrip("?"))),
                503,
                {"Retry-After": "10"},
                mimetype="text/html",
            )

    @server.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
        if request.path.startswith("/assets/") and response.status_code in (200, 304):
            is_named = "m" in request.args or request.path.endswith(".woff2")
            headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if is_named else f"public, max-age={DAY}"
        elif not request.path.startswith("/_dash-component-suites/"):
            headers["Cache-Control"] = "no-store"
        return response

    @server.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @server.get("/readyz")
    def readyz() -> Response:
        try:
            with database.reading() as read:
                facts, covered, run = common.settings(read), common.coverage(read), common.current_run(read)
                tag = read.tag
        except DatabaseUnavailable as problem:
            answer = jsonify(status="unavailable", reason=problem.summary)
            answer.status_code = 503
            return answer
        return jsonify(
            status="ready",
            version=tag,
            published_at=facts.get("published_at"),
            age_seconds=_age(facts.get("published_at")),
            last_day=str(covered["last"]) if covered["last"] else None,
            model_run=run["run_id"] if run else None,
        )


def content_policy(app: Dash) -> str:
    """Scripts, pictures and connections of this server alone; no frame around it."""
    scripts = " ".join(["'self'", *app.csp_hashes()])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _age(published_at: str | None) -> int | None:
    try:
        moment = datetime.fromisoformat(published_at or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(int((datetime.now(UTC) - moment).total_seconds()), 0)
