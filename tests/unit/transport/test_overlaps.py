from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport.overlaps import count_overlaps, expected_covariance, hopping_covariance


def list_windows(lag, n_steps):
    """Return which steps (n_windows, n_steps) and ends (n_windows, n_steps + 1) windows have."""
    n_windows = n_steps - lag + 1
    steps, ends = np.zeros((n_windows, n_steps)), np.zeros((n_windows, n_steps + 1))
    for start in range(n_windows):
        steps[start, start : start + lag] = 1
        ends[start, start], ends[start, start + lag] = -1, 1
    return steps, ends


@settings(max_examples=40, deadline=None)
@given(n_steps=st.integers(1, 40), data=st.data())
def test_the_closed_form_is_the_sum_over_all_pairs_of_windows(n_steps, data):
    lags = data.draw(st.lists(st.integers(1, n_steps), min_size=1, max_size=4, unique=True))
    overlaps = count_overlaps(lags, n_steps)
    windows = [list_windows(lag, n_steps) for lag in lags]
    for i, (steps, ends) in enumerate(windows):
        for j, (other_steps, other_ends) in enumerate(windows):
            shared, common = steps @ other_steps.T, ends @ other_ends.T
            assert overlaps.squared_steps[i, j] == pytest.approx(np.mean(shared**2))
            assert overlaps.steps[i, j] == pytest.approx(np.mean(shared))
            assert overlaps.steps_times_ends[i, j] == pytest.approx(np.mean(shared * common))
            assert overlaps.squared_ends[i, j] == pytest.approx(np.mean(common**2))


def test_the_covariance_is_that_of_many_walks():
    """Normal steps, rattle and hops, 20,000 single walkers in three dimensions."""
    n_steps, hop, rate, rattle = 12, 2.0, 0.4, 0.3
    rng = np.random.default_rng(0)
    lags = np.array([1, 2, 5, 9])
    hops = rng.poisson(rate / 6, size=(20000, n_steps, 3, 2))
    path = np.zeros((20000, n_steps + 1, 3))
    path[:, 1:] = hop * (hops[..., 0] - hops[..., 1]).cumsum(axis=1)
    path += rattle * rng.normal(size=path.shape)
    msd = np.stack(
        [((path[:, lag:] - path[:, :-lag]) ** 2).sum(axis=2).mean(axis=1) for lag in lags], axis=1
    )
    model = {"slope_A2": rate * hop**2, "intercept_A2": 6 * rattle**2}
    overlaps = count_overlaps(lags, n_steps)
    expected = expected_covariance(overlaps, participation=1 / 3, excess_A4=rate * hop**4, **model)
    # A variance from 20,000 walkers with heavy tails is known to about 2 %.
    assert np.allclose(np.cov(msd.T), expected, rtol=0.08)
    same = hopping_covariance(overlaps, n_ions=1, hop_distance_A=hop, dimension=3, **model)
    assert np.allclose(same, expected)


def test_one_window_of_a_brownian_walker_has_the_variance_of_chi_squared():
    covariance = hopping_covariance(
        count_overlaps([50], 50),
        slope_A2=3.0,
        intercept_A2=0.0,
        n_ions=1,
        hop_distance_A=0.0,
        dimension=3,
    )
    assert covariance[0, 0] == pytest.approx(2 / 3 * (3.0 * 50) ** 2)


@pytest.mark.parametrize("lags", [[0, 1], [11], [[1, 2]], []])
def test_lags_outside_the_run_are_refused(lags):
    with pytest.raises(InputError, match="between 1 and 10"):
        count_overlaps(lags, 10)
