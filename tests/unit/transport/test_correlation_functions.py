"""Bad input and edges; what the functions are of known systems is in tests/physics."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport.non_gaussian import measure_non_gaussian
from perolyte.transport.radial_distribution import measure_radial_distribution
from perolyte.transport.van_hove import measure_van_hove

CELL_A = 8.0 * np.eye(3)
AT_REST = np.zeros((5, 2, 3))


def test_neighbours_are_counted_up_to_the_cutoff():
    positions = AT_REST.copy()
    positions[:, 1, 0] = 3.0
    result = measure_radial_distribution(positions, CELL_A, bin_width_A=0.5)
    assert result.coordination.tolist() == [0.0] * 6 + [1.0] * 2
    # One neighbour in the shell from 3.0 to 3.5 Å, at a density of 2 in 512 Å³.
    shell_A3 = 4 / 3 * np.pi * (3.5**3 - 3.0**3)
    assert result.values[6] == pytest.approx(1 / (2 / 512 * shell_A3))
    assert result.n_frames == 5


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"bin_width_A": 5.0}, "gives 0 bins up to 4 Å"),
        ({"bin_width_A": 1e-9}, "it must give 1 to 100000"),
        ({"cutoff_A": -1.0}, "cutoff_A is -1"),
        ({"other_positions_A": np.zeros((4, 1, 3))}, "has 5 frames and other_positions_A 4"),
    ],
)
def test_wrong_shells_are_refused(kwargs, message):
    with pytest.raises(InputError, match=message):
        measure_radial_distribution(AT_REST, CELL_A, **kwargs)


@pytest.mark.parametrize(
    ("lags", "kwargs", "message"),
    [
        ([5], {}, "lags is 5; each must be a whole number from 0 to 4"),
        ([0.5], {}, "lags is 0.5"),
        ([], {}, "lags is empty"),
        ([1], {"max_origins": 0}, "max_origins is 0"),
    ],
)
def test_wrong_lags_of_van_hove_functions_are_refused(lags, kwargs, message):
    with pytest.raises(InputError, match=message):
        measure_van_hove(AT_REST, CELL_A, lags, frame_interval_ps=0.1, **kwargs)


def test_a_single_ion_has_no_distinct_part():
    result = measure_van_hove(AT_REST[:, :1], CELL_A, [0, 2], frame_interval_ps=0.1)
    assert (result.distinct_part == 0).all()
    assert result.self_part[1, 0] == pytest.approx(1 / 0.1)
    assert result.lag_ps.tolist() == [0.0, 0.2]
    assert result.n_origins == (5, 3)


def test_ions_at_rest_have_no_non_gaussian_parameter():
    result = measure_non_gaussian(AT_REST, frame_interval_ps=0.5, lags=[1])
    assert np.isnan(result.alpha2).all()
    assert result.lag_ps.tolist() == [0.5]


def test_lags_are_chosen_up_to_half_the_run():
    walk = np.cumsum(np.random.default_rng(0).standard_normal((1000, 3, 3)), axis=0)
    result = measure_non_gaussian(walk, frame_interval_ps=1.0)
    assert result.lag_ps[0] == 1
    assert result.lag_ps[-1] == 500
    assert (np.diff(result.lag_ps) > 0).all()
    one = measure_non_gaussian(walk[:, :1], frame_interval_ps=1.0, lags=[1, 2])
    assert np.isnan(one.alpha2_std).all()


@pytest.mark.parametrize("lag", [0, 5, 1.5])
def test_wrong_lags_of_the_non_gaussian_parameter_are_refused(lag):
    with pytest.raises(InputError, match=f"lags holds {lag}"):
        measure_non_gaussian(AT_REST, frame_interval_ps=0.1, lags=[lag])
