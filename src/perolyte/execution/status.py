"""How far campaigns are: jobs of each stage, what runs, what failed and why, and the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from perolyte.execution.batches import find_in
from perolyte.execution.beats import COLLECTION
from perolyte.execution.fizzled import find_cause
from perolyte.execution.job_classes import order_of_stage
from perolyte.execution.workflow import NOTE
from perolyte.potentials.heartbeat import STEPS_KEY

if TYPE_CHECKING:
    from fireworks import LaunchPad

__all__ = [
    "WORDS",
    "CampaignStatus",
    "FailedJob",
    "RunningJob",
    "estimate_rest_s",
    "read_launchpad",
]

WORDS = ("waiting", "ready", "running", "done", "failed")
_WORD_OF_STATE = {
    "WAITING": "waiting",
    "PAUSED": "waiting",
    "READY": "ready",
    "RESERVED": "ready",
    "RUNNING": "running",
    "COMPLETED": "done",
    "FIZZLED": "failed",
    "DEFUSED": "failed",
}
MAX_LISTED = 20
_LARGE_BATCH = 20_000


@dataclass(frozen=True)
class RunningJob:
    """A job at work; ``n_done`` of ``n_total`` evaluations, as far as it says so."""

    name: str
    stage: str
    where: str
    seconds: float
    n_done: int | None = None
    n_total: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class FailedJob:
    """A job that failed, with the first line of its error."""

    name: str
    error: str


@dataclass(frozen=True)
class CampaignStatus:
    """One campaign.

    Attributes
    ----------
    campaign
        Its name.
    stages
        Stage to the number of its jobs that are waiting, ready, running, done and failed.
    running, failed
        The first of them.
    rest_s
        Estimated time to the end of the jobs that are known, s; None where nothing has ended yet.
    note
        What else is to be said.
    """

    campaign: str
    stages: dict[str, dict[str, int]]
    running: list[RunningJob] = field(default_factory=list)
    failed: list[FailedJob] = field(default_factory=list)
    rest_s: float | None = None
    note: str | None = None

    def count(self, word: str) -> int:
        """Count the jobs of all stages in one state."""
        return sum(stage.get(word, 0) for stage in self.stages.values())

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to run."""
        return not any(self.count(word) for word in ("waiting", "ready", "running"))

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def estimate_rest_s(
    stages: Mapping[str, Mapping[str, int]],
    means_s: Mapping[str, float],
    running: Iterable[RunningJob],
) -> float | None:
    """Estimate the time to the end from the mean duration of the jobs of each stage.

    Jobs are taken to go on side by side, as many as do now. A running job that says how far it is
    counts by that.

    Examples
    --------
    >>> estimate_rest_s({"relaxation": {"waiting": 4, "running": 2}}, {"relaxation": 60.0}, [])
    180.0
    """
    n_running = sum(stage.get("running", 0) for stage in stages.values())
    work_s = 0.0
    for name, stage in stages.items():
        n_left = sum(stage.get(word, 0) for word in ("waiting", "ready", "running"))
        if n_left and name in means_s:
            work_s += n_left * means_s[name]
    known = any(name in means_s for name in stages)
    for job in running:
        if job.n_done and job.n_total and job.n_total >= job.n_done:
            work_s -= means_s.get(job.stage, 0.0)
            work_s += job.seconds * (job.n_total - job.n_done) / job.n_done
            known = True
        elif job.stage in means_s:
            work_s -= min(job.seconds, means_s[job.stage])
    return max(0.0, work_s) / max(1, n_running) if known else None


def read_launchpad(launchpad: LaunchPad, campaign: str | None = None) -> list[CampaignStatus]:
    """Return the status of a campaign of the LaunchPad, or of all."""
    wanted: dict[str, Any] = {f"spec.{NOTE}.campaign": campaign or {"$exists": True}}
    stages: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for (name, stage, state), n in sorted(_count(launchpad, wanted).items(), key=_by_stage):
        word = _WORD_OF_STATE.get(state)
        if word is not None:
            stages[name][stage][word] += n
    running = _list_running(launchpad, campaign)
    failed = _list_failed(launchpad, wanted)
    means_s = _list_means(launchpad, campaign)
    found = []
    for name, counts in sorted(stages.items()):
        plain = {stage: {w: counter[w] for w in WORDS} for stage, counter in counts.items()}
        at_work = running.get(name, [])
        rest_s = estimate_rest_s(plain, means_s.get(name, {}), at_work)
        found.append(
            CampaignStatus(
                name, plain, at_work[:MAX_LISTED], failed.get(name, [])[:MAX_LISTED], rest_s
            )
        )
    return found


def _count(launchpad: LaunchPad, wanted: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    """Count by campaign, stage and state; counting here is faster than on the local server."""
    fields = {"_id": 0, "state": 1, f"spec.{NOTE}.campaign": 1, f"spec.{NOTE}.stage": 1}
    found: Counter[tuple[str, str, str]] = Counter()
    for item in launchpad.fireworks.find(wanted, fields, batch_size=_LARGE_BATCH):
        note = item["spec"][NOTE]
        found[str(note.get("campaign")), note["stage"], item["state"]] += 1
    return found


def _by_stage(item: tuple[tuple[str, str, str], int]) -> tuple[str, tuple[int, str]]:
    (campaign, stage, _), _ = item
    return campaign, order_of_stage(stage)


def _list_running(launchpad: LaunchPad, campaign: str | None) -> dict[str, list[RunningJob]]:
    wanted: dict[str, Any] = {"$nor": [{"state": "ended"}, {"state": "failed"}]}
    if campaign is not None:
        wanted["campaign"] = campaign
    beats = {beat["_id"]: beat for beat in launchpad.db[COLLECTION].find(wanted)}
    really = find_in(
        launchpad.fireworks, "fw_id", sorted(beats), {"fw_id": 1}, {"state": "RUNNING"}
    )
    found: dict[str, list[RunningJob]] = defaultdict(list)
    for item in really:
        beat = beats[item["fw_id"]]
        job = f" job {beat['queue_job']}" if beat.get("queue_job") else ""
        found[str(beat["campaign"])].append(
            RunningJob(
                name=beat["name"],
                stage=beat["stage"],
                where=f"{beat['host']}{job}",
                seconds=beat["seconds"],
                n_done=beat.get("n_done"),
                n_total=beat.get(STEPS_KEY),
                note=None if beat["state"] == "running" else beat["state"],
            )
        )
    return found


def _list_failed(launchpad: LaunchPad, wanted: dict[str, Any]) -> dict[str, list[FailedJob]]:
    fizzled = list(
        launchpad.fireworks.find(
            wanted | {"state": "FIZZLED"},
            {"name": 1, "launches": 1, f"spec.{NOTE}.campaign": 1},
            limit=MAX_LISTED,
        )
    )
    newest = [max(item["launches"]) for item in fizzled if item["launches"]]
    launches = {
        item["launch_id"]: item
        for item in launchpad.launches.find(
            {"launch_id": {"$in": newest}}, {"launch_id": 1, "action": 1}
        )
    }
    found: dict[str, list[FailedJob]] = defaultdict(list)
    for item in fizzled:
        cause = find_cause(launches.get(max(item["launches"], default=-1)))
        campaign = str(item["spec"][NOTE].get("campaign"))
        found[campaign].append(FailedJob(item["name"], str(cause)))
    return found


def _list_means(launchpad: LaunchPad, campaign: str | None) -> dict[str, dict[str, float]]:
    wanted = {"state": "ended"} | ({} if campaign is None else {"campaign": campaign})
    groups = launchpad.db[COLLECTION].aggregate(
        [
            {"$match": wanted},
            {
                "$group": {
                    "_id": {"campaign": "$campaign", "stage": "$stage"},
                    "mean": {"$avg": "$seconds"},
                }
            },
        ]
    )
    means: dict[str, dict[str, float]] = defaultdict(dict)
    for group in groups:
        means[str(group["_id"].get("campaign"))][group["_id"]["stage"]] = group["mean"]
    return means
