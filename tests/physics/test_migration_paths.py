"""Sites, barriers and bottlenecks whose values follow from a formula or from symmetry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.optimize import minimize_scalar

from perolyte.bvse import energy_map, percolation_barriers
from perolyte.bvse.neb_images import neb_images
from perolyte.bvse.paths import migration_paths
from support.energy_maps import make_egg_box, make_map

ROUNDING_EV = 1e-9


def test_egg_box_has_its_heights_as_barriers_and_half_way_as_critical_points():
    network = migration_paths(
        make_map(make_egg_box((20, 22, 24), (0.3, 0.5, 0.9))), energy_limit_eV=2.0
    )
    hops = {edge.image: edge for edge in network.edges if edge.is_saddle}
    assert set(hops) == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    for image, height_eV, length_A in zip(hops, (0.3, 0.5, 0.9), (4.0, 5.0, 6.0), strict=True):
        edge = hops[image]
        assert edge.forward_eV == pytest.approx(height_eV, abs=ROUNDING_EV)
        assert edge.length_A == pytest.approx(length_A)  # straight along an axis
        assert np.abs(edge.bottleneck.fractional) == pytest.approx(np.array(image) / 2)


def test_two_wells_of_different_depth_have_two_barriers_each():
    # E(u) = (1 - cos 4πu)/2 + 0.2 (1 - cos 2πu)/2: a deep well at 0, a shallow one at 1/2.
    def profile(u):
        return (1 - np.cos(4 * np.pi * u)) / 2 + 0.1 * (1 - np.cos(2 * np.pi * u))

    top = minimize_scalar(lambda u: -profile(u), bounds=(0.1, 0.4), method="bounded").x
    n = 80
    u = np.arange(n) / n
    across = (1 - np.cos(2 * np.pi * np.arange(8) / 8)) / 2
    energies = profile(u)[:, None, None] + 3 * across[:, None] + 3 * across
    network = migration_paths(make_map(energies), energy_limit_eV=2.0)
    assert [site.voxel for site in network.sites] == [(0, 0, 0), (n // 2, 0, 0)]
    hops = [edge for edge in network.edges if (edge.start, edge.end) == (0, 1) and edge.is_saddle]
    # Half a voxel beside the top, E'' = 8π² at most: the grid misses less than 2π² / n².
    missed_eV = 2 * math.pi**2 / n**2 / 2
    assert len(hops) == 2  # to the left and to the right
    for edge in hops:
        assert edge.forward_eV == pytest.approx(profile(top), abs=missed_eV)
        assert edge.reverse_eV == pytest.approx(profile(top) - 0.2, abs=missed_eV)


def test_the_path_follows_a_curved_valley():
    # A ring around an axis: between opposite points the valley is π/2 times as long as the chord.
    n = 48
    x, y = np.meshgrid(np.arange(n) / n - 0.5, np.arange(n) / n - 0.5, indexing="ij")
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    valley = 40.0 * (radius - 0.25) ** 2 + 0.1 * (1 - np.cos(2 * angle))
    energies = np.repeat(valley[:, :, None], 3, axis=2)
    network = migration_paths(
        make_map(energies, Lattice.orthorhombic(8.0, 8.0, 0.5)), energy_limit_eV=0.5
    )
    # Both halves of the ring lead to the same image: one edge, over one of the equal saddles.
    (edge,) = [e for e in network.edges if e.start != e.end and e.is_saddle and e.image[2] == 0]
    assert edge.forward_eV == pytest.approx(0.2, abs=5e-3)
    radii = np.hypot(edge.path_fractional[:, 0] - 0.5, edge.path_fractional[:, 1] - 0.5)
    assert radii.min() > 0.25 - 2.5 / n
    arc_A = math.pi * 2.0
    assert arc_A * 0.97 < edge.length_A < arc_A * 1.13  # steps along 45° at most


@pytest.fixture(scope="module")
def tantalate():
    """Cubic LiTaO3: lithium alone in the large cage of a perovskite."""
    structure = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(4.0), ["Li+", "Ta5+", "O2-"], [[0] * 3, [0.5] * 3, [0.5, 0.5, 0]]
    )
    return structure, energy_map(structure, "Li+", spacing_A=0.1)


def test_lithium_leaves_the_cage_of_a_perovskite_through_a_square_of_four_oxygens(tantalate):
    _, energies = tantalate
    network = migration_paths(energies, energy_limit_eV=0.4)
    # Lithium is too small for the centre: six equivalent sites, one towards each window.
    assert {site.equivalence for site in network.sites} == {0}
    assert len(network.sites) == 6
    windows = [
        edge
        for edge in network.edges
        if edge.is_saddle and sorted(np.abs(edge.bottleneck.fractional)) == [0.0, 0.0, 0.5]
    ]
    assert len(windows) == 3
    for edge in windows:
        assert [atom.element for atom in edge.bottleneck.atoms] == ["O"] * 4
        distances_A = [atom.distance_A for atom in edge.bottleneck.atoms]
        assert distances_A == pytest.approx([2.0] * 4)  # half of the lattice constant
    assert len({edge.equivalence for edge in windows}) == 1


def test_barriers_of_a_cubic_perovskite_are_the_same_in_all_directions(tantalate):
    _, energies = tantalate
    thresholds = migration_paths(energies, energy_limit_eV=1.0).find_thresholds()
    assert thresholds == dict(percolation_barriers(energies).thresholds_eV)
    assert thresholds[1] == pytest.approx(thresholds[3], abs=ROUNDING_EV)


def test_a_vacancy_hop_in_a_supercell_keeps_its_distance_from_oxygen(tantalate):
    structure, _ = tantalate
    supercell = structure * (2, 1, 1)
    network = migration_paths(energy_map(supercell, "Li+", spacing_A=0.2), energy_limit_eV=0.5)
    window = next(edge for edge in network.edges if len(edge.bottleneck.atoms) == 4)
    images = neb_images(network, window, supercell, n_images=5, other_ions="remove")
    oxygens = [i for i, site in enumerate(images[0]) if site.species_string == "O2-"]
    nearest_A = [min(image.get_distance(len(image) - 1, i) for i in oxygens) for image in images]
    assert nearest_A[3] == pytest.approx(2.0, abs=0.1)  # in the window
    assert min(nearest_A) > 1.8


@pytest.mark.shared_data
def test_lithium_iron_phosphate_conducts_along_one_axis_through_an_empty_tetrahedron(shared_data):
    # Curved one-dimensional path along b by way of a tetrahedron of four oxygens between two
    # lithium octahedra (Morgan, Van der Ven and Ceder, doi 10.1149/1.1633511; seen by neutrons,
    # doi 10.1038/nmat2251).
    structure = Structure.from_file(shared_data / "cif_corpus" / "cifs" / "pm_lifepo4.cif")
    states = {"Li": 1, "Fe": 2, "P": 5, "O": -2}
    energies = energy_map(structure, "Li+", spacing_A=0.15, oxidation_states=states)
    barriers = percolation_barriers(energies)
    network = migration_paths(energies, energy_limit_eV=barriers.barriers_from_cell_minimum_eV[1])
    assert network.find_thresholds()[1] == barriers.thresholds_eV[1]
    assert network.find_thresholds()[2] == math.inf
    occupied = {site.index for site in network.sites if site.energy_eV < -5.0}
    assert len(occupied) == 4  # the four lithium of the cell
    assert not any(e.start in occupied and e.end in occupied for e in network.edges)
    through = [e for e in network.edges if (e.start in occupied) != (e.end in occupied)]
    assert all(len(edge.bottleneck.atoms) == 3 for edge in through)  # faces of the tetrahedron
