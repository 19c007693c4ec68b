"""Compensations of many parents against an exhaustive search, and the table of LLTO exactly."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.structures.compensation import find_compensations, find_imbalances
from perolyte.structures.dopant import Dopant
from perolyte.structures.sublattices import Sublattices, build_sublattices

BOX = 6  # largest change of an element in the exhaustive search
MULTIPLE = 4  # largest multiple of the dopants there


@dataclass(frozen=True)
class Parent:
    members: dict[str, list[str]]
    states: dict[str, int]
    empty: tuple[str, ...] = ()
    sublattices: Sublattices = field(init=False)

    def __post_init__(self):
        made = build_sublattices(self.members, states=self.states)
        object.__setattr__(self, "sublattices", made)


def abx(a, b, x, states, empty=()):
    return Parent({"A": a, "B": b, "X": x}, states, empty)


LLTO = abx(["Li", "La"], ["Ti"], ["O"], {"Li": 1, "La": 3, "Ti": 4, "O": -2}, ("A",))
LI3OCL = abx(["Cl"], ["O"], ["Li"], {"Cl": -1, "O": -2, "Li": 1})
NANBO3 = abx(["Na"], ["Nb"], ["O"], {"Na": 1, "Nb": 5, "O": -2})
SRTIO3 = abx(["Sr"], ["Ti"], ["O"], {"Sr": 2, "Ti": 4, "O": -2})
BAZRO3 = abx(["Ba"], ["Zr"], ["O"], {"Ba": 2, "Zr": 4, "O": -2})
BZCY = abx(["Ba"], ["Zr", "Ce"], ["O"], {"Ba": 2, "Zr": 4, "Ce": 4, "O": -2})
OXYFLUORIDE = abx(["K"], ["Ti"], ["O", "F"], {"K": 1, "Ti": 4, "O": -2, "F": -1})
GARNET = Parent(
    {"Li": ["Li"], "La": ["La"], "Zr": ["Zr"], "O": ["O"]},
    {"Li": 1, "La": 3, "Zr": 4, "O": -2},
    ("Li",),
)


def ion(element, charge=None, host=None):
    return Dopant(element, oxidation_state=charge, host=host, count=1)


# Parent, dopants, ratio: what is found is the name -> (dopants per unit, changes).
CASES = {
    "LLTO Sr": (LLTO, [ion("Sr")], None, {
        "S1": ([2], {"La": -2, "O": -1, "vacancy_X": 1}),
        "S2": ([1], {"La": -1, "Li": 1, "vacancy_A": -1}),
        "S3": ([2], {"La": -1, "Li": -1}),
        "S4": ([1], {"Li": -2, "vacancy_A": 1}),
        "S5": ([3], {"La": -2, "vacancy_A": -1}),
    }),
    "LLTO Al": (LLTO, [ion("Al")], None, {
        "A1": ([1], {"Ti": -1, "Li": 1, "vacancy_A": -1}),
        "A2": ([2], {"Ti": -2, "La": 1, "Li": -1}),
        "A3": ([2], {"Ti": -2, "O": -1, "vacancy_X": 1}),
        "A4": ([3], {"Ti": -3, "La": 1, "vacancy_A": -1}),
    }),
    "LLTO Al F": (LLTO, [ion("Al"), ion("F")], None, {
        "self-compensated": ([1, 1], {"Ti": -1, "O": -1}),
    }),
    "Li3OCl Ba": (LI3OCL, [ion("Ba")], None, {"S4": ([1], {"Li": -2, "vacancy_X": 1})}),
    "Li3OCl Mg": (LI3OCL, [ion("Mg")], None, {"S4": ([1], {"Li": -2, "vacancy_X": 1})}),
    "Li3OCl Ba F": (LI3OCL, [ion("Ba"), ion("F", host="O")], None, {
        "Li-O-vLi": ([1, 1], {"Li": -3, "O": -1, "vacancy_X": 2}),
    }),
    "Li3OCl F": (LI3OCL, [ion("F", host="Cl")], None, {"isovalent": ([1], {"Cl": -1})}),
    "NaNbO3 Sr": (NANBO3, [ion("Sr")], None, {"S4": ([1], {"Na": -2, "vacancy_A": 1})}),
    "NaNbO3 Ca": (NANBO3, [ion("Ca")], None, {"S4": ([1], {"Na": -2, "vacancy_A": 1})}),
    "NaNbO3 Ti": (NANBO3, [ion("Ti")], None, {
        "A3": ([2], {"Nb": -2, "O": -1, "vacancy_X": 1}),
    }),
    "SrTiO3 La": (SRTIO3, [ion("La")], None, {"Sr-vSr": ([2], {"Sr": -3, "vacancy_A": 1})}),
    "SrTiO3 Nb": (SRTIO3, [ion("Nb")], None, {
        "Ti-vSr": ([2], {"Ti": -2, "Sr": -1, "vacancy_A": 1}),
    }),
    "SrTiO3 Al": (SRTIO3, [ion("Al")], None, {
        "A3": ([2], {"Ti": -2, "O": -1, "vacancy_X": 1}),
    }),
    "SrTiO3 Fe": (SRTIO3, [ion("Fe", 3)], None, {
        "A3": ([2], {"Ti": -2, "O": -1, "vacancy_X": 1}),
    }),
    "SrTiO3 Ca": (SRTIO3, [ion("Ca")], None, {"isovalent": ([1], {"Sr": -1})}),
    "SrTiO3 Al Nb": (SRTIO3, [ion("Al"), ion("Nb")], None, {
        "self-compensated": ([1, 1], {"Ti": -2}),
    }),
    "BaZrO3 Y": (BAZRO3, [ion("Y", host="Zr")], None, {
        "A3": ([2], {"Zr": -2, "O": -1, "vacancy_X": 1}),
    }),
    "garnet Al": (GARNET, [ion("Al", host="Li")], None, {
        "S4": ([1], {"Li": -3, "vacancy_Li": 2}),
    }),
    "garnet Ta": (GARNET, [ion("Ta")], None, {
        "Zr-vLi": ([1], {"Zr": -1, "Li": -1, "vacancy_Li": 1}),
    }),
    "garnet Ca": (GARNET, [ion("Ca", host="La")], None, {
        "La-addLi": ([1], {"La": -1, "Li": 1, "vacancy_Li": -1}),
        "La-vO": ([2], {"La": -2, "O": -1, "vacancy_O": 1}),
    }),
}  # fmt: skip
# Without a table to compare with: only the exhaustive search judges these.
MORE = {
    "LLTO Nb": (LLTO, [ion("Nb")], None),
    "LLTO K": (LLTO, [ion("K")], None),
    "LLTO Nd": (LLTO, [ion("Nd")], None),
    "LLTO F": (LLTO, [ion("F")], None),
    "LLTO Sr Al": (LLTO, [ion("Sr"), ion("Al")], None),
    "LLTO Sr 2 Al 1": (LLTO, [ion("Sr"), ion("Al")], [2, 1]),
    "LLTO Sr Ba": (LLTO, [ion("Sr"), ion("Ba")], None),
    "LLTO Al 2 F 1": (LLTO, [ion("Al"), ion("F")], [2, 1]),
    "Li3OCl S": (LI3OCL, [ion("S", -2, host="Cl")], None),
    "NaNbO3 with empty sites Ti": (
        abx(["Na"], ["Nb"], ["O"], {"Na": 1, "Nb": 5, "O": -2}, ("A",)), [ion("Ti")], None),
    "Ba(Zr,Ce)O3 Y": (BZCY, [ion("Y", host="Ce")], None),
    "K Ti oxyfluoride Nb": (OXYFLUORIDE, [ion("Nb")], None),
    "K Ti oxyfluoride Sc": (OXYFLUORIDE, [ion("Sc", host="Ti")], None),
    "garnet Al Ta": (GARNET, [ion("Al", host="Li"), ion("Ta", host="Zr")], None),
}  # fmt: skip
ALL = {name: case[:3] for name, case in CASES.items()} | MORE


def search(parent, dopants, ratio):
    return find_compensations(
        dopants,
        states=parent.states,
        sublattices=parent.sublattices,
        empty_sites=dict.fromkeys(parent.empty, True),
        ratio=ratio,
    )


@pytest.mark.parametrize("name", CASES)
def test_the_compensations_of_a_parent_are_those_of_its_chemistry(name):
    parent, dopants, ratio, expected = CASES[name]
    found = {
        c.name: (list(c.dopants.values()), dict(c.changes)) for c in search(parent, dopants, ratio)
    }
    assert found == expected
    assert list(found) == list(expected)


def test_steps_of_the_dopant_count_in_llto():
    """S1, S3, A2 and A3 need even counts, S5 and A4 multiples of three."""
    units = {
        c.name: next(iter(c.dopants.values()))
        for dopant in ("Sr", "Ba", "Al")
        for c in search(LLTO, [ion(dopant)], None)
    }
    assert units == {
        "S1": 2, "S2": 1, "S3": 2, "S4": 1, "S5": 3, "A1": 1, "A2": 2, "A3": 2, "A4": 3,
    }  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_charges_sites_and_reactions_balance(name):
    parent, dopants, ratio = ALL[name]
    charges = parent.states | {d.element: d.charge for d in dopants}
    found = search(parent, dopants, ratio)
    assert len({c.name for c in found}) == len(found)
    assert len({tuple(sorted(c.unit.items())) for c in found}) == len(found)
    for c in found:
        assert sum(n * charges.get(s, 0) for s, n in c.unit.items()) == 0
        for member in parent.sublattices.members:
            entering = sum(n for d, n in c.dopants.items() if c.placed[d] == member.name)
            changed = sum(c.changes.get(s, 0) for s in (*member.elements, member.vacancy))
            assert entering + changed == 0
        assert not find_imbalances(
            c.reaction, c.unit, placed=c.placed, states=charges, sublattices=parent.sublattices
        )
        assert set(c.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def all_balanced(parent, dopants, ratio):
    """Every neutral, site-balanced change in the box, permissions included: one row each.

    Columns: multiples of the dopants, elements, vacancies of each sublattice.
    """
    members = parent.sublattices.members
    elements = parent.sublattices.elements
    ratio = ratio or [1] * len(dopants)
    sites = {d.element: find_site(parent, d, dopants, ratio) for d in dopants}
    steps = np.arange(-BOX, BOX + 1)
    grid = np.stack(
        np.meshgrid(np.arange(MULTIPLE + 1), *[steps] * len(elements), indexing="ij"), -1
    ).reshape(-1, len(elements) + 1)
    charge = grid[:, 0] * sum(n * d.charge for n, d in zip(ratio, dopants, strict=True))
    charge = charge + grid[:, 1:] @ np.array([parent.states[e] for e in elements])
    grid = grid[charge == 0]
    columns = [grid]
    for member in members:
        entering = sum(
            n for n, d in zip(ratio, dopants, strict=True) if sites[d.element] == member.name
        )
        held = sum(grid[:, 1 + elements.index(e)] for e in member.elements)
        columns.append(-(entering * grid[:, 0] + held)[:, None])
    rows = np.hstack(columns)
    for index, member in enumerate(members, start=1 + len(elements)):
        has_empty = member.name in parent.empty
        if not has_empty:
            rows = rows[rows[:, index] >= 0]
        if not (member.can_empty or has_empty):
            rows = rows[rows[:, index] <= 0]
    return rows


def find_site(parent, dopant, dopants, ratio):
    found = search(parent, dopants, ratio)
    return found[0].placed[dopant.element]


def is_one_step(parent, row, dopants, ratio, sites):
    """Some choice of displaced species leaves at most one exchange behind."""
    members = {m.name: m for m in parent.sublattices.members}
    species = [*parent.sublattices.elements, *(m.vacancy for m in parent.sublattices.members)]
    choices = []
    for dopant in dopants:
        member = members[sites[dopant.element]]
        ions = (dopant.host,) if dopant.host else member.elements
        empty = (member.vacancy,) if member.name in parent.empty and not dopant.host else ()
        choices.append((*ions, *empty))
    for hosts in itertools.product(*choices):
        rest = row[1:].copy()
        for n, host in zip(ratio or [1] * len(dopants), hosts, strict=True):
            rest[species.index(host)] += n * row[0]
        n_changed = np.count_nonzero(rest)
        if n_changed == 0 or (n_changed == 2 and not any(h.startswith("vacancy") for h in hosts)):
            return True
    return False


@pytest.mark.parametrize("name", ALL)
def test_the_search_is_complete_and_irreducible(name):
    """Against all balanced changes in a box: no sum of two is found, nothing else is missed."""
    parent, dopants, ratio = ALL[name]
    rows = all_balanced(parent, dopants, ratio)
    sites = {d.element: find_site(parent, d, dopants, ratio) for d in dopants}
    expected = set()
    for row in rows[rows[:, 0] > 0]:
        if not is_one_step(parent, row, dopants, ratio, sites):
            continue
        smaller = np.all((np.abs(rows) <= np.abs(row)) & (rows * row >= 0), axis=1)
        if np.count_nonzero(smaller) == 2:  # only the row itself and nothing at all
            expected.add(tuple(row.tolist()))
    species = [*parent.sublattices.elements, *(m.vacancy for m in parent.sublattices.members)]
    step = (ratio or [1])[0]
    found = {
        (c.dopants[dopants[0].element] // step, *(c.changes.get(s, 0) for s in species))
        for c in search(parent, dopants, ratio)
    }
    elements = slice(1, 1 + len(parent.sublattices.elements))
    in_box = {row for row in found if max(map(abs, row[elements])) <= BOX}
    assert in_box == expected
    assert len(in_box) == len(found)  # the box is wide enough for every case here


@settings(max_examples=60, deadline=None)
@given(
    a=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    b=st.integers(2, 6),
    x=st.integers(-3, -1),
    dopant=st.integers(1, 6),
    host=st.integers(0, 3),
    empty=st.booleans(),
)
def test_any_charges_balance(a, b, x, dopant, host, empty):
    """Invented charges: whatever is found balances, and only once each."""
    elements = ["Li", "Sr", "La"][: len(a)]
    states = dict(zip(elements, a, strict=True)) | {"Ti": b, "O": x}
    sublattices = build_sublattices({"A": elements, "B": "Ti", "X": "O"}, states=states)
    entering = Dopant("Al", dopant, host=[*elements, "Ti"][min(host, len(a))], count=1)
    try:
        found = find_compensations(
            [entering], states=states, sublattices=sublattices, empty_sites={"A": empty}
        )
    except InputError:  # nothing balances it; what the message says is tested elsewhere
        return
    charges = states | {"Al": dopant}
    assert len({c.name for c in found}) == len(found)
    for c in found:
        assert sum(n * charges.get(s, 0) for s, n in c.unit.items()) == 0
        assert not find_imbalances(
            c.reaction, c.unit, placed=c.placed, states=charges, sublattices=sublattices
        )
        assert c.dopants["Al"] <= 4
        if not empty:
            assert c.changes.get("vacancy_A", 0) >= 0
