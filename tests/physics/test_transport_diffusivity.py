"""Walkers on a lattice that rattle in their cages: the diffusivity is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport import (
    collective_squared_displacement,
    fit_diffusivity,
    mean_squared_displacement,
)
from perolyte.transport.length import predict_relative_error
from support.walkers import FRAME_FS, HOP_A, true_diffusivity, walk

INDEPENDENT, PAIRS, CHAINS = (
    {},
    {"n_together": 2},
    {"n_together": 3, "keep_groups": False},
)


def fit(positions, **changes):
    return fit_diffusivity(positions, frame_interval_fs=FRAME_FS, hop_distance_A=HOP_A, **changes)


def fit_many(n_runs, **run):
    return [fit(walk(seed, **run)) for seed in range(n_runs)]


def judge(results, truth):
    """Return how many intervals cover the truth, and errors of ln D over those stated."""
    covered = sum(
        result.diffusivity_lower_cm2_s < truth < result.diffusivity_upper_cm2_s
        for result in results
    )
    ratios = [np.log(r.diffusivity_cm2_s / truth) / r.relative_error for r in results]
    return covered, np.array(ratios)


@pytest.mark.parametrize("together", [INDEPENDENT, PAIRS, CHAINS])
@pytest.mark.parametrize(("n_ions", "hops_per_ion"), [(24, 300.0), (36, 20.0), (36, 6.0)])
def test_intervals_cover_the_truth_and_are_no_wider_than_they_must_be(
    n_ions, hops_per_ion, together
):
    n_runs = 60
    run = {"n_frames": 1000, "hops_per_ion": hops_per_ion}
    results = fit_many(n_runs, n_ions=n_ions, **run, **together)
    tracer = true_diffusivity(**run)
    for kind, truth in (("tracer", tracer), ("charge", together.get("n_together", 1) * tracer)):
        found = [result if kind == "tracer" else result.charge for result in results]
        converged = [result for result in found if result.status == "converged"]
        assert len(converged) >= 0.9 * n_runs
        covered, ratios = judge(converged, truth)
        # Of 60 intervals at 95 %, 51 or more cover in all but 1 of 1,000 tests.
        assert covered >= 0.85 * len(converged), kind
        # The scatter over the stated error is 1; 60 runs know it to 9 %, and the charge's error
        # holds an allowance for an intercept that these walkers do not have.
        scatter = np.sqrt(np.mean(ratios**2))
        assert scatter < 1.35, kind
        assert scatter > (0.7 if kind == "tracer" else 0.55), kind
        # Unbiased: the mean over runs agrees within four of its own standard errors.
        values = np.array([result.diffusivity_cm2_s for result in converged])
        assert abs(values.mean() - truth) < 4 * values.std(ddof=1) / np.sqrt(len(values)), kind


def test_500_runs_of_all_kinds_cover_95_percent():
    """The calibration of the benchmark, on runs small enough for a test."""
    rng = np.random.default_rng(3)
    n_runs = 500
    covered = {"tracer": [], "charge": []}
    for seed in range(n_runs):
        together = (INDEPENDENT, PAIRS, CHAINS)[seed % 3]
        run = {"n_frames": 600, "hops_per_ion": float(10 ** rng.uniform(0.8, 2.0))}
        n_ions = 2 * int(rng.integers(10, 31))
        result = fit(walk(seed, n_ions=n_ions, **run, **together))
        truth = true_diffusivity(**run)
        if result.status == "converged":
            low, high = result.diffusivity_lower_cm2_s, result.diffusivity_upper_cm2_s
            covered["tracer"].append(low < truth < high)
        if result.charge.status == "converged":
            truth *= together.get("n_together", 1)
            low, high = result.charge.diffusivity_lower_cm2_s, result.charge.diffusivity_upper_cm2_s
            covered["charge"].append(low < truth < high)
    # A right 95 % interval gives 95 ± 1 % of 500; three standard deviations are left to chance,
    # and 1 % more to the allowance for the intercept of the charge.
    for kind, limit in (("tracer", 0.98), ("charge", 0.99)):
        assert len(covered[kind]) > 0.95 * n_runs
        assert 0.92 <= np.mean(covered[kind]) <= limit, kind


@pytest.mark.parametrize(("n_ions", "hops_per_ion"), [(20, 60.0), (36, 8.0)])
def test_the_error_found_is_the_error_predicted(n_ions, hops_per_ion):
    results = fit_many(40, n_frames=800, n_ions=n_ions, hops_per_ion=hops_per_ion)
    found = [result.relative_error for result in results if result.status == "converged"]
    # Measured variances scatter by 10 %, and the rattle adds a little.
    predicted = predict_relative_error(hops_per_ion, n_ions=n_ions)
    assert np.median(found) == pytest.approx(predicted, rel=0.15)


def test_a_longer_run_has_a_smaller_error():
    short, long = (
        fit(walk(9, n_frames=n_frames, n_ions=30, hops_per_ion=n_frames / 20))
        for n_frames in (500, 8000)
    )
    # 16 times longer, the same window start: a quarter, within the 10 % of measured variances.
    assert long.relative_error == pytest.approx(short.relative_error / 4, rel=0.3)
    assert long.charge.relative_error < 0.4 * short.charge.relative_error


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
    # 4e5 steps: the counting limit is 0.16 %, and 1.5 % is five times the stated error.
    assert per_step == pytest.approx(1 / 6, rel=0.015)
    assert result.relative_error < 0.005


def test_the_cage_does_not_enter_the_diffusivity():
    positions = walk(1, n_frames=1500, n_ions=30, hops_per_ion=200.0)
    shaken = positions + 0.3 * np.random.default_rng(2).normal(size=positions.shape)
    plain, offset = fit(positions), fit(shaken)
    # 6 x 0.09 Å² more at each lag, which the free intercept takes; noise changes the rest.
    assert offset.diffusivity_cm2_s == pytest.approx(plain.diffusivity_cm2_s, rel=0.02)
    assert offset.intercept_A2 - plain.intercept_A2 == pytest.approx(0.54, abs=0.3)


def test_motion_in_one_direction_only_shows_in_the_tensor():
    positions = walk(4, n_frames=1500, n_ions=30, hops_per_ion=100.0)
    positions[:, :, 1:] *= 1e-3
    result = fit(positions, dimension=1)
    tensor, std = result.diffusivity_tensor_cm2_s, result.diffusivity_tensor_std_cm2_s
    # One hop in three is along x: D_xx = a²/2 per hop along x.
    truth = true_diffusivity(n_frames=1500, hops_per_ion=100.0)
    assert tensor[0, 0] == pytest.approx(truth, abs=4 * std[0, 0])
    assert result.diffusivity_cm2_s == pytest.approx(tensor[0, 0], rel=1e-3)
    assert abs(tensor[1, 1]) < 1e-4 * tensor[0, 0]


def test_the_tensor_scatters_as_its_errors_say():
    run = {"n_frames": 600, "hops_per_ion": 60.0}
    results = fit_many(50, n_ions=20, **run)
    tensors = np.array([result.diffusivity_tensor_cm2_s for result in results])
    stated = np.mean([result.diffusivity_tensor_std_cm2_s for result in results], axis=0)
    truth = true_diffusivity(**run) * np.eye(3)
    scatter = np.sqrt(np.mean((tensors - truth) ** 2, axis=0))
    # The scatter of 50 runs is known to 10 %.
    assert np.allclose(stated, scatter, rtol=0.35)
    assert np.allclose([np.trace(t) / 3 for t in tensors], [r.diffusivity_cm2_s for r in results])


def test_ions_that_differ_are_noticed():
    """Half of the ions hop 12 times as often, for the whole run: hops do not tell the error."""
    fast = walk(6, n_frames=1500, n_ions=20, hops_per_ion=120.0)
    slow = walk(7, n_frames=1500, n_ions=20, hops_per_ion=10.0)
    result = fit(np.concatenate([fast, slow], axis=1))
    assert result.error_source == "ions"
    assert result.relative_error > 2 * result.relative_errors["covariance"]
    assert "ions scatter more" in " ".join(result.warnings)


def test_a_run_that_slows_down_is_noticed():
    """Hops are 12 times as frequent in the first half: pieces of the run are not alike."""
    fast = walk(10, n_frames=1000, n_ions=30, hops_per_ion=120.0)
    slow = walk(11, n_frames=1000, n_ions=30, hops_per_ion=10.0)
    result = fit(np.concatenate([fast, slow - slow[0] + fast[-1]]))
    assert result.error_source == "blocks"
    assert result.relative_error > 2 * result.relative_errors["covariance"]


def test_ions_that_move_together_count_as_one():
    run = {"n_frames": 1500, "n_ions": 36, "hops_per_ion": 100.0}
    alone, in_sixes = fit(walk(8, **run)), fit(walk(8, n_together=6, **run))
    assert alone.n_independent_ions == pytest.approx(36, rel=0.1)
    assert in_sixes.n_independent_ions == pytest.approx(6, rel=0.2)
    assert in_sixes.relative_error == pytest.approx(np.sqrt(6) * alone.relative_error, rel=0.3)
    assert in_sixes.charge.haven_ratio_lower < 1 / 6 < in_sixes.charge.haven_ratio_upper
    assert alone.charge.haven_ratio_lower < 1.0 < alone.charge.haven_ratio_upper


def test_hops_that_are_often_undone_are_not_counted_twice():
    """Four in ten hops are undone after a third of the time between hops: D is 0.6 of the rate."""
    run = {"n_frames": 2000, "n_ions": 36, "hops_per_ion": 60.0}
    ratios = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        steps = np.diff(walk(seed, **run), axis=0, prepend=0.0)
        hops = np.round(steps / HOP_A) * HOP_A
        frames, ions, axes = np.nonzero(hops)
        undone = rng.random(len(frames)) < 0.4
        back = frames + rng.geometric(0.1, size=len(frames))
        kept = undone & (back < run["n_frames"])
        np.add.at(
            hops,
            (back[kept], ions[kept], axes[kept]),
            -hops[frames[kept], ions[kept], axes[kept]],
        )
        paths = hops.cumsum(axis=0) + 0.3 * rng.normal(size=hops.shape)
        truth = 0.6 * true_diffusivity(n_frames=2000, hops_per_ion=60.0)
        ratios.append(fit(paths).diffusivity_cm2_s / truth)
    # 5 % each: the mean of 20 is known to 1.2 %.
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.04)


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
