"""The Ewald matrix: symmetric, cheap for many arrangements, and ranking as it says."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pymatgen.core import Lattice

from perolyte.errors import InputError
from perolyte.structures import compute_ewald_energies, compute_ewald_matrix
from perolyte.structures.arrangements import (
    EMPTY,
    SYMBOL_DTYPE,
    SiteSet,
    SublatticeMove,
    draw_moves,
    rank_arrangements,
)

ROCKSALT = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5],
                     [0.5, 0.5, 0.5], [0, 0, 0.5], [0, 0.5, 0], [0.5, 0, 0]])  # fmt: skip


def test_matrix_is_symmetric_and_needs_sites():
    matrix = compute_ewald_matrix(Lattice.cubic(5.6), ROCKSALT)
    assert np.array_equal(matrix, matrix.T)
    with pytest.raises(InputError, match="0 sites"):
        compute_ewald_matrix(Lattice.cubic(5.6), np.empty((0, 3)))


def test_500_arrangements_of_62_sites_take_well_under_a_second():
    rng = np.random.default_rng(0)
    sites = SiteSet(Lattice.cubic(12.0), rng.random((62, 3)))
    charges = rng.integers(-2, 5, (500, 62)).astype(float)
    start = time.perf_counter()
    energies_eV = compute_ewald_energies(sites.ewald_matrix, charges)
    assert time.perf_counter() - start < 1.0  # 0.03 s here; the margin is for a busy machine
    assert energies_eV.shape == (500,)


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
