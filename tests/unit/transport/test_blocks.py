from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport.blocks import measure_blocks, remove_rattle


def brownian(n_frames, n_ions, seed=0):
    return np.random.default_rng(seed).normal(size=(n_frames, n_ions, 3)).cumsum(axis=0)


@pytest.mark.parametrize("block_frames", [1, 7, 40])
def test_ions_that_move_as_one_are_counted_as_one(block_frames):
    walk = brownian(6001, 12)
    measured = {
        name: 1 / (3 * measure_blocks(path, interval=1, block_frames=block_frames).participation)
        for name, path in {"own": walk, "pairs": np.repeat(walk[:, :6], 2, axis=1)}.items()
    }
    # 150 pieces or more: the mean square of their products is known to some percent.
    assert measured["own"] == pytest.approx(12, rel=0.1)
    assert measured["pairs"] == pytest.approx(6, rel=0.1)


def test_hops_add_what_normal_steps_do_not_have():
    rng = np.random.default_rng(1)
    hop, rate, n_ions = 3.0, 0.05, 10
    steps = np.zeros((20001, n_ions, 3))
    axes = rng.integers(0, 3, size=(20001, n_ions, 1))
    lengths = rng.choice([-hop, hop], size=axes.shape) * (rng.random(axes.shape) < rate)
    np.put_along_axis(steps, axes, lengths, axis=2)
    hops = measure_blocks(steps.cumsum(axis=0), interval=1, block_frames=10)
    # rate hop⁴ / n_ions; at most one hop per frame takes away the share rate.
    assert hops.excess_A4 == pytest.approx(rate * hop**4 / n_ions, rel=0.15)
    normal = measure_blocks(brownian(20001, n_ions), interval=1, block_frames=10)
    assert normal.excess_A4 < 0.1 * 2 / 3 * 9.0 * 10 / n_ions


def test_the_tensor_adds_up():
    blocks = measure_blocks(brownian(4001, 8), interval=2, block_frames=20)
    assert blocks.block_frames == 20
    assert blocks.n_blocks == 400
    assert np.allclose(blocks.participation_tensor, blocks.participation_tensor.T)
    # One of three directions carries a third of the square: its share is a ninth of a third.
    assert np.allclose(np.diag(blocks.participation_tensor), 1 / 72, rtol=0.2)
    assert blocks.participation_tensor[0, 1] == pytest.approx(1 / 144, rel=0.2)


def test_rattle_hides_that_ions_move_together_and_is_taken_out():
    path = np.repeat(brownian(8001, 3), 4, axis=1)
    rattle = np.random.default_rng(2).normal(size=path.shape)
    seen = measure_blocks(path + rattle, interval=1, block_frames=2)
    walk = remove_rattle(seen, slope_A2=3.0, intercept_A2=6.0, least=1 / 36)
    assert 1 / (3 * seen.participation) > 6
    assert 1 / (3 * walk.participation) == pytest.approx(3, rel=0.15)
    assert np.allclose(
        walk.participation_tensor / seen.participation_tensor,
        walk.participation / seen.participation,
    )


def test_ions_never_count_as_more_than_they_are():
    seen = measure_blocks(brownian(50, 30), interval=1, block_frames=10)
    walk = remove_rattle(seen, slope_A2=3.0, intercept_A2=0.0, least=1 / 90)
    assert walk.participation >= 1 / 90


def test_where_nothing_moves_ions_count_as_independent():
    seen = measure_blocks(np.zeros((20, 4, 3)), interval=1, block_frames=3)
    assert np.isnan(seen.participation)
    still = remove_rattle(seen, slope_A2=0.0, intercept_A2=0.0, least=1 / 12)
    assert still.participation == 1 / 12
