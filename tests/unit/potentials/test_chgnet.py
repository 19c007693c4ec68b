"""The CHGNet calculator: what it takes, what it refuses, what it gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import PropertyNotImplementedError

from perolyte.errors import PotentialError
from perolyte.potentials.chgnet import ChgnetCalculator, choose_device, load_chgnet

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


def test_devices():
    assert choose_device("cpu") == "cpu"
    assert choose_device() == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(PotentialError, match="'quantum' is unknown to torch") as caught:
        choose_device("quantum")
    one_line(caught)


@needs_no_gpu
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_without_a_gpu(device):
    with pytest.raises(PotentialError, match="sees no GPU here; use 'cpu'") as caught:
        ChgnetCalculator(device=device)
    assert repr(device) in one_line(caught)


def test_unknown_weights():
    with pytest.raises(PotentialError, match=r"'9\.9' are not in the installed") as caught:
        load_chgnet("9.9")
    one_line(caught)


@pytest.mark.slow
def test_weights_are_loaded_once_and_frozen(calculator):
    assert ChgnetCalculator(device="cpu", stress=False).model is calculator.model
    assert not any(parameter.requires_grad for parameter in calculator.model.parameters())


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (Atoms("Li", cell=[20] * 3, pbc=True), "Li has no neighbour within 6 Å"),
        (Atoms("HCm", [[0, 0, 0], [0, 0, 2]], cell=[5] * 3, pbc=True), "atomic number 96"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 0]], cell=[5] * 3, pbc=True), "non-finite"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, np.nan]], cell=[5] * 3, pbc=True), "finite positions"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 2.5]]), "three lattice vectors"),
    ],
)
def test_what_it_refuses(calculator, atoms, expected):
    atoms.calc = calculator
    with pytest.raises(PotentialError, match=expected) as caught:
        atoms.get_potential_energy()
    one_line(caught)
