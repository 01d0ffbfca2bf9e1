"""The additive model, and the algebra that scores are made of."""

import numpy as np
import pytest
from scipy.special import expit

from models.bench import worlds
from models.leaks import interaction
from models.leaks.candidates import families
from models.leaks.design import Effect, Step


@pytest.fixture(scope="module")
def step() -> Step:
    """One fitted step of a small world with a leak in the model."""
    cells = worlds.world(1, "mild", sessions=8000, weeks=8).cells
    made = Step.of(cells, 1)
    made.leaks.append(Effect((made.codes[:, 0] == 1) & (made.codes[:, 3] == 0), 3))
    made.fit()
    return made


def dense(step: Step) -> np.ndarray:
    """The design as a plain matrix: (cells, parameters)."""
    blocks = [np.ones((len(step.n), 1))]
    for d, size in enumerate(step.sizes):
        blocks.append(np.eye(size)[step.codes[step.combination, d]])
    blocks.append(np.eye(step.bins)[step.bin])
    blocks += [step.cells_of(leak)[:, None].astype(float) for leak in step.leaks]
    return np.concatenate(blocks, axis=1)


def test_fit_is_the_penalised_maximum(step):
    gradient = dense(step).T @ (step.y - step.n * expit(step.eta)) - step._penalty() * step.beta
    assert np.abs(gradient).max() < 0.05
    assert step.eta == pytest.approx(dense(step) @ step.beta)


def test_information_is_that_of_the_matrix(step):
    x = dense(step)
    assert step.information(step.weight) == pytest.approx(x.T @ (step.weight[:, None] * x))


def test_penalties_follow_the_effects(step):
    spread_of_levels = [float(np.var(step.beta[a:b])) for a, b in zip(step.starts[:-2], step.starts[1:-1], strict=True)]
    assert step.penalties[np.argmax(spread_of_levels)] < step.penalties[np.argmin(spread_of_levels)]


def test_information_of_a_segment_is_a_schur_complement(step):
    cells = worlds.world(1, "mild", sessions=8000, weeks=8).cells
    known = families(cells, least=50)
    number = next(i for i, family in enumerate(known) if family.order == 2 and len(family) > 3)
    segments = interaction.Segments(step, known)
    sums = interaction.segment_sums(step, segments, number)
    x = dense(step)[:, : step.width]
    hessian = x.T @ (step.weight[:, None] * x) + np.diag(step._penalty()[: step.width])
    plain = Step.of(cells, 1)
    plain.fit()
    segments = interaction.Segments(plain, known)
    sums = interaction.segment_sums(plain, segments, number)
    x = dense(plain)
    hessian = x.T @ (plain.weight[:, None] * x) + np.diag(plain._penalty())
    inside = (segments.segment[number][plain.combination] == 2).astype(float)
    a = x.T @ (plain.weight * inside)
    assert sums.information[2] == pytest.approx((plain.weight * inside).sum() - a @ np.linalg.solve(hessian, a), rel=1e-6)
    assert sums.score[2] == pytest.approx(((plain.y - plain.n * plain.mu) * inside).sum())


def test_a_leak_in_the_model_leaves_nothing_of_it(step):
    effects, variances = step.leak_effects()
    assert effects.shape == variances.shape == (1,)
    cells = step.acting[0]
    assert step.residual[cells].sum() == pytest.approx(0.25 * effects[0], abs=0.05)
