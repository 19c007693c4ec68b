"""Dopings of an ordered parent: what is built, what is recorded, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.structures import Doping, enumerate_dopings
from perolyte.structures._counting import reach_count

QUICKSTART = [
    Doping("Sr", "S3", count=2),
    Doping("Ba", "S3", count=2),
    Doping("Al", "A1", count=1),
    Doping("Al", "A2", count=2),
]


@pytest.fixture
def dope(ordered_llto, llto_roles):
    def _dope(*dopings, **changes):
        arguments = {
            "roles": llto_roles,
            "vacancy_sites_frac": ordered_llto.vacancy_sites_frac,
            "n_samples": 60,
            "seed": 5,
        }
        return enumerate_dopings(ordered_llto.structure, list(dopings), **(arguments | changes))

    return _dope


def test_the_quickstart_dopings(dope):
    results = dope(*QUICKSTART)
    assert [r.name for r in results] == ["Sr2-S3", "Ba2-S3", "Al1-A1", "Al2-A2"]
    assert [r.structure.composition.get_el_amt_dict() for r in results] == [
        {"Li": 2, "La": 6, "Sr": 2, "Ti": 12, "O": 36},
        {"Li": 2, "La": 6, "Ba": 2, "Ti": 12, "O": 36},
        {"Li": 4, "La": 7, "Ti": 11, "Al": 1, "O": 36},
        {"Li": 2, "La": 8, "Ti": 10, "Al": 2, "O": 36},
    ]
    assert [len(r.vacancy_sites_frac) for r in results] == [2, 2, 1, 2]
    assert all(r.structure.is_ordered and r.structure.charge == 0 for r in results)
    assert all(r.warnings == () and r.rank == 0 for r in results)
    assert "→" in results[0].reaction


def test_a_doping_does_not_depend_on_its_neighbours_in_the_list(dope):
    alone = dope(QUICKSTART[2])[0]
    among = dope(*reversed(QUICKSTART))[1]
    assert among.name == alone.name
    assert among.structure == alone.structure
    assert among.ewald_energy_eV == alone.ewald_energy_eV


def test_another_seed_draws_other_arrangements(dope):
    doping = Doping("Ca", "S1", count=2)
    energies = {dope(doping, seed=seed, n_samples=3)[0].ewald_energy_eV for seed in range(4)}
    assert len(energies) > 1


def test_no_site_is_taken_twice(dope):
    for result in dope(*QUICKSTART, Doping("Ca", "S4", count=1), Doping("Ga", "A3", count=2)):
        distances_A = result.structure.distance_matrix
        assert np.min(distances_A[np.triu_indices(len(distances_A), 1)]) > 1.5
        others = ("Ti", "Al", "Ga", "O")
        ions = [s.frac_coords for s in result.structure if s.specie.symbol not in others]
        all_a = np.vstack([ions, result.vacancy_sites_frac])
        assert len(all_a) == 12
        assert np.allclose(all_a * [2, 2, 3], np.round(all_a * [2, 2, 3]))


def test_n_keep_gives_different_energies_in_order(dope):
    kept = dope(Doping("Al", "A2", count=2), n_keep=4)
    assert [r.name for r in kept] == ["Al2-A2", "Al2-A2-r1", "Al2-A2-r2", "Al2-A2-r3"]
    energies = [r.ewald_energy_eV for r in kept]
    assert energies == sorted(set(energies))
    few = dope(Doping("Ca", "S4", count=1), n_keep=50)
    assert len(few) < 50
    assert "arrangements of different energy" in few[0].warnings[0]


@pytest.mark.parametrize(
    ("basis", "fraction", "count"),
    [
        ("A_sites", 2 / 12, 2),
        ("B_sites", 4 / 12, 4),
        ("element", 2 / 7, 2),
        ("formula_unit", 0.5, 6),
    ],
)
def test_fractions_count_what_their_basis_says(dope, basis, fraction, count):
    result = dope(Doping("Sr", "S3", fraction=fraction, basis=basis))[0]
    assert result.dopant_count == count
    assert result.achieved_fraction == pytest.approx(fraction)
    assert result.requested_fraction == fraction
    assert result.warnings == ()


def test_the_achieved_fraction_is_recorded_when_it_differs(dope):
    result = dope(Doping("Sr", "S3", fraction=0.2, basis="element"))[0]
    assert result.achieved_fraction == pytest.approx(2 / 7)
    assert "0.2857" in result.warnings[0]


@pytest.mark.parametrize(
    ("dopings", "changes", "parts"),
    [
        ([Doping("Mn", "A1", count=1)], {}, ["Mn", "oxidation_state"]),
        ([Doping("La", "S3", count=2)], {}, ["La", "already an element"]),
        ([Doping("Al", "S1", count=2)], {}, ["Al3+ on La3+", "A1, A2, A3, A4"]),
        ([Doping("Zr", "A1", count=1)], {}, ["Zr4+", "no named scheme"]),
        ([Doping("Sr", "S3", count=3)], {}, ["multiple of 2", "2 and 4"]),
        ([Doping("Sr", "S3", count=8)], {}, ["up to 6", "3 Li"]),
        ([Doping("Al", "A1", count=3)], {}, ["up to 2", "2 empty A sites"]),
        ([Doping("Al", "A4", count=3)], {"vacancy_sites_frac": np.empty((0, 3))},
         ["1 empty A sites", "has 0"]),
        ([Doping("Sr", "S3", fraction=0.01, basis="element")], {}, ["0.01", "0.2857 (2 Sr)"]),
        ([Doping("Sr", "S3", fraction=1.0, basis="A_sites")], {}, ["0.5000 (6 Sr)"]),
        ([Doping("Sr", "S1", count=2)], {"roles": {"A": ["Li"], "B": ["Ti"], "X": ["O"]}},
         ["S1", "host"]),
        ([Doping("Sr", "S3", count=2), Doping("Sr", "S3", fraction=0.2, basis="A_sites")], {},
         ["Sr2-S3", "same cell"]),
        ([Doping("Sr", "S3", count=2)], {"n_keep": 0}, ["n_keep"]),
        ([Doping("Sr", "S3", count=2)], {"seed": -1}, ["seed"]),
    ],
)  # fmt: skip
def test_impossible_dopings_are_refused_in_one_line(dope, dopings, changes, parts):
    with pytest.raises(InputError) as caught:
        dope(*dopings, **changes)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"element": "Qq", "scheme": "S3", "count": 2}, "no chemical element"),
        ({"element": "Sr", "scheme": "S9", "count": 2}, "S1, S2"),
        ({"element": "Sr", "scheme": "S3"}, "exactly one"),
        ({"element": "Sr", "scheme": "S3", "count": 2, "fraction": 0.1}, "exactly one"),
        ({"element": "Sr", "scheme": "S3", "fraction": 0.1}, "basis"),
        ({"element": "Sr", "scheme": "S3", "fraction": 1.1, "basis": "A_sites"}, "1.1"),
        ({"element": "Sr", "scheme": "S3", "fraction": float("nan"), "basis": "A_sites"}, "nan"),
        ({"element": "Sr", "scheme": "S3", "count": 2, "basis": "A_sites"}, "leave basis out"),
    ],
)
def test_a_doping_that_says_nonsense_cannot_be_made(arguments, part):
    with pytest.raises(InputError, match=part):
        Doping(**arguments)


def test_the_parent_must_be_ordered_decorated_and_neutral(cubic_llto, ordered_llto, llto_roles):
    arguments = {"roles": llto_roles, "vacancy_sites_frac": np.empty((0, 3))}
    with pytest.raises(InputError, match="order it first"):
        enumerate_dopings(cubic_llto, QUICKSTART, **arguments)
    bare = ordered_llto.structure.copy()
    bare.remove_oxidation_states()
    with pytest.raises(InputError, match="decorate"):
        enumerate_dopings(bare, QUICKSTART, **arguments)
    charged = ordered_llto.structure.copy()
    charged.remove_sites([0])
    with pytest.raises(InputError, match="net charge"):
        enumerate_dopings(charged, QUICKSTART, **arguments)


@pytest.mark.parametrize(
    ("fraction", "n_basis", "step", "max_count", "count"),
    [(0.25, 12, 2, 12, 4), (0.0833, 12, 1, 12, 1), (0.04, 12, 1, 12, None), (0.9, 12, 2, 8, None),
     (1.0, 7, 2, 8, 8)],
)  # fmt: skip
def test_reach_count(fraction, n_basis, step, max_count, count):
    assert reach_count(fraction, n_basis=n_basis, step=step, max_count=max_count) == count
