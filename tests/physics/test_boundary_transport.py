"""Boundaries with a resistance known beforehand: walkers on a lattice with slow links."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport import (
    AreaResistance,
    area_resistance,
    fit_crossing_diffusivity,
    measure_density_profile,
    measure_slab,
    series_diffusivity,
    specific_boundary_value,
)
from support.crossing_walkers import FRAME_FS, HOP_A, grain_diffusivity_cm2_s, walk

GRAIN_CM2_S = grain_diffusivity_cm2_s()


def true_across(n_layers, slow):
    """Links in series."""
    return GRAIN_CM2_S * n_layers / (n_layers - 1 + 1 / slow)


@pytest.mark.parametrize("slow", [0.5, 0.1, 0.02])
def test_diffusivity_across_slow_links_is_that_of_the_series_law(slow):
    n_layers = 6
    found = fit_crossing_diffusivity(
        walk(1, n_layers=n_layers, slow=slow),
        separation_A=n_layers * HOP_A,
        bulk_diffusivity_cm2_s=GRAIN_CM2_S,
        frame_interval_fs=FRAME_FS,
        hop_distance_A=HOP_A,
    )
    assert found.status == "converged"
    expected = true_across(n_layers, slow)
    assert abs(found.diffusivity_cm2_s - expected) < 3 * found.std_cm2_s
    assert found.std_cm2_s < 0.25 * expected


def test_the_error_of_the_diffusivity_across_covers_the_truth():
    """Two thirds of one-sigma intervals; of 12 runs 4 to 12 (binomial, 99 %)."""
    n_layers, slow = 5, 0.2
    expected = true_across(n_layers, slow)
    hits = 0
    for seed in range(12):
        found = fit_crossing_diffusivity(
            walk(100 + seed, n_layers=n_layers, slow=slow, n_frames=1500, n_ions=60),
            separation_A=n_layers * HOP_A,
            bulk_diffusivity_cm2_s=GRAIN_CM2_S,
            frame_interval_fs=FRAME_FS,
            hop_distance_A=HOP_A,
        )
        assert found.status == "converged"
        hits += abs(found.diffusivity_cm2_s - expected) < found.std_cm2_s
    assert 4 <= hits <= 12


def test_the_resistance_of_a_slow_link():
    """ASR of one link beyond the grain: a (1/slow - 1) / sigma_grain."""
    n_layers, slow, sigma_S_cm = 6, 0.1, 1e-3
    found = fit_crossing_diffusivity(
        walk(2, n_layers=n_layers, slow=slow),
        separation_A=n_layers * HOP_A,
        bulk_diffusivity_cm2_s=GRAIN_CM2_S,
        frame_interval_fs=FRAME_FS,
        hop_distance_A=HOP_A,
    )
    per_D = sigma_S_cm / GRAIN_CM2_S
    resistance = area_resistance(
        found.diffusivity_cm2_s * per_D,
        found.std_cm2_s * per_D,
        sigma_S_cm,
        0.0,
        cell_length_A=2 * n_layers * HOP_A,
    )
    expected = HOP_A * 1e-8 * (1 / slow - 1) / sigma_S_cm
    assert resistance.status == "converged"
    assert abs(resistance.value_ohm_cm2 - expected) < 3 * resistance.std_ohm_cm2
    specific, error, _ = specific_boundary_value(resistance, HOP_A)
    assert abs(specific - sigma_S_cm / (1 / slow - 1)) < 4 * error


def test_without_a_boundary_no_resistance_is_found():
    found = fit_crossing_diffusivity(
        walk(3, n_layers=6, slow=1.0),
        separation_A=18.0,
        bulk_diffusivity_cm2_s=GRAIN_CM2_S,
        frame_interval_fs=FRAME_FS,
        hop_distance_A=HOP_A,
    )
    per_D = 1e-3 / GRAIN_CM2_S
    resistance = area_resistance(
        found.diffusivity_cm2_s * per_D,
        found.std_cm2_s * per_D,
        1e-3,
        2e-5,
        cell_length_A=36.0,
    )
    assert resistance.value_ohm_cm2 is None
    assert resistance.lower_bound_ohm_cm2 < 0 < resistance.upper_bound_ohm_cm2
    assert specific_boundary_value(resistance, 10.0)[2] > 0


def test_a_run_in_which_ions_do_not_cross_gives_a_bound():
    n_layers, slow = 30, 0.05
    found = fit_crossing_diffusivity(
        walk(4, n_layers=n_layers, slow=slow, n_frames=600, n_ions=60),
        separation_A=n_layers * HOP_A,
        bulk_diffusivity_cm2_s=GRAIN_CM2_S,
        frame_interval_fs=FRAME_FS,
        hop_distance_A=HOP_A,
    )
    assert found.status == "not_converged"
    assert found.diffusivity_cm2_s is None
    assert "at a higher temperature" in found.reasons[0]
    assert found.upper_bound_cm2_s > true_across(n_layers, slow)


def test_motion_in_the_plane_does_not_feel_the_slow_links():
    cell_A = np.diag([30.0, 30.0, 36.0])
    # links 0 and 6 are half a hop below the sites at 0 and 18 Å
    found = measure_slab(
        walk(5, n_layers=6, slow=0.05),
        cell_A,
        centres=(-1.5 / 36, 16.5 / 36),
        width_A=8.0,
        frame_interval_fs=FRAME_FS,
        lags_ps=(0.2, 0.8),
    )
    assert found.status == "converged"
    assert abs(found.diffusivity_cm2_s - GRAIN_CM2_S) < 4 * found.std_cm2_s
    assert found.std_cm2_s < 0.1 * GRAIN_CM2_S


def test_a_slab_with_another_mobility_is_told_apart():
    rng = np.random.default_rng(6)
    height = rng.random(200) * 40.0
    step = np.where(np.abs(height - 20.0) < 5.0, 0.3, 1.0)
    run = (rng.normal(size=(2000, 200, 3)) * step[:, None]).cumsum(axis=0)
    run[..., 2] = height
    settings = {"width_A": 9.0, "frame_interval_fs": 100.0, "lags_ps": (0.5, 2.0)}
    inner = measure_slab(run, np.diag([20.0, 20.0, 40.0]), centres=(0.5,), **settings)
    outer = measure_slab(run, np.diag([20.0, 20.0, 40.0]), centres=(0.0,), **settings)
    assert abs(inner.diffusivity_cm2_s - 0.09 * 5e-4) < 4 * inner.std_cm2_s
    assert abs(outer.diffusivity_cm2_s - 5e-4) < 4 * outer.std_cm2_s


def test_a_slab_that_ions_leave_at_once_has_no_number():
    run = np.zeros((400, 3, 3))
    run[..., 2] = np.arange(400)[:, None] * 7.0
    found = measure_slab(
        run,
        np.diag([20.0, 20.0, 40.0]),
        centres=(0.0,),
        width_A=5.0,
        frame_interval_fs=100.0,
        lags_ps=(0.5, 2.0),
    )
    assert found.status == "not_converged"
    assert "0 displacements of 2 ps stay" in found.reasons[0]


def test_the_profile_holds_all_ions():
    run = walk(7, n_layers=6, slow=0.1, n_frames=500, n_ions=80)
    cell_A = np.diag([30.0, 20.0, 36.0])
    profile = measure_density_profile(run, cell_A, bin_A=3.0)
    assert len(profile.position_A) == 12
    total = profile.density_per_A3.sum() * 30.0 * 20.0 * 3.0
    assert total == pytest.approx(80.0)


def test_the_series_law_of_two_layers():
    # slow quarter: 1/D = 0.75/1 + 0.25/0.01
    found = series_diffusivity([1.0] * 4, [1.0, 1.0, 1.0, 0.01], [0.5, 1.5, 2.5, 3.5])
    assert found == pytest.approx(1 / (0.75 + 25.0))
    # fewer ions in a layer resist as slower ones do
    assert series_diffusivity([1.0, 0.1], [1.0, 1.0], [0.5, 1.5]) == pytest.approx(
        1 / (0.5 * 1.1 * 0.5 * 11.0)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: area_resistance(0.0, 0.1, 1.0, 0.1, cell_length_A=1.0), "cell_conductivity"),
        (lambda: area_resistance(1.0, -0.1, 1.0, 0.1, cell_length_A=1.0), "0 or more"),
        (lambda: area_resistance(1.0, 0.1, 1.0, 0.1, cell_length_A=-1.0), "cell_length_A"),
        (lambda: series_diffusivity([1.0], [1.0, 2.0], [0.5]), "do not match"),
        (lambda: series_diffusivity([1.0] * 3, [1.0] * 3, [0.0, 1.0, 3.0]), "different widths"),
        (lambda: series_diffusivity([0.0], [1.0], [0.5]), "leave no bin empty"),
        (
            lambda: specific_boundary_value(AreaResistance("converged", (), 1.0, 0.1), -1.0),
            "thickness_A is -1",
        ),
        (
            lambda: measure_slab(
                np.zeros((10, 1, 3)),
                np.eye(3),
                centres=(0.0,),
                width_A=1.0,
                frame_interval_fs=100.0,
                lags_ps=(0.5, 0.2),
            ),
            "give two that rise",
        ),
        (lambda: measure_density_profile(np.zeros((3, 1, 3)), np.zeros((3, 3))), "no volume"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
