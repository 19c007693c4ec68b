"""Mean cells at constant pressure."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from scipy.optimize import brentq

from perolyte.errors import ConvergenceError, InputError
from perolyte.potentials.dynamics import equilibrate_cell
from perolyte.potentials.dynamics.mean_cell import estimate_block_error
from support.md_runs import make_crystal
from support.pair_potential import PairCalculator, PairPotential

SHORT = {"n_steps": 700, "n_skipped_steps": 160, "seed": 2, "time_step_fs": 4.0}
GPA = 160.2176634


def average(temperature_K, *, structure=None, **changes):
    atoms = make_crystal() if structure is None else structure
    return equilibrate_cell(
        PairCalculator(PairPotential()), atoms, temperature_K, **(SHORT | changes)
    )


def find_static_volume(pressure_GPa):
    """Volume of the crystal at rest under a pressure, Å³, from the stress of the potential."""
    atoms = make_crystal()
    atoms.calc = PairCalculator(PairPotential())
    cell = atoms.cell.array.copy()

    def excess(stretch):
        atoms.set_cell(stretch * cell, scale_atoms=True)
        return -np.trace(atoms.get_stress(voigt=False)) / 3 * GPA - pressure_GPa

    return brentq(excess, 0.97, 1.03) ** 3 * abs(np.linalg.det(cell))


@pytest.mark.parametrize("isotropic", [True, False])
def test_a_crystal_expands_with_heat(isotropic):
    cold, hot = (average(temperature, isotropic=isotropic) for temperature in (30.0, 250.0))
    # the barostat swings once or twice in runs this short, hence no stricter
    assert hot.volume_A3 - cold.volume_A3 > hot.volume_error_A3 + cold.volume_error_A3
    assert 1.01 < hot.volume_A3 / find_static_volume(0.0) < 1.1
    assert hot.temperature_K == pytest.approx(250.0, rel=0.2)
    np.testing.assert_allclose(hot.atoms.cell.array, hot.cell_A)
    assert hot.atoms.calc is None
    stretch = np.linalg.solve(make_crystal().cell.array, hot.cell_A)
    # a cell this small changes its shape by some percent
    same = 1e-12 if isotropic else 0.05
    np.testing.assert_allclose(stretch, stretch[0, 0] * np.eye(3), atol=same)
    assert 0 < hot.cell_error_A[0, 0] < 0.1


@pytest.mark.parametrize("pressure_GPa", [0.0, 3.0])
def test_a_cold_cell_is_that_of_the_pressure(pressure_GPa):
    mean = average(2.0, pressure_GPa=pressure_GPa, isotropic=True, n_steps=1000)
    # heat adds less than 1e-3 at 2 K
    assert mean.volume_A3 == pytest.approx(find_static_volume(pressure_GPa), rel=1e-3)


def test_runs_repeat_themselves_and_take_pymatgen_structures():
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = make_crystal()
    structure = AseAtomsAdaptor.get_structure(atoms)
    short = {"n_steps": 160, "n_skipped_steps": 0}
    one, two, three = (average(300.0, structure=s, **short) for s in (atoms, atoms, structure))
    np.testing.assert_array_equal(one.cell_A, two.cell_A)
    np.testing.assert_allclose(one.cell_A, three.cell_A, atol=1e-6)
    np.testing.assert_array_equal(atoms.positions, make_crystal().positions)


def test_errors_of_correlated_samples_are_known():
    rng = np.random.default_rng(3)
    memory, n = 0.9, 8192
    noise = rng.standard_normal((n, 200))
    series = np.empty_like(noise)
    series[0] = noise[0] / np.sqrt(1 - memory**2)
    for index in range(1, n):
        series[index] = memory * series[index - 1] + noise[index]
    true = 1 / (1 - memory) / np.sqrt(n)
    assert series.mean(axis=0).std() == pytest.approx(true, rel=0.2)
    assert np.median(estimate_block_error(series)) == pytest.approx(true, rel=0.3)


def test_a_cell_that_boils_is_an_error():
    with pytest.raises(ConvergenceError, match=r"at 20000 K: it melts, boils"):
        average(20000.0, n_steps=3000, isotropic=True, time_step_fs=2.0)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="leave 10 samples"):
        average(300.0, n_steps=100, n_skipped_steps=0)
    with pytest.raises(InputError, match="temperature_K is 0"):
        average(0.0, structure=bulk("Cu"))


class KilledError(Exception):
    """Stands for kill -9 at a step."""


class DyingCalculator(PairCalculator):
    """Ends the run at some evaluation."""

    def __init__(self, n_evaluations: int) -> None:
        super().__init__(PairPotential())
        self.left = n_evaluations

    def calculate(self, *args, **kwargs):
        self.left -= 1
        if self.left < 0:
            raise KilledError
        super().calculate(*args, **kwargs)


def search(calculator=None, **changes):
    chosen = calculator or PairCalculator(PairPotential())
    options = {"n_steps": 260, "n_skipped_steps": 60, "seed": 4, "time_step_fs": 4.0}
    return equilibrate_cell(chosen, make_crystal(), 100.0, **(options | changes))


@pytest.mark.parametrize("isotropic", [False, True])
def test_a_killed_search_goes_on_as_if_it_had_not_been(tmp_path, isotropic):
    whole = search(isotropic=isotropic)
    kept = {"checkpoint": tmp_path / "a" / "search", "checkpoint_interval_steps": 70}
    for n_evaluations in (100, 5, 80):
        with pytest.raises(KilledError):
            search(DyingCalculator(n_evaluations), isotropic=isotropic, **kept)
    last = DyingCalculator(10_000)
    resumed = search(last, isotropic=isotropic, **kept)
    assert 10_000 - last.left < 130, "it did not begin again"
    assert np.array_equal(resumed.cell_A, whole.cell_A)
    assert np.array_equal(resumed.atoms.get_momenta(), whole.atoms.get_momenta())
    assert (resumed.n_samples, resumed.temperature_K) == (whole.n_samples, whole.temperature_K)


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "another"])
def test_a_checkpoint_that_cannot_be_used(tmp_path, damage):
    path = tmp_path / "search"
    new = search(n_steps=180, n_skipped_steps=20)
    kept = {
        "checkpoint": path,
        "checkpoint_interval_steps": 50,
        "n_steps": 180,
        "n_skipped_steps": 20,
    }
    search(seed=2 if damage == "another" else 4, **kept)
    content = path.read_bytes()
    half = len(content) // 2
    damaged = {
        "cut": content[:half],
        "changed": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
        "text": b"not a checkpoint",
        "another": content,
    }
    path.write_bytes(damaged[damage])
    assert np.array_equal(search(**kept).cell_A, new.cell_A)
