"""Invented sessions whose probability of converting is known, and databases that hold them."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from etl import levels, schema
from models.calibration import sigmoid
from models.examples import Examples
from models.features import Column, Sessions

DEVICES = ["desktop", "mobile", "tablet"]
SOURCES = ["(direct)", "google", "bing", "newsletter", "partner.example"]
COUNTRIES = ["Canada", "France", "Japan", "United States"]


def world(n: int, seed: int = 0, *, visits: float = 1.3, base: float = -3.2) -> tuple[pa.Table, np.ndarray]:
    """Sessions with the columns the models read, and the probability each was drawn with."""
    draw = np.random.default_rng(seed)
    device = draw.choice(3, n, p=[0.55, 0.35, 0.1])
    source = draw.choice(5, n, p=[0.35, 0.35, 0.1, 0.1, 0.1])
    country = draw.choice(4, n, p=[0.2, 0.2, 0.2, 0.4])
    pageviews = 1 + draw.poisson(draw.gamma(1.0, 4.0, n))
    duration = np.where(pageviews > 1, np.round(draw.gamma(1.5, 60.0, n) * np.sqrt(pageviews)), 0.0)
    log_odds = (
        base
        + 1.4 * np.log(pageviews)
        - 1.2 * (device == 1)
        + 0.9 * (country == 3)
        - 1.5 * ((device == 1) & (source == 3))
        - 0.5 * (duration < 10)
    )
    p = sigmoid(log_odds)
    table = pa.table(
        {
            "session_id": [f"{number:024x}" for number in draw.permutation(n)],
            "visitor": [f"visitor-{number}" for number in draw.integers(0, int(n / visits), n)],
            "is_converted": draw.random(n) < p,
            "pageviews": pageviews.astype(np.float32),
            "duration_seconds": duration.astype(np.float32),
            "visit_number": draw.integers(1, 6, n).astype(np.float32),
            "hour": draw.integers(0, 24, n).astype(np.float32),
            "weekday": draw.integers(1, 8, n).astype(np.float32),
            "device": [DEVICES[code] for code in device],
            "source": [SOURCES[code] for code in source],
            "country": [COUNTRIES[code] for code in country],
            "channel": ["Direct" if code == 0 else "Referral" for code in source],
            "landing_page": pa.nulls(n, pa.string()),
            "day": draw.integers(0, 30, n),
        }
    )
    return table, p


def replaced(table: pa.Table, **columns: object) -> pa.Table:
    """The table with some columns replaced; a scalar fills the column."""
    for name, values in columns.items():
        field = table.schema.field(name)
        filled = [values] * len(table) if values is None or isinstance(values, str | bool | float) else values
        table = table.set_column(table.schema.get_field_index(name), field, pa.array(filled, field.type))
    return table


def examples(table: pa.Table) -> Examples:
    """What the model is trained on, as read from a database that holds the table."""
    converted = table.column("is_converted").to_numpy(zero_copy_only=False).astype(bool)
    days = table.column("day").to_numpy(zero_copy_only=False)
    return Examples(Sessions.from_arrow(table), converted, Column.of(table.column("visitor")), days, np.arange(len(table)))


COLUMNS = """
    session_id,
    visitor as visitor_id,
    cast(visit_number as integer) as visit_number,
    timestamp '2026-03-02 00:00:00' + to_hours(cast(hour as bigint)) as started_at,
    date '2026-03-01' + cast(weekday as integer) as session_date,
    device,
    country,
    source,
    channel,
    '(unknown)' as medium,
    cast(pageviews as integer) as pageviews,
    cast(duration_seconds as double) as duration_seconds,
    is_converted as is_engaged,
    false as is_bounce,
    case when is_converted then 3 else 0 end as stage,
    is_converted,
    cast(is_converted as integer) as transactions,
    0 as revenue,
    1 as load_id
"""


def insert(con: duckdb.DuckDBPyConnection, table: pa.Table, columns: str = COLUMNS) -> None:
    """Insert the sessions into a database with its schema, and rebuild the cubes; `columns` are those of sessions, from the table's."""
    con.register("invented", table)
    con.execute(f"create or replace temp table given as select {columns} from invented")
    con.unregister("invented")
    for column in levels.TYPES:
        levels.extend(con, column, "given")
    con.execute("insert into sessions by name select * from given; drop table given")
    schema.rebuild_cubes(con)


def build(path: Path, table: pa.Table, empty: Path, columns: str = COLUMNS) -> Path:
    """A database file with these sessions, made from one with the schema alone."""
    shutil.copy(empty, path)
    with duckdb.connect(str(path)) as con:
        insert(con, table, columns)
    return path
