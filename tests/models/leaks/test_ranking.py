"""The pipeline on worlds whose truth is known, and on counts that no pipeline should trip over."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from models.bench import run, worlds
from models.leaks import cause, money, ranking, selection
from models.leaks.cells import OTHER, Calendar, Dimension, assemble, fold, without_functions
from tests.models.leaks.sites import cells_of

STAGES = ("a", "b", "c")


@pytest.fixture(scope="module")
def leaking() -> tuple[worlds.World, selection.Ranking, ranking.Outcome]:
    """A world with three leaks, ranked."""
    world = worlds.world(1, "mild", 3)
    return world, selection.select(world.cells), ranking.rank(world.cells)


def test_most_planted_leaks_are_found(leaking):
    world, result, outcome = leaking
    hits = run.matches(world, [run.flag_of(result, one) for one in result.found])
    assert len(set(hits) - {-1}) >= 2
    assert len(outcome.leaks) == len(result.found)


def test_ranking_is_deterministic(leaking):
    world, _, outcome = leaking
    again = ranking.rank(world.cells)
    assert [(one.leak_id, one.revenue, one.q_value) for one in again.leaks] == [
        (one.leak_id, one.revenue, one.q_value) for one in outcome.leaks
    ]


def test_leaks_are_ranked_by_the_money_they_surely_cost(leaking):
    floors = [one.floor for one in leaking[2].leaks]
    assert floors == sorted(floors, reverse=True) and floors[0] > 0


def test_points_lie_within_their_intervals(leaking):
    for one in (*leaking[2].leaks, *leaking[2].gaps):
        for values in (one.conversions, one.revenue):
            if values is not None:
                assert 0 <= values[1] <= values[0] <= values[2]
        assert 0 <= one.q_value <= 1
        assert one.observed_rate <= one.expected_rate <= 1


def test_start_lies_within_its_set(leaking):
    dated = [one for one in leaking[2].leaks if one.started_on]
    assert all(one.started_from <= one.started_on <= one.started_until for one in dated)
    assert {one.kind for one in dated} <= {"drop"}


def test_the_total_never_exceeds_what_healing_everything_would_bring(leaking):
    _, result, _ = leaking
    for number, step in enumerate(result.steps):
        priced = [price for one, price in zip(result.found, money.prices(result), strict=True) if one.step == number]
        healed = step.eta.copy()
        for cells, g in zip(step.acting, step.leak_effects()[0], strict=True):
            healed[cells] -= min(g, 0)
        assert sum(price.passes[0] for price in priced) <= float(np.sum(step.n * (expit(healed) - expit(step.eta)))) + 1e-6
        assert sum(price.passes[0] for price in priced) <= float((step.n - step.y).sum())


def test_overlapping_leaks_share_what_both_would_bring():
    """Two leaks of one segment, each with a large effect, where nearly all would pass without either: they cannot both win the same people."""
    cells = cells_of({"device": ["x", "y"], "b": ["p", "q"]}, [((d, b), 0, 20_000, 10_000, 100) for d in "xy" for b in "pq"])
    result = selection.select(cells, most=0)
    step = result.steps[0]
    family = next(i for i, one in enumerate(result.families) if one.dimensions == (0,))
    for _ in range(2):
        step.leaks.append(selection.Effect(result.families[family].inside(0)[step.rows]))
        result.found.append(selection.Found("interaction", 0, family, 0, 1e-9, 0.01, -1, -1, -1, 0.0, len(step.leaks) - 1))
    step.fit()
    step.beta[step.width :] = -4.0
    step.eta = step.linear(step.beta)
    step.eta += 8.0
    step.mu = expit(step.eta)
    priced = money.prices(result)
    cells_of_both = step.acting[0]

    def healed(effect: float) -> float:
        return float(np.sum((step.n * (expit(step.eta - effect) - expit(step.eta)))[cells_of_both]))

    joint = healed(sum(price.effect for price in priced))
    assert sum(healed(price.effect) for price in priced) > joint > 0, "the leaks must compete for this test to say anything"
    assert sum(price.passes[0] for price in priced) == pytest.approx(joint)


def test_identity_knows_kind_step_and_segment_alone():
    levels = (("device", "mobile"), ("source", "x"))
    assert ranking.identity("drop", "a → b", levels) == ranking.identity("drop", "a → b", levels[::-1])
    others = {ranking.identity(kind, step, levels) for kind in ("drop", "interaction") for step in ("a → b", "b → c")}
    assert len(others) == 4


counts = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3), st.integers(0, 400), st.integers(0, 100), st.integers(0, 20)),
    min_size=1,
    max_size=40,
)


@given(counts)
def test_folding_loses_no_session(rows):
    table = np.array(rows)
    reached = np.cumsum(table[:, [5, 4, 3]].T, axis=0)[::-1].astype(float)
    dimensions = [Dimension("one", ("x", "y", "z")), Dimension("two", ("p", "q", "r", "s"))]
    calendar = Calendar(tuple(date(2026, 1, 5) + timedelta(days=7 * i) for i in range(4)), 7)
    cells = assemble(dimensions, table[:, :2], table[:, 2], reached, reached[-1], reached[-1], STAGES, calendar)
    folded = fold(cells)
    assert folded.reached.sum(axis=1) == pytest.approx(reached.sum(axis=1))
    assert np.bincount(folded.bin, folded.reached[0], minlength=4) == pytest.approx(np.bincount(table[:, 2], reached[0], minlength=4))
    assert np.all(folded.reached[:-1] >= folded.reached[1:])
    for d, dimension in enumerate(folded.dimensions):
        sessions = np.bincount(folded.codes[folded.combination, d], folded.reached[0], minlength=len(dimension))
        assert all(n >= 300 or label == OTHER for n, label in zip(sessions, dimension.labels, strict=True))


def test_a_dimension_that_another_tells_is_left_out():
    rows = [((s, c), 0, 1000, 100) for s, c in (("google", "search"), ("bing", "search"), ("mail", "email"))]
    cells = cells_of({"source": ["google", "bing", "mail"], "channel": ["search", "email"]}, rows)
    assert [d.name for d in without_functions(cells).dimensions] == ["source"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (cells_of({"device": ["x", "y"]}, [(("x",), 0, 0, 0)]), "no sessions"),
        (cells_of({"device": ["x"]}, [(("x",), 0, 5000, 100, 10)]), "No dimension"),
        (cells_of({"device": ["x", "y"]}, [(("x",), 0, 5000, 0, 0), (("y",), 0, 5000, 0, 0)]), "No session passed"),
        (cells_of({"device": ["x", "y"]}, [(("x",), 0, 5000, 500, 0), (("y",), 0, 5000, 400, 0)]), "No session converted"),
        (cells_of({"device": ["x", "y"]}, [(("x",), 0, 5000, 500, 50), (("y",), 0, 5000, 400, 50)]), "Only one dimension"),
        (
            cells_of({"device": ["x", "y"], "b": ["p", "q"]}, [(("x", "p"), 0, 90_000, 9000, 900), (("y", "q"), 0, 400, 20, 2)]),
            "no two whole weeks",
        ),
    ],
)
def test_what_cannot_be_ranked_is_said_in_a_sentence(cells, said):
    outcome = ranking.rank(ranking.prepare(cells))
    assert not outcome.leaks
    assert any(said in sentence for sentence in outcome.sentences), outcome.sentences


def test_a_missing_month_is_no_drop():
    world = worlds.world(3, "none", weeks=40, sessions=200_000)
    cells = world.cells
    gone = (cells.bin >= 18) & (cells.bin < 22)
    reached = cells.reached.copy()
    reached[:, gone] = 0
    found = ranking.rank(replace(cells, reached=reached, revenue=np.where(gone, 0, cells.revenue)))
    assert not [one for one in found.leaks if one.kind == "drop"]


def test_zero_passes_at_a_later_step_do_no_harm():
    world = worlds.world(4, "mild", sessions=30_000)
    reached = world.cells.reached.copy()
    reached[3:] = 0
    outcome = ranking.rank(
        replace(world.cells, reached=reached, revenue=np.zeros(len(world.cells)), revenue_squares=np.zeros(len(world.cells)))
    )
    assert "No session converted: leaks cannot be priced." in outcome.sentences


def test_a_break_of_the_records_is_not_priced():
    world = worlds.world(3000, "mild", event="tracking")
    made = [one for one in ranking.rank(world.cells).leaks if one.cause == cause.TRACKING]
    assert made and all(one.conversions is None and one.revenue is None and one.floor == 0 for one in made)
    assert made[0].evidence["upper_ratio"] < cause.SILENT


def test_an_exchange_is_seen_and_a_campaign_is_none():
    world = worlds.world(3000, "mild", event="definition")
    _, d, (loser, winner), start, share = world.event
    seen = cause.exchanges(world.cells)
    assert [(one[0], one[1], one[2], one[3]) for one in seen] == [(d, loser, winner, start)]
    assert seen[0][4] == pytest.approx(share, abs=0.02)
    assert cause.exchanges(worlds.world(3000, "mild", event="mix").cells) == []


def test_growth_of_a_poor_source_is_mix():
    assert run.mix_told(3004) is True


def test_mix_and_rate_add_up():
    cells = worlds.world(3004, "mild", event="mix").cells
    change, mix, rate = cause.mix_and_rate(cells, 0, np.ones(len(cells.codes), bool), 10)
    assert mix + rate == pytest.approx(change)
    late = cells.bin >= 10
    before = cells.reached[1][~late].sum() / cells.reached[0][~late].sum()
    assert change == pytest.approx(np.log(cells.reached[1][late].sum() / cells.reached[0][late].sum() / before))


def test_later_steps_without_this_one_are_a_tracking_break():
    world = worlds.world(5, "none", sessions=60_000)
    cells = world.cells
    skipped = np.zeros_like(cells.reached)
    skipped[1] = np.where((cells.codes[cells.combination, 0] == 1) & (cells.bin >= 10), 0.8 * cells.reached[2], 0)
    cells = replace(cells, skipped=skipped)
    result = selection.select(cells, most=0)
    mobile, desktop = (cells.codes[:, 0] == code for code in (1, 0))
    told = [
        cause.label(cells, result.steps[0], inside, 10, 0.0, levels=(("device", name),), exchanged=[], events=[]).label
        for inside, name in ((mobile, "mobile"), (desktop, "desktop"))
    ]
    assert told[0] == cause.TRACKING and told[1] != cause.TRACKING


def test_the_calendar_explains_what_it_names():
    world = worlds.world(6, "none", sessions=60_000)
    result = selection.select(world.cells, most=0)
    day = world.cells.calendar.starts[10]
    event = cause.Event(day, "renamed", "definition", "a page", (("source", "google"),))
    inside = world.cells.codes[:, worlds.SOURCE] == 0

    def told(levels, on=10):
        return cause.label(world.cells, result.steps[0], inside, on, 0.0, levels=levels, exchanged=[], events=[event], span=(on, on)).label

    assert told((("source", "google"),)) == cause.DEFINITION
    assert told((("source", "bing"),)) != cause.DEFINITION
    assert told((("source", "google"),), on=14) != cause.DEFINITION
