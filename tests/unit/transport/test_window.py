from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport.displacements import choose_lags
from perolyte.transport.window import choose_window, last_lag, measure_log_slopes, pass_one_hop

LAGS = choose_lags(1024)


def choose(msd, relative_error=0.01, **changes):
    covariance = np.diag((relative_error * msd) ** 2)
    return choose_window(LAGS, msd, covariance, **{"hop_distance_A": 4.0, **changes})


def test_lags_have_doubles_of_each_other():
    assert set(2 * LAGS[LAGS <= 512]) <= set(LAGS)
    assert LAGS[-1] == 1024
    assert np.all(np.diff(LAGS) > 0)


def test_the_window_starts_past_one_hop():
    window = choose(0.5 * LAGS)
    assert (window.first, window.last) == (36, 1024)
    assert window.is_past_one_hop
    assert np.allclose(window.log_slopes, 1.0)
    assert window.log_log_slope == pytest.approx(1.0)


def test_the_start_waits_until_growth_is_diffusive():
    msd = np.where(LAGS < 100, 20.0 * (LAGS / 100) ** 0.5, 0.2 * LAGS)
    hop = pass_one_hop(LAGS, msd, 4.0)
    assert hop == 72
    # Between 80 and 160 frames it grows as the lag to the power of 0.84, from 88 on of 0.91.
    assert choose(msd).first == 88
    # With errors of 30 % nothing speaks against the first lag past one hop.
    assert choose(msd, relative_error=0.3).first == 72


def test_the_start_leaves_a_line_something_to_lean_on():
    window = choose(0.01 * LAGS)
    assert window.first == 256
    assert not window.is_past_one_hop
    assert choose(10 * LAGS**0.5).first == pass_one_hop(LAGS, 10 * LAGS**0.5, 4.0)


def test_a_given_start_is_kept():
    assert choose(0.5 * LAGS, first=9).first == 9


def test_slopes_have_the_errors_of_two_points():
    slopes, errors = measure_log_slopes(LAGS, 1.0 * LAGS, np.diag((0.1 * LAGS) ** 2), 4)
    assert len(slopes) == 8
    assert np.allclose(errors, 0.1 * np.sqrt(2) / np.log(2))
    one, _ = measure_log_slopes(LAGS, 1.0 * LAGS, np.diag(LAGS), 4, n_octaves=1)
    assert one.tolist() == [1.0]
    (short,), _ = measure_log_slopes(np.array([2, 3]), np.array([4.0, 9.0]), np.eye(2), 2)
    assert short == pytest.approx(2.0)


def test_the_last_lag_is_a_fifth_of_the_run():
    assert [last_lag(n) for n in (5, 101, 20001)] == [2, 20, 4000]
