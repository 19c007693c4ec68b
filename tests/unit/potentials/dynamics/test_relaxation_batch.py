"""Many structures relaxed together end where ASE takes each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.filters import UnitCellFilter
from ase.optimize import FIRE

from perolyte.errors import InputError, PotentialError
from perolyte.potentials.relaxation_batch import relax_batch
from support.md_runs import make_crystal
from support.pair_potential import PairCalculator, PairPotential

SAME_ENERGY_EV_ATOM = 1e-4
FMAX = 0.01


def make_structures():
    """Crystals of several sizes, strained, sheared and rattled, one with a vacancy."""
    rng = np.random.default_rng(4)
    found = []
    for size in ((2, 2, 2), (3, 2, 2), (2, 2, 2), (2, 2, 3)):
        atoms = make_crystal(size=size)
        strain = np.eye(3) + 0.03 * rng.standard_normal((3, 3))
        atoms.set_cell(1.04 * atoms.cell.array @ strain, scale_atoms=True)
        atoms.rattle(0.1, rng=rng)
        found.append(atoms)
    del found[2][10]
    return found


def test_the_test_potential_has_its_derivatives_right():
    atoms = make_structures()[0]
    calculator = PairCalculator(PairPotential())
    atoms.calc = calculator
    forces, stress = atoms.get_forces(), atoms.get_stress(voigt=False)
    step = 1e-5
    for index, axis in ((0, 0), (7, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[index, axis] += sign * step
            moved.calc = calculator
            energies.append(moved.get_potential_energy())
        assert -(energies[0] - energies[1]) / (2 * step) == pytest.approx(
            forces[index, axis], abs=1e-6
        )
    strain = np.zeros((3, 3))
    strain[0, 1] = strain[1, 0] = step
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.set_cell(atoms.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
        moved.calc = calculator
        energies.append(moved.get_potential_energy())
    slope = (energies[0] - energies[1]) / (2 * step) / atoms.get_volume()
    assert slope == pytest.approx(2 * stress[0, 1], abs=1e-6)


@pytest.mark.parametrize("relax_cell", [True, False])
def test_minima_are_those_of_ase(relax_cell):
    structures = make_structures()[::2]
    outcomes = relax_batch(
        PairPotential(), structures, fmax_eV_A=FMAX, relax_cell=relax_cell, max_batch_atoms=1000
    )
    for outcome, structure in zip(outcomes, structures, strict=True):
        assert outcome.converged
        assert outcome.fmax_eV_A <= FMAX
        assert 0 < outcome.n_steps < 200
        atoms = structure.copy()
        atoms.calc = PairCalculator(PairPotential())
        moved = UnitCellFilter(atoms) if relax_cell else atoms
        assert FIRE(moved, logfile=None).run(fmax=FMAX, steps=500)
        per_atom = atoms.get_potential_energy() / len(atoms)
        assert outcome.energy_eV / len(atoms) == pytest.approx(per_atom, abs=SAME_ENERGY_EV_ATOM)
        after = outcome.structure
        after.calc = PairCalculator(PairPotential())
        assert after.get_potential_energy() == pytest.approx(outcome.energy_eV, abs=1e-9)
        assert np.linalg.norm(after.get_forces(), axis=1).max() <= FMAX + 1e-9
        if not relax_cell:
            np.testing.assert_array_equal(after.cell.array, structure.cell.array)


def test_a_batch_is_its_members_and_inputs_stay():
    structures = make_structures()
    before = [atoms.positions.copy() for atoms in structures]
    together = relax_batch(PairPotential(), structures, max_batch_atoms=1000)
    alone = relax_batch(PairPotential(), structures)
    for one, two in zip(together, alone, strict=True):
        assert one.n_steps == two.n_steps
        assert one.energy_eV == pytest.approx(two.energy_eV, abs=1e-9)
    for atoms, positions in zip(structures, before, strict=True):
        np.testing.assert_array_equal(atoms.positions, positions)


def test_pymatgen_structures_keep_what_they_carry():
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = make_structures()[0]
    structure = AseAtomsAdaptor.get_structure(atoms)
    structure.add_site_property("tag", list(range(len(structure))))
    outcome = relax_batch(PairPotential(), [structure])[0]
    assert outcome.structure.site_properties["tag"] == list(range(len(structure)))
    assert outcome.energy_eV == pytest.approx(relax_batch(PairPotential(), [atoms])[0].energy_eV)
    assert outcome.structure.lattice.volume != structure.lattice.volume


def test_too_few_steps_are_told():
    outcome = relax_batch(PairPotential(), make_structures()[:1], fmax_eV_A=1e-6, max_steps=3)[0]
    assert not outcome.converged
    assert outcome.n_steps == 3
    assert "after 3 steps, above 1e-06 eV/Å" in outcome.reason


def test_one_that_is_refused_on_the_way_does_not_stop_the_others():
    class Picky(PairPotential):
        def _evaluate_one(self, positions, cell, numbers):
            if len(positions) == 31 and self.n_evaluations > 5:
                raise PotentialError("atoms 3 and 5 overlap")
            return super()._evaluate_one(positions, cell, numbers)

    outcomes = relax_batch(Picky(), make_structures(), max_batch_atoms=1000)
    assert [outcome.converged for outcome in outcomes] == [True, True, False, True]
    assert outcomes[2].reason == "atoms 3 and 5 overlap"
    assert np.isnan(outcomes[2].energy_eV)


def test_bad_input_is_refused():
    potential = PairPotential()
    with pytest.raises(InputError, match="no structures"):
        relax_batch(potential, [])
    with pytest.raises(InputError, match="fmax_eV_A is 0"):
        relax_batch(potential, make_structures(), fmax_eV_A=0.0)
    with pytest.raises(InputError, match="max_steps is -1"):
        relax_batch(potential, make_structures(), max_steps=-1)
    broken = make_structures()[:2]
    broken[1].positions[0] = np.nan
    with pytest.raises(InputError, match="structure 1 cannot be evaluated: positions are not"):
        relax_batch(potential, broken, max_batch_atoms=1000)


def test_short_memory_halves_the_batch():
    potential = PairPotential()
    usual = potential.evaluate

    def run_short(batch, positions, **kwargs):
        if batch.n_systems > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return usual(batch, positions, **kwargs)

    potential.evaluate = run_short
    outcomes = relax_batch(potential, make_structures(), max_batch_atoms=1000)
    assert all(outcome.converged for outcome in outcomes)
