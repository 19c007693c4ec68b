"""Motion of boundaries by their curvature, against exact results."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    GrainMap,
    generate_polycrystal,
    simulate_grain_growth,
)

KINETICS = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
RATE_NM2_S = 0.5e-16 * 1e18
"""M γ"""
CURVATURE = 0.05
"""Boundaries of finite width."""


def ball(shape: tuple[int, ...], radius: float) -> GrainMap:
    places = np.indices(shape) + 0.5
    centre = np.array(shape).reshape(-1, *[1] * len(shape)) / 2
    return GrainMap((((places - centre) ** 2).sum(axis=0) < radius**2).astype(int), 10.0)


def volume(state, voxel_nm: float = 10.0) -> float:
    """Of the grain in the middle, from its order parameter."""
    return float(state.fields[state.colours[1]].sum()) * voxel_nm ** (state.fields.ndim - 1)


@pytest.mark.parametrize("step", [0.1, 0.3, 0.5])
def test_a_circle_shrinks_by_its_curvature(step):
    # dR²/dt = -2 M γ, whatever the step
    settled = simulate_grain_growth(ball((160, 160), 60.0), KINETICS, n_steps=60, step=step)
    later = simulate_grain_growth(settled.state, KINETICS, n_steps=int(60 / step), step=step)
    lost = (volume(settled.state) - volume(later.state)) / np.pi
    elapsed = later.time_s[-1] - later.time_s[0]
    assert lost / elapsed == pytest.approx(2 * RATE_NM2_S, rel=CURVATURE)


@pytest.mark.slow
def test_a_sphere_shrinks_twice_as_fast():
    # dR²/dt = -4 M γ
    settled = simulate_grain_growth(ball((72, 72, 72), 28.0), KINETICS, n_steps=20, step=0.4)
    later = simulate_grain_growth(settled.state, KINETICS, n_steps=60, step=0.4)
    radii2 = [(3 * volume(r.state) / (4 * np.pi)) ** (2 / 3) for r in (settled, later)]
    elapsed = later.time_s[-1] - later.time_s[0]
    assert (radii2[0] - radii2[1]) / elapsed == pytest.approx(4 * RATE_NM2_S, rel=CURVATURE)


@pytest.mark.slow
def test_grains_of_a_plane_grow_by_their_number_of_sides():
    # von Neumann and Mullins: dA/dt = (π/3) M γ (n - 6), summed over grains that keep their sides
    grains = generate_polycrystal((256, 256), n_grains=16, grain_size_nm=600.0, seed=4)
    settled = simulate_grain_growth(grains, KINETICS, n_steps=300, step=0.4, precision="float32")
    later = simulate_grain_growth(settled.state, KINETICS, n_steps=100, step=0.4)
    before, after = (sides(r.state.grains.labels) for r in (settled, later))
    elapsed = later.time_s[-1] - later.time_s[0]
    voxel_nm = grains.voxel_nm
    kept = [g for g in before if before[g] == after.get(g)]
    assert len(kept) >= 6
    measured, expected = [], []
    for grain in kept:
        counts = [np.count_nonzero(r.state.grains.labels == grain) for r in (settled, later)]
        measured.append((counts[1] - counts[0]) * voxel_nm**2 / elapsed)
        expected.append(np.pi / 3 * RATE_NM2_S * (before[grain] - 6))
    slope, offset = np.polyfit(expected, measured, 1)
    assert slope == pytest.approx(1.0, rel=0.1)
    assert abs(offset) < 0.1 * np.pi / 3 * RATE_NM2_S


def sides(labels: np.ndarray) -> dict[int, int]:
    """Neighbours of each grain across more than a few voxels of boundary."""
    shared: dict[tuple[int, int], int] = {}
    for axis in range(2):
        other = np.roll(labels, -1, axis)
        differs = labels != other
        for pair in zip(labels[differs].tolist(), other[differs].tolist(), strict=True):
            shared[min(pair), max(pair)] = shared.get((min(pair), max(pair)), 0) + 1
    found: dict[int, int] = {}
    for (first, second), n_faces in shared.items():
        if n_faces > 4:
            found[first] = found.get(first, 0) + 1
            found[second] = found.get(second, 0) + 1
    return found
