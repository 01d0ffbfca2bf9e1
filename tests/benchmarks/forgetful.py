"""A memory of answers that forgets the metric relations, so that each filter change is a first one."""

import re
from collections import OrderedDict

from dashapp import db
from dashapp.filters import FILTERED

ASKED = re.compile(rf"from (undated\.|undated_sources\.)?({'|'.join(sorted(FILTERED))})\b")
"""What a filter change asks: a metric relation under filters."""


class Forgetful(OrderedDict):
    """Keeps what is the same under every filter alone: days covered, settings, the current run."""

    def __setitem__(self, key: tuple, rows: list) -> None:
        if not ASKED.match(key[0]):
            super().__setitem__(key, rows)


def install() -> None:
    """Let the databases opened from now on in this process forget."""
    db.OrderedDict = Forgetful
