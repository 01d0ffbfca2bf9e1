"""What landed rows give away about their file."""

import duckdb
import pytest

from etl.notices import notices
from etl.readers import COLUMNS

from .landing import land


def noticed(rows: int, **expressions) -> str:
    """Notices on landed rows made by expressions over a number i."""
    told = {"visitor_key": "i::varchar", "transactions": "0"} | expressions
    with duckdb.connect() as con:
        con.execute(f"create table landing ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        con.execute(f"insert into landing ({', '.join(told)}) select {', '.join(told.values())} from range({rows}) as t(i)")
        return " ".join(notices(con, "landing"))


@pytest.mark.parametrize(
    ("rows", "expressions", "said"),
    [
        (5_000, {"visitor_key": "(i % 50)::varchar"}, "ids may be damaged"),
        (2_000, {"visitor_key": "(7000000000000000000 + i * 1000)::varchar"}, "end in 000"),
        (200, {"transactions": "1"}, "buyers only"),
        (10, {"channel": "'Organic Search'", "source": "'(direct)'"}, "(direct) for 10 of 10"),
        (1_048_575, {}, "where Excel cuts"),
    ],
)
def test_signs(rows, expressions, said):
    assert said in noticed(rows, **expressions)


def test_nothing_to_say():
    assert noticed(2_000, visitor_key="(7000000000000000000 + i * 7919)::varchar", transactions="(i % 50 = 0)::integer") == ""
    assert noticed(0) == ""


def test_real_files(real_data):
    assert notices(land(real_data / "sessions_10k.csv").con, "scratch.landing") == []
    (contradiction,) = notices(land(real_data / "ga360_20170801.parquet").con, "scratch.landing")
    assert "1,336 of 1,346 sessions" in contradiction
