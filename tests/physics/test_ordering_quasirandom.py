"""Quasirandom cells against pair statistics counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice

from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.special_quasirandom import sample_quasirandom

pytest.importorskip("icet")
GRID = np.stack(np.meshgrid(*[np.arange(4) / 4] * 3, indexing="ij"), -1).reshape(-1, 3)
A_A = 4.0
# 192 pairs of neighbours: one pair more or less of a kind is 0.005
PAIR_STEP = 0.011


def measure_pairs(symbols, kinds, shell_A):
    """Fractions of neighbour pairs (a, b) in the 4 x 4 x 4 cell, for each ordered pair of kinds."""
    distances_A = Lattice.cubic(4 * A_A).get_all_distances(GRID, GRID)
    pairs = np.isclose(distances_A, shell_A, atol=1e-3)
    masks = [symbols == kind for kind in kinds]
    return np.array([[np.sum(pairs[np.ix_(a, b)]) for b in masks] for a in masks]) / pairs.sum()


def test_neighbours_are_as_in_the_random_alloy():
    """Li 16, La 32, 16 empty: a pair (a, b) has the probability x_a x_b in an infinite alloy."""
    sites = SiteSet(Lattice.cubic(4 * A_A), GRID)
    start = np.full(64, EMPTY, SYMBOL_DTYPE)
    move = SublatticeMove(tuple(range(64)), {}, {"Li": 16, "La": 32})
    found = sample_quasirandom(sites, start, [move], seeds=(0, 1, 2), n_steps=4000)
    assert max(c.mismatch for c in found.cells) < 0.5 * found.random_mismatch_mean
    kinds = ("La", "Li", EMPTY)
    ideal = np.outer([0.5, 0.25, 0.25], [0.5, 0.25, 0.25])
    rng = np.random.default_rng(0)
    for shell_A in (A_A, A_A * np.sqrt(2)):
        mine = [np.abs(measure_pairs(c.symbols, kinds, shell_A) - ideal).max() for c in found.cells]
        shuffled = [rng.permutation(found.cells[0].symbols) for _ in range(30)]
        others = [np.abs(measure_pairs(s, kinds, shell_A) - ideal).max() for s in shuffled]
        assert np.mean(mine) < 0.7 * np.mean(others)
        assert max(mine) < 2 * PAIR_STEP


def test_the_best_of_all_arrangements_of_eight_sites():
    """4 of 8 sites of a 2 x 2 x 2 cell: 70 arrangements, three of them up to symmetry by pairs."""
    grid = GRID[np.all(GRID < 0.5, axis=1)] * 2
    sites = SiteSet(Lattice.cubic(2 * A_A), grid)
    start = np.full(8, EMPTY, SYMBOL_DTYPE)
    move = SublatticeMove(tuple(range(8)), {}, {"Na": 4})
    found = sample_quasirandom(
        sites, start, [move], seeds=range(4), n_steps=400, cutoffs_A=(1.1 * A_A,)
    )
    # Na-Na neighbours: a plane has all, a checkerboard none; half of the pairs of like occupancy
    # is what the random alloy has, and a cell of eight sites can have exactly that.
    distances_A = sites.lattice.get_all_distances(grid, grid)
    neighbours = np.isclose(distances_A, A_A, atol=1e-3)
    for cell in found.cells:
        full = cell.symbols == "Na"
        like = np.sum(neighbours & (full[:, None] == full[None, :])) / neighbours.sum()
        assert like == pytest.approx(0.5)
        assert cell.mismatch == pytest.approx(0.0, abs=1e-9)
