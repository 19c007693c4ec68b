"""The CHGNet calculator: what it takes, what it refuses, what it gives."""

from __future__ import annotations

from pathlib import Path

import chgnet
import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import PropertyNotImplementedError

from perolyte.errors import PotentialError
from perolyte.potentials.chgnet import ChgnetCalculator

needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")


@pytest.fixture(scope="module")
def calculator() -> ChgnetCalculator:
    return ChgnetCalculator(device="cpu")


def rattled() -> Atoms:
    atoms = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    atoms.rattle(0.05, seed=1)
    return atoms


def one_line(error: pytest.ExceptionInfo) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


@needs_no_gpu
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_without_a_gpu(device):
    with pytest.raises(PotentialError, match="sees no GPU here; use 'cpu'") as caught:
        ChgnetCalculator(device=device)
    assert repr(device) in one_line(caught)


def test_unknown_weights():
    with pytest.raises(PotentialError, match=r"'9\.9' are not in the installed") as caught:
        ChgnetCalculator(version="9.9")
    one_line(caught)


def test_weights_are_read_once(calculator):
    again = ChgnetCalculator(device="cpu", stress=False)
    assert again.engine.weights.embedding is calculator.engine.weights.embedding


def test_what_it_gives(calculator):
    atoms = rattled()
    atoms.calc = calculator
    before = calculator.heartbeat.count
    energy = atoms.get_potential_energy()
    assert isinstance(energy, float)
    assert atoms.get_potential_energy(force_consistent=True) == energy
    assert atoms.get_forces().shape == (8, 3)
    assert atoms.get_forces().dtype == np.float64
    assert atoms.get_stress().shape == (6,)
    assert calculator.heartbeat.count == before + 1, "one evaluation gives everything"
    # MgO: -5.9 eV per atom in the Materials Project, with its corrections
    assert -6.6 < energy / 8 < -5.6


def test_without_stress(calculator):
    atoms, plain = rattled(), rattled()
    atoms.calc = calculator
    plain.calc = ChgnetCalculator(device="cpu", stress=False)
    assert plain.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
    # float32: the same numbers added in another order
    assert plain.get_forces() == pytest.approx(atoms.get_forces(), abs=1e-4)
    assert "stress" not in plain.calc.implemented_properties
    assert "stress" in calculator.implemented_properties, "the other keeps its own list"
    assert "stress" not in plain.calc.results
    with pytest.raises(PropertyNotImplementedError):
        plain.get_stress()


def test_magnetic_moments_on_request(calculator):
    """Iron in its oxide has a moment, and asking for it is no second evaluation."""
    atoms = bulk("FeO", "rocksalt", a=4.3)
    atoms.calc = ChgnetCalculator(device="cpu", magmoms=True)
    atoms.get_potential_energy()
    moments = atoms.get_magnetic_moments()
    assert 3.0 < moments[0] < 4.5
    assert moments[1] < 1.0
    assert atoms.calc.heartbeat.count == 1
    atoms.calc = calculator
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_magnetic_moments()


def test_a_checkpoint_and_a_type():
    """The same weights by their path, in float64: the same energy but for rounding."""
    folder = Path(chgnet.__file__).parent / "pretrained" / "0.3.0"
    path = str(next(folder.glob("*.pth.tar")))
    atoms, other = rattled(), rattled()
    atoms.calc = ChgnetCalculator(device="cpu", checkpoint=path, dtype="float64")
    other.calc = ChgnetCalculator(device="cpu")
    assert atoms.get_potential_energy() == pytest.approx(other.get_potential_energy(), abs=2e-5)
    assert atoms.calc.engine.describe()["dtype"] == "float64"


def test_it_follows_atoms_and_cell(calculator):
    """Neighbours are kept between calls; a fresh calculator finds the same."""
    atoms = rattled()
    atoms.calc = calculator
    rng = np.random.default_rng(0)
    for step in range(4):
        atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
        atoms.set_cell(atoms.cell.array * (1 + 0.01 * step), scale_atoms=True)
        fresh = atoms.copy()
        fresh.calc = ChgnetCalculator(device="cpu")
        assert atoms.get_forces() == pytest.approx(fresh.get_forces(), abs=5e-5)


@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (Atoms(), "no atoms"),
        (Atoms("Li", cell=[20] * 3, pbc=True), r"atom 0 \(Li\) has no neighbour within 6 Å"),
        (Atoms("HCm", [[0, 0, 0], [0, 0, 2]], cell=[5] * 3, pbc=True), "atomic number 96"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 0]], cell=[5] * 3, pbc=True), "overlap"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, np.nan]], cell=[5] * 3, pbc=True), "finite positions"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 2.5]]), "three lattice vectors"),
    ],
)
def test_what_it_refuses(calculator, atoms, expected):
    atoms.calc = calculator
    with pytest.raises(PotentialError, match=expected) as caught:
        atoms.get_potential_energy()
    one_line(caught)
