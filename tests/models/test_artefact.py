import io
import json
import zipfile

import numpy as np
import pytest

from models.artefact import Model
from models.folds import FOLDS
from tests.models.worlds import examples, world


def test_a_model_survives_storage(trained):
    stored = trained.model.to_bytes()
    again = Model.from_bytes(stored)
    assert again.to_bytes() == stored
    sessions = examples(world(500, seed=20)[0]).sessions
    folds, known = np.arange(500) % FOLDS, np.arange(500) % 2 == 0
    assert (again.probabilities(sessions, folds, known) == trained.model.probabilities(sessions, folds, known)).all()


def test_known_visitors_are_scored_by_their_fold(trained):
    sessions = examples(world(200, seed=21)[0]).sessions
    p = trained.model.probabilities(sessions, np.full(200, 3), np.arange(200) < 100)
    assert (p[:100] == trained.model.folds[3].probabilities(sessions)[:100]).all()
    assert (p[100:] == trained.model.final.probabilities(sessions)[100:]).all()
    assert (p[:100] != trained.model.final.probabilities(sessions)[:100]).any()


def test_the_artefact_holds_data_and_no_code(trained):
    with zipfile.ZipFile(io.BytesIO(trained.model.to_bytes())) as archive:
        assert set(archive.namelist()) == {"model.json", "final.ubj"} | {f"fold_{fold}.ubj" for fold in range(FOLDS)}
        assert json.loads(archive.read("model.json"))["salt"] == trained.model.salt
        assert all(archive.read(name).startswith(b"{L") for name in archive.namelist() if name.endswith(".ubj"))


def rewritten(artefact: bytes, **changes: object) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(artefact)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.json":
                content = json.dumps(json.loads(content) | changes).encode()
            new.writestr(name, content)
    return buffer.getvalue()


def test_what_cannot_be_read_is_refused(trained):
    stored = trained.model.to_bytes()
    with pytest.raises(ValueError, match="another version"):
        Model.from_bytes(rewritten(stored, format=0))
    with pytest.raises(ValueError, match="another version"):
        Model.from_bytes(rewritten(stored, features=["pageviews"]))
    for damaged in (b"", b"not a model", stored[:-100], rewritten(stored, scorers={})):
        with pytest.raises(ValueError, match="damaged"):
            Model.from_bytes(damaged)
