"""Vacancies: neutral removals, names, refusals that say what would balance them."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures import SelectionRule, Vacancy, enumerate_vacancies

ROCKSALT = [[0, 0, 0], [0.5, 0.5, 0.5]]


def test_an_oxygen_vacancy_with_two_lithium(ordered_llto):
    result = enumerate_vacancies(ordered_llto.structure, [Vacancy("O", 1, {"Li": 2})])[0]
    assert result.name == "VO1-VLi2"
    assert result.structure.composition.get_el_amt_dict() == {"Li": 1, "La": 7, "Ti": 12, "O": 35}
    assert result.structure.charge == 0
    assert result.reaction == "O×_O + 2 Li×_Li → V••_O + 2 V′_Li"
    assert result.changes == {"O": -1, "Li": -2}
    assert result.achieved_fraction == pytest.approx(1 / 36)
    parent = ordered_llto.structure.frac_coords
    for site in result.removed_sites_frac:
        assert np.min(np.abs(parent - site).sum(axis=1)) < 1e-9
        left = result.structure.frac_coords
        assert np.min(np.abs(left - site).sum(axis=1)) > 1e-3


def test_ranks_and_independence(ordered_llto):
    wanted = [Vacancy("O", 1, {"Li": 2}), Vacancy("La", 2, {"O": 3})]
    rule = SelectionRule(n_keep=2, n_samples=40, max_enumerated=50)
    both = enumerate_vacancies(ordered_llto.structure, wanted, rule=rule, seed=7)
    assert [r.name for r in both] == ["VO1-VLi2", "VO1-VLi2-r1", "VLa2-VO3", "VLa2-VO3-r1"]
    alone = enumerate_vacancies(ordered_llto.structure, wanted[1:], rule=rule, seed=7)
    assert both[2].structure == alone[0].structure
    assert both[0].placement.ewald_energy_eV <= both[1].placement.ewald_energy_eV


def test_every_compensation_by_one_element(ordered_llto):
    made = enumerate_vacancies(ordered_llto.structure, [Vacancy("Li", 2, "all")])
    assert [r.name for r in made] == ["VLi2-VO1"]
    made = enumerate_vacancies(ordered_llto.structure, [Vacancy("O", 1, "all")])
    assert [r.name for r in made] == ["VO1-VLi2"]  # 2 e are no multiple of La3+ or Ti4+
    with pytest.raises(InputError, match="no single element balances; remove 2 Li with 1 O"):
        enumerate_vacancies(ordered_llto.structure, [Vacancy("Li", 1, "all")])


def test_a_frenkel_pair_at_every_distance():
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.13), ["Li+", "Cl-"], ROCKSALT)
    frenkel = Vacancy("Li", 1, interstitials={"Li": 1}, pair=("vacancy_Li", "interstitial"))
    made = enumerate_vacancies(cell * (2, 2, 2), [frenkel])
    assert made[0].name == "VLi1-Lii1-n1"
    assert made[0].reaction == "Li×_Li + V×_i → V′_Li + Li•_i"
    assert made[0].changes == {"Li": 0}
    assert all(len(r.structure) == 64 and r.structure.charge == 0 for r in made)
    distances_A = [r.placement.pair.distance_A for r in made]
    # the voids of rock salt are the centres of the eight small cubes
    assert distances_A[0] == pytest.approx(5.13 * 3**0.5 / 4, abs=1e-3)
    assert distances_A == sorted(distances_A)
    assert len(made) == made[0].placement.pair.n_shells > 2


@pytest.mark.parametrize(
    ("vacancies", "parts"),
    [
        ([Vacancy("O", 1)], ["+2 e", "remove also 2 Li"]),
        ([Vacancy("Li", 1)], ["-1 e", "2 Li with 1 O"]),
        ([Vacancy("O", 2, {"Li": 1})], ["+3 e", "1 La or 3 Li"]),
        ([Vacancy("Li", 4, {"O": 2})], ["4 Li", "has 3"]),
        ([Vacancy("F", 1)], ["no F in the cell", "Li, La, Ti, O"]),
        ([Vacancy("O", 36, {"Ti": 12, "La": 7, "Li": 3})], ["removes every atom"]),
        ([Vacancy("O", 1, {"Li": 2})] * 2, ["VO1-VLi2", "twice"]),
        ([Vacancy("Li", 1, interstitials={"Na": 1})], ["Na", "no element of the parent"]),
        ([Vacancy("Li", 1, interstitials={"La": 1})], ["+2 e"]),
    ],
)
def test_impossible_removals_are_refused(ordered_llto, vacancies, parts):
    with pytest.raises(InputError) as caught:
        enumerate_vacancies(ordered_llto.structure, vacancies)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("O", 0), "0"),
        (("Qq", 1), "no chemical element"),
        (("O", 1, {"O": 1}), "removes O too"),
        (("O", 1, {"Li": 1.5}), "1.5"),
        (("O", 1, "some"), "allowed are 'all'"),
        (("O", 1, "all", {"Li": 1}), "exclude each other"),
        (("O", 1, {}, {}, ("O",)), "two defects"),
    ],
)
def test_a_vacancy_that_says_nonsense_cannot_be_made(arguments, part):
    with pytest.raises(InputError, match=part):
        Vacancy(*arguments)
