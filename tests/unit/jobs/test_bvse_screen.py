"""Barriers of candidates, and the choice of dopings by them."""

from __future__ import annotations

import pytest
from jobflow import JobStore, run_locally

from perolyte.jobs.bvse_screen import compute_candidate_barriers, keep_best_by_barrier
from perolyte.schemas import BvseDoc, BvseSetDoc, BvseSettings, PercolationDescription
from support.documents import PROVENANCE, make_candidate, make_candidate_set

pytestmark = pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")

COARSE = BvseSettings(spacing_A=0.6, cutoff_A=6.0)


def barriers(**barrier_of: float | None) -> BvseSetDoc:
    documents = [
        BvseDoc(
            name=name.replace("_", "-"),
            status="converged",
            provenance=PROVENANCE,
            formula="X",
            structure=None,
            ion="Li+",
            settings=COARSE,
            percolation=[
                PercolationDescription(
                    dimensions=dimensions,
                    barrier_eV=barrier if dimensions == 3 else 0.1,
                    barrier_from_cell_minimum_eV=barrier,
                )
                for dimensions in (1, 2, 3)
            ],
        )
        for name, barrier in barrier_of.items()
    ]
    return BvseSetDoc(
        uuid="b", name="bvse", status="converged", provenance=PROVENANCE, documents=documents
    )


def run(job, store: JobStore):
    return run_locally(job, store=store, ensure_success=True, log=False)[job.uuid][1].output


@pytest.fixture
def candidates():
    return make_candidate_set(
        make_candidate("parent"),
        make_candidate("Sr2-S1", "doping", change={"Sr": 2, "La": -2}),
        make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1}),
        make_candidate("Al1-A1", "doping", change={"Al": 1, "Ti": -1, "Li": 1}),
        make_candidate("VO1-VLi2", "vacancy", change={"O": -1, "Li": -2}),
        warnings=["of the file"],
    )


def test_the_lowest_barriers_are_kept_with_parents_and_vacancies(candidates, memory_store):
    found = barriers(Sr2_S1=0.9, Sr2_S3=0.4, Al1_A1=None)
    kept = run(keep_best_by_barrier(candidates, found, n_best=1), memory_store)
    assert [doc.name for doc in kept.candidates] == ["parent", "Sr2-S3", "VO1-VLi2"]
    assert kept.warnings[0] == "of the file"
    assert kept.warnings[1] == (
        "left out by their 3D bond valence barrier: Sr2-S1 (0.90 eV), Al1-A1 (no path)"
    )
    assert set(kept.provenance.parent_uuids) == {"candidates-uuid", "b"}


def test_equal_barriers_are_ordered_by_name(candidates, memory_store):
    found = barriers(Sr2_S1=0.9, Sr2_S3=0.4, Al1_A1=None)
    kept = run(keep_best_by_barrier(candidates, found, n_best=2, dimensions=1), memory_store)
    assert [doc.name for doc in kept.candidates][1:3] == ["Sr2-S1", "Al1-A1"]


def test_nothing_is_left_out_when_enough_may_stay(candidates, memory_store):
    kept = run(keep_best_by_barrier(candidates, barriers(), n_best=3), memory_store)
    assert len(kept.candidates) == 5
    assert "none of the 3 dopings" in kept.warnings[1]


def test_barriers_of_candidates(llto, memory_store):
    from perolyte.jobs import ParentRecipe, build_candidates
    from perolyte.structures import Dopant, Doping

    recipe = ParentRecipe(mobile_ion="Li", supercell=(2, 2, 2), n_samples=5)
    made = build_candidates(
        llto, recipe, dopings=[Doping(Dopant("Sr", count=2), "S3")], vacancies=[], seed=1
    )
    job = compute_candidate_barriers(made, settings=COARSE.model_dump(), campaign="c")
    found = run(job, memory_store)
    assert [doc.name for doc in found.documents] == ["parent", "Sr2-S3"]
    for doc, candidate in zip(found.documents, made.candidates, strict=True):
        assert doc.status == "converged"
        assert doc.candidate_uuid == candidate.candidate_uuid
        assert doc.campaign == "c"
        ordered = [doc.barrier_eV(d) for d in (1, 2, 3)]
        assert ordered == sorted(ordered)
        assert ordered[0] > 0.0
