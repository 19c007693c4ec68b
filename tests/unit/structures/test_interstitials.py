"""Voids of known structures, their equivalents, and their use as empty sites."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.arrangements import SiteSet
from perolyte.structures.interstitials import find_interstitial_sites

PEROVSKITE = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
LENGTH_A = 1e-6  # of exact positions


def list_kinds(found):
    return [(s.multiplicity, s.coordination, s.void_radius_A) for s in found.sites]


def test_octahedral_and_tetrahedral_voids_of_fcc():
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    found = find_interstitial_sites(cell, "H", min_distance_A=1.0)
    assert list_kinds(found) == [
        (4, {"Cu": 6}, pytest.approx(1.8)),
        (8, {"Cu": 4}, pytest.approx(3.6 * math.sqrt(3) / 4)),
    ]
    octahedral = found.sites[0].equivalents_frac
    assert {tuple(p) for p in np.round(octahedral * 2).astype(int).tolist()} == {
        (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1),
    }  # fmt: skip
    assert found.largest_void_A == pytest.approx(1.8)
    assert found.frac_coords.shape == (12, 3)


def test_tetrahedral_voids_of_bcc():
    """The octahedral ones lie on faces between them: no maximum, and no Voronoi vertex."""
    cell = Structure.from_spacegroup("Im-3m", Lattice.cubic(2.87), ["Fe"], [[0, 0, 0]])
    found = find_interstitial_sites(cell, "H", min_distance_A=1.0)
    assert list_kinds(found) == [(12, {"Fe": 4}, pytest.approx(2.87 * math.sqrt(5) / 4))]


def test_the_cage_of_rhenium_trioxide_is_the_a_site():
    cell = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.75), ["Re", "O"], [[0] * 3, [0.5, 0, 0]]
    )
    cage = find_interstitial_sites(cell, "Li").sites[0]
    assert cage.coordination == {"O": 12}
    assert cage.void_radius_A == pytest.approx(3.75 / math.sqrt(2))
    assert cage.equivalents_frac == pytest.approx(np.full((1, 3), 0.5), abs=LENGTH_A)


def test_an_empty_a_site_is_found_again():
    cell = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.9), ["Sr2+", "Ti4+", "O2-"], PEROVSKITE
    ) * (2, 2, 2)
    hole = cell[0].frac_coords.copy()
    cell.remove_sites([0])
    found = find_interstitial_sites(cell, "Li")
    largest = found.sites[0]
    assert largest.multiplicity == 1
    assert largest.coordination == {"O": 12}
    assert np.abs(cell.lattice.get_distance_and_image(largest.equivalents_frac[0], hole)[0]) < 0.01
    # a Li+ in the cage of twelve O is under-bonded, in the window between two Sr less so
    assert largest.bond_valence < 1.0


def test_the_primitive_cell_has_the_same_voids():
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    primitive = find_interstitial_sites(cell.get_primitive_structure(), "H").sites
    large = find_interstitial_sites(cell * (2, 2, 2), "H").sites
    assert [s.multiplicity for s in primitive] == [1, 2]
    assert [s.multiplicity for s in large] == [32, 64]
    for small, big in zip(primitive, large, strict=True):
        assert small.void_radius_A == pytest.approx(big.void_radius_A, abs=LENGTH_A)


@settings(max_examples=10, deadline=None)
@given(shift=st.tuples(*[st.floats(-1, 1)] * 3), seed=st.integers(0, 5))
def test_voids_move_with_the_atoms(shift, seed):
    """No symmetry but the identity: every void is its own kind, as deep as its nearest atom."""
    rng = np.random.default_rng(seed)
    lattice = Lattice.from_parameters(5, 6, 7, 80, 95, 110)
    atoms = rng.random((4, 3))
    found = find_interstitial_sites(Structure(lattice, ["Na"] * 4, atoms), "Li")
    moved = find_interstitial_sites(Structure(lattice, ["Na"] * 4, atoms + shift), "Li")
    radii_A = [s.void_radius_A for s in found.sites]
    assert radii_A == sorted(radii_A, reverse=True)
    assert radii_A == pytest.approx([s.void_radius_A for s in moved.sites], abs=1e-4)
    nearest_A = lattice.get_all_distances(found.frac_coords, atoms).min(axis=1)
    assert nearest_A == pytest.approx(np.repeat(radii_A, [s.multiplicity for s in found.sites]))
    # nothing is deeper than the largest void: no point of a grid is farther from all atoms
    grid = np.stack(np.meshgrid(*[np.arange(12) / 12] * 3), -1).reshape(-1, 3)
    deepest_A = lattice.get_all_distances(grid, atoms).min(axis=1).max()
    assert deepest_A <= found.largest_void_A + LENGTH_A


def test_slightly_moved_atoms_do_not_split_a_void():
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    rng = np.random.default_rng(0)
    for index in range(len(cell)):
        cell.translate_sites([index], rng.normal(0, 0.02, 3), frac_coords=False)
    found = find_interstitial_sites(cell, "H", min_distance_A=1.3)
    assert sum(s.multiplicity for s in found.sites) == 12
    distances_A = cell.lattice.get_all_distances(found.frac_coords, found.frac_coords)
    assert distances_A[~np.eye(12, dtype=bool)].min() > 1.2


def test_sites_serve_as_empty_sites():
    cell = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.9), ["Sr2+", "Ti4+", "O2-"], PEROVSKITE
    ) * (2, 2, 2)
    found = find_interstitial_sites(cell, "Li")
    assert found.frac_coords.min() >= 0.0
    assert found.frac_coords.max() < 1.0
    everything = np.vstack([cell.frac_coords, found.frac_coords])
    close = SiteSet(cell.lattice, everything).too_close
    assert not close[: len(cell), len(cell) :].any()
    distances_A = cell.lattice.get_all_distances(found.frac_coords, found.frac_coords)
    assert distances_A[~np.eye(len(distances_A), dtype=bool)].min() >= 0.5


def test_disordered_structures_have_voids_without_valence(cubic_llto):
    found = find_interstitial_sites(cubic_llto, "Li")
    assert found.sites
    assert all(s.bond_valence is None for s in found.sites)
    assert any("La/Li" in s.coordination for s in found.sites)


def test_a_large_void_may_be_asked_for_that_is_not_there():
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    found = find_interstitial_sites(cell, "H", min_distance_A=2.5)
    assert found.sites == ()
    assert found.frac_coords.shape == (0, 3)
    assert found.largest_void_A == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"ion": "Qq"}, "no chemical element"),
        ({"ion": "Li", "min_distance_A": 0.0}, "min_distance_A is 0.0 Å"),
        ({"ion": "Li", "merge_distance_A": float("nan")}, "merge_distance_A is nan Å"),
        ({"ion": "Li", "symprec_A": -1.0}, "symprec_A is -1.0 Å"),
    ],
)
def test_impossible_input_is_refused(arguments, part):
    cell = Structure(Lattice.cubic(3.0), ["Cu"], [[0, 0, 0]])
    with pytest.raises(InputError, match=part):
        find_interstitial_sites(cell, **arguments)
