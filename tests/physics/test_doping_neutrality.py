"""Composition algebra of doped perovskites, exact in rational numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perolyte.structures import SCHEMES, VACANCY_A, SiteRoles, apply_scheme, write_reaction

LLTO = SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",), mobile="Li", host="La")
LLTO_STATES = {"Li": 1, "La": 3, "Ti": 4, "O": -2}
# A second parent of the same charges, so that nothing hangs on the letters Li, La and Ti.
NATO = SiteRoles(A=("Na", "Nd"), B=("Zr",), X=("O",), mobile="Na", host="Nd")
NATO_STATES = {"Na": 1, "Nd": 3, "Zr": 4, "O": -2}


def dopant_of(name):
    return ("Sr", 2) if name.startswith("S") else ("Al", 3)


@pytest.mark.parametrize("name", SCHEMES)
@given(units=st.integers(1, 40), parent=st.sampled_from([(LLTO, LLTO_STATES), (NATO, NATO_STATES)]))
def test_every_scheme_is_neutral_and_keeps_the_sites(name, units, parent):
    roles, states = parent
    scheme, (dopant, charge) = SCHEMES[name], dopant_of(name)
    count = units * scheme.n_dopants
    changes = apply_scheme(
        scheme, dopant, dopant_charge=charge, count=count, roles=roles, states=states
    )
    charges = {**states, dopant: charge, VACANCY_A: 0}
    assert sum(n * charges[element] for element, n in changes.items()) == 0
    on_a = (*roles.A, VACANCY_A, *((dopant,) if scheme.dopant_site == "A" else ()))
    on_b = (*roles.B, *((dopant,) if scheme.dopant_site == "B" else ()))
    assert sum(changes.get(element, 0) for element in on_a) == 0
    assert sum(changes.get(element, 0) for element in on_b) == 0
    assert changes[dopant] == count
    assert gcd(scheme.n_dopants, *scheme.changes.values()) == 1  # the smallest whole numbers


@pytest.mark.parametrize("name", SCHEMES)
@given(x=st.fractions(Fraction(1, 100), Fraction(16, 100)), t=st.fractions(0, Fraction(1, 50)))
def test_the_neutrality_equation_of_llto_holds_for_every_scheme(name, x, t):
    """a + 3b + 2s - y - 2 + 2 delta = 0 per ABO3, from a = 3x, b = 2/3 - x, v = 1/3 - 2x."""
    scheme, (dopant, charge) = SCHEMES[name], dopant_of(name)
    unit = apply_scheme(
        scheme, dopant, dopant_charge=charge, count=scheme.n_dopants, roles=LLTO, states=LLTO_STATES
    )
    per_dopant = {element: Fraction(n, scheme.n_dopants) * t for element, n in unit.items()}
    a = 3 * x + per_dopant.get("Li", 0)
    b = Fraction(2, 3) - x + per_dopant.get("La", 0)
    v = Fraction(1, 3) - 2 * x + per_dopant.get(VACANCY_A, 0)
    s, y = per_dopant.get("Sr", 0), per_dopant.get("Al", 0)
    delta = -per_dopant.get("O", 0)
    assert a + 3 * b + 2 * s - y - 2 + 2 * delta == 0
    assert a + b + s + v == 1


# Change of the A vacancies per dopant, from the table of the schemes.
VACANCY_CHANGES = {
    "S1": Fraction(0), "S2": Fraction(-1), "S3": Fraction(0), "S4": Fraction(1),
    "S5": Fraction(-1, 3), "A1": Fraction(-1), "A2": Fraction(0), "A3": Fraction(0),
    "A4": Fraction(-1, 3),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change"), VACANCY_CHANGES.items())
def test_carriers_and_empty_sites_change_as_tabulated(name, change):
    scheme = SCHEMES[name]
    assert Fraction(scheme.changes.get(VACANCY_A, 0), scheme.n_dopants) == change


@pytest.mark.parametrize("name", SCHEMES)
def test_effective_charges_balance_in_every_reaction(name):
    """Kröger-Vink: the effective charges and the sites of both sides are equal."""
    dopant, charge = dopant_of(name)
    reaction = write_reaction(
        SCHEMES[name], dopant, dopant_charge=charge, roles=LLTO, states=LLTO_STATES
    )
    sides = []
    for side in reaction.split(" → "):
        total, sites = 0, {}
        for term in side.split(" + "):
            n, marks, site = re.fullmatch(r"(\d+ )?[A-Z][a-z]?([×•′]+)_(\w+)", term).groups()
            total += int(n or 1) * (marks.count("•") - marks.count("′"))
            sites[site] = sites.get(site, 0) + int(n or 1)
        sides.append((total, sites))
    assert sides[0] == sides[1]
