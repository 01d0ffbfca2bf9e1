"""Leaks beside the segments that they are part of, and those that are part of them."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from models.bench import run, worlds
from models.bench.scoring import matches
from models.leaks import cause, nested, selection
from models.leaks.candidates import families
from models.leaks.design import Effect, Step
from models.leaks.interaction import Segments
from models.leaks.selection import STAYING, faded, score


@pytest.fixture(scope="module")
def ranked() -> tuple[worlds.World, selection.Ranking]:
    """A world whose strongest leak, two dimensions wide, was once shown as two of its parts."""
    world = worlds.world(30011, "mild", 3)
    return world, selection.select(world.cells)


def test_a_leak_is_shown_whole_and_not_by_its_parts(ranked):
    world, result = ranked
    hits = matches(world, [run.flag_of(result, one) for one in result.found])
    assert sorted(hits) == [0, 1, 2]


def test_leaks_keep_their_numbers_and_their_distance(ranked):
    _, result = ranked
    for number, step in enumerate(result.steps):
        mine = [one for one in result.found if one.step == number]
        assert sorted(one.number for one in mine) == list(range(len(step.leaks)))
        effects, variances = step.leak_effects()
        for one in mine:
            assert effects[one.number] / np.sqrt(variances[one.number] + one.spread) <= -STAYING
            inside = result.families[one.family].inside(one.segment)[step.rows]
            assert np.array_equal(step.leaks[one.number].inside, inside)


def test_what_another_leak_explains_does_not_stay():
    """A segment without a leak of its own, put into the model beside the planted one, is the one that goes."""
    world = worlds.world(11, "none", 3)
    leak = max(world.planted, key=lambda one: one.power)
    step = Step.of(world.cells, leak.step)
    known = families(world.cells)
    segments = Segments(step, known)
    score(step, segments, dated=True)
    found = []
    chosen = next(i for i, family in enumerate(known) if family.dimensions == leak.dimensions)
    planted = known[chosen].numbers[leak.levels]
    innocent = next(
        place
        for place in np.argsort(-known[chosen].sessions)
        if place != planted and not np.any(known[chosen].levels[place] == leak.levels)
    )
    for number, place in enumerate((planted, innocent)):
        step.leaks.append(Effect(known[chosen].inside(place)[step.rows], leak.start))
        score(step, segments, dated=True)
        found.append(selection.Found("drop", leak.step, chosen, int(place), 0.0, 0.0, leak.start, 0, 0, 0.0, number))
    assert faded(step, found[:1]) is None
    assert faded(step, found) is found[1]


def test_information_given_back_is_what_was_taken():
    world = worlds.world(12, "none", sessions=60_000)
    step, known = Step.of(world.cells, 0), families(world.cells)
    segments = Segments(step, known)
    score(step, segments, dated=True)
    before = [one.copy() for one in segments.known]
    for code in (0, 1):
        step.leaks.append(Effect(known[0].inside(code)[step.rows]))
        score(step, segments, dated=True)
    assert any(np.any(one < other) for one, other in zip(segments.known, before, strict=True))
    for number in (0, 0):
        step.without(number)
        segments.take_back(number)
    for one, other in zip(segments.known, before, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_gains_are_those_of_the_best_effect():
    draw = np.random.default_rng(3)
    n, eta, segment = draw.integers(20, 400, 60).astype(float), draw.normal(-1, 0.5, 60), draw.integers(0, 4, 60)
    y = draw.binomial(n.astype(int), 1 / (1 + np.exp(-eta + 0.8 * (segment == 1)))).astype(float)
    effect, gain = nested.gains(segment, 3, n, y, eta)
    for number in range(3):
        own = segment == number

        def lost(g, own=own):
            return -np.sum(y[own] * g - n[own] * (np.logaddexp(0, eta[own] + g) - np.logaddexp(0, eta[own])))

        best = minimize_scalar(lost, bounds=(-6, 6), method="bounded")
        assert effect[number] == pytest.approx(best.x, abs=1e-3)
        assert gain[number] == pytest.approx(-best.fun, abs=1e-3)


def test_parts_of_a_leak_may_be_uneven_and_others_may_not():
    world = worlds.world(12, "none", sessions=60_000)
    step, known = Step.of(world.cells, 0), families(world.cells)
    segments = Segments(step, known)
    pair = next(i for i, family in enumerate(known) if family.order == 2 and family.dimensions[0] == 0)
    weight = np.ones((len(known[pair]), step.bins))
    step.fit()
    assert not nested.inherited(step, segments, pair, weight).any()
    step.leaks.append(Effect(step.codes[:, 0] == 1))
    step.fit()
    weight = segments.by_bin(step, pair, step.weight)
    inside = known[pair].levels[:, 0] == 1
    variance = nested.inherited(step, segments, pair, weight)[:, 0]
    np.testing.assert_allclose(variance[inside], (nested.UNEVEN * step.leak_effects()[0][0]) ** 2)
    assert not variance[~inside].any()


@pytest.mark.parametrize(
    ("observed", "expected", "is_break"),
    [(0, 20, True), (1, 20, True), (3, 20, False), (0, 10, False), (300, 1000, False), (20, 1000, True)],
)
def test_silence_needs_enough_that_was_expected(observed, expected, is_break):
    assert (cause.silence(observed, expected) > cause.LIKELIER and observed < cause.SILENT * expected) is is_break
