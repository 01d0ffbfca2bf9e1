"""However the rows of a table of sessions are divided into files and loads, what is stored is the same."""

import csv
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.etl import divisions

HEADER = {
    "fullVisitorId": ["1", "1", "02"],
    "visitId": ["1499206032", "1499206032", "1499209999"],
    "date": ["20170704", "20170704", "20170705"],
    "visitNumber": ["1", "2", ""],
    "deviceCategory": ["mobile", "desktop", ""],
    "country": ["Peru", "Chile", "(not set)"],
    "source": ["google", "(direct)", "semalt.com"],
    "pageviews": ["1", "6", "40", ""],
    "timeOnSite": ["", "3", "31"],
    "transactions": ["", "", "1", "2"],
    "transactionRevenue": ["", "5500000", "17000000"],
    "keyEvents": ["", "0", "1"],
}
"""Values of the columns: sessions of few visitors, visits and days; some are bots."""

specs = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in HEADER.items()})


def key(spec: dict) -> tuple:
    return spec["fullVisitorId"], spec["visitId"], spec["date"]


def write(path: Path, rows: list[tuple[int, dict]], form: str) -> Path:
    """Write rows as CSV, in the order of the columns or in the opposite one."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(HEADER) if form == "plain" else list(reversed(HEADER)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(spec | {"fullVisitorId": f"{spec['fullVisitorId']}00{world:02d}"} for world, spec in rows)
    return path


@settings(max_examples=divisions.EXAMPLES, deadline=None)
@given(divisions.divisions(divisions.anyhow_once(specs, key), ["plain", "reversed"]))
def test_any_division_gives_the_same(empty_database, division):
    divisions.check(empty_database, division, write, "plain")


@settings(max_examples=divisions.EXAMPLES, deadline=None)
@given(divisions.divisions(divisions.versions(specs), ["plain"]))
def test_versions_may_come_in_one_load_or_in_several(empty_database, division):
    divisions.check(empty_database, division, write, "plain")
