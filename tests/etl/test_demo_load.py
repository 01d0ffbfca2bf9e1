"""The demo as the loader sees it: the forms become the same sessions, the bots are caught, the truth is met."""

import duckdb
import pytest

from etl.demo import write_demo
from etl.load import load

# Everything but the stage, which a table of counts can only guess at.
COLUMNS = """
    session_id, visitor_id, visit_number, started_at, session_date, device::varchar, country::varchar, iso3, source::varchar, medium,
    campaign, channel::varchar, landing_page, browser, operating_system, pageviews, duration_seconds, is_bounce, is_converted,
    transactions, revenue
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Both databases attached as flat and ga360, and the truth. The tenth day has a burst of probes."""
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setenv("LEAKS_SALT", "salt for the demo's tests alone")
        for form in ("flat", "ga360"):
            folder = tmp_path_factory.mktemp(form)
            truth = write_demo(folder / "demo", format=form, sessions=6_000, days=10)
            load([folder / "demo"], folder / "leaks.duckdb")
            con.execute(f"attach '{folder}/leaks.duckdb' as {form} (read_only)")
        yield con, truth


@pytest.mark.parametrize("table", ["sessions", "bots"])
def test_forms_load_to_the_same_rows(loaded, table):
    con, _ = loaded
    for left, right in (("flat", "ga360"), ("ga360", "flat")):
        assert (
            con.execute(
                f"select {COLUMNS} from {left}.main.{table} except all select {COLUMNS} from {right}.main.{table} limit 3"
            ).fetchall()
            == []
        )


def test_every_bot_is_caught_and_nobody_else(loaded):
    con, truth = loaded
    rules = dict(con.execute("select rule, count(*) from ga360.main.bots group by all").fetchall())
    kinds = truth["totals"]["bots_by_kind"]
    assert rules == {"impossible speed": kinds["crawler"], "referral spam": kinds["referral spam"], "burst": kinds["probe"]}
    assert all(kinds.values())


def test_stages_of_the_events_are_the_truth(loaded):
    con, truth = loaded
    stages = con.execute(f"select {', '.join(f'count_if(stage >= {stage})' for stage in range(4))} from ga360.main.sessions").fetchone()
    assert list(stages) == truth["stages"]
    totals = truth["totals"]
    found = con.execute("select count(*), sum(transactions), (sum(revenue) * 100)::bigint from flat.main.sessions").fetchone()
    assert found == (totals["sessions"], totals["transactions"], round(totals["revenue"] * 100))
