"""What the demo says of itself is so: leaks cost what they are said to cost, probabilities come true."""

import dataclasses
import math
from collections import Counter
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.demo import LAST_DAY, hits, season, writing
from etl.demo.draws import pick, scramble
from etl.demo.funnel import Behaviour
from etl.demo.leaks import LEAKS, RENAMED, Leak, Renamed, members
from etl.demo.visitors import HUMAN, Population
from etl.demo.writing import write_demo

SMALL = {"sessions": 6_000, "days": 30, "seed": 3}


def simulate(sessions, days, seed=7, end=LAST_DAY, leaks=LEAKS, renamed=RENAMED):
    """The days of a demo, in memory."""
    population = Population(seed, sessions, end - timedelta(days=days - 1), days)
    behaviour = Behaviour(seed, days, leaks, renamed)
    for arrivals in population:
        for part in arrivals.parts(writing.SESSIONS_AT_ONCE):
            yield behaviour.simulate(part)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flat")
    return write_demo(folder, format="flat", **SMALL) | {"folder": folder}


def recorded(truth):
    return [truth["totals"]["conversions"], truth["totals"]["transactions"], round(truth["totals"]["revenue"] * 100)]


def cost(leak):
    prefix = "unrecorded_" if leak["kind"] == "tracking_break" else "lost_"
    return [leak[prefix + "conversions"], leak[prefix + "transactions"], round(leak[prefix + "revenue"] * 100)]


@pytest.mark.parametrize("left_out", LEAKS, ids=lambda leak: leak.name)
def test_a_leak_costs_what_its_absence_gives_back(truth, left_out, tmp_path):
    without = write_demo(tmp_path, format="flat", leaks=[leak for leak in LEAKS if leak is not left_out], **SMALL)
    [told] = [leak for leak in truth["leaks"] + truth["tracking_breaks"] if leak["name"] == left_out.name]
    assert np.subtract(recorded(without), recorded(truth)).tolist() == cost(told)
    assert told["lost_passes"] == told["passes_without_leak"] - told["passes"] >= 0


def test_all_faults_together_cost_what_a_healthy_shop_earns_more(truth, tmp_path):
    healthy = write_demo(tmp_path, format="flat", leaks=(), renamed=None, **SMALL)
    together = truth["all_faults_together"]
    told = [together["missing_conversions"], together["missing_transactions"], round(together["missing_revenue"] * 100)]
    assert np.subtract(recorded(healthy), recorded(truth)).tolist() == told
    assert told[0] > 0
    assert healthy["leaks"] == healthy["tracking_breaks"] == []
    assert healthy["totals"]["sessions"] == truth["totals"]["sessions"]


def test_nothing_differs_before_a_leak_begins(tmp_path):
    [advertised] = [leak for leak in LEAKS if leak.name == "google-cpc-desktop"]
    starts = date.fromisoformat("2026-10-31") - timedelta(days=29) + timedelta(days=round(30 * advertised.starts))
    write_demo(tmp_path / "leaking", leaks=[advertised], **SMALL)
    write_demo(tmp_path / "healthy", leaks=(), **SMALL)
    differing = [
        path.name
        for path in sorted((tmp_path / "leaking").glob("ga_sessions_*"))
        if path.read_bytes() != (tmp_path / "healthy" / path.name).read_bytes()
    ]
    assert differing and differing[0] >= f"ga_sessions_{starts:%Y%m%d}.parquet"


@pytest.mark.parametrize("form", ["ga4", "ga360", "flat"])
def test_same_seed_same_bytes_however_many_work(form, tmp_path, monkeypatch):
    numbers = {"sessions": 1_500, "days": 9, "seed": 5}
    write_demo(tmp_path / "two", format=form, **numbers)
    monkeypatch.setattr(writing, "WORKERS", 1)
    write_demo(tmp_path / "one", format=form, **numbers)
    write_demo(tmp_path / "other", format=form, **numbers | {"seed": 6})
    names = sorted(path.name for path in (tmp_path / "two").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "one").iterdir())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)
    assert any((tmp_path / "other" / name).read_bytes() != (tmp_path / "two" / name).read_bytes() for name in names)


def test_truth_adds_up(truth):
    totals = truth["totals"]
    assert totals["rows"] == SMALL["sessions"] == totals["sessions"] + totals["bots"]
    assert totals["bots"] == sum(totals["bots_by_kind"].values()) > 0
    assert truth["stages"][0] == totals["sessions"] and truth["stages"][3] == totals["conversions"]
    assert truth["stages"] == sorted(truth["stages"], reverse=True)
    for column in ("sessions", "conversions", "transactions"):
        assert sum(row[column] for row in truth["devices"].values()) == totals[column]
    assert math.isclose(sum(row["revenue"] for row in truth["devices"].values()), totals["revenue"], abs_tol=0.005)
    assert totals["conversion_rate"] == round(totals["conversions"] / totals["sessions"], 6)
    for leak in truth["leaks"] + truth["tracking_breaks"]:
        assert leak["started_on"] is None or truth["first_day"] < leak["started_on"] <= truth["last_day"]


def test_probabilities_come_true(tmp_path):
    truth = write_demo(tmp_path, format="flat", sessions=60_000, days=30)
    with duckdb.connect() as con:
        rows = con.execute(f"""
            with scored as (
                select p_conversion, p_engaged * p_deep * p_converted as product, is_converted, transactions,
                    ntile(10) over (order by p_conversion) as tenth
                from read_parquet('{tmp_path}/true_probabilities.parquet') as p
                join read_csv('{tmp_path}/sessions.csv', types = {{'fullVisitorId': 'varchar'}}) as s
                    on s.fullVisitorId = p.full_visitor_id and s.visitId = p.visit_id
            )
            select count(*), sum(p_conversion), sum(p_conversion * (1 - p_conversion)), count_if(transactions > 0), count_if(is_converted),
                max(abs(product - p_conversion))
            from scored group by tenth order by tenth
        """).fetchall()
    assert sum(row[0] for row in rows) == truth["totals"]["sessions"]
    assert sum(row[3] for row in rows) == sum(row[4] for row in rows) == truth["totals"]["conversions"]
    for _, expected, variance, converted, _, off in rows:
        assert abs(converted - expected) < 4.5 * math.sqrt(variance) + 0.5
        assert off < 1e-6
    assert math.isclose(truth["true_probability"]["expected_conversions"], sum(row[1] for row in rows), rel_tol=1e-4)
    assert rows[-1][1] > 20 * rows[0][1]


@pytest.fixture(scope="module")
def passing():
    """Entrants and passes of each leak's step: inside and outside its segment, before and after its start."""
    counts = {leak: Counter() for leak in LEAKS}
    days = 120
    for day in simulate(240_000, days):
        human = day.arrivals.bot == HUMAN
        for leak, tally in counts.items():
            inside = members(leak.segment, day.codes)
            after = day.arrivals.index >= round(days * leak.starts)
            entered = human & (day.stage >= leak.step)
            for where, mask in (("in", entered & inside), ("out", entered & ~inside)):
                tally[where, after, "entered"] += int(mask.sum())
                tally[where, after, "passed"] += int((mask & (day.stage > leak.step)).sum())
            # The rest of the same row and column of the table the segment stands in.
            dimensions = list(leak.segment)
            for dimension in dimensions:
                kept = {name: leak.segment[name] for name in dimensions if name != dimension}
                near = entered & ~inside & (members(kept, day.codes) if kept else human)
                tally[dimension, after, "entered"] += int(near.sum())
                tally[dimension, after, "passed"] += int((near & (day.stage > leak.step)).sum())
    return counts


def rate(tally, where, after):
    return tally[where, after, "passed"] / tally[where, after, "entered"]


@pytest.mark.parametrize("leak", [leak for leak in LEAKS if leak.starts], ids=lambda leak: leak.name)
def test_a_drop_shows_against_its_own_past(passing, leak):
    tally = passing[leak]
    found = rate(tally, "in", True) / rate(tally, "in", False) / (rate(tally, "out", True) / rate(tally, "out", False))
    passes = [tally["in", after, "passed"] for after in (False, True)]
    error = 4 * math.sqrt(sum(1 / max(n, 1) for n in passes))
    if leak.multiplier == 0:
        assert passes[1] == 0 and passes[0] > 20
    else:
        assert abs(math.log(found / leak.multiplier)) < error + 0.05
        assert found < 0.9


@pytest.mark.parametrize("leak", [leak for leak in LEAKS if not leak.starts], ids=lambda leak: leak.name)
def test_an_interaction_shows_against_its_neighbours(passing, leak):
    tally = passing[leak]
    inside = rate(tally, "in", True)
    for dimension in leak.segment:
        assert inside < 0.85 * rate(tally, dimension, True), f"other levels of {dimension} fare no better"
    # Natural differences remain in the ratio, so it is only near the planted strength.
    ratio = inside / math.prod(rate(tally, dimension, True) for dimension in leak.segment) * rate(tally, "out", True)
    assert abs(math.log(ratio / leak.multiplier)) < 0.3


def test_unknown_levels_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no country 'Atlantis'"):
        write_demo(tmp_path, leaks=[dataclasses.replace(LEAKS[0], segment={"country": "Atlantis"})], **SMALL)
    with pytest.raises(ValueError, match="multiplier"):
        write_demo(tmp_path, leaks=[Leak("odd", "drop", {"device": "mobile"}, 1, 1.5)], **SMALL)


def test_renamed_page_takes_over_and_loses_nothing(tmp_path):
    renamed = Renamed("/sale", "/outlet", 0.5)
    truth = write_demo(tmp_path / "renamed", format="flat", leaks=(), renamed=renamed, **SMALL)
    kept = write_demo(tmp_path / "kept", format="flat", leaks=(), renamed=None, **SMALL)
    [change] = [c for c in truth["definition_changes"] if c["dimension"] == "landing_page"]
    with duckdb.connect() as con:
        rows = con.execute(
            f"select landingPage, \"date\"::varchar >= ? as late, count(*) from '{tmp_path}/renamed/sessions.csv' "
            "where landingPage in ('/sale', '/outlet') group by all",
            [change["changed_on"].replace("-", "")],
        ).fetchall()
    assert {(page, late) for page, late, _ in rows} == {("/sale", False), ("/outlet", True)}
    # Main and natural effects move with the page; only the weekly noise of its address differs.
    assert math.isclose(truth["true_probability"]["mean"], kept["true_probability"]["mean"], rel_tol=0.02)


ENDS = st.sampled_from([date(2026, 3, 12), date(2026, 11, 5), date(2026, 10, 31), date(2024, 2, 29)])


def reconcile(day, made) -> None:
    """Assert that hits add up to what their sessions say of themselves."""
    n = len(day)
    last = np.append(made.first_of_session[1:], len(made)) - 1
    assert (np.bincount(made.session, minlength=n) == day.hits).all()
    assert (np.bincount(made.session, made.is_page, minlength=n) == day.pageviews).all()
    assert (np.bincount(made.session, made.kind == hits.PURCHASED, minlength=n) == day.transactions).all()
    assert (made.milliseconds[last] == day.duration * 1000).all()


@settings(max_examples=25, deadline=None)
@given(days=st.integers(1, 20), extra=st.integers(0, 600), seed=st.integers(0, 2**31), end=ENDS)
def test_any_small_demo_is_whole(days, extra, seed, end):
    total, visits = 0, Counter()
    for day in simulate(days + extra, days, seed, end):
        arrivals = day.arrivals
        total += len(day)
        reconcile(day, hits.expand(seed, day))
        assert (np.diff(arrivals.elapsed) >= 0).all() and (arrivals.elapsed >= 0).all()
        assert (arrivals.elapsed + day.duration < season.day_length(arrivals.day)).all()
        assert ((day.duration == 0) == (day.hits == 1)).all()
        assert (arrivals.first_touch <= day.start).all()
        assert ((arrivals.visit_number == 1) == (arrivals.first_touch == day.start)).all()
        assert (day.revenue_cents[~day.converted] == 0).all() and (day.revenue_cents[day.converted] > 0).all()
        for visitor, number in zip(arrivals.visitor.tolist(), arrivals.visit_number.tolist(), strict=True):
            assert visits.get(visitor, number - 1) == number - 1
            visits[visitor] = number
    assert total == days + extra


@given(total=st.integers(1, 5000), weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=60))
def test_allotment_is_exact(total, weights):
    counts = season.allot(total + len(weights), np.array(weights))
    assert counts.sum() == total + len(weights)
    assert counts.min() >= 1
    assert np.abs(counts - 1 - total * np.array(weights) / sum(weights)).max() <= 1


WEIGHTS = st.lists(st.just(0.0) | st.floats(0.01, 10), min_size=1, max_size=12).filter(any)


@given(weights=WEIGHTS, u=st.floats(0, 1, exclude_max=True))
def test_nothing_of_no_weight_is_picked(weights, u):
    table = np.cumsum(np.array([weights, weights, weights[::-1]]), axis=1)
    first, same, mirrored = pick(table, np.arange(3), np.full(3, u))
    assert weights[first] > 0 and weights[same] > 0 and weights[::-1][mirrored] > 0


@given(weights=WEIGHTS)
def test_levels_are_picked_in_proportion(weights):
    u = (np.arange(2000) + 0.5) / 2000
    counts = np.bincount(pick(np.cumsum([weights], axis=1), np.zeros(2000, int), u), minlength=len(weights))
    assert np.abs(counts - 2000 * np.array(weights) / sum(weights)).max() <= 1


@given(seed=st.integers(0, 2**40))
def test_scrambling_keeps_numbers_apart(seed):
    assert len(np.unique(scramble(np.arange(2000), seed))) == 2000
