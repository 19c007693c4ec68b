"""Add to a LaunchPad what is missing of a flow, and nothing twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Flow, Job

from perolyte.errors import ExecutionError
from perolyte.execution.batches import find_in, split
from perolyte.execution.launchpad import hold_launchpad, prepare
from perolyte.execution.reuse import find_reusable
from perolyte.execution.workflow import NOTE, Submission, build_workflow, list_jobs

if TYPE_CHECKING:
    from fireworks import LaunchPad, Workflow
    from jobflow import JobStore

__all__ = ["SubmitReport", "submit_flow"]

_ABSENT = frozenset({"ARCHIVED"})
_INSERT_BATCH = 500


@dataclass(frozen=True)
class SubmitReport:
    """What a submission found and did; counts of the jobs that the flow begins with.

    Attributes
    ----------
    n_new, n_present, n_done
        Added now, or set to run again because the store has lost them; in the LaunchPad already,
        waiting or running; done before.
    failed
        Names of jobs that are in the LaunchPad and fizzled, or were defused.
    categories
        Of the jobs that were added, with their numbers.
    """

    n_new: int
    n_present: int
    n_done: int
    failed: tuple[str, ...] = ()
    categories: dict[str, int] = field(default_factory=dict)


def submit_flow(
    flow: Flow | Job,
    launchpad: LaunchPad,
    store: JobStore,
    submission: Submission,
    *,
    dry_run: bool = False,
) -> SubmitReport:
    """Submit a flow with deterministic identities; what is there already is not added again.

    Parameters
    ----------
    flow
        Flow or job, see :func:`perolyte.jobs.assign_identities`.
    launchpad
        Where to.
    store
        Connected store with the documents of finished jobs.
    submission
        Campaign, place of the store and routing of its jobs.
    dry_run
        Only count.

    Raises
    ------
    StoreError
        When another submission is at work for a minute.
    ExecutionError
        When new jobs wait for jobs of several workflows at once.
    """
    if dry_run:
        return _submit(flow, launchpad, store, submission, dry_run=True)
    with hold_launchpad(launchpad, "perolyte submit"):
        prepare(launchpad)
        return _submit(flow, launchpad, store, submission, dry_run=False)


def _submit(
    flow: Flow | Job,
    launchpad: LaunchPad,
    store: JobStore,
    submission: Submission,
    *,
    dry_run: bool,
) -> SubmitReport:
    from perolyte.jobs import offload_inputs

    jobs = list_jobs(flow)
    uuids = list(dict.fromkeys(job.uuid for job, _ in jobs))
    known = _find_known(launchpad, uuids)
    if _remove_orphans(launchpad, known, dry_run=dry_run):
        known = _find_known(launchpad, uuids)
    states = {uuid: found[-1]["state"] for uuid, found in known.items()}
    stored = _list_stored(store, uuids)
    done = {uuid for uuid, state in states.items() if state == "COMPLETED"}
    lost = sorted(done - stored)
    done -= set(lost)
    own = set(uuids)
    if not dry_run:
        for uuid in lost:
            launchpad.rerun_fw(known[uuid][0]["fw_id"])
    new: set[str] = set()
    for job, parents in jobs:
        if job.uuid in states or job.uuid in new:
            continue
        # an answer made before an input that is still to come would be out of date
        is_settled = job.uuid in stored and done.issuperset(own.intersection(parents))
        if is_settled and find_reusable(store, job.uuid, job.index, parents) is not None:
            done.add(job.uuid)
        else:
            new.add(job.uuid)
    if new and not dry_run:
        # fireworks are documents too: a large input would not fit
        offload_inputs(flow, store)
        workflow = build_workflow(flow, submission, only=new)
        _add(workflow, launchpad, _find_parents(jobs, new, known))
    names = {job.uuid: job.name for job, _ in jobs}
    failed = {uuid for uuid, state in states.items() if state in ("FIZZLED", "DEFUSED")}
    fresh = Counter(
        submission.routing.describe(job_class)["_category"]
        for job_class in _list_classes(jobs, new | set(lost))
    )
    return SubmitReport(
        n_new=len(new) + len(lost),
        n_present=len(states) - len(done & set(states)) - len(lost) - len(failed),
        n_done=len(done),
        failed=tuple(sorted(names[uuid] for uuid in failed)),
        categories=dict(sorted(fresh.items())),
    )


def _list_stored(store: JobStore, uuids: Iterable[str]) -> set[str]:
    return {
        item["uuid"]
        for batch in split(uuids)
        for item in store.docs_store.query({"uuid": {"$in": batch}}, ["uuid"])
    }


def _list_classes(jobs: Iterable[tuple[Job, list[str]]], wanted: set[str]) -> list[str]:
    from perolyte.execution.job_classes import describe_job

    return [describe_job(job).job_class for job, _ in jobs if job.uuid in wanted]


def _find_known(launchpad: LaunchPad, uuids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the fireworks of each uuid, by index; a job that diverted has one for each."""
    found = find_in(
        launchpad.fireworks,
        f"spec.{NOTE}.uuid",
        uuids,
        {"fw_id": 1, "state": 1, f"spec.{NOTE}.uuid": 1, f"spec.{NOTE}.index": 1},
    )
    known: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in found:
        if item["state"] in _ABSENT:
            continue
        note = item["spec"][NOTE]
        known[note["uuid"]].append(
            {"fw_id": item["fw_id"], "state": item["state"], "index": note["index"]}
        )
    return {uuid: sorted(items, key=_index_then_id) for uuid, items in known.items()}


def _remove_orphans(
    launchpad: LaunchPad, known: dict[str, list[dict[str, Any]]], *, dry_run: bool
) -> bool:
    """Remove fireworks that wait without a workflow: a submission was killed before it was there.

    Call it while holding the LaunchPad, so that no other submission is on its way.
    """
    left = {item["fw_id"] for items in known.values() for item in items}
    orphans = []
    while left:
        fw_id = left.pop()
        home = launchpad.workflows.find_one({"nodes": fw_id}, {"nodes": 1})
        if home is None:
            orphans.append(fw_id)
        else:
            left -= set(home["nodes"])
    if not dry_run:
        for batch in split(orphans):
            launchpad.fireworks.delete_many({"fw_id": {"$in": batch}, "state": "WAITING"})
    return bool(orphans) and not dry_run


def _index_then_id(item: dict[str, Any]) -> tuple[int, int]:
    return item["index"], item["fw_id"]


def _find_parents(
    jobs: list[tuple[Job, list[str]]], new: set[str], known: dict[str, list[dict[str, Any]]]
) -> set[int]:
    """Return the fireworks that new jobs wait for."""
    outside = {
        parent
        for job, parents in jobs
        if job.uuid in new
        for parent in parents
        if parent not in new and parent in known
    }
    # a job that diverted is through when the one that collects its outputs is
    return {known[uuid][-1]["fw_id"] for uuid in outside}


def _add(workflow: Workflow, launchpad: LaunchPad, parents: set[int]) -> None:
    """Add a workflow, below fireworks of another one where it waits for them."""
    if not parents:
        add_workflow(workflow, launchpad)
        return
    homes = {item["_id"] for item in find_in(launchpad.workflows, "nodes", parents, {"_id": 1})}
    if len(homes) > 1:
        raise ExecutionError(
            f"new jobs wait for jobs of {len(homes)} workflows at once; submit again when those "
            "are complete"
        )
    launchpad.append_wf(workflow, sorted(parents), pull_spec_mods=False)


def add_workflow(workflow: Workflow, launchpad: LaunchPad) -> None:
    """Add a workflow so that a crash on the way leaves nothing that a launcher would take.

    Fireworks come first and wait, then the workflow, and last the word that they are ready.
    """
    first_id = launchpad.get_new_fw_id(quantity=len(workflow.id_fw))
    old_new = {old: first_id + i for i, old in enumerate(sorted(workflow.id_fw, reverse=True))}
    for firework in workflow.id_fw.values():
        firework.fw_id = old_new[firework.fw_id]
    workflow._reassign_ids(old_new)
    roots = list(workflow.root_fw_ids)
    documents = [
        firework.to_db_dict() | {"state": "WAITING"} for firework in workflow.id_fw.values()
    ]
    for some in split(documents, _INSERT_BATCH):
        launchpad.fireworks.insert_many(some)
    for fw_id in roots:
        workflow.id_fw[fw_id].state = "READY"
        workflow.fw_states[fw_id] = "READY"
    launchpad.workflows.insert_one(workflow.to_db_dict())
    ready = {"$set": {"state": "READY"}}
    for batch in split(roots):
        launchpad.fireworks.update_many({"fw_id": {"$in": batch}}, ready)
