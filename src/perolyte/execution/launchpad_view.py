"""What a LaunchPad holds of perolyte's campaigns at one time, without the jobs themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from perolyte.execution.batches import find_in
from perolyte.execution.beats import COLLECTION
from perolyte.execution.workflow import NOTE

if TYPE_CHECKING:
    from fireworks import LaunchPad

__all__ = ["LaunchpadView", "as_time", "look"]

_FIREWORK = {
    "fw_id": 1,
    "state": 1,
    "name": 1,
    "launches": 1,
    "archived_launches": 1,
    "updated_on": 1,
    "spec._allow_fizzled_parents": 1,
}
_WORKFLOW = {
    "nodes": 1,
    "fw_states": 1,
    "parent_links": 1,
    "locked": 1,
    "updated_on": 1,
    "name": 1,
    "metadata": 1,
}
_LAUNCH = {"launch_id": 1, "fw_id": 1, "state": 1, "host": 1, "launch_dir": 1, "state_history": 1}


@dataclass(frozen=True)
class LaunchpadView:
    """Documents of one moment.

    Attributes
    ----------
    workflows
        Of the campaign.
    fireworks
        By id; of the campaign.
    launches
        By id; of its fireworks that are not complete.
    beats
        Signs of life, by id of the firework.
    """

    workflows: list[dict[str, Any]]
    fireworks: dict[int, dict[str, Any]]
    launches: dict[int, dict[str, Any]]
    beats: dict[int, dict[str, Any]]
    at: datetime

    def launches_of(self, firework: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the launches of a firework that count, oldest first."""
        return [self.launches[i] for i in sorted(firework["launches"]) if i in self.launches]


def look(launchpad: LaunchPad, campaign: str | None) -> LaunchpadView:
    """Read the documents of a campaign, or of all of perolyte's."""
    of_workflow: dict[str, Any] = {f"metadata.{NOTE}": True}
    of_firework: dict[str, Any] = {f"spec.{NOTE}.campaign": {"$exists": True}}
    if campaign is not None:
        of_workflow["metadata.campaign"] = campaign
        of_firework = {f"spec.{NOTE}.campaign": campaign}
    fireworks = {f["fw_id"]: f for f in launchpad.fireworks.find(of_firework, _FIREWORK)}
    workflows = list(launchpad.workflows.find(of_workflow, _WORKFLOW))
    unfinished = [item for item in fireworks.values() if item["state"] != "COMPLETED"]
    ids = [i for item in unfinished for i in (*item["launches"], *item["archived_launches"])]
    launches = find_in(launchpad.launches, "launch_id", ids, _LAUNCH)
    running = [f["fw_id"] for f in unfinished if f["state"] in ("RUNNING", "RESERVED")]
    beats = find_in(launchpad.db[COLLECTION], "_id", running, {})
    return LaunchpadView(
        workflows,
        fireworks,
        {item["launch_id"]: item for item in launches},
        {item["_id"]: item for item in beats},
        datetime.now(UTC),
    )


def as_time(value: Any) -> datetime | None:
    """Return a time that FireWorks stored as text or as a date; naive ones are UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
