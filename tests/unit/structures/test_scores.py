"""Scores of structures and the choice by them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.oxidation import assign_oxidation_states
from perolyte.structures.scores import RANK_CRITERIA, rank_scores, score_structure
from perolyte.structures.tolerance import tolerance_factors

PEROVSKITE = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]


def build(elements, a_A, states=None):
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(a_A), elements, PEROVSKITE)
    return assign_oxidation_states(cell, states).structure


@pytest.fixture(scope="module")
def srtio3():
    return score_structure(build(["Sr", "Ti", "O"], 3.905))


def test_valences_of_strontium_titanate(srtio3):
    """The textbook case of a strain-free perovskite: 2, 4 and 2 within a tenth or two."""
    assert srtio3.bond_valence_sums == pytest.approx([2, 4, 2, 2, 2], abs=0.2)
    assert srtio3.global_instability_index < 0.15
    assert srtio3.closest_elements == ("Ti", "O")
    assert srtio3.min_distance_A == pytest.approx(3.905 / 2)


def test_one_bond_by_hand():
    """A Ti-O pair alone: parameters r, c of Ti 1.27, 1.32 and of O 0.63, 3.15."""
    cell = Structure(Lattice.cubic(30.0), ["Ti4+", "O2-"], [[0, 0, 0], [1.9 / 30, 0, 0]])
    scores = score_structure(cell)
    bond_A = (
        1.27
        + 0.63
        - 1.27 * 0.63 * (math.sqrt(1.32) - math.sqrt(3.15)) ** 2 / (1.27 * 1.32 + 0.63 * 3.15)
    )
    valence = math.exp((bond_A - 1.9) / 0.37)
    assert scores.bond_valence_sums == pytest.approx([valence, valence])
    expected = math.sqrt(((4 - valence) ** 2 + (2 - valence) ** 2) / 2)
    assert scores.global_instability_index == pytest.approx(expected)


def test_a_stretched_cell_is_less_stable(srtio3):
    stretched = score_structure(build(["Sr", "Ti", "O"], 4.2))
    assert stretched.global_instability_index > 2 * srtio3.global_instability_index
    assert np.all(stretched.bond_valence_sums < srtio3.bond_valence_sums)


def test_a_supercell_scores_as_its_cell(srtio3):
    large = score_structure(build(["Sr", "Ti", "O"], 3.905) * (2, 2, 3))
    assert large.global_instability_index == pytest.approx(srtio3.global_instability_index)
    assert (large.goldschmidt, large.tau) == pytest.approx((srtio3.goldschmidt, srtio3.tau))
    assert large.formula == "Sr12 Ti12 O36"


def test_tolerance_factors_are_those_of_the_composition():
    cell = build(["Sr", "Ti", "O"], 3.9) * (2, 1, 1)
    cell.replace(0, "Ba2+")
    sites = {"A": ["Sr", "Ba"], "B": ["Ti"], "X": ["O"]}
    scores = score_structure(cell, sites=sites, ewald_energy_eV=-3.0)
    expected = tolerance_factors("SrBaTi2O6", sites=sites)
    assert scores.goldschmidt == pytest.approx(expected.goldschmidt)
    assert scores.octahedral == pytest.approx(expected.octahedral)
    assert scores.ewald_energy_eV == -3.0
    assert any("2 ions on A" in warning for warning in scores.warnings)


def test_an_atom_sees_its_own_image():
    cell = Structure(Lattice.orthorhombic(2.5, 5.0, 5.0), ["Na+", "Cl-"], [[0] * 3, [0, 0.5, 0.5]])
    scores = score_structure(cell)
    assert scores.min_distance_A == pytest.approx(2.5)
    assert scores.closest_pair == (0, 0)


def test_what_is_not_defined_is_none_with_a_reason():
    cell = build(["Sr", "Tc", "O"], 3.95, {"Tc": 4})  # technetium has no bond valence parameter
    scores = score_structure(cell)
    assert scores.global_instability_index is None
    assert np.isnan(scores.bond_valence_sums[2:]).all()
    assert any("bond valence parameters" in warning for warning in scores.warnings)
    salt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    assert score_structure(salt).goldschmidt is None
    assert any("no tolerance factors" in warning for warning in score_structure(salt).warnings)
    far = score_structure(Structure(Lattice.cubic(20.0), ["Na+"], [[0, 0, 0]]))
    assert (far.min_distance_A, far.closest_pair) == (None, None)


def test_undecorated_and_disordered_structures_are_refused(cubic_llto):
    with pytest.raises(InputError, match="no oxidation state"):
        score_structure(Structure(Lattice.cubic(4.0), ["Na"], [[0, 0, 0]]))
    with pytest.raises(InputError, match="partially occupied"):
        score_structure(cubic_llto)


def test_the_best_and_some_others_are_kept(srtio3):
    energies_eV = [3.0, 1.0, 2.0, 1.0 + 1e-9, None, 5.0, 4.0]
    scores = [replace(srtio3, ewald_energy_eV=e) for e in energies_eV]
    kept = rank_scores(scores, n_best=2, n_random=3, seed=1)
    assert [k.index for k in kept[:2]] == [1, 3]  # a tie goes to the first
    assert kept[0].reason == "rank 1 of 6 by ewald_energy_eV, 1"
    others = [k.index for k in kept[2:]]
    assert others == sorted(others)
    assert len(set(others)) == 3
    assert set(others).isdisjoint({1, 3})
    assert all("drawn from 5 others" in k.reason for k in kept[2:])
    assert kept == rank_scores(scores, n_best=2, n_random=3, seed=1)
    assert len({rank_scores(scores, n_best=2, n_random=3, seed=s)[2:] for s in range(20)}) > 5
    everything = rank_scores(scores, n_best=99, n_random=99)
    assert sorted(k.index for k in everything) == list(range(7))
    assert next(k for k in everything if k.index == 4).rank is None


@pytest.mark.parametrize(
    ("criterion", "values", "best"),
    [
        ("ewald_energy_eV", [2.0, -1.0, 3.0], 1),
        ("global_instability_index", [0.2, 0.1, 0.3], 1),
        ("min_distance_A", [1.9, 1.8, 2.0], 2),
        ("goldschmidt", [0.9, 1.05, 1.2], 1),
        ("tau", [4.0, 5.0, 3.5], 2),
    ],
)
def test_each_criterion_knows_its_better_side(srtio3, criterion, values, best):
    scores = [replace(srtio3, **{criterion: value}) for value in values]
    assert rank_scores(scores, criterion=criterion)[0].index == best


def test_impossible_rankings_are_refused(srtio3):
    with pytest.raises(InputError, match=", ".join(RANK_CRITERIA)):
        rank_scores([srtio3], criterion="beauty")
    with pytest.raises(InputError, match="n_best is -1"):
        rank_scores([srtio3], n_best=-1)
    other = replace(srtio3, formula="Ba1 Ti1 O3")
    with pytest.raises(InputError, match="do not compare"):
        rank_scores([srtio3, other])
    assert len(rank_scores([srtio3, other], criterion="tau", n_best=2)) == 2
