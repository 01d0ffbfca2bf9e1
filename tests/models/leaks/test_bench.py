"""A small gate on the ranking's quality, with the naive ranking as proof that it can fail. Seeds are not those of the published runs."""

import numpy as np
import pytest

from models.bench import redteam, run, worlds
from models.bench.scoring import Flag, matches

QUIET = [(seed, nature) for seed in range(7000, 7004) for nature in ("mild", "rough")]
LEAKING = range(7100, 7108)


def false_alarms(natural: bool) -> int:
    return sum(run.any_flag(seed, nature, natural=natural) for seed, nature in QUIET)


def test_quiet_sites_stay_quiet():
    assert false_alarms(natural=True) <= 2


def test_the_naive_ranking_fails_here():
    assert false_alarms(natural=False) == len(QUIET)


@pytest.fixture(scope="module")
def tally() -> run.Tally:
    made = run.Tally()
    for seed in LEAKING:
        run.judge(worlds.world(seed, "mild", 3), made)
    return made


def test_planted_leaks_are_found(tally):
    assert tally.caught >= 0.55 * tally.planted
    assert np.mean(tally.first) >= 0.75
    assert tally.false <= 0.2 * tally.flags


def test_no_peer_comes_near(tally):
    assert max(np.mean(caught) for caught in tally.peers.values()) <= tally.caught / tally.planted - 0.3


def test_starts_and_money_are_right(tally):
    assert np.mean(tally.starts) >= 0.8
    assert 0.85 <= np.median(tally.ratios) <= 1.15
    assert np.mean(tally.covered_selected) >= 0.8


def test_worlds_are_deterministic_and_differ():
    one, same, other = (worlds.world(seed, "rough", 3, sessions=20_000) for seed in (1, 1, 2))
    assert np.array_equal(one.cells.reached, same.cells.reached)
    assert [leak.levels for leak in one.planted] == [leak.levels for leak in same.planted]
    assert one.cells.sessions != other.cells.sessions


def test_planted_leaks_are_as_large_as_told():
    world = worlds.world(11, "none", 3)
    healthy = worlds.world(11, "none")
    assert len(world.planted) == 3
    leak = max(world.planted, key=lambda leak: leak.power)
    mask = np.all(world.cells.codes[:, leak.dimensions] == leak.levels, axis=1)[world.cells.combination] & (world.cells.bin >= leak.start)
    rate = world.cells.reached[leak.step + 1][mask].sum() / world.cells.reached[leak.step][mask].sum()
    assert healthy.cells.sessions > 0
    expected = leak.expected * leak.strength / world.cells.reached[leak.step][mask].sum()
    assert rate == pytest.approx(expected, rel=0.15)


def test_a_hit_needs_the_step_and_half_of_the_segment():
    world = worlds.world(11, "none", 3)
    leak = world.planted[0]
    exact = Flag(leak.step, leak.dimensions, leak.levels, leak.start)
    assert matches(world, [exact]) == [0]
    elsewhere = Flag((leak.step + 1) % 4, leak.dimensions, leak.levels, leak.start)
    assert matches(world, [elsewhere]) == [-1]
    late = Flag(leak.step, leak.dimensions, leak.levels, 19)
    assert matches(world, [late]) == [-1] and matches(world, [late], timed=False) == [0]


def test_red_team_plants_what_it_says():
    cells = worlds.world(12, "none", sessions=100_000).cells
    draw = np.random.default_rng(0)
    inside = cells.codes[:, 0] == 1
    hurt = redteam.planted(cells, inside, 1, 5, 0.5, draw)
    late = inside[cells.combination] & (cells.bin >= 5)
    assert hurt.reached[2][late].sum() == pytest.approx(0.5 * cells.reached[2][late].sum(), rel=0.05)
    assert np.array_equal(hurt.reached[:, ~late], cells.reached[:, ~late])
    assert np.array_equal(hurt.reached[:2], cells.reached[:2])
    assert np.all(hurt.reached[:-1] >= hurt.reached[1:])


def test_red_team_finds_what_is_large():
    cells = worlds.world(12, "none").cells
    tried = redteam.attempts(cells, 6, 0, 0.1)
    assert len(tried) == 6
    assert any(one["found"] for one in tried)
    assert "| step |" in redteam.described(tried)
    assert "nothing can be planted" in redteam.described([])


def test_binomial_bounds_are_exact():
    assert run.share(0, 20) == "0.00 [0.00, 0.17] of 20"
    assert run.share(20, 20) == "1.00 [0.83, 1.00] of 20"
    assert run.share(3, 10) == "0.30 [0.07, 0.65] of 10"
