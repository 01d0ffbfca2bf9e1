"""A request scored with a loaded artefact: lean, and equal to the batch."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from models import rows
from models.artefact import Model
from models.features import Sessions
from tests.models.worlds import examples

ROOT = Path(__file__).resolve().parents[2]


def test_a_row_scores_as_in_the_batch(trained, known_world):
    table, _ = known_world
    some = table.slice(0, 40)
    model = Model.from_bytes(trained.model.to_bytes())
    batch = model.final.probabilities(examples(some).sessions)
    for number, row in enumerate(some.to_pylist()):
        alone = model.final.probabilities(Sessions.from_rows([row], model.design))
        assert alone[0] == batch[number]


def test_columns_of_a_session_become_those_of_the_model():
    session = {"device": "mobile", "source": "x", "pageviews": 3, "started_at": "2026-03-01T23:30:00+00:00", "landing_page": "/"}
    row = rows.retrospective(session, "America/New_York")
    assert (row["hour"], row["weekday"]) == (18, 7)
    assert row["country"] == "(unknown)" and row["duration_seconds"] is None
    assert rows.retrospective(session, "Mars/Olympus")["hour"] == 23
    assert rows.retrospective(session | {"session_date": "2026-03-02"})["weekday"] == 1


def test_poison_is_unknown_not_an_error():
    plain = {"device": "mobile", "source": "x", "country": "y", "channel": "z"}
    for poison in (-1, 1e300, float("inf"), float("nan"), None):
        assert np.isnan(Sessions.from_rows([plain | {"pageviews": poison}]).numbers["pageviews"][0])


def test_scoring_needs_numpy_and_xgboost_alone(trained, tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(trained.model.to_bytes())
    script = f"""
import sys
from pathlib import Path
from models import rows
from models.artefact import Model
from models.features import Sessions
from models.reasons import reasons
model = Model.from_bytes(Path({str(path)!r}).read_bytes())
sessions = Sessions.from_rows([rows.retrospective({{"device": "mobile", "pageviews": 30, "duration_seconds": 300}}, model.time_zone)], model.design)
print(model.final.probabilities(sessions)[0], [one.sentence for one in reasons(sessions, model.final.contributions(sessions))[0]])
print(*sorted({{"duckdb", "optuna", "polars", "pyarrow", "sklearn"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = done.stdout.split("\n")[:2]
    assert "pages seen" in first
    assert set(second.split()) <= {"sklearn", "pyarrow"} & set(imported_by_xgboost()), second


def imported_by_xgboost() -> list[str]:
    """What xgboost imports by itself where it is installed: not ours to answer for."""
    script = "import sys, xgboost; print(*sorted({'sklearn', 'pyarrow'} & set(sys.modules)))"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
