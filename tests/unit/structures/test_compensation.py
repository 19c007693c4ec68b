"""Compensation schemes as data: names, divisibility, roles and refusals."""

from __future__ import annotations

import pytest

from perolyte.errors import InputError
from perolyte.structures import (
    SCHEMES,
    VACANCY_A,
    SiteRoles,
    apply_scheme,
    find_neutral_schemes,
    get_scheme,
    resolve_roles,
    write_reaction,
)


def test_divisibility_of_the_named_schemes():
    assert {name: scheme.n_dopants for name, scheme in SCHEMES.items()} == {
        "S1": 2, "S2": 1, "S3": 2, "S4": 1, "S5": 3, "A1": 1, "A2": 2, "A3": 2, "A4": 3,
    }  # fmt: skip
    assert all(
        scheme.source == "derivation" or scheme.source.startswith("10.")
        for scheme in SCHEMES.values()
    )


@pytest.mark.parametrize(
    ("name", "dopant", "charge", "count", "expected"),
    [
        ("S1", "Sr", 2, 4, {"Sr": 4, "La": -4, "O": -2}),
        ("S3", "Ba", 2, 2, {"Ba": 2, "La": -1, "Li": -1}),
        ("S4", "Sr", 2, 1, {"Sr": 1, "Li": -2, VACANCY_A: 1}),
        ("S5", "Sr", 2, 3, {"Sr": 3, "La": -2, VACANCY_A: -1}),
        ("A1", "Al", 3, 1, {"Al": 1, "Ti": -1, "Li": 1, VACANCY_A: -1}),
        ("A2", "Al", 3, 2, {"Al": 2, "Ti": -2, "La": 1, "Li": -1}),
        ("A4", "Al", 3, 3, {"Al": 3, "Ti": -3, "La": 1, VACANCY_A: -1}),
    ],
)
def test_changes_in_llto(name, dopant, charge, count, expected, llto_site_roles, llto_states):
    changes = apply_scheme(
        get_scheme(name), dopant, dopant_charge=charge, count=count,
        roles=llto_site_roles, states=llto_states,
    )  # fmt: skip
    assert changes == expected


def test_wrong_charge_names_the_schemes_that_fit(llto_site_roles, llto_states):
    with pytest.raises(InputError) as caught:
        apply_scheme(get_scheme("S1"), "Al", dopant_charge=3, count=2, roles=llto_site_roles,
                     states=llto_states)  # fmt: skip
    message = str(caught.value)
    assert "Al3+ on La3+" in message
    assert "A1, A2, A3, A4" in message
    assert "+2" in message


def test_wrong_count_names_the_nearest(llto_site_roles, llto_states):
    with pytest.raises(InputError, match="nearest are 3 and 6"):
        apply_scheme(get_scheme("S5"), "Sr", dopant_charge=2, count=4, roles=llto_site_roles,
                     states=llto_states)  # fmt: skip


def test_neutral_schemes_by_charge(llto_site_roles, llto_states):
    def find(charge):
        return find_neutral_schemes(charge, roles=llto_site_roles, states=llto_states)

    assert find(2) == ("S1", "S2", "S3", "S4", "S5")
    assert find(3) == ("A1", "A2", "A3", "A4")
    assert find(4) == ()


def test_a_parent_without_host_offers_the_schemes_without_it():
    roles = resolve_roles({"A": ["Na"], "B": "Nb", "X": ["O"]}, {"Na": 1, "Nb": 5, "O": -2})
    states = {"Na": 1, "Nb": 5, "O": -2}
    assert (roles.mobile, roles.host) == ("Na", None)
    assert find_neutral_schemes(2, roles=roles, states=states) == ("S4",)
    assert find_neutral_schemes(4, roles=roles, states=states) == ("A1", "A3")
    with pytest.raises(InputError, match="needs a host ion"):
        apply_scheme(get_scheme("S1"), "Sr", dopant_charge=2, count=2, roles=roles, states=states)


def test_reaction_follows_the_reference_state(llto_site_roles, llto_states):
    reaction = write_reaction(get_scheme("A1"), "Al", dopant_charge=3, roles=llto_site_roles,
                              states=llto_states)  # fmt: skip
    assert reaction == "Ti×_Ti + V′′_A → Al′_Ti + Li′_A"


def test_roles_are_checked():
    states = {"Li": 1, "La": 3, "Ti": 4, "O": -2}
    for roles, part in [
        ({"A": ["Li"], "B": ["Ti"]}, "at least one element"),
        ({"A": ["Li", "Ti"], "B": ["Ti"], "X": ["O"]}, "two roles"),
        ({"A": ["Li"], "B": ["Ti"], "X": ["O"], "C": ["N"]}, "unknown role"),
        ({"A": ["Li", "Na"], "B": ["Ti"], "X": ["O"]}, "Na"),
        ({"A": ["Li"], "B": ["Ti"], "X": ["O"], "mobile": "La"}, "mobile ion La"),
    ]:
        with pytest.raises(InputError, match=part):
            resolve_roles(roles, states)
    with pytest.raises(InputError, match="unknown compensation scheme"):
        get_scheme("S9")


def test_given_roles_are_kept():
    states = {"Li": 1, "Na": 1, "La": 3, "Ti": 4, "O": -2}
    roles = resolve_roles(
        {"A": ["Li", "Na", "La"], "B": ["Ti"], "X": ["O"], "mobile": "Li"}, states
    )
    assert (roles.mobile, roles.host) == ("Li", "La")
    ambiguous = resolve_roles(SiteRoles(A=("Li", "Na"), B=("Ti",), X=("O",)), states)
    assert ambiguous.mobile is None
