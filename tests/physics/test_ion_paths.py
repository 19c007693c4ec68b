"""Documents of lattice walkers whose rates, residence times and correlations are known."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.jobs import PathSettings, describe_paths
from perolyte.trajectories import read_thinned, wrap_trajectory
from perolyte.units import BOLTZMANN_EV_PER_K
from support.jumping_ions import EDGE_A, N_CELLS, known_rate_per_ps, make_crystal, make_run
from support.walkers import FRAME_FS, HOP_A

FOUR_SIGMA = 4.0
"""A correct result fails one such comparison in 16,000."""
N_WAYS = 6


def describe(trajectory):
    source = wrap_trajectory(trajectory, frame_interval_fs=FRAME_FS)
    return describe_paths(
        read_thinned(source, "Li")[0],
        name="walk",
        mobile_ion="Li",
        temperature_K=600.0,
        settings=PathSettings(sites="crystal"),
        structure=make_crystal(),
    )


@pytest.fixture(scope="module")
def independent():
    return describe(make_run(1, n_frames=4000, n_ions=40, hops_per_ion=80.0))


def test_rates_residence_and_barrier_are_those_put_in(independent):
    rate = known_rate_per_ps(n_frames=4000, hops_per_ion=80.0)
    allowed = FOUR_SIGMA / np.sqrt(independent.n_jumps)
    assert independent.status == "converged"
    assert independent.jump_rate_per_ps == pytest.approx(rate, rel=allowed)
    (sites,) = independent.site_kinds
    assert sites.residence_ps == pytest.approx(1 / rate, rel=allowed)
    # an even walk: each site is equally likely, within the scatter of its blocks
    assert abs(sites.occupation - 40 / N_CELLS**3) < 0.01
    # the cores of neighbours touch no more than a fifth of the way: what is longer is two hops
    kind = independent.jump_kinds[0]
    assert kind.distance_A == pytest.approx(HOP_A, abs=1e-6)
    assert kind.rate_per_ps == pytest.approx(rate / N_WAYS, rel=allowed)
    expected_eV = BOLTZMANN_EV_PER_K * 600.0 * np.log(10.0 / (rate / N_WAYS))
    assert kind.barrier_eV == pytest.approx(expected_eV, abs=BOLTZMANN_EV_PER_K * 600.0 * allowed)


def test_stays_of_independent_walkers_end_exponentially(independent):
    (sites,) = independent.site_kinds
    rate = known_rate_per_ps(n_frames=4000, hops_per_ion=80.0)
    for time_ps, survival, std in zip(
        sites.survival_time_ps, sites.survival, sites.survival_std, strict=True
    ):
        if 0.1 < survival < 0.9:
            # a hop falls on a frame: the stay that the frame shows is up to one longer
            tolerance = FOUR_SIGMA * std + rate * FRAME_FS / 1000
            assert abs(survival - np.exp(-rate * time_ps)) < tolerance


def test_independent_walkers_have_a_correlation_factor_of_one_and_do_not_cooperate(independent):
    found = independent.correlation
    assert abs(found.factor - 1) < FOUR_SIGMA * found.factor_std
    assert abs(found.factor_from_angles - 1) < FOUR_SIGMA * found.factor_from_angles_std
    assert abs(found.back_jump_fraction - 1 / N_WAYS) < FOUR_SIGMA * found.back_jump_fraction_std
    # pairs share jumps, so that their number scatters somewhat more than a Poisson count
    pairs = independent.cooperation
    assert abs(pairs.n_pairs - pairs.expected_pairs) < 6 * np.sqrt(pairs.expected_pairs)
    assert pairs.cooperative_share < 0.1


def test_walkers_that_turn_back_have_the_factor_of_compaan_and_haven():
    """<cos θ> = -r where a share r goes straight back and all others go anywhere: f follows."""
    returns = 0.4
    found = describe(
        make_run(2, n_frames=6000, n_ions=40, hops_per_ion=120.0, returns=returns)
    ).correlation
    known = (1 - returns) / (1 + returns)
    assert abs(found.mean_cosine + returns) < FOUR_SIGMA * found.mean_cosine_std
    assert abs(found.factor_from_angles - known) < FOUR_SIGMA * found.factor_from_angles_std
    assert abs(found.factor - known) < FOUR_SIGMA * found.factor_std
    assert found.factor_std < 0.1
    share = returns + (1 - returns) / N_WAYS
    assert abs(found.back_jump_fraction - share) < FOUR_SIGMA * found.back_jump_fraction_std


def test_intervals_of_rates_hold_the_rate_as_often_as_they_say():
    rate = known_rate_per_ps(n_frames=400, hops_per_ion=10.0)
    n_held = 0
    for seed in range(20):
        found = describe(make_run(seed, n_frames=400, n_ions=15, hops_per_ion=10.0))
        n_held += found.jump_rate_lower_per_ps < rate < found.jump_rate_upper_per_ps
    # of 20 intervals that hold in 95 %, fewer than 16 do in 3 of 1,000 cases
    assert n_held >= 16


def test_every_hop_shows_in_the_van_hove_function(independent):
    """After a time with n hops on average, exp(-n) of the ions are where they were."""
    rate = known_rate_per_ps(n_frames=4000, hops_per_ion=80.0)
    found = independent.van_hove
    distance = np.array(found.distance_A)
    for lag_ps, row in zip(found.lag_ps[:2], found.self_part[:2], strict=True):
        stayed = 0.1 * np.array(row)[distance < HOP_A / 2].sum()
        # a walker may be back: for these lags after two hops, with a sixth of exp(-n) n²/2
        n_hops = rate * lag_ps
        back = np.exp(-n_hops) * n_hops**2 / 2 / N_WAYS
        assert stayed == pytest.approx(np.exp(-n_hops) + back, abs=0.03)


def test_an_even_walk_fills_the_cell_evenly(independent):
    counts = independent.density.grid()
    assert counts.sum() == independent.n_ions * independent.n_frames
    middle = np.array([site.fractional for site in independent.sites])
    assert len(middle) == N_CELLS**3
    assert np.allclose(np.mod(middle * N_CELLS, 1.0), 0.0)
    assert np.linalg.norm(independent.density.cell_A[0]) == pytest.approx(EDGE_A)
