"""The site network against the grid it came from, by ways that share no code with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice

from perolyte.bvse import percolation_barriers
from perolyte.bvse.paths import migration_paths
from perolyte.errors import InputError
from support.energy_maps import make_egg_box, make_map, make_waves

EXACT = 1e-12
"""Differences of energies of order 1."""
NO_LIMIT = 1e3
"""eV; above every voxel of these maps."""

shapes = st.tuples(*[st.integers(1, 9)] * 3)
seeds = st.integers(0, 2**32 - 1)
depths = st.sampled_from([0.0, 0.05, 0.3, 2.0])
connectivities = st.sampled_from([6, 26])


@st.composite
def surfaces(draw):
    """Smooth maps, maps with plateaus, and noise."""
    energies = make_waves(draw(shapes), draw(seeds))
    kind = draw(st.sampled_from(["smooth", "plateaus", "noise"]))
    if kind == "plateaus":
        return np.round(energies * 2) / 2
    if kind == "noise":
        return np.random.default_rng(draw(seeds)).random(energies.shape)
    return energies


def find_pass_heights(energies, voxels, connectivity):
    """Lowest pass between voxels on the torus, by adding voxel pairs one by one."""
    flat = energies.ravel()
    places = np.indices(energies.shape).reshape(3, -1).T
    pairs = []
    for step in np.indices((3, 3, 3)).reshape(3, -1).T - 1:
        if 0 < np.abs(step).sum() <= (1 if connectivity == 6 else 3):
            moved = (places + step) % energies.shape
            others = np.ravel_multi_index(tuple(moved.T), energies.shape)
            pairs += zip(np.maximum(flat, flat[others]), range(flat.size), others, strict=True)
    regions = {index: {index} for index in range(flat.size)}
    heights = np.full((len(voxels), len(voxels)), np.inf)
    for height, left, right in sorted(pairs):
        if regions[left] is regions[right]:
            continue
        for i, first in enumerate(voxels):
            for j, second in enumerate(voxels):
                if first in regions[left] and second in regions[right]:
                    heights[i, j] = heights[j, i] = height
        joined = regions[left] | regions[right]
        for index in joined:
            regions[index] = joined
    return heights


@settings(max_examples=40, deadline=None)
@given(surfaces(), depths, connectivities, st.sampled_from([NO_LIMIT, 1.0]))
def test_network_percolates_where_the_grid_does(energies, merge, connectivity, limit):
    network = migration_paths(
        make_map(energies), energy_limit_eV=limit, merge_below_eV=merge, connectivity=connectivity
    )
    grid = percolation_barriers(energies, connectivity=connectivity, energy_limit_eV=limit)
    assert network.find_thresholds() == dict(grid.thresholds_eV)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(2, 5)] * 3), seeds, depths, connectivities)
def test_lowest_passes_between_sites_are_those_of_the_grid(shape, seed, merge, connectivity):
    energies = make_waves(shape, seed)
    network = migration_paths(
        make_map(energies),
        energy_limit_eV=NO_LIMIT,
        merge_below_eV=merge,
        connectivity=connectivity,
    )
    voxels = [int(np.ravel_multi_index(site.voxel, shape)) for site in network.sites]
    passes = np.full((len(voxels), len(voxels)), np.inf)
    for edge in network.edges:
        low = min(passes[edge.start, edge.end], edge.saddle_eV)
        passes[edge.start, edge.end] = passes[edge.end, edge.start] = low
    for middle in range(len(voxels)):
        through = np.maximum(passes[:, [middle]], passes[[middle], :])
        passes = np.minimum(passes, through)
    np.fill_diagonal(passes, np.inf)
    np.testing.assert_array_equal(passes, find_pass_heights(energies, voxels, connectivity))


@settings(max_examples=40, deadline=None)
@given(surfaces(), depths, connectivities)
def test_each_path_runs_over_neighbours_from_site_to_site_and_peaks_at_its_saddle(
    energies, merge, connectivity
):
    network = migration_paths(
        make_map(energies),
        energy_limit_eV=NO_LIMIT,
        merge_below_eV=merge,
        connectivity=connectivity,
    )
    shape = np.array(energies.shape)
    for edge in network.edges:
        steps = np.abs(np.diff(edge.path_fractional * shape, axis=0))
        assert np.allclose(steps, np.round(steps))
        assert steps.max() <= 1.0 + EXACT
        assert steps.sum(axis=1).max() <= (1 if connectivity == 6 else 3) + EXACT
        start, end = network.sites[edge.start], network.sites[edge.end]
        assert np.allclose(edge.path_fractional[0] * shape, start.voxel)
        assert np.allclose((edge.path_fractional[-1] - edge.image) * shape, end.voxel)
        places = np.round(edge.path_fractional * shape).astype(int) % shape
        np.testing.assert_array_equal(edge.path_energies_eV, energies[tuple(places.T)])
        assert edge.path_energies_eV.max() == edge.saddle_eV
        assert edge.forward_eV == edge.saddle_eV - start.energy_eV >= 0
        assert edge.reverse_eV == edge.saddle_eV - end.energy_eV >= 0


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_critical_point_lies_on_the_path(seed):
    energies = make_waves((7, 6, 5), seed)  # no two voxels are equal
    for edge in migration_paths(make_map(energies), energy_limit_eV=NO_LIMIT).edges:
        gaps = np.abs(edge.path_fractional - edge.bottleneck.fractional).max(axis=1)
        assert gaps.min() < EXACT


@settings(max_examples=12, deadline=None)
@given(seeds, st.tuples(*[st.integers(0, 7)] * 3))
def test_moving_the_origin_moves_nothing_else(seed, shift):
    energies = make_waves((8, 7, 6), seed)
    moved = np.roll(energies, shift, axis=(0, 1, 2))
    first, second = (
        migration_paths(make_map(surface), energy_limit_eV=NO_LIMIT)
        for surface in (energies, moved)
    )
    # Equal energies differ in the last digit, and their order with it.
    sites = [sorted(site.energy_eV for site in one.sites) for one in (first, second)]
    edges = [sorted(edge.saddle_eV for edge in one.edges) for one in (first, second)]
    assert sites[0] == pytest.approx(sites[1], abs=EXACT)
    assert edges[0] == pytest.approx(edges[1], abs=EXACT)


def test_a_site_is_neighbour_of_its_own_images_and_corners_are_no_saddles():
    network = migration_paths(
        make_map(make_egg_box((8, 10, 12), (0.3, 0.5, 0.9))), energy_limit_eV=NO_LIMIT
    )
    assert len(network.sites) == 1
    saddles = {edge.image: edge.forward_eV for edge in network.edges if edge.is_saddle}
    assert saddles == pytest.approx({(1, 0, 0): 0.3, (0, 1, 0): 0.5, (0, 0, 1): 0.9}, abs=EXACT)
    corners = {edge.image: edge.forward_eV for edge in network.edges if not edge.is_saddle}
    assert corners[0, 1, 1] == pytest.approx(1.4, abs=EXACT)
    assert corners[1, 1, 1] == pytest.approx(1.7, abs=EXACT)


def test_a_basin_that_winds_through_the_cell_keeps_count_of_it():
    # A staircase of low voxels along [110]: one channel, which closes after one step in a and b.
    energies = np.full((6, 6, 3), 2.0)
    index = np.arange(6)
    energies[index, index, 1] = [0.0, 0.1, 0.2, 0.3, 0.2, 0.1]
    network = migration_paths(make_map(energies), energy_limit_eV=1.0)
    assert [(e.start, e.end, e.image) for e in network.edges] == [(0, 0, (1, 1, 0))]
    assert network.edges[0].forward_eV == pytest.approx(0.3)


@pytest.mark.parametrize("connectivity", [6, 26])
def test_a_flat_map_is_one_site_that_percolates_freely(connectivity):
    network = migration_paths(
        make_map(np.zeros((4, 5, 6))), energy_limit_eV=1.0, connectivity=connectivity
    )
    assert len(network.sites) == 1
    assert not network.sites[0].refined
    assert network.sites[0].volume_A3 == pytest.approx(120.0)  # the whole cell
    assert network.find_thresholds() == {1: 0.0, 2: 0.0, 3: 0.0}


def test_plateaus_make_no_sites_of_their_own():
    # A step of equal energy on the way down, cut so that index order alone would start a basin.
    energies = np.full((9, 3, 3), 5.0)
    energies[:, 1, 1] = [1.0, 1.0, 1.0, 0.5, 0.0, 0.5, 1.0, 1.0, 2.0]
    network = migration_paths(make_map(energies), energy_limit_eV=3.0, merge_below_eV=0.0)
    assert [site.voxel for site in network.sites] == [(4, 1, 1)]


def test_shallow_minima_are_merged_and_deep_ones_are_not():
    energies = np.full((10, 3, 3), 9.0)
    energies[:, 1, 1] = [9.0, 0.0, 0.06, 0.05, 1.0, 0.5, 0.6, 0.2, 2.0, 9.0]
    merged = migration_paths(make_map(energies), energy_limit_eV=5.0, merge_below_eV=0.02)
    assert [site.voxel[0] for site in merged.sites] == [1, 7, 5]
    whole = migration_paths(make_map(energies), energy_limit_eV=5.0, merge_below_eV=0.0)
    assert [site.voxel[0] for site in whole.sites] == [1, 3, 7, 5]
    assert merged.edges[-1].saddle_eV == whole.edges[-1].saddle_eV == 1.0


def test_a_shallow_channel_of_its_own_is_not_merged_away():
    # Depth 0.01 eV below the pass to the deep site, but it percolates along a below that pass.
    energies = np.full((5, 6, 3), 9.0)
    energies[:, 1, 1] = [0.9, 0.895, 0.89, 0.895, 0.9]
    energies[2, 2, 1], energies[2, 3, 1] = 0.905, 0.0
    network = migration_paths(make_map(energies), energy_limit_eV=5.0, merge_below_eV=0.1)
    assert len(network.sites) == 2
    assert network.find_thresholds()[1] == 0.9


def test_single_precision_gives_the_same_network():
    energies = make_waves((9, 8, 7), seed=5).astype(np.float32)
    single, double = (
        migration_paths(make_map(surface), energy_limit_eV=NO_LIMIT)
        for surface in (energies, energies.astype(np.float64))
    )
    assert [edge.saddle_eV for edge in single.edges] == [edge.saddle_eV for edge in double.edges]


@pytest.mark.parametrize(
    ("lattice", "n_kinds"), [(Lattice.cubic(5.0), 1), (Lattice.orthorhombic(4.0, 5.0, 6.0), 3)]
)
def test_hops_that_symmetry_maps_onto_each_other_share_a_label(lattice, n_kinds):
    energies = make_egg_box((8, 8, 8), (0.4, 0.4, 0.4))
    network = migration_paths(make_map(energies, lattice), energy_limit_eV=NO_LIMIT)
    labels = [edge.equivalence for edge in network.edges if edge.is_saddle]
    assert len(labels) == 3
    assert len(set(labels)) == n_kinds
    assert min(labels) == min(edge.index for edge in network.edges if edge.is_saddle)


def test_sites_that_symmetry_maps_onto_each_other_share_a_label():
    # Wells at 1/4 and 3/4 along a, mapped onto each other by the mirrors of a cubic cage.
    u = 2 * np.pi * np.arange(12) / 12
    energies = np.cos(2 * u)[:, None, None] - np.cos(u)[:, None] - np.cos(u)
    network = migration_paths(make_map(energies, Lattice.cubic(5.0)), energy_limit_eV=NO_LIMIT)
    assert [site.equivalence for site in network.sites] == [0, 0]
    uneven = make_map(energies, Lattice.cubic(5.0), [("O2-", (0.1, 0.2, 0.3)), ("S2-", (0, 0, 0))])
    network = migration_paths(uneven, energy_limit_eV=NO_LIMIT)
    assert [site.equivalence for site in network.sites] == [0, 1]


def test_positions_are_refined_between_voxels():
    u = np.arange(20) / 20
    wave = -np.cos(2 * np.pi * (u - 0.263))
    energies = wave[:, None, None] + wave[:, None] + wave
    site = migration_paths(make_map(energies), energy_limit_eV=1.0).sites[0]
    # The fit is off by the quartic part of the cosine, a few per cent of the spacing of 0.05.
    assert site.fractional == pytest.approx((0.263,) * 3, abs=2e-3)
    assert site.refined
    assert site.refined_energy_eV == pytest.approx(-3.0, abs=0.01)
    assert site.energy_eV == energies.min()


@pytest.mark.parametrize(
    ("settings_given", "message"),
    [
        ({"energy_limit_eV": 0.0}, "energy_limit_eV is 0.0 eV"),
        ({"energy_limit_eV": np.inf}, "energy_limit_eV is inf eV"),
        ({"energy_limit_eV": 1.0, "merge_below_eV": -0.1}, "merge_below_eV is -0.1 eV"),
        ({"energy_limit_eV": 1.0, "connectivity": 18}, "connectivity 18"),
    ],
)
def test_wrong_settings_are_refused(settings_given, message):
    with pytest.raises(InputError, match=message):
        migration_paths(make_map(np.zeros((3, 3, 3))), **settings_given)
