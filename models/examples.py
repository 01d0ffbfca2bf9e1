"""Sessions with known outcomes: what a model learns from."""

from dataclasses import dataclass

import numpy as np

from models.features import Column, Sessions


@dataclass(frozen=True)
class Examples:
    """Sessions with known outcomes, in the order of their ids; for the early model each at its cuts, in their order.

    Attributes
    ----------
    sessions
        Their raw columns.
    converted
        Whether each converted.
    visitors
        The visitor of each; a session without one is a visitor of its own.
    days
        Day of each session, as a number.
    of_session
        Number of the session of each row, from 0. A session has several rows where it has several cuts.
    cuts
        How many events the session had at each row's cut; None for whole sessions.
    """

    sessions: Sessions
    converted: np.ndarray
    visitors: Column
    days: np.ndarray
    of_session: np.ndarray
    cuts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.converted)

    def take(self, rows: np.ndarray) -> "Examples":
        cuts = None if self.cuts is None else self.cuts[rows]
        return Examples(
            self.sessions.take(rows), self.converted[rows], self.visitors.take(rows), self.days[rows], self.of_session[rows], cuts
        )

    @property
    def count(self) -> int:
        """Sessions, each counted once."""
        return len(np.unique(self.of_session))

    @property
    def conversions(self) -> int:
        """Sessions that converted, each counted once."""
        return len(np.unique(self.of_session[self.converted]))
