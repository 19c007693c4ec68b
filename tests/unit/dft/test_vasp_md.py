"""Inputs of VASP's dynamics."""

from __future__ import annotations

import pytest

from perolyte.dft.vasp_md import VaspDynamics
from perolyte.errors import InputError
from support.documents import make_structure

SETTINGS = {"temperature_K": 800.0, "time_step_fs": 2.0, "n_steps": 50}


def write(thermostat: str = "nose-hoover", structure=None, **settings):
    generator = VaspDynamics(**settings).build_inputs(**SETTINGS, thermostat=thermostat)
    return generator.get_input_set(structure or make_structure(Li=2, Ti=4, O=9), potcar_spec=True)


def test_the_energy_surface_is_that_of_the_materials_project():
    incar = write()["INCAR"]
    assert (incar["ENCUT"], incar["LASPH"], incar["ISMEAR"]) == (520, True, 0)
    assert "GGA" not in incar, "PBE"
    assert "EDIFF_PER_ATOM" not in incar
    assert incar["EDIFF"] == pytest.approx(15e-5)
    assert write()["POTCAR.spec"].split() == ["Li_sv", "Ti_pv", "O"]


def test_hubbard_u_where_the_materials_project_has_it():
    incar = write(structure=make_structure(Li=1, Co=1, O=2))["INCAR"]
    assert incar["LDAU"]
    assert 3.32 in incar["LDAUU"]


def test_dynamics():
    incar = write()["INCAR"]
    wanted = {"IBRION": 0, "NSW": 50, "POTIM": 2, "TEBEG": 800, "TEEND": 800, "NBLOCK": 1}
    assert {key: incar[key] for key in wanted} == wanted
    assert (incar["MDALGO"], incar["SMASS"], incar["ISIF"], incar["ISYM"]) == (2, 0, 2, 0)
    free = write("none")["INCAR"]
    assert (free["MDALGO"], free["ANDERSEN_PROB"]) == (1, 0.0)
    assert write()["KPOINTS"].kpts == [(1, 1, 1)]


def test_closed_shells_have_one_spin_channel_unless_asked():
    assert write()["INCAR"]["ISPIN"] == 1
    assert "MAGMOM" not in write()["INCAR"]
    assert write(spin_polarized=True)["INCAR"]["ISPIN"] == 2
    assert "MAGMOM" in write(spin_polarized=True)["INCAR"]


def test_tags_that_are_given_stand_above_the_rest():
    made = write(incar={"ENCUT": 600, "ALGO": "VeryFast"}, k_points=(2, 1, 1))
    assert made["INCAR"]["ENCUT"] == 600
    assert made["KPOINTS"].kpts == [(2, 1, 1)]


@pytest.mark.parametrize(
    ("n_steps", "parts"), [(10, [10]), (1000, [500] * 2), (1001, [500, 500, 1])]
)
def test_stretches(n_steps, parts):
    assert VaspDynamics(steps_per_job=500).split(n_steps) == parts


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"incar": {"potim": 1}}, "incar sets POTIM"),
        ({"k_points": (1, 1)}, r"k_points is \[1, 1\]"),
        ({"k_points": (1, 1.5, 1)}, "three whole numbers"),
        ({"steps_per_job": 0}, "steps_per_job is 0"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        VaspDynamics(**settings)
