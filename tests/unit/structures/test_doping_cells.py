"""The supercell that a list of dopings needs: every one of them can then be made in it."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures import (
    Dopant,
    Doping,
    Sublattices,
    assign_oxidation_states,
    build_ordered_parents,
    enumerate_dopings,
    find_doping_cells,
    resolve_sublattices,
)

SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
TOLERANCE = 0.1
"""Relative difference of a fraction that the search allows by default."""


def perovskite(species: list, a_A: float = 3.9) -> tuple[Structure, Sublattices]:
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(a_A), species, SITES)
    decorated = assign_oxidation_states(cell).structure
    return decorated, resolve_sublattices(decorated, None)


LLTO = perovskite([{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"], 3.87)
SRTIO3 = perovskite(["Sr", "Ti", "O"])
LI3OCL = (
    assign_oxidation_states(
        Structure.from_spacegroup(
            "Pm-3m", Lattice.cubic(3.91), ["Li", "O", "Cl"], [[0.5, 0.5, 0], SITES[1], SITES[0]]
        )
    ).structure,
    None,
)


def dope(element: str, fraction: float, basis: str = "B_sites", scheme: str = "all", **more):
    return Doping(Dopant(element, fraction=fraction, basis=basis, **more), scheme)


def find(parent, dopings, **options):
    structure, sublattices = parent
    return find_doping_cells(
        structure,
        dopings,
        sublattices=sublattices or resolve_sublattices(structure, None),
        **options,
    )


@pytest.mark.parametrize(
    ("parent", "dopings"),
    [
        (LLTO, [dope("Sr", 0.055, "A_sites", "S3"), dope("Al", 0.055, scheme="A1")]),
        (LLTO, [dope("Sr", 0.1, "element", "S1"), dope("Ba", 0.15, "element", "S5")]),
        (SRTIO3, [dope("Al", 0.06), dope("Nb", 0.1)]),
        (SRTIO3, [Doping((Dopant("La", fraction=0.1, basis="formula_unit"),
                          Dopant("Al", fraction=0.1, basis="formula_unit")))]),
        (LI3OCL, [dope("Mg", 0.05, "formula_unit", host="Li")]),
    ],
    ids=["llto", "llto-element", "srtio3", "co-doping", "li3ocl"],
)  # fmt: skip
def test_what_is_found_can_be_made(parent, dopings):
    choice = find(parent, dopings)[0]
    structure, _ = parent
    (ordered,) = build_ordered_parents(structure, supercell=choice.matrix, n_samples=20, seed=0)
    empty = {"A": ordered.vacancy_sites_frac} if len(ordered.vacancy_sites_frac) else {}
    made = enumerate_dopings(ordered.structure, dopings, empty_sites_frac=empty)
    assert len(ordered.structure) == choice.n_atoms
    wanted = [dopant for doping in dopings for dopant in doping.dopants]
    # of the scheme "all" the first compensation is the one that was looked for
    first = {result.doping: result for result in reversed(made)}
    amounts = [amount for doping in dopings for amount in first[doping].amounts]
    for dopant, amount in zip(wanted, amounts, strict=True):
        assert amount.achieved_fraction == pytest.approx(dopant.fraction, rel=TOLERANCE)


def test_cells_rise_in_size_and_keep_the_tolerance():
    asked = 0.07
    choices = find(SRTIO3, [dope("Al", asked)], n_best=3, tolerance=0.05, max_atoms=1000)
    assert len(choices) == 3
    assert [c.n_atoms for c in choices] == sorted({c.n_atoms for c in choices})
    for choice in choices:
        (reached,) = choice.reached
        assert reached.counts["Al"] % 2 == 0
        assert reached.fractions["Al"] == pytest.approx(asked, rel=0.05)


def test_one_cell_for_all_dopings():
    alone = [find(SRTIO3, [doping])[0] for doping in (dope("Al", 0.125), dope("Nb", 0.05))]
    together = find(SRTIO3, [dope("Al", 0.125), dope("Nb", 0.05)])[0]
    assert together.n_atoms >= max(choice.n_atoms for choice in alone)
    assert [reached.target.dopants[0].element for reached in together.reached] == ["Al", "Nb"]


def test_a_named_scheme_is_looked_for_instead_of_the_first():
    """Two dopants balance each other with S1, three with S5."""
    pairs = find(LLTO, [dope("Sr", 0.125, "A_sites", "S1")])[0].reached[0]
    triples = find(LLTO, [dope("Sr", 0.125, "A_sites", "S5")])[0].reached[0]
    assert pairs.counts["Sr"] % 2 == 0
    assert triples.counts["Sr"] % 3 == 0


def test_a_count_fits_every_cell_that_is_large_enough():
    by_fraction = find(SRTIO3, [dope("Nb", 0.05)])[0]
    counted = Doping(Dopant("Al", count=2))
    with_count = find(SRTIO3, [dope("Nb", 0.05), counted])[0]
    assert with_count.n_atoms == by_fraction.n_atoms
    assert with_count.reached[1].counts == {"Al": 2}


def test_empty_sites_are_seen_in_the_occupancies():
    """Added ions need a place: the vacant A sites of LLTO, none in a full perovskite."""
    assert find(LLTO, [dope("Al", 0.1, scheme="A1")])[0].species["vacancy_A"] > 0
    full = perovskite([{"Li": 0.5, "La": 0.5}, "Ti", "O"], 3.87)
    with pytest.raises(InputError, match="A1"):
        find(full, [dope("Al", 0.1, scheme="A1")])


def test_occupancies_of_three_digits_are_full_ones():
    """Files round one third to 0.333: 0.333 + 0.667 is no vacancy, and 0.333 + 0.665 is one."""
    rounded = perovskite([{"Li": 0.5, "La": 0.4995}, "Ti", "O"], 3.87)
    with pytest.raises(InputError, match="A1"):
        find(rounded, [dope("Al", 0.1, scheme="A1")])


def test_layers_that_alternate_keep_their_number_even():
    free = find(SRTIO3, [dope("Nb", 1 / 27)], tolerance=0.3)[0]
    layered = find(SRTIO3, [dope("Nb", 1 / 27)], tolerance=0.3, even_axes=("c",))[0]
    assert np.diag(layered.matrix)[2] % 2 == 0
    assert layered.n_atoms >= free.n_atoms


@pytest.mark.parametrize(
    ("parent", "dopings", "options", "parts"),
    [
        (SRTIO3, [], {}, ["there is none", "2x2x2"]),
        (SRTIO3, [dope("Al", 0.001)], {}, ["no near-cubic cell of up to 600 atoms", "nearest is"]),
        (SRTIO3, [dope("Al", 0.05)], {"max_atoms": 120}, ["up to 120 atoms", "raise max_atoms to"]),
        (SRTIO3, [dope("Al", 0.05, scheme="S1")], {}, ["S1", "A3 on Ti"]),
        (SRTIO3, [dope("Al", 0.05, scheme="A1")], {}, ["A1"]),
        (SRTIO3, [dope("Al", 0.05, host="Na")], {}, ["Na", "Sr, Ti, O"]),
        (SRTIO3, [dope("Sr", 0.05)], {}, ["already an element"]),
        (LI3OCL, [dope("Mg", 0.05, "element", "S9")], {}, ["S9", "S4"]),
        (SRTIO3, [dope("Al", 0.05)], {"tolerance": -1}, ["tolerance is -1"]),
        (SRTIO3, [dope("Al", 0.05)], {"even_axes": ("z",)}, ["even_axes names 'z'"]),
    ],
)
def test_refusals_say_what_is_possible(parent, dopings, options, parts):
    with pytest.raises(InputError) as caught:
        find(parent, dopings, **options)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message
