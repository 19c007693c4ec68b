"""Effective conductivities that are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.mesoscale.microstructure import (
    GrainMap,
    assign_conductivity,
    effective_conductivity,
    generate_polycrystal,
)

ROUNDING = 1e-9
COARSE = 5e-3
"""64 voxels along an edge, with corners where the field diverges."""
FINE = 2e-3
"""256 voxels."""
STAIRCASE = 5e-3
"""Boundaries inclined against the grid, of a resistance of 10 voxels."""
JUNCTIONS = 0.03
"""Twice the voxels, with grains of 20 to 40 voxels and strongly blocking boundaries."""


@pytest.mark.parametrize("scheme", ["rotated", "finite_volume", "fourier"])
def test_layers_in_series_and_in_parallel(scheme):
    layers = np.ones((9, 6, 4))
    layers[:3] = 0.01
    found = effective_conductivity(layers, scheme=scheme, tolerance=1e-12)
    expected = np.diag([0.0294118, 0.67, 0.67])
    assert found.conductivity_S_cm == pytest.approx(expected, abs=5e-8)
    exact = 1 / (1 / 3 / 0.01 + 2 / 3)
    assert found.conductivity_S_cm[0, 0] == pytest.approx(exact, rel=ROUNDING)


@pytest.mark.parametrize("scheme", ["rotated", "fourier"])
@pytest.mark.parametrize(("n", "tolerance"), [(64, COARSE), (256, FINE)])
def test_a_chequerboard_conducts_as_the_geometric_mean(scheme, n, tolerance):
    # Keller, J. Math. Phys. 5, 548 (1964)
    fields = np.indices((n, n)) // (n // 2)
    found = effective_conductivity(np.where(fields.sum(axis=0) % 2, 1.0, 0.1), scheme=scheme)
    assert found.mean_S_cm == pytest.approx(np.sqrt(0.1), rel=tolerance)


@pytest.mark.parametrize("contrast", [0.1, 10.0, 50.0])
def test_square_inclusions_of_a_quarter(contrast):
    # Obnosov's exact result, arXiv 1711.05880
    field = np.ones((128, 128))
    field[:64, :64] = contrast
    found = effective_conductivity(field)
    exact = np.sqrt((1 + 3 * contrast) / (3 + contrast))
    assert found.mean_S_cm == pytest.approx(exact, rel=COARSE)


def test_the_value_for_ten():
    field = np.ones((64, 64))
    field[:32, :32] = 10.0
    assert effective_conductivity(field).mean_S_cm == pytest.approx(1.54422, rel=2e-4)


def test_exchanging_the_phases_of_a_plane():
    # σ_xx(a, b) σ_yy(b, a) = a b, exact on odd grids of trigonometric polynomials
    phase = np.random.default_rng(3).random((15, 15)) < 0.4
    one = effective_conductivity(np.where(phase, 5.0, 1.0), scheme="fourier", tolerance=1e-12)
    other = effective_conductivity(np.where(phase, 1.0, 5.0), scheme="fourier", tolerance=1e-12)
    product = one.conductivity_S_cm @ np.array([[0, -1], [1, 0]]) @ other.conductivity_S_cm
    assert product @ np.array([[0, 1], [-1, 0]]) == pytest.approx(5.0 * np.eye(2), abs=1e-6)


def test_layers_at_a_frequency():
    a, b = 1.0 + 2.0j, 0.01 + 5.0j
    layers = np.full((8, 4), a)
    layers[:2] = b
    found = effective_conductivity(layers, tolerance=1e-12).conductivity_S_cm
    assert found[0, 0] == pytest.approx(1 / (0.75 / a + 0.25 / b), rel=ROUNDING)
    assert found[1, 1] == pytest.approx(0.75 * a + 0.25 * b, rel=ROUNDING)


def stripes(n: int, p: int, q: int) -> GrainMap:
    """Two grains in layers across (p, q), with 2 sqrt(p² + q²) boundaries per edge."""
    x, y = np.indices((n, n)) + 0.5
    return GrainMap(((p * x + q * y) / n % 1.0 < 0.5).astype(int), 10.0)


@pytest.mark.parametrize(("p", "q"), [(1, 0), (1, 1), (2, 1), (5, 2)])
@pytest.mark.parametrize("boundary", [1e-2, 100.0])
def test_thin_boundaries_in_any_direction(p, q, boundary):
    grains = stripes(128, p, q)
    made = assign_conductivity(
        grains, bulk_S_cm=1.0, boundary_S_cm=boundary, boundary_thickness_nm=1.0
    )
    found = effective_conductivity(made.conductivity)
    share = 2 * np.hypot(p, q) / 1280.0
    assert made.boundary_fraction == pytest.approx(share, rel=STAIRCASE)
    normal = np.array([p, q]) / np.hypot(p, q)
    across = 1 / (share / boundary + 1 - share)
    along = share * boundary + 1 - share
    exact = along * np.eye(2) + (across - along) * np.outer(normal, normal)
    assert found.conductivity_S_cm == pytest.approx(exact, abs=STAIRCASE * along)


def test_strongly_blocking_boundaries_do_not_leak_where_they_meet():
    totals = []
    for n in (32, 64):
        grains = generate_polycrystal((n, n, n), n_grains=20, grain_size_nm=1000.0, seed=0)
        made = assign_conductivity(
            grains, bulk_S_cm=1.0, boundary_S_cm=1e-4, boundary_thickness_nm=1.0
        )
        totals.append(effective_conductivity(made.conductivity).mean_S_cm)
    assert totals[0] == pytest.approx(totals[1], rel=JUNCTIONS)
    # cubic grains of one size are an upper limit of what irregular ones conduct
    assert 0.6 < totals[1] / (1 / (1 + 10.0)) < 1.0


def test_orientations_of_grains_turn_the_tensor():
    # one grain: the effective tensor is its own, turned
    labels = np.zeros((4, 4, 4), dtype=int)
    angle = 0.3
    turn = np.array(
        [
            [np.cos(angle), -np.sin(angle), 0.0],
            [np.sin(angle), np.cos(angle), 0.0],
            [0.0, 0.0, 1.0],
        ]
    )
    bulk = np.diag([1.0, 2.0, 3.0])
    made = assign_conductivity(
        GrainMap(labels, 10.0),
        bulk_S_cm=bulk,
        boundary_S_cm=0.1,
        boundary_thickness_nm=1.0,
        orientations=[turn],
    )
    found = effective_conductivity(made.conductivity).conductivity_S_cm
    assert found == pytest.approx(turn @ bulk @ turn.T, abs=ROUNDING)
