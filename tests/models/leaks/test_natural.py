"""What is natural: pairs of levels, levels' bins, and the ceiling that follows from them."""

import numpy as np
import pytest
from scipy.stats import norm

from models.bench import ceiling, run, worlds
from models.leaks import drop, interaction, natural, nested, weekly
from models.leaks.candidates import families
from models.leaks.design import Effect, Step
from models.leaks.interaction import Segments


@pytest.fixture(scope="module")
def fitted() -> tuple[Step, Segments, dict]:
    cells = worlds.world(41000, "mild", sessions=120_000).cells
    step = Step.of(cells, 0)
    segments = Segments(step, families(cells))
    return step, segments, natural.absorb(step, segments)


def random_effects(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """All columns as a matrix over cells, and their precisions."""
    columns = [np.ones((len(step.n), 1))]
    columns += [np.eye(size)[step.codes[step.combination, d]] for d, size in enumerate(step.sizes)]
    columns.append(np.eye(step.bins)[step.bin])
    columns += [np.eye(len(one) + 1)[one.column[step.combination]][:, :-1] for one in step.pairs]
    return np.concatenate(columns, axis=1), step._penalty()


def test_the_joint_information_is_that_of_the_matrix(fitted):
    step, _, _ = fitted
    x, penalty = random_effects(step)
    np.testing.assert_allclose(step.information(step.weight), x.T @ (step.weight[:, None] * x), rtol=1e-8, atol=1e-6)
    assert np.abs(x.T @ step.residual - penalty * step.beta).max() < 0.5


def test_a_departure_is_what_a_free_effect_would_be(fitted):
    """Beside a free effect of its own a pair's random effect says nothing: the same as a fit in which it has next to no prior."""
    step, _, departed = fitted
    x, penalty = random_effects(step)
    matrix = x.T @ (step.weight[:, None] * x)
    working = matrix @ step.beta + x.T @ step.residual
    place, one = step.placed()[0]
    own = departed[one.dimensions]
    at = place.start + int(np.flatnonzero(one.segments == own.segments[0])[0])
    free = penalty.copy()
    free[at] = 1e-9
    inverse = np.linalg.inv(matrix + np.diag(free))
    assert own.effect[0] == pytest.approx((inverse @ working)[at], rel=0.02, abs=0.005)
    assert own.variance[0] == pytest.approx(inverse[at, at], rel=1e-3)


@pytest.mark.parametrize("nature", ["none", "mild", "rough"])
def test_deviates_of_natural_sites_are_standard(nature):
    squares = []
    for number in range(4):
        cells = worlds.world(41001, nature).cells
        step = Step.of(cells, number)
        own = natural.absorb(step, Segments(step, families(cells)))
        used, _ = interaction.natural_spreads([one.effect for one in own.values()], [one.variance for one in own.values()])
        squares += [one.effect**2 / (one.variance + t) for one, t in zip(own.values(), used, strict=True)]
    assert 0.9 < np.sqrt(np.mean(np.concatenate(squares))) < 1.1


def test_levels_bins_scatter_as_the_world_was_made():
    cells = worlds.world(41001, "rough").cells
    step = Step.of(cells, 0)
    natural.absorb(step, Segments(step, families(cells)))
    noise = np.sqrt(weekly.fit(step).noise)
    # 0.10 of the levels themselves and what their pairs add.
    assert 0.08 < np.median(noise) < 0.14


def test_information_of_bins_is_exact_for_large_segments(fitted):
    step, segments, _ = fitted
    bins = weekly.fit(step)
    number = next(i for i, family in enumerate(segments.families) if family.order == 2)
    weight = segments.by_bin(step, number, step.weight)
    told = bins.informations(step, segments.families[number], segments.timed[number], weight)
    exact = weight - bins.taken(step, segments.timed[number], np.arange(len(weight)), len(weight))
    assert np.all(told >= 0) and np.all(told <= weight + 1e-9)
    np.testing.assert_allclose(told.sum(axis=1), exact.sum(axis=1), rtol=0.1)


def test_doubt_of_the_spread_fattens_the_tail_and_certainty_does_not():
    z, one = np.array([-4.5]), np.array([1.0])
    assert interaction.doubted(z, one, 0.0) == z
    assert interaction.doubted(z, one, 1e-4) == pytest.approx(z, abs=1e-3)
    assert -4.5 < interaction.doubted(z, one, 0.2)[0] < -3.5


def test_the_best_start_is_as_rare_as_it_says():
    draw = np.random.default_rng(8)
    information = np.tile(np.exp(draw.normal(0, 0.3, 20)) * 20, (60_000, 1))
    p = drop.scan(draw.normal(0, np.sqrt(information)), information, np.full(information.shape, 50.0), 0.0).p
    for level in (0.01, 0.001):
        assert 0.6 * level < np.mean(p <= level) < 1.2 * level


def test_a_leak_that_began_is_dated_and_a_lasting_one_is_not():
    world = worlds.world(12, "none", sessions=100_000)
    for start in (0, 6):
        step = Step.of(world.cells, 0)
        inside = step.codes[:, 3] == 1
        late = inside[step.combination] & (step.bin >= start)
        step.y[late] = np.round(step.y[late] * 0.4)
        step.leaks.append(Effect(inside))
        step.fit()
        told = nested.began(step)
        assert told is None if start == 0 else told[0] == start and told[1] <= start <= told[2]


def test_the_ceiling_is_that_of_a_single_test():
    world = worlds.world(11, "none", 3)
    leak = max(world.planted, key=lambda one: one.power)
    effect, sd = ceiling.effect_and_sd(world, leak, *worlds.NATURE["none"])
    rough = ceiling.effect_and_sd(world, leak, *worlds.NATURE["rough"])
    assert effect < 0 < sd < rough[1] and effect == rough[0]
    power, count = ceiling.ceiling("none", [11], least=0, most=1e9)
    assert count == 3 and 0 < power <= 1
    assert norm.cdf(-effect / sd - norm.isf(ceiling.LEVEL)) <= 1


def test_a_break_that_sets_in_early_is_told():
    assert [run.tracking_told(seed) for seed in (43000, 43001)] == [True, True]
