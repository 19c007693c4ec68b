"""Walkers in a potential whose barriers are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.transport.density import map_density
from perolyte.transport.free_energy import find_free_energy_barriers, map_free_energy
from perolyte.transport.hop_free_energy import find_hop_free_energies
from perolyte.transport.jumps import jump_statistics
from perolyte.transport.site_search import find_density_sites
from perolyte.transport.sites import assign_sites, define_sites
from perolyte.units import BOLTZMANN_EV_PER_K

TEMPERATURE_K = 600.0
THERMAL_EV = BOLTZMANN_EV_PER_K * TEMPERATURE_K
EDGE_A = 4.0
DIVISIONS = 10
HEIGHTS_EV = np.array([0.06, 0.11, 0.16])


def potential_eV(fractional):
    return (HEIGHTS_EV * (1 - np.cos(2 * np.pi * fractional)) / 2).sum(axis=-1)


def walk(rng, *, n_steps, n_walkers, keep_every):
    """Metropolis walkers; they reach the Boltzmann distribution of the potential."""
    place = np.zeros((n_walkers, 3))
    energy = potential_eV(place)
    kept = []
    for step in range(n_steps):
        trial = place + rng.uniform(-0.25, 0.25, place.shape)
        trial_energy = potential_eV(trial)
        accepted = rng.random(n_walkers) < np.exp(-(trial_energy - energy) / THERMAL_EV)
        place = np.where(accepted[:, None], trial, place)
        energy = np.where(accepted, trial_energy, energy)
        if step % keep_every == 0 and step > n_steps // 10:
            kept.append(place)
    return EDGE_A * np.array(kept)


def average_over_voxels(height_eV):
    """Free energy of a voxel at the saddle over that of one at the minimum, exactly."""
    fine = (np.arange(2000) + 0.5) / 2000 / DIVISIONS - 0.5 / DIVISIONS
    minimum = np.exp(-height_eV * (1 - np.cos(2 * np.pi * fine)) / 2 / THERMAL_EV).mean()
    saddle = np.exp(-height_eV * (1 + np.cos(2 * np.pi * fine)) / 2 / THERMAL_EV).mean()
    return THERMAL_EV * np.log(minimum / saddle)


@pytest.fixture(scope="module")
def positions_A():
    return walk(np.random.default_rng(1), n_steps=3000, n_walkers=1500, keep_every=6)


def test_percolation_barriers_are_those_of_the_potential(positions_A):
    density = map_density(
        positions_A, EDGE_A * np.eye(3), divisions=(DIVISIONS, DIVISIONS, DIVISIONS)
    )
    result = find_free_energy_barriers(density, temperature_K=TEMPERATURE_K, connectivity=6)
    assert result.status == "converged"
    for dimension, height in enumerate(HEIGHTS_EV, start=1):
        error = result.barriers_std_eV[dimension]
        assert error < 0.006
        # The way takes the best of a few voxels, so that noise lowers it by an error or two.
        expected = average_over_voxels(height)
        assert expected == pytest.approx(height, rel=0.1)
        assert abs(result.barriers_eV[dimension] - expected) < 4 * max(error, 0.002)
    assert result.percolation.directions[1] == ((1, 0, 0),)


def test_the_free_energy_is_the_potential(positions_A):
    density = map_density(
        positions_A, EDGE_A * np.eye(3), divisions=(DIVISIONS, DIVISIONS, DIVISIONS)
    )
    energies = map_free_energy(density, temperature_K=TEMPERATURE_K)
    along = np.arange(DIVISIONS) / DIVISIONS
    expected = HEIGHTS_EV[0] * (1 - np.cos(2 * np.pi * along)) / 2
    # 0.01 eV: counts of the order of 1,000, and the mean over a voxel.
    np.testing.assert_allclose(energies[:, 0, 0] - energies[0, 0, 0], expected, atol=0.01)


def test_the_site_is_found_in_the_minimum(positions_A):
    density = map_density(positions_A + 1.3, EDGE_A * np.eye(3))
    found = find_density_sites(density)
    assert len(found.fractional) == 1
    # Half a voxel: along the flattest axis the density falls by a tenth within 0.4 Å.
    np.testing.assert_allclose(found.fractional[0] * EDGE_A, 1.3, atol=0.1)


def test_a_supercell_folded_on_itself_gives_the_same_barriers(positions_A):
    n_frames, n_walkers, _ = positions_A.shape
    cells = np.indices((2, 1, 3)).reshape(3, -1).T
    spread = positions_A + EDGE_A * cells[np.arange(n_walkers) % 6]
    cell = EDGE_A * np.diag([2.0, 1.0, 3.0])
    shape = (DIVISIONS, DIVISIONS, DIVISIONS)
    folded = map_density(spread, cell, divisions=shape, fold=(2, 1, 3))
    direct = map_density(positions_A, EDGE_A * np.eye(3), divisions=shape)
    # Positions on the edge of a voxel may round to either side.
    assert np.abs(folded.counts - direct.counts).sum() < 1e-4 * n_frames * n_walkers
    assert folded.n_ions == pytest.approx(n_walkers / 6)
    assert folded.values_per_A3.sum() * (EDGE_A / DIVISIONS) ** 3 == pytest.approx(n_walkers / 6)


def test_single_hops_have_the_barrier_along_their_axis(positions_A):
    cell = EDGE_A * np.eye(3)
    sites = define_sites([[0, 0, 0]], cell)
    jumps = jump_statistics(assign_sites(positions_A, sites), frame_interval_ps=0.1)
    density = map_density(positions_A, cell, divisions=(DIVISIONS, DIVISIONS, DIVISIONS))
    # Frames are far enough apart for walkers to pass several cells between two of them.
    edges = [edge for edge in jumps.edges if sum(map(abs, edge.image)) == 1]
    assert len(edges) == 6
    hops = find_hop_free_energies(density, sites, edges, temperature_K=TEMPERATURE_K)
    barriers = {hop.image: hop.barrier_eV for hop in hops}
    for axis, height in enumerate(HEIGHTS_EV):
        there = tuple(np.eye(3, dtype=int)[axis].tolist())
        back = tuple((-np.eye(3, dtype=int)[axis]).tolist())
        # 0.01 eV as above; the way may pass voxels that noise makes low.
        assert barriers[there] == pytest.approx(average_over_voxels(height), abs=0.01)
        assert barriers[back] == pytest.approx(barriers[there], abs=1e-12)
