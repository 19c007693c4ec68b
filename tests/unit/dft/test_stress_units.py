from __future__ import annotations

import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.stress import voigt_6_to_full_3x3_stress
from hypothesis import given
from hypothesis import strategies as st

from perolyte.dft.evaluation import as_atoms
from perolyte.dft.stress import (
    find_outer_work_eV,
    find_pressure_GPa,
    stress_from_ase,
    stress_from_vasp_kbar,
    stress_from_virial,
    stress_to_ase,
    stress_to_vasp_kbar,
)
from perolyte.errors import InputError
from support.made_labels import make_metal

GPA_PER_EV_A3 = 160.2176634
numbers = st.lists(st.floats(-100, 100), min_size=6, max_size=6)


@given(numbers)
def test_order_and_unit_are_those_of_ase(voigt):
    expected = voigt_6_to_full_3x3_stress(np.array(voigt)) * GPA_PER_EV_A3
    np.testing.assert_allclose(stress_from_ase(voigt), expected, rtol=1e-12)
    np.testing.assert_allclose(stress_to_ase(stress_from_ase(voigt)), voigt, rtol=1e-12, atol=1e-14)


@given(numbers)
def test_vasp_has_the_other_sign_and_kbar(voigt):
    stress_GPa = stress_from_ase(voigt)
    np.testing.assert_allclose(stress_to_vasp_kbar(stress_GPa), -10 * stress_GPa)
    again = stress_from_vasp_kbar(stress_to_vasp_kbar(stress_GPa))
    np.testing.assert_allclose(again, stress_GPa, rtol=1e-12, atol=1e-12)


def test_a_compressed_cell_has_a_positive_pressure_in_every_convention():
    """The sign is measured on energies: compressing further costs energy."""
    atoms = as_atoms(make_metal())
    atoms.set_cell(atoms.cell * 0.95, scale_atoms=True)
    atoms.calc = EMT()
    smaller = atoms.copy()
    smaller.set_cell(atoms.cell * 0.999, scale_atoms=True)
    smaller.calc = EMT()
    rise = smaller.get_potential_energy() - atoms.get_potential_energy()
    assert rise > 0
    stress_GPa = stress_from_ase(atoms.get_stress())
    pressure = find_pressure_GPa(stress_GPa)
    expected = rise / (atoms.get_volume() - smaller.get_volume()) * GPA_PER_EV_A3
    assert pressure == pytest.approx(expected, rel=0.02)  # a finite step
    assert stress_to_vasp_kbar(stress_GPa)[0, 0] > 0
    virial = -atoms.get_stress(voigt=False) * atoms.get_volume()
    np.testing.assert_allclose(stress_from_virial(virial, atoms.get_volume()), stress_GPa)


def test_work_of_an_outer_pressure():
    """1 kbar is 0.1 GPa; 1 GPa Å3 is 1e-21 J."""
    assert find_outer_work_eV(1.0, 100.0) == pytest.approx(1e8 * 100e-30 / 1.602176634e-19)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (), (3, 3, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match="a stress has shape"):
        stress_from_ase(np.zeros(shape))
