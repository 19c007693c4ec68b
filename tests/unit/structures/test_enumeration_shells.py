"""Shells of dopant-vacancy pairs, and complexes generated from the pair."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice

from perolyte.errors import InputError
from perolyte.structures.arrangements import SublatticeMove
from perolyte.structures.enumeration import (
    count_arrangements,
    enumerate_arrangements,
    enumerate_complexes,
    find_pair_shells,
    find_site_permutations,
    label_pairs,
)
from support.perovskites import cubic

A_A = 3.905


def strontium_titanate(shape):
    cell = cubic(A_A, ["Sr", "Ti", "O"])
    cell.make_supercell(shape)
    symbols = [site.specie.symbol for site in cell]
    group = find_site_permutations(cell.lattice, cell.frac_coords, symbols)
    sites = {e: tuple(i for i, s in enumerate(symbols) if s == e) for e in ("Sr", "Ti", "O")}
    return cell, symbols, group, sites


def test_shells_of_a_perovskite_are_the_known_distances():
    cell, _, _, sites = strontium_titanate((3, 3, 3))
    to_oxygen = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"], sites["O"])
    expected_A = A_A * np.sqrt([0.25, 1.25, 2.25, 3.25, 4.25])
    assert to_oxygen.distances_A == pytest.approx(expected_A)
    assert [len(to_oxygen.list_pairs(shell)) / 27 for shell in range(5)] == [6, 24, 27, 12, 12]
    to_self = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"], sites["Ti"])
    assert to_self.distances_A == pytest.approx(A_A * np.sqrt([1, 2, 3]))
    assert (np.diag(to_self.shell_of_pair) == -1).all()
    assert [len(to_self.list_pairs(shell)) / 27 for shell in range(3)] == [6, 12, 8]


def test_a_distorted_shell_is_one_within_the_tolerance():
    lattice = Lattice.orthorhombic(3.90, 3.92, 20)
    frac = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0]]
    wide = find_pair_shells(lattice, frac, [0], [1, 2])
    tight = find_pair_shells(lattice, frac, [0], [1, 2], tolerance_A=0.005)
    assert wide.distances_A.tolist() == pytest.approx([1.955])
    assert tight.distances_A.tolist() == pytest.approx([1.95, 1.96])


def test_pairs_are_counted_once_and_sites_never_pair_with_themselves():
    lattice, frac = Lattice.cubic(20), [[0, 0, 0], [0.1, 0, 0], [0.3, 0, 0]]
    shells = find_pair_shells(lattice, frac, [0, 1, 2], [0, 1, 2])
    assert shells.distances_A.tolist() == pytest.approx([2, 4, 6])
    rows = np.array([["Al", "Al", "Al"], ["Al", "Ti", "Al"], ["Al", "Ti", "Ti"]])
    found = label_pairs(rows, shells, "Al", "Al")
    assert found.n_pairs.tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert found.n_paired.tolist() == [[2, 2, 2], [0, 0, 2], [0, 0, 0]]
    assert found.nearest_shell.tolist() == [0, 2, -1]
    assert found.nearest_distance_A.tolist() == pytest.approx([2, 6, np.inf])
    assert found.find(2).tolist() == [True, True, False]
    assert found.find(1, require="each").tolist() == [False, False, False]
    assert found.find(2, require="nearest").tolist() == [False, True, False]


def test_each_asks_for_a_partner_of_every_ion():
    lattice = Lattice.cubic(30)
    frac = [[0, 0, 0], [0.5, 0, 0], [0.1, 0, 0], [0.6, 0, 0]]
    shells = find_pair_shells(lattice, frac, [0, 1], [2, 3])
    rows = np.array([["Al", "Al", "", ""], ["Al", "Al", "", "O"], ["Ti", "Ti", "", ""]])
    found = label_pairs(rows, shells, "Al", "")
    assert found.find(0).tolist() == [True, True, False]
    assert found.find(0, require="each").tolist() == [True, False, False]


def two_dopants_and_a_vacancy(sites):
    return [
        SublatticeMove(sites["Ti"], {"Ti": 2}, {"Al": 2}),
        SublatticeMove(sites["O"], {"O": 1}, {}),
    ]


@pytest.mark.parametrize("shape", [(2, 2, 2), (1, 2, 3), [[1, 1, 0], [1, -1, 0], [0, 0, 2]]])
@pytest.mark.parametrize("shell", [0, 1])
def test_complexes_are_what_a_filter_keeps(shape, shell):
    cell, symbols, group, sites = strontium_titanate(shape)
    shells = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"], sites["O"])
    moves = two_dopants_and_a_vacancy(sites)
    everything = enumerate_arrangements(symbols, moves, group)
    labels = label_pairs(everything.arrangements, shells, "Al", "")
    kept = everything.select(labels.find(shell), reason="bound")
    direct = enumerate_complexes(symbols, moves, group, shells, "Al", "", shell=shell)
    assert 0 < len(direct) < len(everything)
    assert np.array_equal(direct.codes, kept.codes)
    assert np.array_equal(direct.degeneracies, kept.degeneracies)
    assert (direct.n_orbits, direct.n_labelled) == (kept.n_orbits, kept.n_labelled)


@pytest.mark.parametrize(
    ("symbol_a", "symbol_b", "first", "second"),
    [
        ("Al", "Al", "Ti", "Ti"),
        ("La", "Al", "Sr", "Ti"),
        ("Sr", "", "Sr", "O"),
        ("", "Ti", "O", "Ti"),
    ],
)
def test_pairs_of_equal_kept_or_missing_ions_are_complexes_too(symbol_a, symbol_b, first, second):
    cell, symbols, group, sites = strontium_titanate((4, 1, 1))
    shells = find_pair_shells(cell.lattice, cell.frac_coords, sites[first], sites[second])
    moves = [*two_dopants_and_a_vacancy(sites), SublatticeMove(sites["Sr"], {"Sr": 3}, {"La": 1})]
    everything = enumerate_arrangements(symbols, moves, group)
    labels = label_pairs(everything.arrangements, shells, symbol_a, symbol_b)
    direct = enumerate_complexes(symbols, moves, group, shells, symbol_a, symbol_b)
    assert 0 < len(direct) < len(everything)
    assert np.array_equal(direct.codes, everything.codes[labels.find(0)])


def test_empty_parent_sites_can_be_part_of_a_complex():
    """Lithium on a disordered sublattice beside the aluminium it compensates."""
    cell, symbols, _, sites = strontium_titanate((2, 2, 2))
    bare = np.array(["" if s == "Sr" else s for s in symbols])
    group = find_site_permutations(cell.lattice, cell.frac_coords, bare)
    moves = [
        SublatticeMove(sites["Sr"], {}, {"La": 5, "Li": 2}),
        SublatticeMove(sites["Ti"], {"Ti": 1}, {"Al": 1}),
    ]
    shells = find_pair_shells(cell.lattice, cell.frac_coords, sites["Sr"], sites["Ti"])
    everything = enumerate_arrangements(bare, moves, group)
    for symbol in ("La", "Li", ""):
        labels = label_pairs(everything.arrangements, shells, symbol, "Al")
        direct = enumerate_complexes(bare, moves, group, shells, symbol, "Al")
        assert np.array_equal(direct.codes, everything.codes[labels.find(0)])


def test_complexes_of_a_large_cell_need_no_enumeration_of_the_whole_space():
    cell, symbols, group, sites = strontium_titanate((6, 6, 3))
    shells = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"], sites["O"])
    moves = [
        SublatticeMove(sites["Ti"], {"Ti": 2}, {"Al": 1, "Ga": 1}),
        SublatticeMove(sites["O"], {"O": 1}, {}),
    ]
    found = enumerate_complexes(symbols, moves, group, shells, "Al", "")
    n_orbits = count_arrangements(symbols, moves, group)
    assert (found.n_orbits, found.method) == (n_orbits, "enumerated")
    # One Al with 6 nearest O, and 107 places for Ga, in each of the 108 cells.
    assert found.degeneracies.sum() == 108 * 6 * 107
    assert len(found) < n_orbits / 20


def test_a_pair_that_the_moves_cannot_make_gives_nothing():
    cell, symbols, group, sites = strontium_titanate((2, 2, 1))
    shells = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"], sites["Sr"])
    moves = two_dopants_and_a_vacancy(sites)
    found = enumerate_complexes(symbols, moves, group, shells, "Al", "La")
    assert (len(found), found.arrangements.shape) == (0, (0, len(symbols)))


def test_impossible_input_is_refused():
    cell, symbols, group, sites = strontium_titanate((2, 2, 2))
    shells = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"], sites["O"])
    moves = two_dopants_and_a_vacancy(sites)
    with pytest.raises(InputError, match=r"shell is 9, allowed are 0 to 2 \(0: 1.95 Å, 1: 4.37"):
        enumerate_complexes(symbols, moves, group, shells, "Al", "", shell=9)
    with pytest.raises(InputError, match="limit is 3; place fewer ions"):
        enumerate_complexes(symbols, moves, group, shells, "Al", "", limit=3)
    half = find_pair_shells(cell.lattice, cell.frac_coords, sites["Ti"][:1], sites["O"])
    with pytest.raises(InputError, match="moves a pair out of its shell"):
        enumerate_complexes(symbols, moves, group, half, "Al", "")
    labels = label_pairs(np.array([symbols]), shells, "Al", "")
    with pytest.raises(InputError, match="'all', allowed are 'any', 'each', 'nearest'"):
        labels.find(0, require="all")
    with pytest.raises(InputError, match="the sets have 0 and 24 sites"):
        find_pair_shells(cell.lattice, cell.frac_coords, [], sites["O"])
    with pytest.raises(InputError, match=r"tolerance is 0 Å"):
        find_pair_shells(cell.lattice, cell.frac_coords, [0], [1], tolerance_A=0)
