"""GPAW: settings without it, and real calculations where it is installed."""

from __future__ import annotations

import importlib.util
import weakref

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import perolyte.dft.gpaw
from perolyte.dft.evaluation import as_atoms, evaluate_structure
from perolyte.dft.gpaw import GpawCalculator, GpawSettings, check_gpaw, count_kpoints
from perolyte.dft.makers import GpawRelaxMaker, GpawStaticMaker
from perolyte.errors import ExecutionError, InputError
from perolyte.flows import LabelMaker
from perolyte.jobs import assign_identities

HAS_GPAW = importlib.util.find_spec("gpaw") is not None
needs_gpaw = [
    pytest.mark.gpaw,
    pytest.mark.skipif(not HAS_GPAW, reason="GPAW is not installed"),
    pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning"),
]
FAST = {"plane_wave_cutoff_eV": 400.0, "kpoint_length_A": 6.0}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Makers of atomate2 write files into the working directory."""
    monkeypatch.chdir(tmp_path)


def make_magnesia() -> Structure:
    lattice = Lattice([[0, 2.12, 2.12], [2.12, 0, 2.12], [2.12, 2.12, 0]])
    magnesia = Structure(lattice, ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    magnesia.translate_sites([0], [0.02, 0.01, 0.0])
    return magnesia


def with_marks(function):
    for mark in needs_gpaw:
        function = mark(function)
    return function


# -- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths_A", "mesh"),
    [
        ((3.9, 3.9, 7.8), (2, 2, 1)),
        ((3.9 * 0.97, 3.9 * 1.03, 7.8), (2, 2, 1)),
        ((7.8, 7.8, 3.9), (1, 1, 2)),
        ((2.6, 20.0, 3.0), (3, 1, 3)),
        ((7.8 / 1.1 + 1e-9, 7.8 / 1.1 - 1e-9, 1.0), (1, 2, 8)),
    ],
)
def test_divisions_of_the_mesh(lengths_A, mesh):
    assert count_kpoints(lengths_A, 7.8) == mesh


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"plane_wave_cutoff_eV": 0}, "plane_wave_cutoff_eV is 0 eV"),
        ({"smearing_eV": float("nan")}, "smearing_eV is nan eV"),
        ({"max_iterations": "many"}, "max_iterations is 'many'"),
        ({"cutoff": 500}, "setting 'cutoff' is not known; use plane_wave_cutoff_eV"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        GpawCalculator(**settings)
    with pytest.raises(InputError, match=message):
        LabelMaker(engine_kwargs=settings).make(make_magnesia(), name="a")


def test_a_cell_is_not_relaxed_with_stresses_that_are_not_converged():
    message = "relax_cell with plane_wave_cutoff_eV 600 eV: stresses converge from 800 eV on"
    with pytest.raises(InputError, match=message):
        GpawRelaxMaker(calculator_kwargs={"plane_wave_cutoff_eV": 600.0})
    assert GpawStaticMaker().calculator.settings == GpawSettings()


def test_level_of_theory():
    theory = GpawSettings().theory
    assert theory.describe() == "gpaw, PBE, 600 eV, GPAW PAW data"
    assert theory.sha256 == GpawSettings(kpoint_length_A=10.0).theory.sha256
    assert theory.sha256 != GpawSettings(plane_wave_cutoff_eV=400).theory.sha256


def test_advice_where_gpaw_is_missing(monkeypatch):
    def no_version(name):
        raise perolyte.dft.gpaw.PackageNotFoundError(name)

    monkeypatch.setattr(perolyte.dft.gpaw, "version", no_version)
    with pytest.raises(ExecutionError, match="GPAW is not installed; install libxc") as caught:
        check_gpaw()
    assert "GPAW_CONFIG=$PWD/siteconfig.py pip install gpaw" in str(caught.value)
    with pytest.raises(ExecutionError, match="not installed"):
        evaluate_structure(make_magnesia(), GpawCalculator())


# -- calculations ----------------------------------------------------------------------------------


@with_marks
def test_numbers_are_those_of_gpaw_itself():
    """Written once more with GPAW's own names: a factor or a setting lost would show."""
    from gpaw import GPAW, PW, FermiDirac

    magnesia = make_magnesia()
    atoms = as_atoms(magnesia)
    atoms.calc = GPAW(
        mode=PW(400),
        xc="PBE",
        kpts={"size": (2, 2, 2), "gamma": True},
        occupations=FermiDirac(0.05),
        convergence={"energy": 1e-5, "forces": 1e-3},
        maxiter=120,
        txt=None,
    )
    found = evaluate_structure(magnesia, GpawCalculator(**FAST))
    assert found.failure is None
    assert found.energy_eV == pytest.approx(
        atoms.get_potential_energy(force_consistent=True), abs=1e-9
    )
    np.testing.assert_allclose(found.forces_eV_A, atoms.get_forces(), atol=1e-8)
    expected = atoms.get_stress(voigt=False) * 160.2176634
    np.testing.assert_allclose(found.stress_GPa, expected, atol=1e-6)


@with_marks
def test_a_label_and_atomate2s_document_agree(memory_store):
    job = LabelMaker(engine_kwargs=FAST).make(
        make_magnesia(), name="MgO", group={"temperature_K": 300.0, "kind": "md"}
    )
    label = job.run(memory_store).output
    assert (label.status, label.reasons) == ("converged", [])
    assert label.net_force_eV_A < 0.01
    assert label.max_force_eV_A > 0.1
    assert label.engine_version == check_gpaw()
    flow = LabelMaker(static_maker=GpawStaticMaker(calculator_kwargs=FAST)).make(
        make_magnesia(), name="MgO"
    )
    other = [step.run(memory_store).output for step in flow.jobs][-1]
    assert other.settings == label.settings
    # extrapolated to zero smearing, which a gap makes the same
    assert other.energy_eV == pytest.approx(label.energy_eV, abs=1e-6)
    np.testing.assert_allclose(other.stress_GPa, label.stress_GPa, atol=1e-5)
    np.testing.assert_allclose(other.forces_eV_A, label.forces_eV_A, atol=1e-6)


@with_marks
def test_memory_is_given_back():
    calculator = GpawCalculator(**FAST)
    evaluate_structure(make_magnesia(), calculator)
    inner = weakref.ref(calculator._inner)
    calculator.forget()
    assert inner() is None


@with_marks
def test_electrons_that_do_not_converge(memory_store):
    job = LabelMaker(engine_kwargs={**FAST, "max_iterations": 3}).make(make_magnesia(), name="MgO")
    label = job.run(memory_store).output
    assert label.status == "not_converged"
    assert label.scf_converged is False
    assert "3 iterations" in label.reasons[0]
    assert label.energy_eV is None


@with_marks
def test_an_element_without_data(monkeypatch):
    import gpaw.setup_data

    monkeypatch.setattr(gpaw.setup_data, "setup_paths", [])
    with pytest.raises(ExecutionError, match="no PAW data for an element of MgO"):
        evaluate_structure(make_magnesia(), GpawCalculator(**FAST))


@with_marks
@pytest.mark.slow
def test_relaxation(memory_store):
    maker = GpawRelaxMaker(calculator_kwargs=FAST, relax_cell=False, relax_kwargs={"fmax": 0.05})
    document = assign_identities(maker.make(make_magnesia())).run(memory_store).output
    assert np.linalg.norm(document.output.forces, axis=1).max() < 0.05
    assert document.structure.get_distance(0, 1) == pytest.approx(2.12, abs=0.01)
