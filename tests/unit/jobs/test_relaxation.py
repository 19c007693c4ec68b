"""What becomes of a finished, unfinished or failed relaxation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from jobflow import Maker, OnMissing, job

from perolyte.jobs import build_relax_document, relax_candidates
from perolyte.schemas import PotentialProvenance, RelaxDoc
from support.documents import make_candidate, make_candidate_set

LIMIT_EV_A = 0.05
CANDIDATE = make_candidate("parent")
# a task's stress: kbar, VASP's sign; below 10 kbar in every component is relaxed
CALM_KBAR = np.full((3, 3), 2.0)


def judge(**changes) -> RelaxDoc:
    inputs = {
        "name": "parent",
        "initial": CANDIDATE.structure,
        "structure": CANDIDATE.structure,
        "energy_eV": -580.0,
        "forces_eV_A": [[0.03, 0.0, 0.03]] * 58,
        "stress_kbar": CALM_KBAR.tolist(),
        "task_uuid": "task",
        "force_limit_eV_A": LIMIT_EV_A,
        "potential": PotentialProvenance(name="p"),
        "campaign": "c",
    }
    return build_relax_document.original(changes.pop("candidate", CANDIDATE), **inputs | changes)


def scaled(factor: float):
    structure = CANDIDATE.structure.copy()
    structure.scale_lattice(structure.volume * factor)
    return structure


def test_a_good_relaxation():
    doc = judge()
    assert (doc.status, doc.reasons) == ("converged", [])
    assert doc.max_force_eV_A == pytest.approx(0.03 * 2**0.5)
    assert doc.energy_per_atom_eV == pytest.approx(-10.0)
    assert doc.volume_change_percent == pytest.approx(0.0)
    assert doc.provenance.parent_uuids == ["task", "candidates-uuid"]
    assert doc.provenance.seed == 5
    assert doc.campaign == "c"


def test_the_longest_force_vector_counts():
    forces = [[0.0, 0.0, 0.0]] * 57 + [[0.04, 0.04, 0.0]]
    doc = judge(forces_eV_A=forces)
    assert doc.status == "not_converged"
    assert doc.reasons == [
        "largest force 0.057 eV/Å is above 0.05 eV/Å; allow more relaxation steps"
    ]
    assert judge(forces_eV_A=forces, force_limit_eV_A=0.1).status == "converged"


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("place", [(0, 0), (2, 2), (0, 1)])
def test_residual_stress(sign, place):
    stress = CALM_KBAR.copy()
    stress[place] = sign * 15.0
    doc = judge(stress_kbar=stress.tolist())
    assert doc.status == "not_converged"
    assert "1.50 GPa is above 1 GPa" in doc.reasons[0]


def test_no_stress_is_no_reason():
    assert judge(stress_kbar=None).status == "converged"


def test_both_reasons_are_given():
    doc = judge(forces_eV_A=[[1.0, 0, 0]] * 58, stress_kbar=(CALM_KBAR * 100).tolist())
    assert len(doc.reasons) == 2


@pytest.mark.parametrize(
    ("factor", "status"), [(1.2, "converged"), (1.3, "unphysical"), (0.7, "unphysical")]
)
def test_volume(factor, status):
    doc = judge(structure=scaled(factor))
    assert doc.status == status
    assert doc.volume_change_percent == pytest.approx(100 * (factor - 1))
    if status == "unphysical":
        assert "another structure" in doc.reasons[0]


@pytest.mark.parametrize("missing", ["structure", "energy_eV", "forces_eV_A"])
def test_a_failed_job_is_rejected_without_numbers(missing):
    doc = judge(**{missing: None})
    assert doc.status == "rejected"
    assert "log" in doc.reasons[0]
    assert doc.structure is None
    assert doc.energy_eV is doc.energy_per_atom_eV is doc.max_force_eV_A is None


def test_an_oxide_has_no_candidate():
    doc = judge(candidate=None, name="SrO")
    assert doc.candidate is None
    assert doc.provenance.parent_uuids == ["task"]


@dataclass
class NoRelaxMaker(Maker):
    name: str = "no relaxation"

    @job
    def make(self, structure):
        return {"structure": structure}


def expand(*candidates):
    response = relax_candidates.original(
        make_candidate_set(*candidates), NoRelaxMaker(), force_limit_eV_A=LIMIT_EV_A, campaign="c"
    )
    return response.replace


SR = make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1})


def test_one_relaxation_and_one_document_for_each_structure():
    flow = expand(CANDIDATE, SR)
    names = [job.name for job in flow.jobs]
    # Sr2-S3 exchanges SrO for La2O3 and Li2O
    for name in ["parent", "Sr2-S3", "SrO", "La2O3", "Li2O"]:
        assert f"relax {name}" in names
        assert f"judge relaxation {name}" in names
    assert len(names) == 10
    assert set(flow.output) == {"candidates", "oxides"}
    assert list(flow.output["oxides"]) == ["La2O3", "Li2O", "SrO"]
    judges = [job for job in flow.jobs if job.name.startswith("judge")]
    assert all(job.config.on_missing_references == OnMissing.NONE for job in judges)


def test_the_same_candidates_give_the_same_jobs():
    assert list(expand(CANDIDATE, SR).job_uuids) == list(expand(CANDIDATE, SR).job_uuids)


def test_a_shared_oxide_is_relaxed_once():
    al = make_candidate("Al1-A1", "doping", change={"Al": 1, "Ti": -1, "Li": 1})
    names = [job.name for job in expand(CANDIDATE, SR, al).jobs]
    assert names.count("relax Li2O") == 1
    assert {"relax Al2O3", "relax TiO2"} <= set(names)


def test_a_candidate_without_oxide_reaction_needs_none():
    halide = make_candidate("x", "vacancy", change={"Li": -1, "Cl": -1})
    flow = expand(CANDIDATE, halide)
    assert flow.output["oxides"] == {}
