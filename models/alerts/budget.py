"""How sure a run must be to raise an alarm, given the runs before it: an online budget of false discoveries.

LORD++ (Javanmard & Montanari 2018, "Online rules for control of false discovery rate", Annals of Statistics 46; Ramdas, Yang, Wainwright &
Jordan 2017, "Online control of the false discovery rate with decaying memory"): every run spends part of a wealth, and an alarm earns some
back. Each ranking counts as one test, with the smallest q-value of what is new in it as its p-value (Simes 1986), so that a site with
more segments does not spend more.

The budget is kept by quarter: without an end the level of a run falls towards nothing, and a tool that nobody hears is of no use. What is
promised is thus "of the alarms of a quarter, one in ten false on average", for independent runs; nightly rankings share most of their data, which
makes false alarms come in groups rather than more often (test_budget simulates it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

ALPHA = 0.10
WEALTH = ALPHA / 2


def spending(j: int) -> float:
    """Share of the wealth that the j-th test after a start may spend (j from 1); the shares sum to less than 1 over all j.

    Javanmard & Montanari's sequence, proportional to log(max(j, 2)) / (j exp(sqrt(log j))).
    """
    if j < 1:
        return 0.0
    return SCALE * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))


SCALE = 0.0722


def level(alarms: Sequence[bool], *, alpha: float = ALPHA, wealth: float = WEALTH) -> float:
    """The level for the next run of a quarter.

    Parameters
    ----------
    alarms : for each earlier run of the quarter in order, whether it raised an alarm.
    """
    run = len(alarms) + 1
    raised = [number for number, alarm in enumerate(alarms, start=1) if alarm]
    total = wealth * spending(run)
    if raised:
        total += (alpha - wealth) * spending(run - raised[0])
        total += alpha * sum(spending(run - number) for number in raised[1:])
    return total
