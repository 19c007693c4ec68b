"""What job documents say of where they come from, beside their output.

jobflow keeps the output of a job and forgets its inputs. Whoever runs jobs calls `record_inputs`
before and `record_makers` after, so that each document names, in its ``metadata``, the jobs whose
outputs it used and the job that made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobflow import Job, Response

__all__ = ["INPUT_KEY", "MAKER_KEY", "record_inputs", "record_makers"]

INPUT_KEY = "perolyte_inputs"
"""In the metadata of a document: uuids of the jobs whose outputs were inputs."""

MAKER_KEY = "perolyte_made_by"
"""In the metadata of a document: ``[uuid, index]`` of the job that answered with this one."""


def record_inputs(job: Job) -> None:
    """Note the inputs of a job in its metadata. Call it before the job runs and resolves them."""
    job.metadata[INPUT_KEY] = sorted(set(job.input_uuids))


def record_makers(job: Job, response: Response) -> None:
    """Note in the jobs that a job has answered with that it made them."""
    for flow in (response.replace, response.detour, response.addition):
        if flow is not None:
            _note_maker(flow, [job.uuid, job.index])


def _note_maker(work: Any, maker: list[Any]) -> None:
    for child in getattr(work, "jobs", ()):
        _note_maker(child, maker)
    if hasattr(work, "metadata"):
        work.metadata = {**work.metadata, MAKER_KEY: maker}
