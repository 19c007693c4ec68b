"""Walkers on a lattice that rattle in their cages: the diffusivity is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport import (
    collective_squared_displacement,
    fit_diffusivity,
    mean_squared_displacement,
)
from perolyte.transport.slope import choose_window, fit_slope

HOP_A = 3.87
FRAME_FS = 100.0
RATTLE_A = 0.3
"""Standard deviation of each coordinate about the site, as of lithium near 1000 K."""


def walk(seed, *, n_frames, n_ions, hops_per_ion):
    """Return (n_frames, n_ions, 3), Å: at most one hop per frame along x, y or z."""
    rng = np.random.default_rng(seed)
    steps = np.zeros((n_frames, n_ions, 3))
    hopping = rng.random((n_frames, n_ions)) < hops_per_ion / (n_frames - 1)
    hopping[0] = False
    signs = rng.choice([-HOP_A, HOP_A], size=(n_frames, n_ions))
    axes = rng.integers(0, 3, size=(n_frames, n_ions))
    np.put_along_axis(steps, axes[..., None], (hopping * signs)[..., None], axis=2)
    return steps.cumsum(axis=0) + RATTLE_A * rng.normal(size=steps.shape)


def true_diffusivity(*, n_frames, hops_per_ion):
    """cm²/s, from a² / 6 per hop; 1 Å²/fs = 0.1 cm²/s."""
    return 0.1 * HOP_A**2 / 6 * hops_per_ion / ((n_frames - 1) * FRAME_FS)


def fit(positions):
    return fit_diffusivity(positions, frame_interval_fs=FRAME_FS, hop_distance_A=HOP_A)


def fit_many(n_runs, **run):
    return [fit(walk(seed, **run)) for seed in range(n_runs)]


@pytest.mark.parametrize(
    ("n_ions", "hops_per_ion"), [(20, 300.0), (40, 200.0), (36, 20.0), (36, 6.0)]
)
def test_the_95_percent_interval_covers_the_true_value(n_ions, hops_per_ion):
    n_runs = 60
    run = {"n_frames": 1500, "hops_per_ion": hops_per_ion}
    truth = true_diffusivity(**run)
    results = fit_many(n_runs, n_ions=n_ions, **run)
    converged = [result for result in results if result.status == "converged"]
    covered = sum(
        result.diffusivity_lower_cm2_s < truth < result.diffusivity_upper_cm2_s
        for result in converged
    )
    assert len(converged) >= 0.95 * n_runs
    assert covered >= 0.90 * len(converged)
    # Unbiased: the mean over runs agrees within four of its own standard errors.
    values = np.array([result.diffusivity_cm2_s for result in converged])
    standard_error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - truth) < 4 * standard_error
    # An interval that covers by being absurdly wide says nothing.
    assert np.median([result.relative_error for result in converged]) < 0.30


def test_the_spread_between_ions_is_the_scatter_between_runs():
    """The rule on net hops is the largest error of most runs, so this one is tested alone."""
    slopes, stated = [], []
    for seed in range(100):
        positions = walk(seed, n_frames=600, n_ions=20, hops_per_ion=60.0)
        msd = mean_squared_displacement(positions, max_lag=300)
        result = fit_slope(positions, msd, *choose_window(msd.msd_A2, HOP_A, 600))
        slopes.append(result.slope_A2)
        stated.append(result.ion_std_A2)
    # The scatter of 100 runs is known to 7 %; 25 % is more than three times that.
    assert np.mean(stated) == pytest.approx(np.std(slopes, ddof=1), rel=0.25)


@pytest.mark.parametrize(("n_ions", "hops_per_ion"), [(36, 0.02), (36, 0.3), (36, 1.5), (5, 8.0)])
def test_the_upper_bound_of_unresolved_runs_holds(n_ions, hops_per_ion):
    n_runs = 100
    run = {"n_frames": 500, "hops_per_ion": hops_per_ion}
    truth = true_diffusivity(**run)
    results = fit_many(n_runs, n_ions=n_ions, **run)
    bounds = [result.diffusivity_upper_bound_cm2_s for result in results]
    assert {result.status for result in results} == {"not_converged"}
    # 95 % promised; 90 of 100 leaves room for chance (2.3 standard deviations).
    assert sum(bound > truth for bound in bounds) >= 0.90 * n_runs


def test_unit_steps_on_a_lattice_give_one_sixth_per_step():
    rng = np.random.default_rng(11)
    n_frames, n_ions = 2000, 200
    steps = np.zeros((n_frames, n_ions, 3))
    axes = rng.integers(0, 3, size=(n_frames, n_ions, 1))
    np.put_along_axis(steps, axes, rng.choice([-1.0, 1.0], size=axes.shape), axis=2)
    result = fit_diffusivity(steps.cumsum(axis=0), frame_interval_fs=1000.0, hop_distance_A=1.0)
    per_step = result.diffusivity_cm2_s * 1e4  # one step per ps
    assert result.status == "converged"
    assert per_step == pytest.approx(1 / 6, rel=0.03)  # 4e5 hops: 3 % is four standard errors


def test_the_cage_does_not_enter_the_diffusivity():
    positions = walk(1, n_frames=1500, n_ions=30, hops_per_ion=200.0)
    shaken = positions + 0.3 * np.random.default_rng(2).normal(size=positions.shape)
    plain, offset = fit(positions), fit(shaken)
    # 6 x 0.09 Å² more at each lag, which the free intercept takes; noise changes the rest.
    assert offset.diffusivity_cm2_s == pytest.approx(plain.diffusivity_cm2_s, rel=0.02)


def test_independent_ions_carry_what_they_trace_and_pairs_twice_that():
    lag = 20
    ratios, paired = [], []
    for seed in range(40):
        positions = walk(seed, n_frames=800, n_ions=20, hops_per_ion=300.0)
        tracer = mean_squared_displacement(positions, max_lag=lag).msd_A2[lag]
        charge = collective_squared_displacement(positions, max_lag=lag).msd_A2[lag]
        ratios.append(charge / tracer)
        twins = np.concatenate([positions, positions], axis=1)
        paired.append(
            collective_squared_displacement(twins, max_lag=lag).msd_A2[lag]
            / mean_squared_displacement(twins, max_lag=lag).msd_A2[lag]
        )
    error = np.std(ratios, ddof=1) / np.sqrt(len(ratios))
    assert np.mean(ratios) == pytest.approx(1.0, abs=4 * error)
    assert np.allclose(paired, 2 * np.array(ratios))


def test_walkers_bound_to_few_sites_are_refused():
    """A walk that is reflected inside a box of three sites per direction never diffuses."""
    positions = walk(5, n_frames=3000, n_ions=30, hops_per_ion=600.0)
    sites = np.round(positions / HOP_A)
    rattle = positions - sites * HOP_A
    folded = np.abs((sites + 2) % 4 - 2)  # 0, 1, 2, 1, 0, ...
    result = fit(folded * HOP_A + rattle)
    assert result.status == "not_converged"
    assert result.diffusivity_cm2_s is None
