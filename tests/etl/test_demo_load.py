"""The demo as the loader sees it: the forms become the same sessions, the bots are caught, the truth is met."""

from datetime import date

import duckdb
import pytest

from etl.demo.writing import write_demo
from etl.load import load
from etl.schema import SQL

# What only some forms can tell: GA4 has ids of its own and measures engagement, a table of counts can only guess at stages.
# The load is how a row came, not what it says.
ONLY_GA4 = {"engagement_seconds", "source_basis"}
NOT_COMPARED = {
    ("flat", "ga360"): {"stage", "is_engaged", "load_id", *ONLY_GA4},
    ("ga360", "ga4"): {"session_id", "visitor_id", "load_id", *ONLY_GA4},
    ("ga4", "flat"): {"session_id", "visitor_id", "stage", "is_engaged", "load_id", *ONLY_GA4},
}
# Relations over sessions and what is in them that a table of counts cannot tell.
OF_STAGES = {"funnel_by_device", "revenue_at_stake", "midfunnel_comparison"}
METRICS = sorted(file.stem for file in (SQL / "metrics").glob("*.sql"))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The databases attached as flat, ga360 and ga4, and the truth. The tenth day has a burst of probes; Google's channel for assistants
    begins among the days."""
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setenv("LEAKS_SALT", "salt for the demo's tests alone")
        for form in ("flat", "ga360", "ga4"):
            folder = tmp_path_factory.mktemp(form)
            truth = write_demo(folder / "demo", format=form, sessions=6_000, days=10, end=date(2026, 5, 18))
            load([folder / "demo"], folder / "leaks.duckdb")
            con.execute(f"attach '{folder}/leaks.duckdb' as {form} (read_only)")
        yield con, truth


@pytest.mark.parametrize("table", ["sessions", "bots"])
@pytest.mark.parametrize("forms", NOT_COMPARED)
def test_forms_load_to_the_same_rows(loaded, table, forms):
    con, _ = loaded
    left, right = forms
    columns = [name for (name,) in con.execute(f"select column_name from (describe {left}.main.{table})").fetchall()]
    assert len(columns) >= 26
    compared = ", ".join(f"{name}::varchar" for name in columns if name not in NOT_COMPARED[forms])
    rows = f"select {compared} from {{}}.main.{table}"
    for one, other in ((left, right), (right, left)):
        assert con.execute(f"{rows.format(one)} except all {rows.format(other)} limit 3").fetchall() == []
    assert con.execute(f"select count(*) > 50 from {left}.main.{table}").fetchone() == (True,)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("forms", NOT_COMPARED)
def test_forms_give_the_same_metrics(loaded, metric, forms):
    con, _ = loaded
    if metric in OF_STAGES and "flat" in forms:
        pytest.skip("a table of counts cannot tell stages as events do")
    left, right = (f"select * from {form}.main.{metric}" for form in forms)
    columns = con.execute(f"select column_name, column_type from (describe {left})").fetchall()
    # Sums of doubles depend on their order in the last digit.
    texts = ", ".join(f"printf('%.11g', {name})" if kind == "DOUBLE" else f"{name}::varchar" for name, kind in columns)
    assert con.execute(f"select {texts} from ({left}) except all select {texts} from ({right}) limit 3").fetchall() == []
    assert con.execute(f"select {texts} from ({right}) except all select {texts} from ({left}) limit 3").fetchall() == []


@pytest.mark.parametrize("form", ["ga360", "ga4"])
def test_every_bot_is_caught_and_nobody_else(loaded, form):
    con, truth = loaded
    rules = dict(con.execute(f"select rule, count(*) from {form}.main.bots group by all").fetchall())
    kinds = truth["totals"]["bots_by_kind"]
    assert rules == {"impossible speed": kinds["crawler"], "referral spam": kinds["referral spam"], "burst": kinds["probe"]}
    assert all(kinds.values())


@pytest.mark.parametrize("form", ["ga360", "ga4"])
def test_stages_of_the_events_are_the_truth(loaded, form):
    con, truth = loaded
    stages = con.execute(f"select {', '.join(f'count_if(stage >= {stage})' for stage in range(4))} from {form}.main.sessions").fetchone()
    assert list(stages) == truth["stages"]
    totals = truth["totals"]
    found = con.execute("select count(*), sum(transactions), (sum(revenue) * 100)::bigint from flat.main.sessions").fetchone()
    assert found == (totals["sessions"], totals["transactions"], round(totals["revenue"] * 100))
