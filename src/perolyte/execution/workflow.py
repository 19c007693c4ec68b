"""From a jobflow flow to a FireWorks workflow whose fireworks are safe to repeat."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Flow, Job, OnMissing
from jobflow.core.flow import get_flow
from monty.json import MontyEncoder

from perolyte.execution.job_classes import describe_job
from perolyte.execution.reuse import RUN_MARK
from perolyte.execution.routing import Routing, route_jobs
from perolyte.potentials.heartbeat import STEPS_KEY

if TYPE_CHECKING:
    from fireworks import Workflow

__all__ = ["NOTE", "Submission", "build_workflow", "list_jobs"]

NOTE = "perolyte"
"""Key of a firework's spec that says which job it is."""

_OWN_METADATA = frozenset({RUN_MARK, "fw_id", STEPS_KEY, "job_class"})


@dataclass(frozen=True)
class Submission:
    """What all fireworks of a campaign share.

    Attributes
    ----------
    campaign
        Its name.
    store
        Where documents go, without password; None for the database of the LaunchPad's server.
    routing
        Where jobs go, those included that are added later.
    """

    campaign: str | None
    store: str | None = None
    routing: Routing = field(default_factory=Routing)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "campaign": self.campaign,
            "store": self.store,
            "routing": self.routing.as_dict(),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Submission:
        """Read what `as_dict` wrote."""
        routing = Routing.from_dict(content.get("routing"))
        return cls(content.get("campaign"), content.get("store"), routing)


def list_jobs(work: Flow | Job) -> list[tuple[Job, list[str]]]:
    """List the jobs of a flow with the uuids of the jobs that each waits for, in order."""
    flow = get_flow(work, allow_external_references=True)
    with warnings.catch_warnings():
        # independent jobs are the rule here, and their order does not matter
        warnings.filterwarnings("ignore", message="Some jobs are not connected")
        return [(job, list(parents)) for job, parents in flow.iterflow()]


def build_workflow(
    work: Flow | Job, submission: Submission, *, only: set[str] | None = None
) -> Workflow:
    """Convert a flow.

    Parameters
    ----------
    work
        Flow or job with its final uuids.
    submission
        What its fireworks share; its routing is written into the jobs.
    only
        Uuids of the jobs to convert; references to others are taken from the store.

    Returns
    -------
    Workflow
        One firework for each job, with the uuid in ``spec.perolyte``.
    """
    from fireworks import Firework, Workflow

    from perolyte.execution.firetask import JobTask

    route_jobs(work, submission.routing)
    made: dict[str, Any] = {}
    fireworks = []
    for job, parents in list_jobs(work):
        if job.uuid in made or (only is not None and job.uuid not in only):
            continue  # flows that share work name it twice
        firework = Firework(
            [JobTask(job=json.dumps(job, cls=MontyEncoder))],
            spec=_describe(job, submission),
            name=job.name,
            parents=[made[uuid] for uuid in parents if uuid in made],
        )
        made[job.uuid] = firework
        fireworks.append(firework)
    return Workflow(
        fireworks,
        name=submission.campaign or getattr(work, "name", "flow"),
        metadata={NOTE: True, "campaign": submission.campaign},
    )


def _describe(job: Job, submission: Submission) -> dict[str, Any]:
    kind = describe_job(job)
    spec = {key: value for key, value in job.metadata.items() if key not in _OWN_METADATA}
    spec["_add_launchpad_and_fw_id"] = True
    if job.config.on_missing_references != OnMissing.ERROR:
        spec["_allow_fizzled_parents"] = True
    spec |= job.config.manager_config
    spec[NOTE] = submission.as_dict() | {
        "uuid": job.uuid,
        "index": job.index,
        "name": job.name,
        "job_class": kind.job_class,
        "stage": kind.stage,
        STEPS_KEY: job.metadata.get(STEPS_KEY),
    }
    return spec
