"""Simulated boundaries of selected candidates: one flow each, into the map."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from jobflow import Flow, Maker, OnMissing, job

from perolyte.errors import ExecutionError
from perolyte.flows import Dopant, Doping, DopingScreenMaker, ParentRecipe
from perolyte.jobs.boundary_runs import run_boundaries
from perolyte.schemas import RankingDoc
from support.ceramics import make_settings
from support.documents import (
    PROVENANCE,
    make_candidate,
    make_conductivity,
    make_relaxed,
    make_structure,
)


@job
def note(**given):
    return given


@dataclass
class NotingMaker(Maker):
    """Writes down what it is asked for."""

    name: str = "noting"

    def make(self, structure, boundary, *, candidate, dopant, hop_distance_A, bulk):
        asked = note(
            boundary=boundary, candidate=candidate, dopant=dopant, hop_A=hop_distance_A, bulk=bulk
        )
        return Flow([asked], output=asked.output, name=f"{candidate} {boundary}")


def rank(*selected):
    return RankingDoc(
        name="r", status="converged", provenance=PROVENANCE, ranked=[], selected=list(selected)
    )


def test_every_selected_candidate_meets_every_boundary():
    doped = make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1})
    ranking = rank(*(make_relaxed(doc, -500.0) for doc in (make_candidate("parent"), doped)))
    response = run_boundaries.original(
        ranking, NotingMaker(), ["sigma 5", "sigma 13"], hop_distance_A=3.9
    )
    asked = [job.function_kwargs for flow in response.replace.jobs for job in flow.jobs]
    assert [(kwargs["candidate"], kwargs["boundary"], kwargs["dopant"]) for kwargs in asked] == [
        ("parent", "sigma 5", None),
        ("parent", "sigma 13", None),
        ("Sr2-S3", "sigma 5", "Sr"),
        ("Sr2-S3", "sigma 13", "Sr"),
    ]
    assert len(response.replace.output) == 4
    uuids = [job.uuid for flow in response.replace.jobs for job in flow.jobs]
    assert len(set(uuids)) == 4
    assert run_boundaries.original(rank(), NotingMaker(), ["x"], hop_distance_A=3.9).output == []


def test_a_screen_maps_with_them_and_without_them_when_they_fail():
    flow = DopingScreenMaker().make(
        make_structure(Li=4, Cl=4),
        ParentRecipe(roles={"A": ["Li"], "B": ["Ti"], "X": ["O"]}, mobile_ion="Li"),
        dopings=[Doping(Dopant("Sr", count=2), "S3")],
        grain_sizes=make_settings(),
        boundary_maker=NotingMaker(),
        boundaries=["sigma 5"],
    )
    jobs = {job.name: job for job in flow.jobs}
    assert list(jobs)[-4:] == ["conductivities", "boundaries", "grain-size map", "summary"]
    mapped = jobs["grain-size map"]
    assert mapped.function_kwargs["boundaries"].uuid == jobs["boundaries"].uuid
    assert mapped.config.on_missing_references == OnMissing.NONE
    assert jobs["summary"].function_kwargs["boundaries"].uuid == jobs["boundaries"].uuid


def test_a_boundary_is_compared_with_the_bulk_of_its_candidate():
    ranking = rank(make_relaxed(make_candidate("parent"), -500.0))
    bulk = make_conductivity("parent", 1e-4)
    others = [make_conductivity("Sr2-S3", 1e-4), None, bulk]
    response = run_boundaries.original(
        ranking, NotingMaker(), ["sigma 5"], hop_distance_A=3.9, conductivities=others
    )
    ((asked,),) = (flow.jobs for flow in response.replace.jobs)
    assert asked.function_kwargs["bulk"] is bulk


def test_without_a_ranking_it_says_that_an_earlier_job_failed():
    with pytest.raises(ExecutionError, match="an earlier job failed"):
        run_boundaries.original(None, NotingMaker(), ["sigma 5"], hop_distance_A=3.9)
