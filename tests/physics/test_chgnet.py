"""CHGNet as implemented here against the chgnet package, and against its own finite differences.

Tolerances: the network computes in float32, whose resolution at 10 eV per atom is 1e-6 eV; sums
over neighbours in another order move forces by some 1e-5 eV/Å.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.potentials.chgnet import ChgnetCalculator
from perolyte.potentials.chgnet_network import read_weights
from perolyte.structures import build_ordered_parent, read_structure
from support.stock_chgnet import StockChgnet

ENERGY_EV_ATOM = 2e-6
FORCE_EV_A = 1e-4
STRESS_EV_A3 = 1e-5

pytestmark = [
    pytest.mark.slow,
    # the chgnet package reads the cell volume off a tensor with a gradient
    pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad:UserWarning"),
]


@pytest.fixture(scope="module")
def calculator() -> ChgnetCalculator:
    return ChgnetCalculator(device="cpu")


@pytest.fixture(scope="module")
def stock() -> StockChgnet:
    """The network as the package loads it, with its own training graph, in float64."""
    return StockChgnet()


def read(repository: Path, name: str) -> Structure:
    return read_structure(repository / "examples" / "structures" / name).structure


def rattle(structure: Structure, distance_A: float) -> Structure:
    moved = structure.copy()
    moved.perturb(distance_A, min_distance=0.0, seed=1)
    return moved


@pytest.fixture(scope="module")
def structures(repository: Path) -> dict[str, Structure]:
    """Perovskites, an antiperovskite, a binary oxide; strained, rattled, with vacancies."""
    titanate = read(repository, "srtio3.cif")
    llto = build_ordered_parent(
        read(repository, "llto_cubic.cif"), supercell=(2, 2, 2), n_samples=5, seed=1
    ).structure
    llto.remove_oxidation_states()
    vacant = titanate.copy() * (2, 2, 2)
    vacant.remove_sites([next(i for i, site in enumerate(vacant) if site.specie.symbol == "O")])
    sheared = read(repository, "li3ocl.cif").apply_strain([0.02, -0.03, 0.01], inplace=False)
    magnesia = AseAtomsAdaptor.get_structure(bulk("MgO", "rocksalt", a=4.2))
    return {
        "SrTiO3": titanate,
        "SrTiO3 with a vacancy": rattle(vacant, 0.05),
        "ordered LLTO": llto,
        "rattled LLTO": rattle(llto, 0.15),
        "strained Li3OCl": rattle(sheared, 0.1),
        "primitive MgO": magnesia,
    }


@pytest.mark.parametrize(
    "name",
    [
        "SrTiO3",
        "SrTiO3 with a vacancy",
        "ordered LLTO",
        "rattled LLTO",
        "strained Li3OCl",
        "primitive MgO",
    ],
)
def test_agrees_with_the_package(calculator, stock, structures, name):
    atoms = AseAtomsAdaptor.get_atoms(structures[name])
    expected = stock.predict(atoms)
    atoms.calc = calculator
    assert atoms.get_potential_energy() / len(atoms) == pytest.approx(
        expected["energy_eV_atom"], abs=ENERGY_EV_ATOM
    )
    assert atoms.get_forces() == pytest.approx(expected["forces_eV_A"], abs=FORCE_EV_A)
    stress = atoms.get_stress(voigt=False)
    assert stress == pytest.approx(expected["stress_eV_A3"], abs=STRESS_EV_A3)


@pytest.fixture(scope="module")
def distorted(repository: Path) -> Atoms:
    """A cell with forces and stresses of every kind."""
    atoms = AseAtomsAdaptor.get_atoms(read(repository, "srtio3.cif"))
    deformation = np.array([[1.02, 0.01, 0.0], [0.0, 0.99, 0.02], [0.0, 0.0, 1.01]])
    atoms.set_cell(atoms.cell @ deformation, scale_atoms=True)
    atoms.rattle(0.1, seed=2)
    return atoms


def test_forces_are_the_gradient_of_the_energy(calculator, distorted):
    """Central differences of 5e-3 Å: their own error is some 1e-3 eV/Å, float32 adds as much."""
    step_A = 5e-3
    distorted.calc = calculator
    forces = distorted.get_forces()
    assert np.abs(forces).max() > 0.5, "there is something to differentiate"
    for atom, axis in [(0, 0), (1, 2), (2, 1), (4, 0)]:
        energies = []
        for sign in (1, -1):
            moved = distorted.copy()
            moved.positions[atom, axis] += sign * step_A
            moved.calc = calculator
            energies.append(moved.get_potential_energy())
        difference = -(energies[0] - energies[1]) / (2 * step_A)
        assert forces[atom, axis] == pytest.approx(difference, abs=5e-3, rel=5e-3)


def test_stress_is_the_derivative_by_strain(calculator, distorted):
    step = 2e-3
    distorted.calc = calculator
    stress = distorted.get_stress(voigt=False)
    for row, column in [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2)]:
        energies = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[row, column] += sign * step / 2
            strain[column, row] += sign * step / 2
            moved = distorted.copy()
            moved.set_cell(moved.cell @ (np.eye(3) + strain), scale_atoms=True)
            moved.calc = calculator
            energies.append(moved.get_potential_energy())
        difference = (energies[0] - energies[1]) / (2 * step * distorted.get_volume())
        assert stress[row, column] == pytest.approx(difference, abs=3e-4, rel=1e-2)


def test_forces_and_energy_do_not_depend_on_where_the_cell_starts(calculator, distorted):
    """Translation by any vector and wrapping; atoms keep their order."""
    moved = distorted.copy()
    moved.translate([1.3, -2.1, 7.7])
    moved.wrap()
    energies, forces = [], []
    for atoms in (distorted, moved):
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy() / len(atoms))
        forces.append(atoms.get_forces())
    assert energies[0] == pytest.approx(energies[1], abs=ENERGY_EV_ATOM)
    assert forces[0] == pytest.approx(forces[1], abs=FORCE_EV_A)
    assert forces[0].sum(axis=0) == pytest.approx(np.zeros(3), abs=FORCE_EV_A)


def test_weights_are_those_of_the_package(calculator, stock):
    """Every number of the network is taken over, but for the angle update that nothing reads."""
    weights = read_weights(stock.model.float().state_dict(), stock.model.model_args)
    own = calculator.engine.weights
    assert torch.equal(own.embedding, weights.embedding)
    assert torch.equal(own.references_eV, weights.references_eV)
    n_unused = sum(parameter.numel() for parameter in stock.model.angle_layers[-1].parameters())
    assert count_numbers(own) == stock.model.n_params - n_unused


def count_numbers(weights: Any) -> int:
    if isinstance(weights, torch.Tensor):
        return weights.numel()
    if isinstance(weights, tuple):
        return sum(count_numbers(part) for part in weights)
    if is_dataclass(weights):
        return sum(count_numbers(getattr(weights, entry.name)) for entry in fields(weights))
    return 0
