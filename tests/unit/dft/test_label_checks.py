from __future__ import annotations

import math
import re

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, CalculatorSetupError, SCFError
from ase.calculators.emt import EMT
from hypothesis import given
from hypothesis import strategies as st

from perolyte.dft.checks import MAX_FORCE_NOISE_EV_A, check_evaluation
from perolyte.dft.evaluation import Evaluation, evaluate_structure, plain_structure
from perolyte.dft.extxyz import format_extxyz
from perolyte.dft.labels import FrameGroup, RawLabel, build_label
from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import ExecutionError, InputError
from support.made_labels import make_metal

METAL = make_metal()
SOUND = evaluate_structure(METAL, EMT())


def judge(**changes):
    fields = {**vars(SOUND), **changes}
    return check_evaluation(Evaluation(**fields), len(METAL))


def test_a_sound_label():
    verdict = judge()
    assert (verdict.status, verdict.reasons, verdict.warnings) == ("converged", (), ())
    assert verdict.net_force_eV_A < 1e-10
    assert verdict.max_force_eV_A == pytest.approx(np.linalg.norm(SOUND.forces_eV_A, axis=1).max())


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"scf_converged": False}, "not_converged", "electrons are not converged"),
        ({"failure": "it broke"}, "rejected", "it broke"),
        ({"failure": "no", "scf_converged": False}, "not_converged", "no"),
        ({"energy_eV": None}, "rejected", "there is no energy"),
        ({"forces_eV_A": None}, "rejected", "there are no forces"),
        ({"energy_eV": math.nan}, "rejected", "energy not finite"),
        ({"forces_eV_A": np.full((4, 3), np.inf)}, "rejected", "forces not finite"),
        ({"forces_eV_A": np.zeros((3, 3))}, "rejected", r"forces of shape \(3, 3\) with 4 atoms"),
        ({"magmoms_muB": np.zeros(5)}, "rejected", "magnetic moments of shape"),
        ({"stress_GPa": np.eye(3) * 101}, "unphysical", "pressure of -101 GPa, beyond 100"),
        (
            {"forces_eV_A": np.array([[51.0, 0, 0], [-51.0, 0, 0], [0, 0, 0], [0, 0, 0]])},
            "unphysical",
            "force of 51.0 eV/Å on one atom",
        ),
    ],
)
def test_what_is_refused(changes, status, reason):
    verdict = judge(**changes)
    assert verdict.status == status
    assert len(verdict.reasons) == 1

    assert re.search(reason, verdict.reasons[0])


@given(st.floats(0.0, 2.0), st.integers(0, 3))
def test_net_force_is_judged_by_the_error_that_it_means(factor, atom):
    limit = MAX_FORCE_NOISE_EV_A * math.sqrt(3 * len(METAL))
    forces = np.array(SOUND.forces_eV_A)
    forces[atom, 1] += factor * limit
    verdict = judge(forces_eV_A=forces)
    if abs(factor - 1.0) > 1e-6:
        assert verdict.status == ("not_converged" if factor > 1 else "converged")


def test_the_limit_finds_errors_of_that_size():
    """Random errors at twice the limit are found nearly always, at half of it nearly never."""
    rng = np.random.default_rng(0)
    for size, n_atoms in ((2.0, 20), (0.5, 20), (2.0, 200), (0.5, 200)):
        found = 0
        for _ in range(200):
            noise = rng.normal(scale=size * MAX_FORCE_NOISE_EV_A, size=(n_atoms, 3))
            found += check_evaluation(Evaluation(0.0, noise), n_atoms).status == "not_converged"
        # the length of the sum has three degrees of freedom: chi2_3 at 3/4 and at 12
        assert found > 160 if size > 1 else found < 10


def test_doubts():
    verdict = judge(scf_converged=None, stress_GPa=None, notes=("old",))
    assert verdict.status == "converged"
    assert [warning.split(":")[0] for warning in verdict.warnings] == [
        "old",
        "the source does not say whether the electrons converged",
        "there is no stress",
    ]


class Failing(Calculator):
    """Raises what it is given."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def calculate(self, *arguments, **options):
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SCFError("120 iterations"), "not_converged"),
        (RuntimeError("crashed"), "rejected"),
        (ValueError("odd"), "rejected"),
        (NotImplementedError("Xe"), "rejected"),
    ],
)
def test_a_failed_calculation_is_a_document(error, status):
    found = evaluate_structure(METAL, Failing(error))
    label = build_label(RawLabel("a", METAL, found))
    assert label.status == status
    assert str(error) in label.reasons[0]
    assert label.energy_eV is None
    with pytest.raises(InputError, match="label 'a' has no numbers"):
        label.to_frame()


@pytest.mark.parametrize("error", [CalculatorSetupError("no command"), ImportError("no module")])
def test_a_missing_program_is_an_error(error):
    with pytest.raises(ExecutionError, match="Failing is not usable here"):
        evaluate_structure(METAL, Failing(error))


def test_structures_lose_what_is_not_of_the_atoms():
    decorated = METAL.copy()
    decorated.add_oxidation_state_by_element({"Cu": 1})
    decorated.add_site_property("magmom", [1.0] * 4)
    plain = plain_structure(decorated)
    assert plain.site_properties == {}
    assert plain == METAL
    shared = METAL.copy()
    shared.replace(0, {"Cu": 0.5, "Ag": 0.5})
    with pytest.raises(InputError, match="has sites that elements share"):
        plain_structure(shared)


def test_groups():
    group = FrameGroup.from_dict({"temperature_K": "600", "composition": 3, "strain": 0.1})
    assert (group.temperature_K, group.composition, group.details) == (600.0, "3", {"strain": 0.1})
    assert FrameGroup.from_dict(None) == FrameGroup()
    for wrong in ("hot", -1, math.inf, math.nan, [300]):
        with pytest.raises(InputError, match="temperature_K is"):
            FrameGroup.from_dict({"temperature_K": wrong})
    label = build_label(RawLabel("a", METAL, SOUND))
    assert (label.composition, label.trajectory, label.kind) == ("Cu", "a", "unknown")


@pytest.mark.parametrize(
    ("theory", "is_used"),
    [
        (LevelOfTheory("gpaw", "PBE", 600.0), False),
        (LevelOfTheory("gpaw", "PBE", 800.0), True),
        (LevelOfTheory("gpaw", "PBE"), True),
        (LevelOfTheory("vasp", "PBE", 520.0), True),
    ],
)
def test_stresses_of_a_small_basis_are_kept_and_not_used(theory, is_used):
    label = build_label(RawLabel("a", METAL, SOUND, theory=theory))
    assert label.status == "converged"
    np.testing.assert_allclose(label.stress_GPa, SOUND.stress_GPa)
    assert (label.to_frame().stress_GPa is not None) is is_used
    assert ("stress" in format_extxyz([label])) is is_used
    doubts = [text for text in label.warnings if "the stress is left out" in text]
    assert doubts == ([] if is_used else [label.stress_doubt])
