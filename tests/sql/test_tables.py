"""Tables that hold what another leaves out have its columns."""

import duckdb
import pytest


def columns(con, table: str) -> dict[str, str]:
    """Whether each column may be NULL."""
    return {row[0]: row[2] for row in con.execute(f"describe {table}").fetchall()}


@pytest.mark.parametrize("apart, origin, more", [("bots", "sessions", {"rule": "NO"}), ("bot_events", "events", {})])
def test_what_stands_apart_has_the_same_columns(empty_database, apart, origin, more):
    with duckdb.connect(str(empty_database), read_only=True) as con:
        assert columns(con, apart) == columns(con, origin) | more
