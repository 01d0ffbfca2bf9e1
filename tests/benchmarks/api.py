"""The scoring API at 50 requests a second under two workers, against the same server answering its health check at the same rate."""

import http.client
import queue
import random
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import psutil

from dashapp.api import tokens
from etl.demo.writing import write_demo
from etl.load import load
from models import runs
from tests.benchmarks.table import number, row
from tests.dashapp.serving import Server, serving

SESSIONS, DAYS = 30_000, 60
RATE, SECONDS = 50, 20
CLIENTS = 8
TOKEN = "a-token-of-the-benchmark"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
SOURCES = ("google", "(direct)", "bing", "newsletter", "instagram.com", *(f"partner{number}.example" for number in range(50)))
EVENTS = ("page_view", "view_item", "scroll", "add_to_cart", "search")


@dataclass(frozen=True)
class Load:
    """What a steady stream of requests took: milliseconds from when each was due to when it was answered, and of processor time."""

    waited: np.ndarray
    cpu: float
    statuses: set[int]


def report(folder: Path, scale: float) -> None:
    """Print the table. Latencies hold for a quiet machine only; the processor time of a request and its ratio hold anywhere."""
    database = prepared(folder, scale)
    print(f"\nScoring API, {RATE} requests/s, two workers", flush=True)
    row("", "p50 ms", "p99 ms", "limit", "CPU ms", "x health")
    draw = random.Random(1)
    bodies = {
        "one session": ([{"sessions": [session(draw)]} for _ in range(50)], "8"),
        "one session with 6 events": ([{"sessions": [session(draw, 6)]} for _ in range(50)], "8"),
        "1,000 sessions": ([{"sessions": [session(draw) for _ in range(1000)]} for _ in range(10)], "60"),
        "1,000 sessions with 6 events each": ([{"sessions": [session(draw, 6) for _ in range(1000)]} for _ in range(10)], ""),
        "one session, with reasons": ([{"sessions": [session(draw)]} for _ in range(50)], ""),
    }
    seconds = max(SECONDS * scale, 2)
    with serving(database, LEAKS_API_TOKENS=f"bench:{tokens.hashed(TOKEN)}", LEAKS_API_RATE="100000") as server:
        health = steady(server, "GET", "/healthz", [b""], seconds)
        row(
            "health check",
            number(np.percentile(health.waited, 50)),
            number(np.percentile(health.waited, 99)),
            "",
            f"{health.cpu:.2f}",
            "1.0",
        )
        for name, (given, limit) in bodies.items():
            query = "?reasons=true" if "reasons" in name else ""
            found = steady(server, "POST", f"/api/v1/score{query}", [orjson.dumps(body) for body in given], seconds)
            if found.statuses != {200}:
                raise RuntimeError(f"{name}: answered {found.statuses}")
            cells = (number(np.percentile(found.waited, 50)), number(np.percentile(found.waited, 99)), limit)
            row(name, *cells, f"{found.cpu:.2f}", f"{found.cpu / health.cpu:.1f}")
        row("memory of a worker that scores, MB", *(f"{worker.memory_info().rss / 1e6:.0f}" for worker in workers(server)))


def prepared(folder: Path, scale: float) -> Path:
    """A database of demo sessions with events and a run of each kind, made once and copied."""
    sessions = max(int(SESSIONS * scale), 5_000)
    trained = folder / f"api_{sessions}.duckdb"
    if not trained.exists():
        exports = folder / f"api_{sessions}_demo"
        write_demo(exports, format="ga4", sessions=sessions, days=DAYS)
        draft = folder / "api_draft.duckdb"
        draft.unlink(missing_ok=True)
        load([exports], draft)
        runs.train(draft)
        draft.rename(trained)
        shutil.rmtree(exports)
    return Path(shutil.copy(trained, folder / "api_work.duckdb"))


def steady(server: Server, method: str, path: str, bodies: list[bytes], seconds: float) -> Load:
    """Requests at an even rate over a few open connections, after some that warm the workers up.

    A request counts from the moment it was due: one that waits because those before it are late has waited too.
    """
    for _ in range(2):
        drive(server, method, path, bodies, 1.0)
    before = processor_seconds(server)
    waited, statuses = drive(server, method, path, bodies, seconds)
    return Load(waited, 1e3 * (processor_seconds(server) - before) / len(waited), statuses)


def drive(server: Server, method: str, path: str, bodies: list[bytes], seconds: float) -> tuple[np.ndarray, set[int]]:
    """The milliseconds that each request took and the statuses met."""
    due: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
    waited: list[float] = []
    statuses: set[int] = set()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        while (item := due.get()) is not None:
            at, body = item
            connection.request(method, path, body or None, HEADERS)
            answer = connection.getresponse()
            answer.read()
            waited.append(1e3 * (time.perf_counter() - at))
            statuses.add(answer.status)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    for place in range(int(RATE * seconds)):
        at = started + place / RATE
        time.sleep(max(at - time.perf_counter(), 0))
        due.put((at, bodies[place % len(bodies)]))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return np.array(waited), statuses


def workers(server: Server) -> list[psutil.Process]:
    """gunicorn's worker processes."""
    return psutil.Process(server.pid).children()


def processor_seconds(server: Server) -> float:
    """User and system time of the workers so far."""
    return sum(sum(worker.cpu_times()[:2]) for worker in workers(server))


def session(draw: random.Random, events: int = 0) -> dict:
    """A session as a client would send it."""
    made: dict = {
        "session_id": f"{draw.getrandbits(96):024x}",
        "device": draw.choice(("desktop", "mobile", "tablet")),
        "country": draw.choice(("United States", "Canada", "France", "Japan", "Germany")),
        "source": draw.choice(SOURCES),
        "medium": "organic",
        "channel": draw.choice(("Organic Search", "Direct", "Referral")),
        "landing_page": f"/collections/{draw.randrange(50)}",
        "visit_number": draw.randrange(1, 6),
        "started_at": f"2026-10-{draw.randrange(1, 31):02d}T{draw.randrange(24):02d}:00:00Z",
        "pageviews": draw.randrange(1, 30),
        "duration_seconds": draw.randrange(1_000),
    }
    if events:
        made["events"] = [
            {"event_name": draw.choice(EVENTS), "occurred_at": f"2026-10-12T10:{step:02d}:00Z", "page": f"/p/{draw.randrange(80)}"}
            for step in range(events)
        ]
    return made
