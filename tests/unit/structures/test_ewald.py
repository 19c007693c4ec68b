"""The Ewald matrix: right, symmetric, cheap for many arrangements, and ranking as it says."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Species, Structure
from pymatgen.core.ewald import EwaldSummation

from perolyte.errors import InputError
from perolyte.structures.arrangements import (
    EMPTY,
    SYMBOL_DTYPE,
    SiteSet,
    SublatticeMove,
    draw_moves,
    rank_arrangements,
)
from perolyte.structures.ewald import (
    compute_charge_change_energy,
    compute_ewald_energies,
    compute_ewald_matrix,
    compute_potentials,
    compute_swap_energy,
    update_potentials,
)

ROCKSALT = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5],
                     [0.5, 0.5, 0.5], [0, 0, 0.5], [0, 0.5, 0], [0.5, 0, 0]])  # fmt: skip
# Both sums end at terms of 1e-12; the constants of the two codes differ in the tenth digit.
MATRIX_EV = 1e-6
# Energies of up to 1e5 eV in double precision
ROUND_OFF_EV = 1e-7
CELLS = {
    "cubic": (Lattice.cubic(7.7), 12),
    "one site": (Lattice.cubic(4.0), 1),
    "triclinic": (Lattice.from_parameters(4, 5, 6, 80, 95, 110), 9),
    "acute": (Lattice.from_parameters(5, 5, 5, 40, 40, 40), 7),
    "needle": (Lattice.from_parameters(3, 3, 40, 90, 90, 120), 8),
    "skewed": (Lattice([[4, 0, 0], [37, 4.2, 0], [-21, 13, 5]]), 6),
    "left-handed": (Lattice([[0, 4, 0], [5, 0.3, 0], [0, 1, 6]]), 5),
}


def scatter_sites(lattice, n_sites, seed=0):
    """Random sites that are not on top of each other: an Ewald sum of 1e6 eV compares nothing."""
    rng = np.random.default_rng(seed)
    sites = [rng.random(3)]
    while len(sites) < n_sites:
        site = rng.random(3)
        if np.min(lattice.get_all_distances(sites, [site])) > 0.8:
            sites.append(site)
    return np.array(sites)


def sum_with_pymatgen(lattice, frac_coords):
    """The same matrix from an independent code, with the background of a charged cell."""
    eta = 0.3
    cell = Structure(lattice, [Species("H", 1)] * len(frac_coords), frac_coords)
    matrix = np.asarray(EwaldSummation(cell, eta=eta).total_energy_matrix)
    background = EwaldSummation.CONV_FACT * np.pi / (2.0 * lattice.volume * eta)
    return 0.5 * (matrix + matrix.T) - background


@pytest.mark.parametrize("name", CELLS)
def test_the_matrix_is_that_of_an_independent_code(name):
    lattice, n_sites = CELLS[name]
    frac_coords = scatter_sites(lattice, n_sites)
    matrix = compute_ewald_matrix(lattice, frac_coords)
    assert np.max(np.abs(matrix - sum_with_pymatgen(lattice, frac_coords))) < MATRIX_EV


def test_matrix_is_symmetric_and_needs_sites_apart():
    matrix = compute_ewald_matrix(Lattice.cubic(5.6), ROCKSALT)
    assert np.array_equal(matrix, matrix.T)
    with pytest.raises(InputError, match="0 sites"):
        compute_ewald_matrix(Lattice.cubic(5.6), np.empty((0, 3)))
    with pytest.raises(InputError, match="sites 1 and 8 are at the same place"):
        compute_ewald_matrix(Lattice.cubic(5.6), np.vstack([ROCKSALT, [[0.5, -0.5, 1.0]]]))


@settings(max_examples=20, deadline=None)
@given(
    shift=st.tuples(*[st.floats(-3, 3)] * 3),
    rows=st.permutations([[1, 0, 0], [1, 1, 0], [-2, 3, 1]]),
)
def test_origin_and_choice_of_cell_do_not_matter(shift, rows):
    """Any unimodular change of the cell vectors describes the same crystal."""
    lattice = Lattice.from_parameters(4, 5, 6, 80, 95, 110)
    frac_coords = scatter_sites(lattice, 5)
    change = np.array(rows)
    other = Lattice(change @ lattice.matrix)
    moved = (frac_coords + np.array(shift)) @ np.linalg.inv(change)
    difference = compute_ewald_matrix(other, moved) - compute_ewald_matrix(lattice, frac_coords)
    assert np.max(np.abs(difference)) < MATRIX_EV


def test_500_sites_take_well_under_three_seconds():
    cell = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.9), ["Sr", "Ti", "O"], [[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0]]
    )
    compute_ewald_matrix(cell.lattice, cell.frac_coords)  # compile
    cell = cell * (6, 6, 3)
    start = time.perf_counter()
    matrix = compute_ewald_matrix(cell.lattice, cell.frac_coords)
    assert time.perf_counter() - start < 3.0  # 0.08 s here; the margin is for a busy machine
    assert matrix.shape == (540, 540)


def test_500_arrangements_of_62_sites_take_well_under_a_second():
    rng = np.random.default_rng(0)
    sites = SiteSet(Lattice.cubic(12.0), rng.random((62, 3)))
    charges = rng.integers(-2, 5, (500, 62)).astype(float)
    compute_ewald_matrix(Lattice.cubic(4.0), np.zeros((1, 3)))  # compile
    start = time.perf_counter()
    energies_eV = compute_ewald_energies(sites.ewald_matrix, charges)
    assert time.perf_counter() - start < 1.0  # 0.03 s here; the margin is for a busy machine
    assert energies_eV.shape == (500,)


@settings(max_examples=40, deadline=None)
@given(
    charges=st.lists(st.integers(-2, 4), min_size=8, max_size=8),
    swaps=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=25),
)
def test_swaps_by_potentials_add_up_to_full_energies(charges, swaps):
    matrix = compute_ewald_matrix(Lattice.from_parameters(5, 6, 7, 80, 95, 110), ROCKSALT)
    charges = np.array(charges, dtype=float)
    potentials_V = compute_potentials(matrix, charges)
    energy_eV = compute_ewald_energies(matrix, charges[None, :])[0]
    for first, second in swaps:
        energy_eV += compute_swap_energy(matrix, potentials_V, charges, first=first, second=second)
        change_e = charges[second] - charges[first]
        update_potentials(
            matrix, potentials_V, sites=[first, second], changes_e=[change_e, -change_e]
        )
        charges[[first, second]] = charges[[second, first]]
        full_eV = compute_ewald_energies(matrix, charges[None, :])[0]
        assert energy_eV == pytest.approx(full_eV, abs=ROUND_OFF_EV)
    assert np.max(np.abs(potentials_V - compute_potentials(matrix, charges))) < ROUND_OFF_EV


@settings(max_examples=40, deadline=None)
@given(
    sites=st.lists(st.integers(0, 7), min_size=1, max_size=8, unique=True),
    changes_e=st.lists(st.floats(-4, 4), min_size=8, max_size=8),
)
def test_any_change_of_charges_is_that_of_full_energies(sites, changes_e):
    matrix = compute_ewald_matrix(Lattice.cubic(5.6), ROCKSALT)
    before = np.array([1.0, 2, -2, 0, 3, -1, -2, 0])
    after = before.copy()
    after[sites] += changes_e[: len(sites)]
    change_eV = compute_charge_change_energy(
        matrix, compute_potentials(matrix, before), sites=sites, changes_e=changes_e[: len(sites)]
    )
    full_eV = np.diff(compute_ewald_energies(matrix, np.array([before, after])))[0]
    assert change_eV == pytest.approx(full_eV, abs=ROUND_OFF_EV)


def test_moves_keep_the_counts_and_the_other_sites():
    start = np.array(["Li", "Li", "La", "La", EMPTY, "Ti", "O"], dtype=SYMBOL_DTYPE)
    move = SublatticeMove((0, 1, 2, 3, 4), {"Li": 1, "La": 1}, {"Sr": 1, "Ba": 2})
    drawn = draw_moves(start, [move], n_samples=200, seed=0)
    for row in drawn:
        assert sorted(row[:5]) == sorted(["Li", "La", "Sr", "Ba", "Ba"])
        assert row[5:].tolist() == ["Ti", "O"]
    fewer = draw_moves(start, [SublatticeMove((0, 1), {"Li": 2}, {"Sr": 1})], n_samples=50, seed=0)
    assert {tuple(row[:2]) for row in fewer} == {("Sr", ""), ("", "Sr")}


def test_ranking_finds_rocksalt_order_among_random_ones():
    start = np.full(8, EMPTY, dtype=SYMBOL_DTYPE)
    move = SublatticeMove(tuple(range(8)), {}, {"Na": 4, "Cl": 4})
    drawn = draw_moves(start, [move], n_samples=600, seed=2)
    sites = SiteSet(Lattice.cubic(5.6), ROCKSALT)
    kept = rank_arrangements(sites, drawn, states={"Na": 1, "Cl": -1}, n_keep=3)
    assert len(set(kept[0].symbols[:4])) == 1  # one face-centred sublattice each
    energies = [k.ewald_energy_eV for k in kept]
    assert energies == sorted(set(energies))
    assert kept[0].n_distinct == 70  # 8! / (4! 4!)
