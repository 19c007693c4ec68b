from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perolyte.errors import InputError
from perolyte.transport.rates import estimate_barrier, estimate_rate
from perolyte.units import BOLTZMANN_EV_PER_K


@given(n_events=st.integers(1, 10_000), exposure_ps=st.floats(1e-3, 1e6))
def test_the_ends_of_the_interval_just_allow_the_count(n_events, exposure_ps):
    rate = estimate_rate(n_events, exposure_ps)
    assert stats.poisson.sf(n_events - 1, rate.lower_per_ps * exposure_ps) == pytest.approx(0.025)
    assert stats.poisson.cdf(n_events, rate.upper_per_ps * exposure_ps) == pytest.approx(0.025)


def test_without_events_there_is_an_upper_bound():
    rate = estimate_rate(0, 50.0)
    assert rate.rate_per_ps is None
    assert stats.poisson.pmf(0, rate.upper_per_ps * 50.0) == pytest.approx(0.05)
    barrier = estimate_barrier(rate, temperature_K=500.0, attempt_frequency_THz=10.0)
    assert barrier.barrier_eV is None
    assert barrier.upper_eV is None
    assert barrier.lower_eV == pytest.approx(
        BOLTZMANN_EV_PER_K * 500.0 * np.log(10.0 / rate.upper_per_ps)
    )
    assert "no jump seen" in barrier.reason


def test_the_barrier_gives_the_rate_back():
    rate = estimate_rate(400, 1e4)
    barrier = estimate_barrier(rate, temperature_K=700.0, attempt_frequency_THz=5.0)
    thermal_eV = BOLTZMANN_EV_PER_K * 700.0
    assert 5.0 * np.exp(-barrier.barrier_eV / thermal_eV) == pytest.approx(0.04)
    assert barrier.lower_eV < barrier.barrier_eV < barrier.upper_eV
    assert barrier.reason == ""


def test_a_rate_above_the_attempt_frequency_has_no_barrier():
    barrier = estimate_barrier(
        estimate_rate(500, 10.0), temperature_K=700.0, attempt_frequency_THz=5.0
    )
    assert barrier.barrier_eV is None
    assert "is not below the attempt frequency of 5 THz" in barrier.reason


def test_wrong_numbers_are_refused():
    with pytest.raises(InputError, match="n_events is -1"):
        estimate_rate(-1, 10.0)
    with pytest.raises(InputError, match="exposure_ps is 0"):
        estimate_rate(1, 0.0)
    with pytest.raises(InputError, match="attempt_frequency_THz is -1"):
        estimate_barrier(estimate_rate(1, 1.0), temperature_K=300.0, attempt_frequency_THz=-1)
