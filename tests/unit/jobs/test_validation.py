"""The validation as a job: its document, its store, a trained potential."""

from __future__ import annotations

import numpy as np
import pytest
from jobflow import run_locally
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.flows import PotentialValidationMaker
from perolyte.jobs.validation import describe_validation, run_checks, split_training_set
from perolyte.potentials.validation import CheckOutcome, CheckQuantity
from perolyte.potentials.validation.labels import LabelledSplit, check_labels
from perolyte.schemas import PotentialProvenance, ValidationDoc
from perolyte.structures.labelled_frame import LabelledFrame
from support.known_landscapes import Refusing
from support.pair_potential import PairPotential

EMT = "ase.calculators.emt.EMT"
COPPER = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.59), ["Cu"], [[0, 0, 0]])


@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")
def test_the_job_gives_its_document(memory_store):
    maker = PotentialValidationMaker(
        potential=EMT, quick=True, checks=("lattice", "equation_of_state"), campaign="c", seed=3
    )
    flow = maker.make(structures={"copper": COPPER})
    (job,) = flow.jobs
    assert job.name == "validation of ase.calculators.emt.EMT"
    answers = run_locally(
        flow, store=memory_store, ensure_success=True, log=False, create_folders=False
    )
    document = ValidationDoc.model_validate(answers[job.uuid][1].output)
    assert document.uuid == job.uuid
    assert (document.campaign, document.provenance.seed) == ("c", 3)
    own = {check.name: check for check in document.checks if check.subject == "copper"}
    assert own["lattice"].verdict == "pass"
    assert own["equation_of_state"].find("B0").value == pytest.approx(134, abs=8)
    assert len(own["equation_of_state"].curves["volume (Å³)"]) == 7
    assert document.status == "not_converged", "SrTiO3 could not be asked for"
    assert document.verdict == "pass"
    kept = memory_store.query_one({"uuid": job.uuid})
    assert kept["output"]["schema_name"] == "ValidationDoc"


def test_checks_that_do_not_exist_are_refused_before_the_work():
    with pytest.raises(InputError, match=r"checks hold \['taste'\]"):
        PotentialValidationMaker(checks=("taste",)).make()
    with pytest.raises(InputError, match="'magic' is not known"):
        PotentialValidationMaker(potential="magic").make()
    mixed = Structure(Lattice.cubic(3.0), [{"Cu": 0.5}], [[0, 0, 0]])
    with pytest.raises(InputError, match="partly occupied sites; order it first"):
        run_checks(Refusing(), structures={"mixed": mixed})


def outcome(name: str, verdict, reason: str = "", value: float = 1.0) -> CheckOutcome:
    return CheckOutcome(name, "x", verdict, reason, (CheckQuantity("a", value, "eV"),))


def describe(*outcomes: CheckOutcome) -> ValidationDoc:
    return describe_validation(
        outcomes,
        potential="p",
        engine=PotentialProvenance(name="p"),
        quick=False,
        seed=0,
        name="v",
    )


def test_status_and_verdict_are_two_things():
    done = describe(outcome("lattice", "fail"), outcome("labels", "not run", "not asked for"))
    assert (done.status, done.verdict, done.reasons) == ("converged", "fail", [])
    stopped = describe(outcome("lattice", "pass"), outcome("elasticity", "not run", "no stress"))
    assert (stopped.status, stopped.verdict) == ("not_converged", "pass")
    assert stopped.reasons == ["Elastic constants (x): no stress"]


def test_what_is_no_number_is_none():
    document = describe(outcome("lattice", "fail", value=float("nan")))
    assert document.checks[0].numbers[0].value is None


# -- labels ----------------------------------------------------------------------------------------


def make_frames(potential, *, scale=1.0, offsets=None, n=12) -> list[LabelledFrame]:
    """Label rattled cells with a potential: forces scaled, energies with offsets of elements."""
    from perolyte.potentials import SystemBatch

    rng = np.random.default_rng(1)
    frames = []
    for index in range(n):
        species = ["Li"] * (1 + index % 3) + ["Cl"] * (7 - index % 3)
        cube = [[x, y, z] for x in (0, 0.5) for y in (0, 0.5) for z in (0, 0.5)]
        cell = Structure(Lattice.cubic(5.2), species, np.array(cube) + rng.normal(0, 0.02, (8, 3)))
        found = potential.evaluate(*SystemBatch.from_structures([cell]), stress=True)
        energy = float(found.energies_eV[0])
        energy += sum((offsets or {}).get(site.specie.symbol, 0.0) for site in cell)
        stress = found.stresses_eV_A3[0].numpy() * 160.2176634
        forces = scale * found.forces_eV_A.numpy()
        frames.append(LabelledFrame(f"f{index}", cell, energy, forces, stress))
    return frames


def split(frames: list[LabelledFrame]) -> LabelledSplit:
    return LabelledSplit(frames, [f"t{index // 3}" for index in range(len(frames))])


def test_a_potential_passes_on_its_own_labels():
    found = check_labels(PairPotential(), split(make_frames(PairPotential())), name="own")
    assert found.verdict == "pass", found.reason
    assert found.find("softening slope").value == pytest.approx(1.0)
    assert found.find("energy MAE").value == pytest.approx(0.0, abs=1e-6)
    assert "12 of 4 trajectories" in found.settings["frames"]


def test_a_soft_potential_is_told():
    frames = make_frames(PairPotential(), scale=1.25)
    found = check_labels(PairPotential(), split(frames), name="hard")
    slope = found.find("softening slope")
    assert slope.value == pytest.approx(0.8)
    assert slope.verdict == "fail"
    assert slope.share == pytest.approx(-0.2 / 0.03)


def test_other_reference_energies_are_taken_out_and_said():
    frames = make_frames(PairPotential(), offsets={"Li": -190.0, "Cl": 400.0})
    found = check_labels(PairPotential(), split(frames), name="other code")
    raw, fitted = found.find("energy MAE"), found.find("energy MAE without offsets")
    assert raw.value > 1e5
    assert raw.verdict is None
    assert fitted.value < 1e-3
    assert fitted.verdict == "pass"
    assert "offsets" in found.settings["energies"]
    few = check_labels(PairPotential(), split(frames[:5]), name="few")
    assert few.find("energy MAE without offsets") is None
    assert few.find("energy MAE").verdict == "fail", "five frames cannot tell"


def test_splits_need_frames_and_their_trajectories():
    with pytest.raises(InputError, match="give at least one frame"):
        LabelledSplit([], [])
    with pytest.raises(InputError, match="one trajectory for each"):
        LabelledSplit(make_frames(PairPotential(), n=2), ["a"])


def test_splits_of_a_training_set():
    from support.made_labels import make_training_set

    training_set = make_training_set()
    splits = split_training_set(training_set)
    assert {name: len(part.frames) for name, part in splits.items()} == {
        name: count for name, count in training_set.n_frames.items() if count
    }
