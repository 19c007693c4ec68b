"""What happens when a launcher runs a firework of perolyte."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monty.json import MontyDecoder

from perolyte.execution.batches import find_in
from perolyte.execution.beats import COLLECTION, Beat, beat_interval_s
from perolyte.execution.locations import find_worker_store
from perolyte.execution.outbox import FOLDER_NAME, KeepingStore
from perolyte.execution.patience import DatabaseWait
from perolyte.execution.processes import is_gone
from perolyte.execution.reuse import find_reusable
from perolyte.execution.running import run_one
from perolyte.execution.worker import HEARTBEAT_NAME, RUNS_NAME
from perolyte.execution.workflow import NOTE, Submission, build_workflow, list_jobs
from perolyte.settings import HEARTBEAT_VARIABLE, RUN_FOLDER_VARIABLE, run_folder
from perolyte.stores import open_store

if TYPE_CHECKING:
    from fireworks import FWAction, LaunchPad
    from jobflow import Flow, Job, JobStore, Response

__all__ = ["run_launched"]

TWIN_POLL_S = 5.0


def run_launched(job_json: str, spec: dict[str, Any], launchpad: LaunchPad, fw_id: int) -> FWAction:
    """Run the job of a firework and say what FireWorks does next.

    A finished document of the same job is taken from the store, so that a firework may be run any
    number of times. The output is on disk before the store is asked to take it, and in the store
    before the firework counts as complete.
    """
    from fireworks import FWAction

    note = spec[NOTE]
    folder = Path.cwd()
    _prepare(folder)
    with Beat(launchpad, fw_id, note) as beat:
        wait = DatabaseWait(say=_tell(beat))
        location = find_worker_store(note.get("store"), spec.get("_fw_env") or {}, launchpad)
        store = wait.call(lambda: open_store(location), purpose=f"to begin {note['name']}")
        try:
            job: Job = json.loads(job_json, cls=MontyDecoder)
            wait.call(
                lambda: _wait_for_twin(launchpad, fw_id, note), purpose=f"to begin {job.name}"
            )
            if _is_done(job, store, wait):
                return FWAction(stored_data={NOTE: "found in the store"})
            job.metadata["fw_id"] = fw_id
            response = run_one(job, KeepingStore(store, folder / FOLDER_NAME, wait), offload=True)
        finally:
            store.close()
        if not response.replace:
            # frames and checkpoints of its MD, which are in the store now
            shutil.rmtree(run_folder() / job.uuid, ignore_errors=True)
        submission = Submission.from_dict(note)
        return wait.call(
            lambda: _say_what_follows(response, submission, launchpad, fw_id),
            purpose=f"to end {job.name}",
        )


def _prepare(folder: Path) -> None:
    """Set up this process for a job in a folder of its own."""
    os.environ[HEARTBEAT_VARIABLE] = str(folder / HEARTBEAT_NAME)
    # beside the launch folders of a rapid-fire launcher, so that the next launch finds it
    shared = folder.parent if folder.name.startswith("launcher_") else folder
    os.environ.setdefault(RUN_FOLDER_VARIABLE, str(shared / RUNS_NAME))


def _tell(beat: Beat) -> Callable[[str], None]:
    plain = DatabaseWait(0).say

    def say(text: str) -> None:
        plain(text)
        beat.say(text)

    return say


def _is_done(job: Job, store: JobStore, wait: DatabaseWait) -> bool:
    found = wait.call(
        lambda: find_reusable(store, job.uuid, job.index, set(job.input_uuids) - {job.uuid}),
        purpose=f"to begin {job.name}",
    )
    return found is not None


def _say_what_follows(
    response: Response, submission: Submission, launchpad: LaunchPad, fw_id: int
) -> FWAction:
    from fireworks import FWAction

    def convert(*flows: Any) -> list[Any]:
        fresh = [f for f in flows if f is not None and not _is_known(f, launchpad, fw_id)]
        return [build_workflow(flow, submission) for flow in fresh]

    return FWAction(
        stored_data=response.stored_data,
        detours=convert(response.replace, response.detour),
        additions=convert(response.addition),
        defuse_workflow=response.stop_jobflow,
        defuse_children=response.stop_children,
    )


def _is_known(flow: Flow, launchpad: LaunchPad, fw_id: int) -> bool:
    """Tell whether all jobs of a flow are in this workflow: the job that adds them ran before."""
    workflow = launchpad.workflows.find_one({"nodes": fw_id}, {"nodes": 1})
    keys = {(job.uuid, job.index) for job, _ in list_jobs(flow)}
    found = find_in(
        launchpad.fireworks,
        f"spec.{NOTE}.uuid",
        sorted({uuid for uuid, _ in keys}),
        {"fw_id": 1, f"spec.{NOTE}.uuid": 1, f"spec.{NOTE}.index": 1},
    )
    nodes = set(workflow["nodes"]) if workflow else set()
    notes = [item["spec"][NOTE] for item in found if item["fw_id"] in nodes]
    return keys <= {(note["uuid"], note["index"]) for note in notes}


def _wait_for_twin(launchpad: LaunchPad, fw_id: int, note: dict[str, Any]) -> None:
    """Let another firework of the same job end first: this one then finds its document.

    Two campaigns share the jobs that they have in common, such as relaxations.
    """
    key = {"uuid": note["uuid"], "index": note["index"], "_id": {"$lt": fw_id}, "state": "running"}
    while True:
        oldest = datetime.now(UTC) - timedelta(seconds=4 * beat_interval_s())
        twins = [
            beat
            for beat in launchpad.db[COLLECTION].find(key)
            if beat["at"].replace(tzinfo=UTC) > oldest and not is_gone(beat)
        ]
        if not twins:
            return
        time.sleep(TWIN_POLL_S)
