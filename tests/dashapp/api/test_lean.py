"""A worker that nobody asks to score holds neither XGBoost nor the models, and one that scores holds no more than it needs."""

import json
import subprocess
import sys

from tests.dashapp.api.conftest import ENTRIES, TOKEN

HEAVY = ("numpy", "xgboost", "models", "sklearn", "pandas", "polars", "pyarrow")
SCRIPT = f"""
import json, os, sys
from dashapp import settings
from dashapp.app import create

server = create(settings.read()).server
client = server.test_client()
headers = {{"Authorization": "Bearer {TOKEN}", "Content-Type": "application/json"}}
found = []

def look(answer):
    found.append([answer.status_code, [name for name in {HEAVY!r} if name in sys.modules]])

look(client.get("/"))
look(client.get("/api/v1/openapi.json", headers=headers))
look(client.post("/api/v1/score", data=b"[]", headers=headers))
look(client.post("/api/v1/score", data=b'{{"sessions": [{{"pageviews": 3}}]}}', headers=headers))
look(client.post("/api/v1/score?reasons=true", data=b'{{"sessions": [{{"pageviews": 3}}]}}', headers=headers))
print(json.dumps(found))
"""


def test_models_are_imported_by_the_first_request_that_scores(scored_database, tmp_path):
    environment = {"LEAKS_DB": str(scored_database), "LEAKS_API_TOKENS": ENTRIES, "PATH": "", "PYTHONPATH": "."}
    ran = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    page, document, refused, scored, explained = json.loads(ran.stdout.splitlines()[-1])
    assert [status for status, _ in (page, document, refused, scored, explained)] == [200, 200, 422, 200, 200]
    for _, imported in (page, document, refused):
        assert not set(imported) & {"xgboost", "models", "sklearn", "polars", "pyarrow", "pandas"}
    for _, imported in (scored, explained):
        assert {"xgboost", "models"} <= set(imported)
        assert not set(imported) & {"sklearn", "polars", "pandas"}, "these cost more memory than the rest of the worker"
