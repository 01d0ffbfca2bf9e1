"""A database with a run of each kind, the server over it, and how to ask it."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashapp.api import tokens
from models import bootstrap, runs
from tests.dashapp.serving import Server, serving
from tests.dashapp.test_http import Answer, get
from tests.models.test_early_runs import insert_events
from tests.models.worlds import build, world

TOKEN = "a-token-of-tests"
ENTRIES = f"shop:{tokens.hashed(TOKEN)},night:{tokens.hashed('another')}"
QUICK = {"trials": 2, "max_rounds": 40}


@pytest.fixture(scope="session")
def scored_database(tmp_path_factory, empty_database) -> Path:
    """A database of 1,200 sessions with events and a run of each kind; copy it before writing."""
    path = build(tmp_path_factory.mktemp("api") / "leaks.duckdb", world(1200, seed=50)[0], empty_database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", 20)
        with duckdb.connect(str(path)) as con:
            insert_events(con)
        runs.train(path, **QUICK)
    return path


@pytest.fixture
def database(scored_database, tmp_path) -> Path:
    return Path(shutil.copy(scored_database, tmp_path / "leaks.duckdb"))


@pytest.fixture(scope="session")
def server(scored_database):
    with serving(scored_database, LEAKS_API_TOKENS=ENTRIES, LEAKS_API_RATE="10000") as server:
        yield server


def ask(server: Server, body: Any, query: str = "", *, token: str | None = TOKEN, **headers: str) -> Answer:
    """POST a body, as JSON unless it is bytes already, to be scored."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content_Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | headers
    answer = get(server, f"/api/v1/score{query}", sent, **given)
    answer.told = json.loads(answer.body)
    return answer
