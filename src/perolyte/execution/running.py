"""Run one job: what a worker of ``perolyte run`` and a launcher of FireWorks do alike."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from perolyte.execution.outbox import KeepingStore
from perolyte.execution.reuse import RUN_MARK
from perolyte.stores.lineage import record_inputs, record_makers

if TYPE_CHECKING:
    from jobflow import Job, Response

__all__ = ["run_one"]


def run_one(job: Job, store: KeepingStore, *, offload: bool = False) -> Response:
    """Run a job, and mark its document when everything that the job wrote is stored.

    Parameters
    ----------
    job
        With its inputs as references.
    store
        Where its output goes.
    offload
        Move large inputs of the jobs that it asks for to the store: those of a firework go into a
        document.
    """
    purpose = f"to begin {job.name}"
    key = {"uuid": job.uuid, "index": job.index}
    before = store.wait.call(lambda: store.docs_store.query_one(key), purpose=purpose)
    job.metadata[RUN_MARK] = "started"
    record_inputs(job)
    response = job.run(store=store)  # type: ignore[arg-type]  # it stands in for one
    record_makers(job, response)
    asked = [f for f in (response.replace, response.detour, response.addition) if f is not None]
    for flow in asked if offload else []:
        store.wait.call(partial(_offload, flow, store), purpose=f"to end {job.name}")
    store.commit(diverted=bool(asked), before=before)
    return response


def _offload(flow: Any, store: KeepingStore) -> None:
    from perolyte.jobs import offload_inputs

    offload_inputs(flow, store)  # type: ignore[arg-type]  # it stands in for one
