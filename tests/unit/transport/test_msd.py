from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport import collective_squared_displacement, mean_squared_displacement
from perolyte.transport import msd as msd_module

RELATIVE_ROUNDING = 1e-10
"""The FFT sums 1e3 squares of up to 1e3 Å² in float64: rounding stays below 1e-10 of the MSD."""


def sum_directly(positions, max_lag):
    result = np.zeros((max_lag + 1, *positions.shape[1:]))
    for lag in range(1, max_lag + 1):
        result[lag] = np.mean((positions[lag:] - positions[:-lag]) ** 2, axis=0)
    return result


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_frames=st.integers(2, 120), n_ions=st.integers(1, 5))
def test_fft_equals_the_direct_sum(seed, n_frames, n_ions):
    walk = np.random.default_rng(seed).normal(size=(n_frames, n_ions, 3)).cumsum(axis=0) + 50.0
    direct = sum_directly(walk, n_frames - 1)
    result = mean_squared_displacement(walk)
    scale = direct.max()
    assert np.allclose(result.msd_per_ion_A2, direct.sum(axis=2), atol=RELATIVE_ROUNDING * scale)
    assert np.allclose(
        result.msd_per_direction_A2, direct.mean(axis=1), atol=RELATIVE_ROUNDING * scale
    )
    assert np.allclose(
        result.msd_A2, direct.mean(axis=1).sum(axis=1), atol=RELATIVE_ROUNDING * scale
    )


def test_groups_of_ions_give_what_all_at_once_give(monkeypatch):
    walk = np.random.default_rng(0).normal(size=(64, 7, 3)).cumsum(axis=0)
    at_once = mean_squared_displacement(walk, max_lag=20)
    monkeypatch.setattr(msd_module, "_NUMBERS_PER_TRANSFORM", 64 * 6 * 2)
    in_groups = mean_squared_displacement(walk, max_lag=20)
    assert np.allclose(at_once.msd_per_ion_A2, in_groups.msd_per_ion_A2)
    assert np.allclose(at_once.msd_per_direction_A2, in_groups.msd_per_direction_A2)


def test_lags_are_those_asked_for():
    result = mean_squared_displacement(np.zeros((10, 1, 3)), max_lag=4)
    assert result.lag_frames.tolist() == [0, 1, 2, 3, 4]
    assert result.msd_A2.tolist() == [0.0] * 5


def test_collective_displacement_is_that_of_the_sum_per_ion():
    walk = np.random.default_rng(5).normal(size=(80, 6, 3)).cumsum(axis=0)
    direct = sum_directly(walk.sum(axis=1, keepdims=True), 30).sum(axis=(1, 2)) / 6
    assert np.allclose(collective_squared_displacement(walk, max_lag=30).msd_A2, direct)


def test_ions_that_move_against_each_other_carry_no_charge():
    walk = np.random.default_rng(6).normal(size=(50, 1, 3)).cumsum(axis=0)
    opposed = np.concatenate([walk, -walk], axis=1)
    assert np.allclose(collective_squared_displacement(opposed).msd_A2, 0.0, atol=1e-9)


@pytest.mark.parametrize("max_lag", [0, -1, 10])
def test_a_lag_outside_the_run_is_refused(max_lag):
    with pytest.raises(InputError, match="between 1 and 9"):
        mean_squared_displacement(np.zeros((10, 1, 3)), max_lag=max_lag)


@pytest.mark.parametrize("function", [mean_squared_displacement, collective_squared_displacement])
def test_a_broken_trajectory_is_refused(function):
    broken = np.zeros((10, 2, 3))
    broken[4, 1] = np.inf
    with pytest.raises(InputError, match="frame 4, atom 1"):
        function(broken)
    with pytest.raises(InputError, match="1 frame"):
        function(np.zeros((1, 2, 3)))
