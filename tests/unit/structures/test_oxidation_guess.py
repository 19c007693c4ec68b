"""Oxidation states of structures as read: where they come from, and when there are none."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.structures import guess_oxidation_states


def perovskite(a, b, x, lattice_A=3.9):
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Structure(Lattice.cubic(lattice_A), [a, b, x, x, x], sites)


@pytest.mark.parametrize(
    ("structure", "states"),
    [
        (perovskite("Sr", "Ti", "O"), {"Sr": 2, "Ti": 4, "O": -2}),
        (perovskite("Cs", "Pb", "Br", 5.9), {"Cs": 1, "Pb": 2, "Br": -1}),
        (perovskite({"Li": 0.34, "La": 0.5533}, "Ti", "O"), {"Li": 1, "La": 3, "Ti": 4, "O": -2}),
    ],
)
def test_one_neutral_choice_is_taken_from_the_composition(structure, states):
    guess = guess_oxidation_states(structure)
    assert guess.method == "composition"
    assert guess.states == pytest.approx(states)
    assert guess.warnings == ()


def test_mixed_valence_is_a_mean_with_a_warning():
    guess = guess_oxidation_states(perovskite({"La": 0.7, "Sr": 0.3}, "Mn", "O"))
    assert guess.states["Mn"] == pytest.approx(3.3)
    assert "mean oxidation state +3.30" in guess.warnings[0]


def test_bond_lengths_decide_between_neutral_choices():
    """Fe and Mo can share 8 e as 2 + 6, 3 + 5 or 4 + 4; the short bonds belong to Mo."""
    lattice = Lattice.cubic(7.9)
    cell = Structure.from_spacegroup(
        "Fm-3m",
        lattice,
        ["Sr", "Fe", "Mo", "O"],
        [[0.25, 0.25, 0.25], [0, 0, 0], [0.5, 0.5, 0.5], [0.26, 0, 0]],
    ).get_primitive_structure()
    guess = guess_oxidation_states(cell)
    assert guess.method == "bond_valence"
    assert guess.states["Sr"] == 2.0
    assert guess.states["Fe"] + guess.states["Mo"] == pytest.approx(8.0)
    assert guess.states["Mo"] > guess.states["Fe"]


def test_metals_and_broken_compositions_have_no_states():
    alloy = Structure(Lattice.cubic(2.9), ["Ni", "Al"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    deficient = perovskite({"La": 0.5}, "Ti", "O")
    for structure in (alloy, deficient):
        guess = guess_oxidation_states(structure)
        assert (guess.states, guess.method) == ({}, None)
        assert "not known" in guess.warnings[0]


def test_declared_zeros_declare_nothing():
    cell = perovskite("Sr", "Ti", "O")
    cell.add_oxidation_state_by_element({"Sr": 0, "Ti": 0, "O": 0})
    assert guess_oxidation_states(cell).method == "composition"
