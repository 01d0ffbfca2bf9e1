"""Databases made of the benchmark's worlds, and cells made of a few lines."""

from datetime import date, timedelta
from functools import partial

import numpy as np
import pyarrow as pa

from models.bench.worlds import World
from models.leaks.cells import Calendar, Cells, Dimension, assemble
from tests.models import worlds

FIRST = date(2026, 1, 5)


def cells_of(dimensions: dict[str, list[str]], rows: list[tuple], weeks: int = 1) -> Cells:
    """Cells from rows (levels, week, reached at each stage…)."""
    made = [Dimension(name, tuple(labels)) for name, labels in dimensions.items()]
    level = np.array([[d.labels.index(label) for d, label in zip(made, row[0], strict=True)] for row in rows])
    reached = np.array([row[2:] for row in rows], float).T
    calendar = Calendar(tuple(FIRST + timedelta(days=7 * i) for i in range(weeks)), 7) if weeks > 1 else Calendar((), 0)
    nothing = np.zeros(len(rows))
    stages = tuple(f"stage {i}" for i in range(len(reached)))
    return assemble(made, level, np.array([row[1] for row in rows]), reached, nothing, nothing, stages, calendar)


def sessions_of(world: World) -> pa.Table:
    """One row per session of a world; product and checkout are both deep engagement."""
    cells = world.cells
    exact = np.concatenate([cells.reached[:-1] - cells.reached[1:], cells.reached[-1:]]).astype(np.int64)
    stage = np.array([0, 1, 2, 2, 3])
    columns: dict[str, list[np.ndarray]] = {"cell": [], "stage": []}
    for number, counts in enumerate(exact):
        columns["cell"].append(np.repeat(np.arange(len(cells)), counts))
        columns["stage"].append(np.full(int(counts.sum()), stage[number]))
    cell, stages = np.concatenate(columns["cell"]), np.concatenate(columns["stage"])
    code = cells.codes[cells.combination[cell]]
    label = {d.name: np.array(d.labels, object)[code[:, i]] for i, d in enumerate(cells.dimensions)}
    # Days of the week in turn, so that every day has sessions.
    day = np.array([cells.calendar.starts[b].toordinal() for b in cells.bin[cell]]) + np.arange(len(cell)) % 7
    return pa.table(
        {
            "session_id": [f"{number:024x}" for number in range(len(cell))],
            "session_date": pa.array((day - date(1970, 1, 1).toordinal()).astype("datetime64[D]")),
            "device": label["device"].tolist(),
            "browser": label["browser"].tolist(),
            "country": label["country"].tolist(),
            "source": label["source"].tolist(),
            "landing_page": label["landing"].tolist(),
            "stage": stages,
            "revenue": np.where(stages == 3, 50.0, 0.0),
        }
    )


COLUMNS = """
    invented.*,
    1 as visit_number,
    '(unknown)' as medium,
    cast('Referral' as varchar) as channel,
    stage >= 1 as is_engaged,
    stage = 3 as is_converted,
    cast(stage = 3 as integer) as transactions,
    1 as load_id
"""
insert = partial(worlds.insert, columns=COLUMNS)
build = partial(worlds.build, columns=COLUMNS)
