"""Jobs go where their own class belongs."""

from __future__ import annotations

import typing

import pytest
from atomate2.vasp.jobs.core import RelaxMaker
from jobflow import Flow, Response, job
from pydantic import ValidationError
from pymatgen.core import Structure

from perolyte.campaigns.resources import JobClass, ResourceSpec
from perolyte.dft.makers import GpawStaticMaker
from perolyte.errors import InputError
from perolyte.execution.job_classes import JOB_CLASSES, describe_job, order_of_stage
from perolyte.execution.routing import DEFAULT_CATEGORIES, Routing, route_jobs
from perolyte.flows import (
    BatchMDMaker,
    LabelMaker,
    PotentialValidationMaker,
    build_md_maker,
    build_relax_maker,
)
from support import jobs


class Spec:
    """Stands in for a campaign's specification."""

    def __init__(self, **resources: dict) -> None:
        self.resources = {name: ResourceSpec(**values) for name, values in resources.items()}


def test_classes_are_the_same_in_files_and_here():
    assert typing.get_args(JobClass) == JOB_CLASSES
    assert set(DEFAULT_CATEGORIES) == set(JOB_CLASSES)


def test_jobs_say_their_class(llto: Structure):
    md = BatchMDMaker().make(llto, temperatures_K=[900.0], mobile_ion="Li", hop_distance_A=3.9)
    found = {
        "molecular_dynamics": [
            md,
            build_md_maker().make(llto),
            *PotentialValidationMaker(checks=["lattice"]).make().jobs,
        ],
        "relaxation": [build_relax_maker().make(llto)],
        "dft": [
            RelaxMaker().make(llto),
            LabelMaker(engine="ase.calculators.emt.EMT").make(llto, name="a"),
            GpawStaticMaker().make(llto),
        ],
        "analysis": [jobs.add(1, 2)],
    }
    for job_class, made in found.items():
        assert {describe_job(one).job_class for one in made} == {job_class}


def test_an_attribute_decides():
    @job
    def fit():
        return None

    fit.original.job_class = "training"
    assert describe_job(fit()).job_class == "training"
    task = fit()
    task.metadata["job_class"] = "learning"
    with pytest.raises(InputError, match="'learning'; use one of relaxation"):
        describe_job(task)


def test_resources_become_the_keys_of_each_queue():
    spec = Spec(
        molecular_dynamics={"gpus": 2, "cores": 8, "walltime": "12:00:00", "memory": "16GB"},
        dft={"category": "big", "queue": "long", "queue_adapter": {"account": "x"}},
    )
    slurm = Routing.of_campaign(spec, scheduler="slurm")
    assert slurm.describe("molecular_dynamics") == {
        "_category": "gpu",
        "_queueadapter": {
            "walltime": "12:00:00",
            "cpus_per_task": 8,
            "mem": "16GB",
            "gres": "gpu:2",
        },
    }
    assert slurm.describe("dft") == {
        "_category": "big",
        "_queueadapter": {"queue": "long", "account": "x"},
    }
    assert slurm.describe("analysis") == {"_category": "analysis"}
    pbs = Routing.of_campaign(spec, scheduler="pbs").describe("molecular_dynamics")
    assert pbs["_queueadapter"] == {
        "walltime": "12:00:00",
        "pmem": "16GB",
        "nnodes": 1,
        "ppnode": "8:gpus=2",
    }
    with pytest.raises(InputError, match="'lsf' is not known; use slurm or pbs"):
        Routing.of_campaign(spec, scheduler="lsf")
    assert Routing.from_dict(slurm.as_dict()) == slurm


def test_added_jobs_are_routed_by_their_own_class(llto: Structure, memory_store):
    """jobflow hands a job's settings down to those it adds; the table stands above that."""

    @job
    def add_relaxation(structure):
        return Response(replace=build_relax_maker().make(structure))

    first = add_relaxation(llto)
    route_jobs(first, Routing())
    assert first.config.manager_config["_category"] == "analysis"
    response = first.run(memory_store)
    [added] = response.replace.jobs
    assert added.config.manager_config["_category"] == "analysis", "handed down by jobflow"
    route_jobs(response.replace, Routing())
    assert added.config.manager_config["_category"] == "gpu"


def test_what_a_user_set_by_hand_is_kept():
    task = jobs.add(1, 2)
    task.update_config({"manager_config": {"_category": "mine"}})
    route_jobs(Flow([task]), Routing())
    assert task.config.manager_config == {"_category": "mine"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"walltime": "a day"}, "write hours, minutes and seconds"),
        ({"memory": "16 bananas"}, "write a whole number with its unit"),
        ({"gpus": -1}, "greater than or equal to 0"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_resources_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        ResourceSpec(**values)


def test_yaml_reads_an_unquoted_time_as_a_number():
    assert ResourceSpec(walltime=86400).walltime == "24:00:00"


def test_stages_are_in_the_order_of_a_campaign():
    stages = ["summary", "zebra", "molecular dynamics", "candidates"]
    assert sorted(stages, key=order_of_stage) == [
        "candidates",
        "molecular dynamics",
        "summary",
        "zebra",
    ]
