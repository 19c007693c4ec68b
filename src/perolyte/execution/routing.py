"""Where jobs go and what they are given: one table, by class of job, for the whole campaign.

Every firework carries the table, so that the jobs that a running job adds are routed by their own
class, on the machine where they are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from jobflow import Flow, Job

from perolyte.errors import InputError
from perolyte.execution.job_classes import JOB_CLASSES, describe_job

if TYPE_CHECKING:
    from perolyte.campaigns import CampaignSpec

__all__ = ["SCHEDULERS", "Routing", "route_jobs"]

SCHEDULERS = ("slurm", "pbs")

DEFAULT_CATEGORIES = {
    "relaxation": "gpu",
    "molecular_dynamics": "gpu",
    "training": "gpu",
    "dft": "cpu",
    "bond_valence": "cpu",
    "candidates": "cpu",
    "analysis": "analysis",
}


@dataclass(frozen=True)
class Routing:
    """Category and queue settings of every class of jobs.

    Attributes
    ----------
    categories
        Class of jobs to the category that FireWorks' workers pull.
    queues
        Class of jobs to the keys that replace those of the queue adapter.
    """

    categories: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_CATEGORIES))
    queues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of_campaign(cls, spec: CampaignSpec, *, scheduler: str = "slurm") -> Self:
        """Read the ``resources`` of a campaign, in the keys of a scheduler's queue adapter.

        Raises
        ------
        InputError
            For a scheduler that is not known.
        """
        if scheduler not in SCHEDULERS:
            raise InputError(f"scheduler {scheduler!r} is not known; use {' or '.join(SCHEDULERS)}")
        categories: dict[str, str] = dict(DEFAULT_CATEGORIES)
        queues: dict[str, dict[str, Any]] = {}
        for name, section in spec.resources.items():
            if section.category is not None:
                categories[name] = section.category
            wanted = section.model_dump(exclude={"category", "queue_adapter"}, exclude_none=True)
            keys = _KEYS[scheduler](wanted) | section.queue_adapter
            if keys:
                queues[name] = keys
        return cls(categories, queues)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any] | None) -> Self:
        """Read what `as_dict` wrote; None gives the defaults."""
        return cls() if content is None else cls(content["categories"], content["queues"])

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def describe(self, job_class: str) -> dict[str, Any]:
        """Return the keys of a firework's spec for one class of jobs."""
        if job_class not in JOB_CLASSES:
            raise InputError(f"job class {job_class!r} is not one of {', '.join(JOB_CLASSES)}")
        spec: dict[str, Any] = {"_category": self.categories[job_class]}
        if self.queues.get(job_class):
            spec["_queueadapter"] = dict(self.queues[job_class])
        return spec


def route_jobs(work: Flow | Job, routing: Routing) -> None:
    """Set category and queue of every job by its class, in place.

    What a job's ``manager_config`` says already stands above the table, unless the job that added
    this one handed down its own settings, as jobflow does by default: then the table decides.
    """
    for job in _list_jobs(work):
        described = routing.describe(describe_job(job).job_class)
        own = job.config.manager_config
        if not own or own.get(ROUTED):
            job.config.manager_config = described | {ROUTED: True}


ROUTED = "_perolyte_routed"
"""Key of a firework's spec that says that the table put it where it is."""


def _list_jobs(work: Flow | Job) -> Iterator[Job]:
    if isinstance(work, Job):
        yield work
        return
    for child in work.jobs:
        yield from _list_jobs(child)


def _list_slurm_keys(wanted: dict[str, Any]) -> dict[str, Any]:
    names = {"walltime": "walltime", "cores": "cpus_per_task", "memory": "mem", "queue": "queue"}
    keys = {names[name]: value for name, value in wanted.items() if name in names}
    if wanted.get("gpus"):
        keys["gres"] = f"gpu:{wanted['gpus']}"
    return keys


def _list_pbs_keys(wanted: dict[str, Any]) -> dict[str, Any]:
    names = {"walltime": "walltime", "memory": "pmem", "queue": "queue"}
    keys = {names[name]: value for name, value in wanted.items() if name in names}
    if "cores" in wanted or wanted.get("gpus"):
        gpus = f":gpus={wanted['gpus']}" if wanted.get("gpus") else ""
        keys |= {"nnodes": 1, "ppnode": f"{wanted.get('cores', 1)}{gpus}"}
    return keys


_KEYS = {"slurm": _list_slurm_keys, "pbs": _list_pbs_keys}
