"""What a local run writes about itself, so that ``perolyte status`` can tell how far it is."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from perolyte.errors import InputError
from perolyte.execution.graph import JobGraph, Node, NodeKey
from perolyte.execution.job_classes import describe_job
from perolyte.execution.processes import describe_process, is_gone
from perolyte.execution.status import (
    WORDS,
    CampaignStatus,
    FailedJob,
    RunningJob,
    estimate_rest_s,
)
from perolyte.files import replace_file
from perolyte.potentials.heartbeat import STEPS_KEY, read_heartbeat

__all__ = ["STATE_NAME", "LocalState", "read_folder"]

STATE_NAME = "state.json"
INTERVAL_S = 2.0
_WORD_OF_STATE = {
    "waiting": "waiting",
    "running": "running",
    "done": "done",
    "failed": "failed",
    "blocked": "failed",
}


class LocalState:
    """Keeps a small file about a run in its folder, written every two seconds at most."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STATE_NAME
        self._stages: dict[NodeKey, str] = {}
        self._started_s: dict[NodeKey, float] = {}
        self._seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._last_s = 0.0

    def job_started(self, node: Node) -> None:
        """Note when a job began."""
        self._started_s[node.key] = time.time()

    def job_ended(self, node: Node) -> None:
        """Count the time of a job for the mean of its stage."""
        started_s = self._started_s.pop(node.key, None)
        if started_s is not None and node.state == "done":
            total = self._seconds[self._stage_of(node)]
            total[0] += 1
            total[1] += time.time() - started_s

    def write(self, graph: JobGraph, folder_of: Any, *, at_end: bool = False) -> None:
        """Write the file when the last one is old enough; a full disk must not end the run."""
        now_s = time.monotonic()
        if not at_end and now_s - self._last_s < INTERVAL_S:
            return
        self._last_s = now_s
        stages: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(WORDS, 0))
        running, failed = [], []
        ready = {node.key for node in graph.ready()}
        for node in graph.nodes.values():
            stage = self._stage_of(node)
            word = "ready" if node.key in ready else _WORD_OF_STATE[node.state]
            stages[stage][word] += 1
            if node.state == "running":
                running.append(
                    {
                        "name": node.job.name,
                        "stage": stage,
                        "started_s": self._started_s.get(node.key, time.time()),
                        "n_total": node.job.metadata.get(STEPS_KEY),
                        "folder": str(folder_of(node)),
                    }
                )
            elif node.state == "failed":
                failed.append({"name": node.job.name, "error": node.error or ""})
        content = {
            "process": describe_process(),
            "ended": at_end,
            "stages": stages,
            "running": running,
            "failed": failed,
            "mean_s": {stage: total / n for stage, (n, total) in self._seconds.items() if n},
        }
        with suppress(OSError):
            replace_file(self._path, json.dumps(content), lasting=False, alone=True)

    def _stage_of(self, node: Node) -> str:
        if node.key not in self._stages:
            self._stages[node.key] = describe_job(node.job).stage
        return self._stages[node.key]


def read_folder(folder: Path, *, jobs_name: str, heartbeat_name: str) -> CampaignStatus:
    """Return the status of the output directory of ``perolyte run``.

    Parameters
    ----------
    folder
        The output directory.
    jobs_name, heartbeat_name
        Names of the folder of running jobs in it, and of a job's heartbeat.

    Raises
    ------
    InputError
        When it is none.
    """
    name = _read_json(folder / "campaign.json").get("campaign")
    if name is None:
        raise InputError(
            f"{folder} is not the output directory of 'perolyte run'; give one, or a campaign name "
            "and --launchpad"
        )
    content = _read_json(folder / jobs_name / STATE_NAME)
    if not content:
        done = (folder / "results.json").is_file()
        word = "finished; its table: perolyte results" if done else "not begun, or just beginning"
        return CampaignStatus(name, {}, note=word)
    running = []
    for job in content["running"]:
        running.append(
            RunningJob(
                name=job["name"],
                stage=job["stage"],
                where="here",
                seconds=time.time() - job["started_s"],
                n_done=read_heartbeat(Path(job["folder"]) / heartbeat_name),
                n_total=job["n_total"],
            )
        )
    note: str | None = None
    if is_gone(content["process"]) and not content["ended"]:
        note = "interrupted; the same 'perolyte run' goes on from here"
        running = []
    elif content["ended"]:
        note = "ended; the same 'perolyte run' tries again what failed"
    rest_s = None if note else estimate_rest_s(content["stages"], content["mean_s"], running)
    failed = [FailedJob(job["name"], job["error"]) for job in content["failed"]]
    return CampaignStatus(name, content["stages"], running, failed, rest_s, note)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
