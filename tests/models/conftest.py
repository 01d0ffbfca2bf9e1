"""Fixtures for the tests of the models: one invented world, trained on once."""

import pytest
from hypothesis import settings

from models import bootstrap, runs, training
from tests.models.worlds import build, examples, world

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

QUICK = {"trials": 2, "max_rounds": 60}


@pytest.fixture(scope="session", autouse=True)
def few_replicates():
    """Intervals of trainings are rough here, and quick; what tests intervals asks for as many replicates as it needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", 40)
        yield


@pytest.fixture(scope="session")
def known_world():
    """Sessions and the probabilities they were drawn with."""
    return world(12_000, seed=1)


@pytest.fixture(scope="session")
def trained(known_world):
    """A model of the known world."""
    return training.train(examples(known_world[0]), **QUICK)


@pytest.fixture(scope="session")
def trained_database(tmp_path_factory, empty_database):
    """A database of 3,000 sessions with one run; copy it before writing."""
    path = build(tmp_path_factory.mktemp("models") / "leaks.duckdb", world(3000, seed=2)[0], empty_database)
    runs.train(path, **QUICK)
    return path
