"""What landed rows give away about their file."""

import duckdb
import pytest

from etl.notices import notices
from etl.readers import COLUMNS

from .landing import land


def noticed(rows: int, rows_read: int | None = None, **expressions) -> tuple[str, str]:
    """Notes and warnings on landed rows made by expressions over a number i."""
    told = {"visitor_key": "i::varchar", "transactions": "0"} | expressions
    with duckdb.connect() as con:
        con.execute(f"create table landing ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        con.execute(f"insert into landing ({', '.join(told)}) select {', '.join(told.values())} from range({rows}) as t(i)")
        notes, warnings = notices(con, "landing", rows_read)
        return " ".join(notes), " ".join(warnings)


@pytest.mark.parametrize("rows", [1_048_575, 1_048_576, 65_535, 65_536, 100_000, 5_000])
def test_rows_at_which_programs_cut(rows):
    assert f"The file has exactly {rows:,} rows" in noticed(3, rows)[1]
    assert noticed(3, rows - 7) == ("", "")


@pytest.mark.parametrize(
    ("rows", "expressions", "said"),
    [
        (50, {"visitor_key": "(7000000000000000000 + i * 7919000000)::double::bigint::varchar"}, "are rounded"),
        (5_000, {"visitor_key": "(i % 50)::varchar"}, "ids may be damaged"),
        (2_000, {"visitor_key": "(7000000000000000000 + i * 1000)::varchar"}, "are rounded"),
        (200, {"transactions": "1"}, "buyers only"),
        (10, {"channel": "'Organic Search'", "source": "'(direct)'"}, "(direct) for 10 of 10"),
        (
            300,
            {"visitor_key": "case when i % 10 = 0 then (700000000000000000 + i) else (7000000000000000000 + i * 7919) end::varchar"},
            "leading zeros",
        ),
    ],
)
def test_signs(rows, expressions, said):
    assert said in noticed(rows, **expressions)[1]


def test_days_in_another_time_zone_are_noted():
    start = "timestamp '2017-07-05 05:00:00' - to_hours(i % 24)"
    notes, warnings = noticed(240, started_at=start, session_date="date '2017-07-04'")
    assert "For 60 of 240 sessions the start time, in UTC, falls on another day than the date" in notes
    assert warnings == ""


def test_ids_that_begin_with_a_zero_here_and_there_are_whole():
    key = "case when i % 10 = 0 then '0' || (700000000000000000 + i) when i % 9 = 0 then (80000000000000000 + i * 7)::varchar"
    assert noticed(300, visitor_key=f"{key} else (7000000000000000000 + i * 7919)::varchar end") == ("", "")


def test_nothing_to_say():
    assert noticed(2_000, visitor_key="(7000000000000000000 + i * 7919)::varchar", transactions="(i % 50 = 0)::integer") == ("", "")
    assert noticed(0) == ("", "")


def test_real_files(real_data):
    notes, warnings = notices(land(real_data / "sessions_10k.csv").con, "scratch.landing", 10_000)
    assert warnings == [] and [note.split(" sessions")[0] for note in notes] == ["For 2,484 of 10,000"]
    notes, (contradiction,) = notices(land(real_data / "ga360_20170801.parquet").con, "scratch.landing")
    assert "1,336 of 1,346 sessions" in contradiction


def test_what_many_files_say_alike_is_told_once(empty_database):
    with duckdb.connect() as con:
        con.execute(f"attach '{empty_database}' as original (read_only); copy from database original to memory")
        for number in range(1, 6):
            con.execute(
                "insert into loads by name select ? as load_id, ? as file, 'flat-csv' as format, '' as sha256, now()::timestamp as loaded_at, "
                "9 as rows_read, 9 as sessions_new, 0 as sessions_updated, 0 as duplicates, 0 as folded, 0 as bots, 0 as without_consent, "
                "0 as rejected, 'events' as stage_basis, [format('For {} of 9 sessions.', ?)] as notes, ['Cut off.'] as warnings",
                [number, f"{number}.csv", number],
            )
        told = con.execute("select severity, message from data_warnings where topic = 'load' order by all").fetchall()
    assert told == [("info", "5 files, such as 1.csv: For 1 of 9 sessions."), ("warning", "5 files, such as 1.csv: Cut off.")]
