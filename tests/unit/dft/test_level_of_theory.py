from __future__ import annotations

import json
from dataclasses import replace

import pytest

from perolyte.dft.gpaw import GpawSettings
from perolyte.dft.theory import LevelOfTheory, find_conflicts
from perolyte.errors import InputError

LEVEL = GpawSettings().theory
VASP = LevelOfTheory("vasp", "PBE", 520.0, "MP2020", pseudopotentials={"Ti": "Ti_pv", "O": "O"})


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "vasp"},
        {"functional": "PBEsol"},
        {"functional": None},
        {"cutoff_eV": 400.0},
        {"energy_correction": "MP2020"},
        {"pseudopotentials": {"*": "others"}},
        {"options": {"x": 1}},
    ],
)
def test_what_makes_another_level(change):
    other = replace(LEVEL, **change)
    assert other.sha256 != LEVEL.sha256
    (line,) = find_conflicts([("a", LEVEL), ("b", other), ("c", LEVEL)])
    assert "'b' is" in line
    assert "'a' " in line


def test_numerics_do_not_make_another_level():
    other = replace(LEVEL, numerics={"kpoint_length_A": 20.0})
    assert find_conflicts([("a", LEVEL), ("b", other)]) == []


def test_pseudopotentials_are_compared_by_element():
    other = replace(VASP, pseudopotentials={"Ti": "Ti_sv", "Sr": "Sr_sv"})
    assert other.sha256 == VASP.sha256, "labels of other elements belong to the same set"
    assert find_conflicts([("a", VASP), ("b", other)]) == ["'b' has 'Ti_sv' for Ti and 'a' 'Ti_pv'"]
    assert (
        find_conflicts([("a", VASP), ("b", replace(VASP, pseudopotentials={"Sr": "Sr_sv"}))]) == []
    )


def test_u_on_some_oxides_only_is_what_mp2020_joins():
    iron = {"Fe": "Fe_pv", "O": "O"}
    plain = replace(VASP, pseudopotentials=iron)
    with_u = replace(plain, functional="PBE+U", hubbard_U_eV={"Fe": 5.3})
    assert find_conflicts([("a", plain), ("b", with_u)]) == []
    raw = [
        (name, replace(level, energy_correction=None))
        for name, level in (("a", plain), ("b", with_u))
    ]
    assert find_conflicts(raw) == ["'b' has U = 5.3 eV on Fe and 'a' 0 eV"]


def test_settings_survive_a_document():
    for level in (LEVEL, VASP, LevelOfTheory()):
        stored = json.loads(json.dumps(level.as_settings()))
        assert LevelOfTheory.from_settings(stored) == level


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cutof_eV": 1}, "keys cutof_eV; known are engine"),
        ({"cutoff_eV": "520"}, "cutoff_eV = '520'"),
        ({"pseudopotentials": []}, r"pseudopotentials = \[\]"),
    ],
)
def test_settings_that_are_none(settings, message):
    with pytest.raises(InputError, match=message):
        LevelOfTheory.from_settings(settings)
