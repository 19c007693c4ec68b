"""The group of site permutations: against brute force, in every cell, with distortions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.enumeration import SitePermutations, find_site_permutations
from support.perovskites import build, cubic

SYMPREC_A = 1e-2


def find_group(structure: Structure, **options) -> SitePermutations:
    labels = [site.species_string for site in structure]
    return find_site_permutations(structure.lattice, structure.frac_coords, labels, **options)


def supercell(structure: Structure, matrix) -> Structure:
    cell = structure.copy()
    cell.make_supercell(matrix)
    return cell


def list_permutations_slowly(structure: Structure) -> set[tuple[int, ...]]:
    """Try every integer matrix of entries -1, 0, 1 that keeps the metric, and every shift."""
    metric = structure.lattice.metric_tensor
    matrices = np.array(list(itertools.product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    kept = np.abs(np.einsum("nji,jk,nkl->nil", matrices, metric, matrices) - metric)
    frac, labels = structure.frac_coords, np.array([s.species_string for s in structure])
    same = labels[:, None] == labels[None, :]
    found = set()
    for matrix in matrices[kept.max(axis=(1, 2)) < 1e-3]:
        turned = frac @ matrix.T
        for target in np.flatnonzero(same[0]):
            moved = turned + frac[target] - turned[0]
            close = structure.lattice.get_all_distances(moved, frac) < SYMPREC_A
            close &= same
            if (close.sum(axis=1) == 1).all() and (close.sum(axis=0) == 1).all():
                found.add(tuple(close.argmax(axis=1).tolist()))
    return found


def is_closed(group: SitePermutations) -> bool:
    rows = {row.tobytes() for row in group.permutations}
    return all(
        np.ascontiguousarray(first[second]).tobytes() in rows
        for first in group.permutations
        for second in group.permutations
    )


HEXAGONAL = build(
    "P6_3/mmc",
    (5.629, 5.629, 4.811, 90, 90, 120),
    ["Ba", "Ni", "O"],
    [[1 / 3, 2 / 3, 0.75], [0, 0, 0], [0.1495, 0.299, 0.25]],
)
RHOMBOHEDRAL = build(
    "R-3c:H",
    (5.364, 5.364, 13.11, 90, 90, 120),
    ["La", "Al", "O"],
    [[0, 0, 0.25], [0, 0, 0], [0.525, 0, 0.25]],
)
POLAR = build(
    "P4mm",
    (3.904, 3.904, 4.152, 90, 90, 90),
    ["Pb", "Ti", "O", "O"],
    [[0, 0, 0], [0.5, 0.5, 0.538], [0.5, 0.5, 0.112], [0.5, 0, 0.612]],
)
PEROVSKITE = cubic(3.905, ["Sr", "Ti", "O"])


@pytest.mark.parametrize(
    ("parent", "matrix"),
    [
        (PEROVSKITE, (1, 1, 1)),
        (PEROVSKITE, (2, 1, 3)),
        (PEROVSKITE, (2, 2, 2)),
        (PEROVSKITE, [[1, 1, 0], [1, -1, 0], [0, 0, 2]]),
        (PEROVSKITE, [[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
        (PEROVSKITE, [[2, 1, 0], [0, 2, 1], [0, 0, 2]]),
        (POLAR, (2, 2, 1)),
        (HEXAGONAL, (2, 2, 1)),
        (HEXAGONAL, [[2, 1, 0], [-1, 1, 0], [0, 0, 1]]),
        (RHOMBOHEDRAL, (1, 1, 1)),
    ],
)
def test_operations_are_those_of_an_exhaustive_search(parent, matrix):
    cell = supercell(parent, matrix)
    group = find_group(cell)
    assert {tuple(row) for row in group.permutations.tolist()} == list_permutations_slowly(cell)
    assert group.permutations[0].tolist() == list(range(len(cell)))
    assert is_closed(group)


def test_a_skewed_basis_of_the_same_cell_has_the_same_group():
    cell = supercell(PEROVSKITE, (2, 2, 3))
    skewed = Structure(
        Lattice(np.array([[1, 0, 0], [2, 1, 0], [-1, 3, 1]]) @ cell.lattice.matrix),
        cell.species,
        cell.cart_coords,
        coords_are_cartesian=True,
    )
    expected = {row.tobytes() for row in find_group(cell).permutations}
    assert {row.tobytes() for row in find_group(skewed).permutations} == expected


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_and_origin_of_the_sites_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    cell = supercell(PEROVSKITE, (2, 1, 2))
    order = rng.permutation(len(cell))
    shifted = Structure(
        cell.lattice,
        [cell[i].specie for i in order],
        cell.frac_coords[order] + rng.uniform(-3, 3, 3),
    )
    place_of = np.argsort(order)
    expected = {tuple(place_of[row[order]].tolist()) for row in find_group(cell).permutations}
    assert {tuple(row) for row in find_group(shifted).permutations.tolist()} == expected


def test_every_operation_keeps_all_distances_and_labels():
    cell = supercell(HEXAGONAL, (2, 1, 2))
    distances_A = cell.distance_matrix
    labels = np.array([site.species_string for site in cell])
    for row in find_group(cell).permutations:
        assert (labels[row] == labels).all()
        assert np.allclose(distances_A[np.ix_(row, row)], distances_A, atol=1e-6)


def test_labels_lower_the_symmetry_and_may_be_any_hashable():
    cell = supercell(PEROVSKITE, (2, 2, 2))
    plain = [site.specie.symbol for site in cell]
    one_empty = ["" if i == 0 else label for i, label in enumerate(plain)]
    disordered = [(("La", 0.5), ("Li", 0.5)) if x == "Sr" else x for x in plain]
    full = find_site_permutations(cell.lattice, cell.frac_coords, plain)
    marked = find_site_permutations(cell.lattice, cell.frac_coords, one_empty)
    same = find_site_permutations(cell.lattice, cell.frac_coords, disordered)
    assert full.n_operations == 48 * 8
    assert marked.n_operations == 48
    assert np.array_equal(same.permutations, full.permutations)
    assert {r.tobytes() for r in full.stabilizer(one_empty).permutations} == {
        r.tobytes() for r in marked.permutations
    }


@pytest.mark.parametrize("rattle_A", [1e-4, 2e-3, 5e-3, 8e-3, 2e-2])
def test_operations_of_a_distorted_cell_are_a_group(rattle_A):
    for seed in range(3):
        cell = supercell(PEROVSKITE, (2, 2, 2))
        kicks = np.random.default_rng(seed).normal(size=(len(cell), 3))
        kicks *= rattle_A / np.linalg.norm(kicks, axis=1, keepdims=True)
        frac = cell.frac_coords + cell.lattice.get_fractional_coords(kicks)
        group = find_group(Structure(cell.lattice, cell.species, frac))
        assert is_closed(group)
        if rattle_A <= 1e-4:  # far inside the tolerance
            assert group.n_operations == 384
        if rattle_A >= 2e-2:  # twice the tolerance: random kicks leave nothing
            assert group.n_operations == 1


def test_a_relaxed_metric_within_the_tolerance_keeps_its_operations():
    """a and c differ by 0.1 %: cubic within 0.01 Å, tetragonal within 0.0001 Å."""
    cell = build("P4/mmm", (3.905, 3.905, 3.909, 90, 90, 90), ["Sr"], [[0, 0, 0]])
    doubled = supercell(cell, (2, 2, 2))
    loose, tight = find_group(doubled), find_group(doubled, symprec_A=1e-4)
    assert (loose.n_operations, tight.n_operations) == (48, 16)
    assert is_closed(loose)
    assert is_closed(tight)


def test_large_cell_has_the_full_group():
    cell = supercell(PEROVSKITE, (6, 6, 6))
    group = find_group(cell)
    assert group.permutations.shape == (10368, 1080)
    assert sorted(map(len, group.orbits())) == [216, 216, 648]
    titanium = [i for i, site in enumerate(cell) if site.specie.symbol == "Ti"]
    assert group.restrict(titanium).permutations.shape == (10368, 216)


def test_restriction_divides_by_operations_that_do_nothing():
    """The eight reflections x to -x move no A site of a 2 x 2 x 2 cell: 384 / 8 = 48."""
    cell = supercell(PEROVSKITE, (2, 2, 2))
    a_sites = [i for i, site in enumerate(cell) if site.specie.symbol == "Sr"]
    on_a = find_group(cell).restrict(a_sites)
    assert on_a.n_operations == 48
    assert is_closed(on_a)
    assert find_group(cell).restrict([]).permutations.shape == (1, 0)


def test_sites_that_are_no_orbit_cannot_be_restricted_to():
    group = find_group(supercell(PEROVSKITE, (2, 2, 2)))
    with pytest.raises(InputError, match="out of the subset; give whole orbits"):
        group.restrict([0, 1])


@pytest.mark.parametrize(
    ("labels", "symprec_A", "message"),
    [
        (["Sr"] * 4, 1e-2, "4 labels for 5 sites"),
        (["Sr"] * 5, 0.0, "symprec is 0.0 Å, allowed is above 0"),
        (["Sr"] * 5, float("nan"), "symprec is nan Å"),
    ],
)
def test_input_that_does_not_fit_is_refused(labels, symprec_A, message):
    with pytest.raises(InputError, match=message):
        find_site_permutations(
            PEROVSKITE.lattice, PEROVSKITE.frac_coords, labels, symprec_A=symprec_A
        )


def test_two_sites_on_one_place_are_refused():
    with pytest.raises(InputError, match="lie on one place: merge them"):
        find_site_permutations(Lattice.cubic(4), np.zeros((2, 3)), ["Sr", "Sr"])


@pytest.mark.parametrize("rows", [[[1, 0], [0, 1]], [0, 1], np.empty((0, 2))])
def test_a_group_starts_with_the_identity(rows):
    with pytest.raises(InputError, match="identity as first row"):
        SitePermutations(rows)
