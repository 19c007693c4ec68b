"""Checks of potentials whose answers are known beforehand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.potentials import PotentialSpec
from perolyte.potentials.ase_adapter import AseBatchPotential
from perolyte.potentials.validation import (
    BandSettings,
    DynamicsSettings,
    Reference,
    check_barrier,
    check_conservation,
    check_elasticity,
    check_equation_of_state,
    find_barrier,
)
from perolyte.units import EV_PER_A3_TO_GPA
from support.known_landscapes import DoubleWell, Springs

COPPER = AseAtomsAdaptor.get_structure(bulk("Cu", cubic=True))


def emt() -> AseBatchPotential:
    return AseBatchPotential(EMT(), PotentialSpec("ase.calculators.emt.EMT"))


def emt_energy(deformation: np.ndarray, a_A: float) -> float:
    """Energy of four copper atoms in a deformed cube, by ASE alone."""
    atoms = bulk("Cu", cubic=True, a=a_A)
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.calc = EMT()
    return float(atoms.get_potential_energy())


@cache
def copper_by_hand() -> tuple[float, float, float, float]:
    """Lattice parameter (Å), C11, C12 and C44 (GPa) from second differences of energies."""
    lengths = np.linspace(3.56, 3.62, 13)
    fit = np.polyfit(lengths, [emt_energy(np.eye(3), a) for a in lengths], 4)
    roots = np.roots(np.polyder(fit))
    real = roots[np.abs(roots.imag) < 1e-9].real
    a = float(real[np.argmin(np.abs(real - 3.59))])

    def curvature(strain: np.ndarray) -> float:
        e = 2e-3
        plus, zero, minus = (emt_energy(np.eye(3) + x * strain, a) for x in (e, 0.0, -e))
        return (plus - 2 * zero + minus) / e**2 / a**3 * EV_PER_A3_TO_GPA

    c11 = curvature(np.diag([1.0, 0, 0]))
    both = curvature(np.diag([1.0, 1.0, 0]))  # 2 C11 + 2 C12
    shear = np.zeros((3, 3))
    shear[0, 1] = shear[1, 0] = 0.5  # engineering shear of 1: C44
    return a, c11, both / 2 - c11, curvature(shear)


def test_the_equation_of_state_of_copper_is_that_of_its_energies():
    a, c11, c12, _ = copper_by_hand()
    found = check_equation_of_state(emt(), COPPER, subject="Cu")
    volume, modulus = found.find("V0"), found.find("B0")
    assert found.verdict == "pass"
    assert volume.value == pytest.approx(a**3, rel=1e-3)
    # a fit over 12 % of volume is not the curvature at one point
    assert modulus.value == pytest.approx((c11 + 2 * c12) / 3, rel=0.03)
    assert 0 < modulus.error < 0.05 * modulus.value
    assert 0 < volume.error < 1e-3 * volume.value
    assert modulus.verdict is None, "nothing was there to judge it by"
    assert len(found.curves["volume (Å³)"]) == len(found.curves["energy (eV)"]) == 7


def test_elastic_constants_of_copper_are_those_of_its_energies():
    _, c11, c12, c44 = copper_by_hand()
    by_hand = {"C11": c11, "C12": c12, "C44": c44}
    constants = {name: Reference(value, "by hand") for name, value in by_hand.items()}
    found = check_elasticity(emt(), COPPER, subject="Cu", constants=constants)
    assert found.verdict == "pass"
    for name, value in by_hand.items():
        # strains of 1 % are not infinitely small
        assert found.find(name).value == pytest.approx(value, rel=0.01)
        assert found.find(name).error < 0.1 * value
    assert found.find("bulk modulus").value == pytest.approx((c11 + 2 * c12) / 3, rel=0.01)
    voigt = (c11 - c12 + 3 * c44) / 5
    reuss = 5 * (c11 - c12) * c44 / (4 * c44 + 3 * (c11 - c12))
    assert found.find("shear modulus").value == pytest.approx((voigt + reuss) / 2, rel=0.01)
    assert found.find("Born stability").value == pytest.approx(min(c11 - c12, c44), rel=0.02)


def test_constants_far_from_the_reference_fail_and_say_by_how_much():
    constants = {name: Reference(100.0, "made up") for name in ("C11", "C12", "C44")}
    found = check_elasticity(emt(), COPPER, subject="Cu", constants=constants)
    assert found.verdict == "fail"
    assert "C11 is" in found.reason
    assert "against 100 GPa" in found.reason


WELL = DoubleWell()


def well_ends() -> tuple[Structure, Structure]:
    def place(s: float) -> Structure:
        first = [5.0 + WELL.w * s, 5.0 + WELL.c * (1 - s * s), 5.0]
        return Structure(
            Lattice.cubic(10.0), ["Li", "La"], [first, [1.0, 1.0, 1.0]], coords_are_cartesian=True
        )

    return place(-0.9), place(0.9)


def known_barriers() -> tuple[float, float]:
    roots = np.sort(np.roots([4 * WELL.h, 0.0, -4 * WELL.h, WELL.t]).real)
    first, saddle, last = (WELL.along(s) for s in roots)
    return saddle - first, saddle - last


@pytest.mark.parametrize("n_images", [1, 4, 5])
def test_a_climbing_band_finds_the_saddle_of_a_double_well(n_images: int):
    forward, reverse = known_barriers()
    settings = BandSettings(n_images=n_images, climbing_fmax_eV_A=0.005, end_fmax_eV_A=0.002)
    found = find_barrier(WELL, *well_ends(), settings)
    assert found.converged
    # the saddle is stationary: an error of the force enters squared
    assert found.forward_eV == pytest.approx(forward, abs=1e-3)
    assert found.reverse_eV == pytest.approx(reverse, abs=1e-3)
    assert found.kinetically_resolved_eV == pytest.approx((forward + reverse) / 2, abs=1e-3)
    assert len(found.energies_eV) == n_images + 2
    assert found.energies_eV[0] == 0.0
    assert np.all(np.diff(found.distances_A) > 0)


def test_all_images_are_evaluated_at_once():
    well = DoubleWell()
    found = find_barrier(well, *well_ends())
    # twice per step at most: the optimizer asks again for the forces it stopped at
    assert well.n_evaluations < 2 * found.n_steps + 120


def test_a_band_that_is_stopped_early_says_so():
    settings = BandSettings(max_steps=2, climbing_fmax_eV_A=1e-6, fmax_eV_A=1e-6, end_fmax_eV_A=0.9)
    found = find_barrier(WELL, *well_ends(), settings)
    assert not found.converged
    assert "after" in found.reason
    outcome = check_barrier(WELL, *well_ends(), subject="well", settings=settings)
    assert outcome.verdict == "fail"
    assert "largest force left" in outcome.reason


def crystal() -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.2), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


def test_springs_conserve_their_energy():
    salt = crystal() * (2, 2, 2)
    settings = DynamicsSettings(time_ps=0.4, time_step_fs=0.5)
    springs = Springs(salt.cart_coords, stiffness_eV_A2=20.0)
    found = check_conservation(springs, salt, subject="s", mobile_ion="Li", settings=settings)
    assert found.verdict == "pass", found.reason
    drift = found.find("drift")
    assert abs(drift.value) < 4 * drift.error
    assert drift.error < 5e-5
    # half of the first kinetic energy is potential energy on average; that of 64 atoms has a
    # standard deviation of sqrt(2/189) of itself
    assert found.find("mean temperature").value == pytest.approx(600.0, rel=0.3)


def test_forces_that_are_no_gradient_make_the_energy_drift():
    salt = crystal()
    settings = DynamicsSettings(time_ps=2.0, temperature_K=300.0)
    pushed = Springs(salt.cart_coords, wrong_eV_A=0.05)
    found = check_conservation(pushed, salt, subject="s", mobile_ion="Li", settings=settings)
    assert found.verdict == "fail"
    assert "drift that the run allows" in found.reason
    assert found.find("drift").value > 1e-4


def test_a_run_that_explodes_fails_and_does_not_raise():
    salt = crystal()
    pushed = Springs(salt.cart_coords, wrong_eV_A=2.0)
    found = check_conservation(pushed, salt, subject="s", mobile_ion="Li")
    assert found.verdict == "fail"
    assert "exploded" in found.reason
    assert found.quantities == ()
