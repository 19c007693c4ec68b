from __future__ import annotations

import csv
from pathlib import Path

import pytest

from perolyte.bvse import list_pairs, morse_parameters
from perolyte.bvse.parameters import find_covalent_radius, find_quantum_number
from perolyte.errors import InputError

ROUNDING = 2e-5
"""The tabulated depths have six digits and come from a rounded constant, 14.4 eV Å."""


@pytest.mark.parametrize(
    ("cation", "anion", "r_min_A", "alpha_per_A", "d0_eV"),
    [
        (("Li", 1), ("O", -2), 1.940013, 1.937984, 0.98816),
        (("Na", 1), ("O", -2), 2.374335, 2.074689, 0.575227),
        (("La", 3), ("O", -2), 2.469886, 2.217295, 1.185874),
        (("Ti", 4), ("O", -2), 1.83144, 1.988072, 2.813331),
        (("Al", 3), ("O", -2), 1.758058, 2.358491, 1.803461),
        (("Li", 1), ("S", -2), 2.40971, 1.531394, 1.04027),
    ],
)
def test_published_values(cation, anion, r_min_A, alpha_per_A, d0_eV):
    pair = morse_parameters(*cation, *anion)
    assert (pair.r_min_A, pair.alpha_per_A) == (r_min_A, alpha_per_A)
    assert pair.d0_eV == pytest.approx(d0_eV, abs=ROUNDING)


def test_bond_length_of_lithium_oxide():
    assert morse_parameters("Li", 1, "O", -2).r0_A == 1.17096


def test_usable_pairs_are_physical():
    pairs = [pair for pair in list_pairs() if pair.is_usable]
    assert all(pair.cation_charge > 0 > pair.anion_charge for pair in pairs)
    assert all(1.0 < pair.r_min_A < 4.5 and 1.0 < pair.alpha_per_A < 3.5 for pair in pairs)
    assert all(0.05 < pair.d0_eV < 10.0 for pair in pairs)


def test_rows_of_negative_softness_are_not_usable():
    unusable = [pair for pair in list_pairs() if not pair.is_usable]
    assert not morse_parameters("Mg", 2, "Te", -2).is_usable
    assert {pair.cation for pair in unusable}.isdisjoint({"Li", "Na", "K", "Ag"})
    assert "O" not in {pair.anion for pair in unusable}


@pytest.mark.shared_data
def test_closed_form_gives_every_tabulated_depth(shared_data: Path):
    with (shared_data / "bvse_reference" / "bvlain_parameters.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 591
    for row in rows:
        pair = morse_parameters(
            row["cation"], int(row["cation_charge"]), row["anion"], int(row["anion_charge"])
        )
        assert pair.d0_eV == pytest.approx(float(row["d0_eV"]), abs=ROUNDING), row
        assert pair.r0_A == float(row["r0_A"])
        assert pair.r_min_A == float(row["r_min_A"])
        assert pair.alpha_per_A == float(row["alpha_per_A"])


def test_wrong_charge_names_the_charges_there_are():
    with pytest.raises(InputError, match=r"Ti\+5 with O-2; tabulated are .*Ti\+4 with O-2"):
        morse_parameters("Ti", 5, "O", -2)


def test_fractional_charge_is_not_rounded():
    with pytest.raises(InputError, match=r"Fe\+2.5 with O-2"):
        morse_parameters("Fe", 2.5, "O", -2)


def test_pair_without_any_parameters_names_the_anions_there_are():
    with pytest.raises(InputError, match=r"Li\+1 with P-3; anions tabulated with Li are Br, Cl"):
        morse_parameters("Li", 1, "P", -3)


def test_stretched_bond_has_a_shallower_well():
    pair = morse_parameters("Li", 1, "O", -2)
    stretched = pair.scaled(1.1)
    assert stretched.r_min_A == pytest.approx(1.1 * pair.r_min_A)
    assert stretched.r0_A == pytest.approx(1.1 * pair.r0_A)
    assert stretched.d0_eV == pytest.approx(pair.d0_eV / 1.1)


@pytest.mark.parametrize(
    ("element", "number"),
    [("H", 1), ("Li", 2), ("Ne", 2), ("Ti", 4), ("La", 6), ("Lu", 6), ("U", 7)],
)
def test_quantum_number(element, number):
    assert find_quantum_number(element) == number


@pytest.mark.parametrize(("element", "radius_A"), [("O", 0.66), ("Ti", 1.60), ("Fe", 1.32)])
def test_covalent_radius_is_of_cordero(element, radius_A):
    assert find_covalent_radius(element) == radius_A


def test_no_radius_is_an_error():
    with pytest.raises(InputError, match="Og has no covalent radius"):
        find_covalent_radius("Og")
    with pytest.raises(InputError, match="'Xx' is no chemical element"):
        find_quantum_number("Xx")
