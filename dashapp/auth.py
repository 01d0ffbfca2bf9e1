"""Who may see the app. Everything is closed but the health routes, the sign-in page and the static files of this repository."""

import hashlib
import hmac
import threading
import time
from collections import deque
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, redirect, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.security import check_password_hash, generate_password_hash

from dashapp import plain
from dashapp.settings import Settings

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login", "/logout"})
# The route and not the path: what no asset answers, such as /assets/ or /assets//.., Dash answers with its page.
ASSETS = "_dash_assets.static"
# Bearer tokens open the API and nothing else; a signed-in browser does not open it. It answers for itself.
API = "api"
LASTS = timedelta(hours=12)
MOST_FAILURES = 5
FAILURE_WINDOW = 300.0
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class _SchemeAwareCookies(SecureCookieSessionInterface):
    """Marks the cookie Secure whenever the browser came by https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


class Throttle:
    """Failed sign-ins of the last minutes, by name and by address. Each worker counts its own."""

    def __init__(self, most: int = MOST_FAILURES, window: float = FAILURE_WINDOW) -> None:
        self._most, self._window = most, window
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def is_closed(self, *keys: str) -> bool:
        """Whether one of the keys has failed too often."""
        now = time.monotonic()
        with self._lock:
            for key in list(self._failures):
                times = self._failures[key]
                while times and now - times[0] > self._window:
                    times.popleft()
                if not times:
                    del self._failures[key]
            return any(len(self._failures.get(key, ())) >= self._most for key in keys)

    def failed(self, *keys: str) -> None:
        """Remember a failure of each key."""
        with self._lock:
            for key in keys:
                self._failures.setdefault(key, deque(maxlen=self._most)).append(time.monotonic())

    def forget(self, *keys: str) -> None:
        """Forget the failures of each key."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)


def install(server: Flask, settings: Settings) -> None:
    """Close the server to the anonymous, when the settings ask for it, and to other sites' forms in any case."""
    server.before_request(_refuse_other_sites)
    if settings.auth == "none":
        return
    server.secret_key = settings.secret_key
    server.session_interface = _SchemeAwareCookies()
    server.config.update(
        SESSION_COOKIE_NAME="leaks_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LASTS,
        # A cookie renewed on every answer would also stand on static files that caches may keep and share.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    throttle = Throttle()
    # Checked for unknown names too, so that they take as long to refuse as known ones.
    decoy = generate_password_hash("no such user")

    def current_user() -> str | None:
        name = session.get("user")
        known = settings.users.get(name) if isinstance(name, str) else None
        if known is None or not hmac.compare_digest(str(session.get("mark")), _mark(settings, known)):
            return None
        return name

    @server.before_request
    def deny() -> Response | None:
        if request.path == "/logout" and request.method != "POST":
            return Response("Sign out with the button.\n", 405, {"Allow": "POST"}, mimetype="text/plain")
        if request.path in OPEN_PATHS or request.endpoint == ASSETS or request.blueprint == API or current_user():
            return None
        wants_page = request.method == "GET" and not request.path.startswith(("/_", "/api/", "/download/"))
        if wants_page:
            return redirect("/login?" + urlencode({"next": request.full_path.rstrip("?")}))
        return Response("Sign in first.\n", 401, mimetype="text/plain")

    @server.get("/login")
    def login_form() -> Response:
        target = safe_target(request.args.get("next"))
        return redirect(target) if current_user() else Response(plain.login(target), mimetype="text/html")

    @server.post("/login")
    def login() -> Response:
        target = safe_target(request.form.get("next"))
        name, password = request.form.get("name", "")[:200], request.form.get("password", "")[:1000]
        keys = (f"name:{name}", f"address:{request.remote_addr}")
        if throttle.is_closed(*keys):
            page = plain.login(target, "Too many attempts. Wait five minutes, then try again.", name)
            return Response(page, 429, {"Retry-After": str(int(FAILURE_WINDOW))}, mimetype="text/html")
        known = settings.users.get(name)
        if not check_password_hash(known or decoy, password) or known is None:
            throttle.failed(*keys)
            return Response(plain.login(target, "Name and password do not match.", name), 401, mimetype="text/html")
        throttle.forget(*keys)
        session.clear()
        session.permanent = True
        session.update(user=name, mark=_mark(settings, known))
        return redirect(target, 303)

    @server.post("/logout")
    def logout() -> Response:
        session.clear()
        return redirect("/login", 303)


def safe_target(target: str | None) -> str:
    """A path of this app to go on to; anything that could lead elsewhere becomes the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(c) < 33 for c in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc or parts.path in ("/login", "/logout") else target


def _refuse_other_sites() -> Response | None:
    if request.method in SAFE_METHODS or request.blueprint == API:
        return None
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return Response("This request came from another site.\n", 403, mimetype="text/plain")
    return None


def _mark(settings: Settings, password_hash: str) -> str:
    """Ties a session to the password it was opened with: changing the password ends it."""
    return hmac.new(settings.secret_key.encode(), password_hash.encode(), hashlib.sha256).hexdigest()[:32]
