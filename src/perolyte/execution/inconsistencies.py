"""What a crash in the middle of an update leaves in a LaunchPad.

FireWorks changes a workflow in several writes: new fireworks, changed fireworks, and last the
workflow's own document, under a lock. A process that is killed in between leaves the lock,
fireworks that belong to no workflow, or states that disagree. What is found here counts only when
it stays the same for a while: a live process may just be at work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from perolyte.execution.launchpad_view import LaunchpadView

if TYPE_CHECKING:
    from fireworks import LaunchPad

__all__ = ["Inconsistency", "find_inconsistencies", "mend"]

Kind = Literal["lock", "orphan", "state"]
_ENDED = ("COMPLETED", "FIZZLED")


@dataclass(frozen=True)
class Inconsistency:
    """One thing to mend; two of them are equal only if nothing has moved in between."""

    kind: Kind
    key: Any
    stamp: str
    text: str


def find_inconsistencies(view: LaunchpadView) -> list[Inconsistency]:
    """List what does not fit together in a view."""
    found = [
        Inconsistency(
            "lock",
            item["_id"],
            str(item["updated_on"]),
            f"workflow {item['name']} was locked by a process that is gone",
        )
        for item in view.workflows
        if item.get("locked")
    ]
    at_home: set[int] = set()
    for workflow in view.workflows:
        at_home.update(workflow["nodes"])
        for fw_id in workflow["nodes"]:
            firework = view.fireworks.get(fw_id)
            if firework is not None:
                found += _check_state(firework, workflow, view)
    found += [
        Inconsistency(
            "orphan",
            fw_id,
            f"{firework['state']} {firework['updated_on']}",
            f"{firework['name']} ({fw_id}) was left by an update that was cut off",
        )
        for fw_id, firework in view.fireworks.items()
        if fw_id not in at_home
    ]
    return found


def _check_state(
    firework: dict[str, Any], workflow: dict[str, Any], view: LaunchpadView
) -> Iterator[Inconsistency]:
    fw_id, state = firework["fw_id"], firework["state"]
    listed = workflow["fw_states"].get(str(fw_id))
    launches = [launch["state"] for launch in view.launches_of(firework)]
    reason = None
    if listed != state:
        reason = f"it is {state}, and {listed} in its workflow"
    elif state in ("RUNNING", "RESERVED") and not launches:
        reason = f"it is {state} without a launch"
    elif state in ("RUNNING", "RESERVED") and all(one in _ENDED for one in launches):
        reason = f"it is {state}, and its launch {launches[-1]}"
    elif state == "WAITING" and _may_start(firework, workflow):
        reason = "it waits for jobs that are complete"
    if reason is not None:
        stamp = f"{state} {listed} {launches} {firework['updated_on']} {workflow['updated_on']}"
        text = f"{firework['name']} ({fw_id}): {reason}"
        yield Inconsistency("state", fw_id, stamp, text)


def _may_start(firework: dict[str, Any], workflow: dict[str, Any]) -> bool:
    good = {"COMPLETED"}
    if firework.get("spec", {}).get("_allow_fizzled_parents"):
        good.add("FIZZLED")
    parents = (workflow.get("parent_links") or {}).get(str(firework["fw_id"]), [])
    return all(workflow["fw_states"].get(str(parent)) in good for parent in parents)


def mend(problem: Inconsistency, launchpad: LaunchPad) -> bool:
    """Mend one thing; False if somebody was faster."""
    if problem.kind == "lock":
        done = launchpad.workflows.update_one(
            {"_id": problem.key, "locked": {"$exists": True}}, {"$unset": {"locked": ""}}
        )
        return bool(done.modified_count)
    if problem.kind == "orphan":
        return _remove_orphan(problem.key, launchpad)
    # A complete job counts again as running, so that FireWorks takes in what it asked for: the
    # write that was to record that came last, and so did not happen.
    launchpad.fireworks.update_one(
        {"fw_id": problem.key, "state": "COMPLETED"}, {"$set": {"state": "RUNNING"}}
    )
    launchpad._refresh_wf(problem.key)
    return True


def _remove_orphan(fw_id: int, launchpad: LaunchPad) -> bool:
    if launchpad.workflows.find_one({"nodes": fw_id}, {"_id": 1}) is not None:
        return False
    launchpad.launches.update_many(
        {"fw_id": fw_id, "state": {"$in": ["RUNNING", "RESERVED"]}}, {"$set": {"state": "FIZZLED"}}
    )
    return bool(launchpad.fireworks.delete_one({"fw_id": fw_id}).deleted_count)
