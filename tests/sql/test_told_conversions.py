"""Where no loaded file tells conversions, no relation tells a rate of 0 %."""

import csv

import duckdb
import pytest

from etl.load import load
from etl.mapping import read_map
from etl.schema import DATA
from tests.conftest import records
from tests.etl import test_ga360

MAP = '[fields]\nvisitor = "who"\nvisit = "nr"\ndate = "day"\npageviews = "views"\ndevice = "device"\n'
FILTERS = ("", "devices := ['mobile']", "sources := ['(unknown)']", "since := date '2024-03-02', until := date '2024-03-05'")


def written(folder, first: int, *, converted: bool):
    """A table of 120 visits over nine days, and the map that reads it; with conversions, one visit in ten is one."""
    name = "told" if converted else "silent"
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["who", "nr", "day", "views", "device", "bought"])
        for n in range(first, first + 120):
            writer.writerow([n, 1, f"2024-03-{1 + n % 9:02d}", n % 14, "mobile" if n % 3 else "desktop", "yes" if n % 10 == 0 else "no"])
    (folder / f"{name}.toml").write_text(MAP + ('converted = "bought"\n' if converted else ""))
    return {"paths": [folder / f"{name}.csv"], "mapping": read_map(folder / f"{name}.toml")}


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("silent")
    load(db=folder / "leaks.duckdb", **written(folder, 0, converted=False))
    return folder / "leaks.duckdb"


def asked(db, query: str) -> list[dict]:
    with duckdb.connect(str(db), read_only=True) as con:
        return records(con, query)


UNKNOWN = {
    "kpis": {"conversions", "transactions", "conversion_rate", "ci_low", "ci_high"},
    "country_rates": {"iso3", "conversions", "transactions", "conversion_rate", "ci_low", "ci_high"},
    "daily_rates": {"conversions", "conversion_rate", "ci_low", "ci_high"},
    "device_benchmarks": {"conversions", "conversion_rate", "ci_low", "ci_high", "delta"},
    "source_device_rates": {"conversions", "conversion_rate", "ci_low", "ci_high", "shrunk_rate"},
    "period_split": {"conversions", "conversion_rate", "previous_conversions", "previous_rate", "mix_effect", "rate_effect"},
}
"""Columns that are NULL in each row: of these sessions the country is unknown as well."""


@pytest.mark.parametrize("relation", UNKNOWN)
@pytest.mark.parametrize("arguments", FILTERS)
def test_nothing_is_told_of_conversions(silent, relation, arguments):
    found = asked(silent, f"from {relation}({arguments})")
    assert found and all(row["sessions"] > 0 for row in found)
    for row in found:
        assert UNKNOWN[relation] <= {name for name, value in row.items() if value is None}


def test_other_forms_of_the_relations_say_the_same(silent):
    for form in ("undated.kpis(devices := ['mobile'])", "undated_sources.kpis(sources := ['(unknown)'])"):
        (row,) = asked(silent, f"from {form}")
        assert row["sessions"] > 0 and row["conversions"] is row["conversion_rate"] is row["ci_high"] is None


def test_durations_without_conversions(tmp_path):
    with open(tmp_path / "a.csv", "w", newline="") as file:
        csv.writer(file).writerows([["clientId", "sessionId", "date", "timeOnSite"], *[[n, n, "20240301", 20] for n in range(5)]])
    load([tmp_path / "a.csv"], tmp_path / "leaks.duckdb")
    (row,) = asked(tmp_path / "leaks.duckdb", "select bucket, sessions, conversions, conversion_rate, ci_low, ci_high from duration_rates")
    assert list(row.values()) == ["10s–1m", 5, None, None, None, None]


def test_steps_before_the_conversion_are_told(silent):
    funnel = asked(silent, "from funnel_by_device(devices := ['mobile'])")
    views = [n % 14 for n in range(120) if n % 3]
    reached = [len(views), sum(n >= 5 for n in views), sum(n >= 10 for n in views)]
    assert [row["sessions"] for row in funnel] == [*reached, None]
    assert [row["dropped"] for row in funnel] == [reached[0] - reached[1], reached[1] - reached[2], None, None]
    assert [row["step_rate"] is None for row in funnel] == [False, False, True, True]
    stakes = asked(silent, "from revenue_at_stake")
    assert [row["dropped"] is None for row in stakes] == [False, False, True]
    assert all(row["ceiling_revenue"] is None for row in stakes)
    assert all(row["converted"] is row["engaged_not_converted"] is None for row in asked(silent, "from midfunnel_comparison"))


def test_periods_compare_what_is_known(silent):
    found = {row["metric"]: row for row in asked(silent, "from period_comparison")}
    assert found["sessions"]["current"] > 0 and found["avg_pageviews"]["current"] > 0
    for metric in ("conversions", "transactions", "conversion_rate"):
        assert all(found[metric][name] is None for name in ("current", "previous", "delta", "ci_low", "ci_high")), metric
    assert all(
        row[name] is None for row in asked(silent, "from period_effects") for name in ("delta", "mix_effect", "rate_effect", "rate_low")
    )


@pytest.mark.parametrize("silent_first", [True, False])
def test_files_with_and_without(tmp_path, silent_first):
    """Rates are told as soon as one file tells conversions, with a warning of how many sessions are silent."""
    db = tmp_path / "leaks.duckdb"
    order = [written(tmp_path, 0, converted=False), written(tmp_path, 500, converted=True)]
    known = []
    for given in order if silent_first else reversed(order):
        load(db=db, **given)
        known += [tuple(row.values()) for row in asked(db, "select sessions, conversions from kpis")]
    assert known == [(120, None if silent_first else 12), (240, 12)]
    (lacks,) = asked(db, "from data_lacks where capability = 'conversions'")
    assert (lacks["is_missing"], lacks["is_partial"], lacks["sessions_without"]) == (False, True, 120)
    told = "120 of 240 sessions were loaded from files without purchases or key events; for those, no conversion rate can be told"
    assert any(row["message"].startswith(told) for row in asked(db, "from data_warnings where severity = 'warning'"))


def test_a_loaded_zero_is_a_zero(database):
    con = database([{"stage": 0}] * 40)
    assert con.execute("select conversions, conversion_rate, ci_low from kpis").fetchone() == (0, 0.0, 0.0)


def test_sessions_of_analytics_360_without_hits_and_transactions(tmp_path):
    session = test_ga360.session()
    del session["hits"]
    for name in ("transactions", "totalTransactionRevenue"):
        del session["totals"][name]
    load([test_ga360.parquet(tmp_path / "a.parquet", test_ga360.write_lines(tmp_path / "a.json", [session]))], tmp_path / "leaks.duckdb")
    (row,) = asked(tmp_path / "leaks.duckdb", "select sessions, conversions, conversion_rate from kpis")
    assert list(row.values()) == [1, None, None]
    lacked = {row["capability"] for row in asked(tmp_path / "leaks.duckdb", "from data_lacks where is_missing")}
    assert {"conversions", "revenue", "events"} <= lacked


def test_real_shoppers_without_their_outcome(real_data, tmp_path):
    lines = (DATA / "maps" / "uci_online_shoppers.toml").read_text().splitlines()
    outcome = [line for line in lines if line.startswith("converted")]
    (tmp_path / "map.toml").write_text("\n".join(line for line in lines if line not in outcome))
    load([real_data / "uci_online_shoppers.csv"], tmp_path / "leaks.duckdb", mapping=read_map(tmp_path / "map.toml"))
    (row,) = asked(tmp_path / "leaks.duckdb", "select sessions, conversions, conversion_rate, ci_low, ci_high from kpis")
    assert outcome and list(row.values()) == [12_330, None, None, None, None]
