"""Draws favour no arrangement: observed frequencies against exact weights."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice
from scipy.stats import chisquare

from perolyte.structures.arrangements import SublatticeMove
from perolyte.structures.enumeration import (
    enumerate_arrangements,
    find_site_permutations,
    sample_arrangements,
)
from support.perovskites import cubic

N_DRAWN = 20_000
LEAST_P = 1e-3  # of a chi-square test: the seeds are fixed, so this cannot fail by chance later
MOST_P_OF_OTHER_WEIGHTS = 1e-9  # the other weighting must be told apart


def simple_cubic(shape):
    sites = np.array(list(np.ndindex(*shape))) / shape
    lattice = Lattice.orthorhombic(*(4.0 * n for n in shape))
    return tuple(range(len(sites))), lattice, sites


def one_species():
    sites, lattice, frac = simple_cubic((2, 2, 3))
    symbols = ["La"] * 12
    group = find_site_permutations(lattice, frac, symbols)
    return symbols, [SublatticeMove(sites, {"La": 4}, {"Sr": 4})], group


def vacancies_and_two_species():
    """Empty sites, two removed elements and two added ones on one sublattice."""
    sites, lattice, frac = simple_cubic((2, 2, 2))
    symbols = ["", "", "La", "La", "La", "La", "Li", "Li"]
    group = find_site_permutations(lattice, frac, symbols)
    return symbols, [SublatticeMove(sites, {"La": 2, "Li": 1}, {"Sr": 1, "Ba": 1})], group


def dopant_and_vacancy():
    cell = cubic(3.905, ["Sr", "Ti", "O"])
    cell.make_supercell((2, 2, 1))
    symbols = [site.specie.symbol for site in cell]
    group = find_site_permutations(cell.lattice, cell.frac_coords, symbols)
    titanium = tuple(i for i, s in enumerate(symbols) if s == "Ti")
    oxygen = tuple(i for i, s in enumerate(symbols) if s == "O")
    return symbols, [
        SublatticeMove(titanium, {"Ti": 2}, {"Al": 2}),
        SublatticeMove(oxygen, {"O": 1}, {}),
    ], group  # fmt: skip


@pytest.mark.parametrize("weighting", ["degeneracy", "orbit"])
@pytest.mark.parametrize("problem", [one_species, vacancies_and_two_species, dopant_and_vacancy])
def test_frequencies_are_the_exact_weights(problem, weighting):
    symbols, moves, group = problem()
    everything = enumerate_arrangements(symbols, moves, group)
    drawn = sample_arrangements(
        symbols, moves, group, n_samples=N_DRAWN, seed=1, weighting=weighting
    )
    assert np.array_equal(drawn.codes, everything.codes)  # so many draws miss none
    by_degeneracy = everything.degeneracies / everything.degeneracies.sum()
    by_orbit = np.full(len(everything), 1 / len(everything))
    expected, other = (
        (by_degeneracy, by_orbit) if weighting == "degeneracy" else (by_orbit, by_degeneracy)
    )
    assert chisquare(drawn.n_drawn, N_DRAWN * expected).pvalue > LEAST_P
    assert chisquare(drawn.n_drawn, N_DRAWN * other).pvalue < MOST_P_OF_OTHER_WEIGHTS


@pytest.mark.parametrize("weighting", ["degeneracy", "orbit"])
def test_weights_estimate_means_over_all_arrangements(weighting):
    """The mean over all arrangements of the number of A sites with Sr at x = 0 is 4 / 2."""
    symbols, moves, group = one_species()
    drawn = sample_arrangements(
        symbols, moves, group, n_samples=N_DRAWN, seed=2, weighting=weighting
    )
    everything = enumerate_arrangements(symbols, moves, group)
    # Pairs of Sr along z: the smallest arrangement of an orbit has as many as every other one.
    columns = drawn.arrangements.reshape(-1, 4, 3) == "Sr"
    full = (columns.sum(axis=2) == 3).sum(axis=1)
    exact_columns = everything.arrangements.reshape(-1, 4, 3) == "Sr"
    exact = everything.weights @ (exact_columns.sum(axis=2) == 3).sum(axis=1)
    assert exact == pytest.approx(4 * 9 / 495)  # 4 columns, 9 places for the fourth Sr, C(12, 4)
    standard_error = np.sqrt(exact / N_DRAWN) * np.sqrt(
        everything.degeneracies.max() * len(everything) / everything.n_labelled
    )
    assert abs(drawn.weights @ full - exact) < 4 * standard_error


@pytest.mark.parametrize("weighting", ["degeneracy", "orbit"])
def test_the_seed_decides(weighting):
    symbols, moves, group = dopant_and_vacancy()

    def draw(seed):
        return sample_arrangements(
            symbols, moves, group, n_samples=40, seed=seed, weighting=weighting
        )

    first, again, other = draw(5), draw(5), draw(6)
    assert np.array_equal(first.codes, again.codes)
    assert np.array_equal(first.n_drawn, again.n_drawn)
    assert not np.array_equal(first.n_drawn, other.n_drawn)
    assert "seed 5" in first.reason
