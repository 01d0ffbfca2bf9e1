"""The app as it is deployed: gunicorn with two workers over a database."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """gunicorn with two workers over one database; what it says on starting goes to the file `said`."""

    def __init__(self, database: Path, said: IO | None = None, app: str = "dashapp.wsgi:server", **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = database
        kept = {name: value for name, value in os.environ.items() if name not in ("PORT", "DYNO") and not name.startswith("LEAKS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--workers", "2", app],
            cwd=ROOT,
            env={**kept, "LEAKS_DB": str(database), **environment},
            stdout=said or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(self._process.stderr.read().decode())
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=2):  # noqa: S310 - always this server
                return
            time.sleep(0.1)
        raise RuntimeError("the server did not start in 30 seconds")

    @property
    def pid(self) -> int:
        """Of gunicorn's master."""
        return self._process.pid

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stderr.close()


@contextlib.contextmanager
def serving(database: Path, said: IO | None = None, app: str = "dashapp.wsgi:server", **environment: str) -> Iterator[Server]:
    server = Server(database, said, app, **environment)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
