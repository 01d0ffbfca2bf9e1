"""A memory of answers that forgets the metric relations, so that each filter change is a first one."""

from collections import OrderedDict

from dashapp import db
from dashapp.filters import FILTERED


class Forgetful(OrderedDict):
    """Keeps what is the same under every filter alone: days covered, settings, the current run."""

    def __setitem__(self, key: tuple, rows: list) -> None:
        if not any(relation in key[0] for relation in FILTERED):
            super().__setitem__(key, rows)


def install() -> None:
    """Let the databases opened from now on in this process forget."""
    db.OrderedDict = Forgetful
