"""Where oxidation states come from, and when none can be given."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures import assign_oxidation_states, net_charge, read_oxidation_states
from perolyte.structures.oxidation import COMMON_STATES

SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]


def build(a, b, x="O"):
    return Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), [a, b, x], SITES)


def test_table_states_decorate_a_copy():
    cell = build("Sr", "Ti")
    result = assign_oxidation_states(cell)
    assert result.states == {"O": -2, "Sr": 2, "Ti": 4}
    assert result.method == "table"
    assert result.net_charge == 0
    assert result.structure.charge == 0
    assert all(getattr(species, "oxi_state", None) is None for species in cell.elements)


def test_disordered_sites_are_decorated(cubic_llto):
    result = assign_oxidation_states(cubic_llto)
    assert result.net_charge == pytest.approx(0.0, abs=1e-9)
    assert read_oxidation_states(result.structure) == result.states


def test_explicit_beats_declared_beats_table():
    cell = build("Sr", "Ti")
    cell.add_oxidation_state_by_element({"Sr": 2, "Ti": 3, "O": -2})
    assert assign_oxidation_states(cell).states["Ti"] == 3
    assert assign_oxidation_states(cell).method == "declared"
    explicit = assign_oxidation_states(cell, {"Ti": 4})
    assert explicit.states["Ti"] == 4
    assert explicit.sources == {"O": "declared", "Sr": "declared", "Ti": "explicit"}


def test_one_unknown_element_follows_from_neutrality_with_a_warning():
    result = assign_oxidation_states(build("Ba", "Fe"))
    assert (result.states["Fe"], result.method, result.net_charge) == (4, "neutrality", 0)
    assert "Fe +4" in result.warnings[0]


def test_declared_zeros_are_ignored():
    cell = build("Sr", "Ti")
    cell.add_oxidation_state_by_element({"Sr": 0, "Ti": 0, "O": 0})
    result = assign_oxidation_states(cell)
    assert result.states["Ti"] == 4
    assert "0" in result.warnings[0]


@pytest.mark.parametrize(
    ("cell", "states", "parts"),
    [
        (build("Eu", "Mn"), None, ["Eu", "Mn", "states="]),
        (build("La", "Fe", "S"), {"S": -1}, ["Fe", "needs", "+0.00"]),
        (build("Sr", "Ti"), {"Na": 1}, ["Na", "not in SrTiO3"]),
        (build("Sr", "Ti"), {"Ti": 3.5}, ["3.5", "Ti"]),
    ],
)
def test_an_element_without_a_state_is_named(cell, states, parts):
    with pytest.raises(InputError) as caught:
        assign_oxidation_states(cell, states)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_mixed_declared_states_are_refused():
    cell = Structure(Lattice.cubic(4), ["Fe2+", "Fe3+"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(InputError, match="Fe"):
        assign_oxidation_states(cell)
    with pytest.raises(InputError, match="Fe"):
        read_oxidation_states(cell)


def test_net_charge_needs_every_state():
    assert net_charge({"Li": 1, "La": 7}, {"Li": 1, "La": 3}) == 22
    with pytest.raises(InputError, match="La has no oxidation state"):
        net_charge({"Li": 1, "La": 7}, {"Li": 1})


def test_undecorated_structures_have_no_states_to_read():
    with pytest.raises(InputError, match="assign_oxidation_states"):
        read_oxidation_states(build("Sr", "Ti"))


def test_the_table_holds_states_that_the_elements_have():
    from pymatgen.core import Element

    assert all(state in Element(symbol).oxidation_states for symbol, state in COMMON_STATES.items())
