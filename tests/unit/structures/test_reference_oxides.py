from __future__ import annotations

import math

import numpy as np
import pytest
import spglib
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Species
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from perolyte.errors import InputError
from perolyte.structures.reference_oxides import (
    available_reference_oxides,
    oxide_reaction,
    reference_oxide,
)

# cation, state, formula, space-group number, formula units per conventional cell, O neighbours
OXIDES = [
    ("Li", 1, "Li2O", 225, 4, "IV"),
    ("Na", 1, "Na2O", 225, 4, "IV"),
    ("Mg", 2, "MgO", 225, 4, "VI"),
    ("Ca", 2, "CaO", 225, 4, "VI"),
    ("Sr", 2, "SrO", 225, 4, "VI"),
    ("Ba", 2, "BaO", 225, 4, "VI"),
    ("Al", 3, "Al2O3", 167, 6, "VI"),
    ("La", 3, "La2O3", 164, 1, "VII"),
    ("Y", 3, "Y2O3", 206, 16, "VI"),
    ("Ti", 4, "TiO2", 136, 2, "VI"),
    ("Zr", 4, "ZrO2", 14, 4, "VII"),
]
NUMERALS = {"IV": 4, "VI": 6, "VII": 7}
OXYGEN_RADIUS_A = 1.40  # Shannon, doi 10.1107/S0567739476001551, sixfold
# Shannon's sums reproduce mean distances of oxides to about 2 % (the radius of oxygen alone spans
# 1.36 to 1.42 Å with its coordination); single bonds of distorted polyhedra spread more.
MEAN_DISTANCE_TOLERANCE = 0.025
BOND_TOLERANCE = 0.10
SHELL = 1.25  # ends in the gap between the first and second shells of oxygen

STATES = {cation: state for cation, state, *_ in OXIDES}


def test_every_oxide_is_tested() -> None:
    assert set(available_reference_oxides()) == {formula for _, _, formula, *_ in OXIDES}


@pytest.mark.parametrize(("cation", "state", "formula", "number", "units", "coordination"), OXIDES)
def test_structure(
    cation: str,
    state: int,
    formula: str,
    number: int,
    units: int,
    coordination: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spglib.error, "OLD_ERROR_HANDLING", False)  # pymatgen expects the new way
    oxide = reference_oxide(cation, state)
    structure = oxide.structure()
    assert oxide.formula == structure.composition.reduced_formula == formula
    counts = structure.composition.get_el_amt_dict()
    assert counts == {cation: units * oxide.n_cations, "O": units * oxide.n_oxygen}
    assert SpacegroupAnalyzer(structure, symprec=1e-3).get_space_group_number() == number
    radius = Species(cation, state).get_shannon_radius(coordination)
    expected = radius + OXYGEN_RADIUS_A
    distances = []
    for site in structure:
        if site.specie.symbol == cation:
            shell = structure.get_neighbors(site, SHELL * expected)
            bonds = [near.nn_distance for near in shell if near.specie.symbol == "O"]
            assert len(bonds) == NUMERALS[coordination]
            distances += bonds
    assert np.mean(distances) == pytest.approx(expected, rel=MEAN_DISTANCE_TOLERANCE)
    assert distances == pytest.approx([expected] * len(distances), rel=BOND_TOLERANCE)


@pytest.mark.parametrize(("cation", "state"), [row[:2] for row in OXIDES])
def test_oxide_is_neutral_and_sourced(cation: str, state: int) -> None:
    oxide = reference_oxide(cation, state)
    assert oxide.n_cations * state == 2 * oxide.n_oxygen
    assert oxide.source
    assert oxide.doi is None or oxide.doi.startswith("10.")


@pytest.mark.parametrize(("cation", "state"), [("Ti", 3), ("Nb", 5), ("Xx", 1)])
def test_unknown_oxide_is_refused(cation: str, state: int) -> None:
    with pytest.raises(InputError, match=rf"{cation} in state \+{state}.*TiO2.*choose") as caught:
        reference_oxide(cation, state)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ({"Sr": 2, "La": -1, "Li": -1}, {"SrO": -2, "La2O3": 0.5, "Li2O": 0.5}),
        ({"Al": 1, "Li": 1, "Ti": -1}, {"Al2O3": -0.5, "Li2O": -0.5, "TiO2": 1}),
        ({"Al": 2, "Ti": -2, "O": -1}, {"Al2O3": -1, "TiO2": 2}),  # oxygen vacancy
        ({"La": 1, "Li": -3}, {"La2O3": -0.5, "Li2O": 1.5}),
        ({"La": 0, "O": 0}, {}),
    ],
)
def test_known_reactions(delta: dict[str, int], expected: dict[str, float]) -> None:
    assert oxide_reaction(delta, STATES) == expected


cation_changes = st.dictionaries(
    st.sampled_from(sorted(STATES)), st.integers(min_value=-12, max_value=12), max_size=5
)


@given(cation_changes)
def test_neutral_reactions_conserve_atoms(delta: dict[str, int]) -> None:
    charge = sum(STATES[element] * count for element, count in delta.items())
    if charge % 2:  # no whole number of O2- compensates an odd charge: Li+ does
        delta = {**delta, "Li": delta.get("Li", 0) - 1}
        charge -= 1
    delta = {**delta, "O": charge // 2}
    reaction = oxide_reaction(delta, STATES)
    total = {element: float(count) for element, count in delta.items()}
    for cation, state in STATES.items():
        oxide = reference_oxide(cation, state)
        units = reaction.get(oxide.formula, 0.0)
        total[cation] = total.get(cation, 0.0) + units * oxide.n_cations
        total["O"] += units * oxide.n_oxygen
    assert all(
        abs(left) < 1e-9 for left in total.values()
    )  # sums of halves: exact but for rounding


@given(cation_changes)
def test_charged_doping_is_refused(delta: dict[str, int]) -> None:
    charge = sum(STATES[element] * count for element, count in delta.items())
    if charge == 0:
        delta = {**delta, "Li": delta.get("Li", 0) + 1}
    with pytest.raises(InputError, match="O atoms on the product side"):
        oxide_reaction(delta, STATES)


@given(cation_changes)
def test_reverse_reaction_has_opposite_signs(delta: dict[str, int]) -> None:
    charge = sum(STATES[element] * count for element, count in delta.items())
    delta = {**delta, "Li": delta.get("Li", 0) - charge}
    forward = oxide_reaction(delta, STATES)
    backward = oxide_reaction({e: -n for e, n in delta.items()}, STATES)
    assert backward == {formula: -units for formula, units in forward.items()}


@pytest.mark.parametrize(
    ("delta", "states", "message"),
    [
        ({"F": 1, "O": -1}, {"F": -1}, "F changes and has state -1"),
        ({"La": 1, "Li": -3}, {"La": 3}, "no oxidation state is given for Li"),
        ({"Nb": 1, "Li": -5}, {"Nb": 5, "Li": 1}, "no reference oxide of Nb"),
        ({"Sr": math.nan}, {"Sr": 2}, "change of Sr is nan"),
        ({"O": -1}, {}, r"leaves -1 O atoms"),
    ],
)
def test_bad_reactions_are_refused(
    delta: dict[str, float], states: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        oxide_reaction(delta, states)
    assert "\n" not in str(caught.value)
