"""Which running or reserved jobs nobody works on any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from perolyte.execution.launchpad_view import LaunchpadView, as_time
from perolyte.execution.processes import is_gone, is_left

__all__ = ["Loss", "find_losses"]

START_S = 300.0
"""A launcher that has taken a job gives the first sign of life well within this time, s."""
CLOCK_SLACK_S = 5.0


@dataclass(frozen=True)
class Loss:
    """A launch that ended without a word."""

    fw_id: int
    launch_id: int
    state: str
    text: str


def find_losses(
    view: LaunchpadView, *, lost_after_s: float, queue: set[str] | None
) -> tuple[list[Loss], list[str]]:
    """List the launches that are lost, and what is said of those that may be.

    Parameters
    ----------
    view
        Of the LaunchPad.
    lost_after_s
        A job on another machine without a sign of life for so long is lost, s.
    queue
        Jobs that the queue knows; None without a queue.
    """
    lost: list[Loss] = []
    notes: list[str] = []
    for firework in view.fireworks.values():
        if firework["state"] not in ("RUNNING", "RESERVED"):
            continue
        for launch in view.launches_of(firework):
            judge = {"RUNNING": _judge_running, "RESERVED": _judge_reserved}.get(launch["state"])
            if judge is None:
                continue
            reason, note = judge(firework["fw_id"], launch, view, lost_after_s, queue)
            if reason is not None:
                text = f"{firework['name']} ({firework['fw_id']}): {reason}"
                lost.append(Loss(firework["fw_id"], launch["launch_id"], launch["state"], text))
            elif note is not None:
                notes.append(f"{firework['name']} ({firework['fw_id']}): {note}")
    return lost, notes


_Verdict = tuple[str | None, str | None]


def _judge_running(
    fw_id: int,
    launch: dict[str, Any],
    view: LaunchpadView,
    lost_after_s: float,
    queue: set[str] | None,
) -> _Verdict:
    started_at = _find_time(launch, "RUNNING")
    beat = view.beats.get(fw_id)
    if beat is not None and started_at is not None:
        began_at = as_time(beat["started_at"])
        if began_at is None or began_at < started_at - timedelta(seconds=CLOCK_SLACK_S):
            beat = None  # of an earlier launch
    if beat is None:
        if is_left(launch["host"], launch["launch_dir"]):
            return "its launcher on this machine has ended before it began", None
        age_s = _age_s(view.at, started_at)
        if age_s > min(lost_after_s, START_S):
            return f"taken on {launch['host']} {age_s:.0f} s ago, and never begun", None
        return None, f"taken on {launch['host']} {age_s:.0f} s ago, not begun yet"
    if is_gone(beat):
        return f"its process {beat['pid']} on this machine has ended", None
    if queue is not None and beat.get("queue_job") and _number(beat["queue_job"]) not in queue:
        return f"its queue job {beat['queue_job']} has ended", None
    silent_s = _age_s(view.at, as_time(beat["at"]))
    if silent_s <= lost_after_s:
        return None, None
    if _is_here(beat):
        return None, f"no sign of life for {silent_s:.0f} s, but its process {beat['pid']} lives"
    return f"no sign of life from {beat['host']} for {silent_s:.0f} s", None


def _judge_reserved(
    fw_id: int,
    launch: dict[str, Any],
    view: LaunchpadView,
    lost_after_s: float,
    queue: set[str] | None,
) -> _Verdict:
    del fw_id
    age_s = _age_s(view.at, _find_time(launch, "RESERVED"))
    number = next(
        (h["reservation_id"] for h in launch["state_history"] if h.get("reservation_id")), None
    )
    if number is None:
        if age_s > min(lost_after_s, START_S):
            return f"reserved {age_s:.0f} s ago, and never sent to a queue", None
        return None, None
    if queue is None:
        return None, f"reserved as queue job {number}; no queue answers here to ask for it"
    if _number(number) not in queue:
        return f"its queue job {number} has ended before it began", None
    return None, None


def _number(job: Any) -> str:
    return str(job).partition(".")[0]


def _is_here(beat: dict[str, Any]) -> bool:
    import socket

    return bool(beat.get("host") == socket.gethostname())


def _find_time(launch: dict[str, Any], state: str) -> datetime | None:
    times = [as_time(h.get("created_on")) for h in launch["state_history"] if h["state"] == state]
    return times[-1] if times else None


def _age_s(now: datetime, then: datetime | None) -> float:
    return float("inf") if then is None else (now - then).total_seconds()
